use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "l7rule")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub l7policy_id: String,
        #[sea_orm(column_name = "type")]
        pub kind: String,
        pub compare_type: String,
        pub key: Option<String>,
        pub value: String,
        pub invert: bool,
        pub provisioning_status: String,
        pub created_at: Option<DateTime>,
        pub updated_at: Option<DateTime>,
        pub project_id: Option<String>,
        pub enabled: bool,
        pub operating_status: String,
    }
}
