use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "load_balancer")]
    pub struct Model {
        pub project_id: Option<String>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: Option<String>,
        pub description: Option<String>,
        pub provisioning_status: String,
        pub operating_status: String,
        pub enabled: bool,
        pub topology: Option<String>,
        pub server_group_id: Option<String>,
        pub created_at: Option<DateTime>,
        pub updated_at: Option<DateTime>,
        pub provider: Option<String>,
        pub flavor_id: Option<String>,
        pub availability_zone: Option<String>,
    }
}
