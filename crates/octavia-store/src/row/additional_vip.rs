use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "additional_vip")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub load_balancer_id: String,
        pub ip_address: Option<String>,
        pub port_id: Option<String>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub subnet_id: String,
        pub network_id: Option<String>,
    }
}
