use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "sni")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub listener_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub tls_container_id: String,
        pub position: Option<i32>,
    }
}
