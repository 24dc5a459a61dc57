use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "amphora_health")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub amphora_id: String,
        pub last_update: DateTime,
        pub busy: bool,
    }
}
