use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "vrrp_group")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub load_balancer_id: String,
        pub vrrp_group_name: Option<String>,
        pub vrrp_auth_type: Option<String>,
        pub vrrp_auth_pass: Option<String>,
        pub advert_int: Option<i32>,
    }
}
