use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "l7policy")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: Option<String>,
        pub description: Option<String>,
        pub listener_id: String,
        pub action: String,
        pub redirect_pool_id: Option<String>,
        pub redirect_url: Option<String>,
        pub position: i32,
        pub enabled: bool,
        pub provisioning_status: String,
        pub created_at: Option<DateTime>,
        pub updated_at: Option<DateTime>,
        pub project_id: Option<String>,
        pub operating_status: String,
        pub redirect_prefix: Option<String>,
        pub redirect_http_code: Option<i32>,
    }
}
