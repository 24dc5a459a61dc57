use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "health_monitor")]
    pub struct Model {
        pub pool_id: String,
        #[sea_orm(column_name = "type")]
        pub kind: String,
        pub delay: i32,
        pub timeout: i32,
        pub fall_threshold: i32,
        pub rise_threshold: i32,
        pub http_method: Option<String>,
        pub url_path: Option<String>,
        pub expected_codes: Option<String>,
        pub enabled: bool,
        pub project_id: Option<String>,
        pub provisioning_status: String,
        pub name: Option<String>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub created_at: Option<DateTime>,
        pub updated_at: Option<DateTime>,
        pub operating_status: String,
        pub http_version: Option<f32>,
        pub domain_name: Option<String>,
    }
}
