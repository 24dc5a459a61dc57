use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "vip")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub load_balancer_id: String,
        pub ip_address: Option<String>,
        pub port_id: Option<String>,
        pub subnet_id: Option<String>,
        pub network_id: Option<String>,
        pub qos_policy_id: Option<String>,
        pub octavia_owned: Option<bool>,
        pub vnic_type: String,
    }
}
