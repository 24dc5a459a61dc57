use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "member")]
    pub struct Model {
        pub project_id: Option<String>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub pool_id: String,
        pub subnet_id: Option<String>,
        pub ip_address: Option<String>,
        pub protocol_port: i32,
        pub weight: Option<i32>,
        pub operating_status: String,
        pub enabled: bool,
        pub created_at: Option<DateTime>,
        pub updated_at: Option<DateTime>,
        pub provisioning_status: String,
        pub name: Option<String>,
        pub monitor_address: Option<String>,
        pub monitor_port: Option<i32>,
        pub backup: bool,
        pub vnic_type: String,
    }
}
