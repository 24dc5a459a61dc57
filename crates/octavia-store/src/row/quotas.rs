use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "quotas")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub project_id: String,
        pub health_monitor: Option<i32>,
        pub load_balancer: Option<i32>,
        pub listener: Option<i32>,
        pub member: Option<i32>,
        pub pool: Option<i32>,
        pub in_use_health_monitor: Option<i32>,
        pub in_use_load_balancer: Option<i32>,
        pub in_use_listener: Option<i32>,
        pub in_use_member: Option<i32>,
        pub in_use_pool: Option<i32>,
        pub l7policy: Option<i32>,
        pub l7rule: Option<i32>,
        pub in_use_l7policy: Option<i32>,
        pub in_use_l7rule: Option<i32>,
    }
}
