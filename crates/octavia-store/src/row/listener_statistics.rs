use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "listener_statistics")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub listener_id: String,
        pub bytes_in: i64,
        pub bytes_out: i64,
        pub active_connections: i32,
        pub total_connections: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub amphora_id: String,
        pub request_errors: i64,
    }
}
