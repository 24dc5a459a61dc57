use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "session_persistence")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub pool_id: String,
        #[sea_orm(column_name = "type")]
        pub kind: String,
        pub cookie_name: Option<String>,
        pub persistence_timeout: Option<i32>,
        pub persistence_granularity: Option<String>,
    }
}
