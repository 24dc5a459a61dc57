use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "listener_cidr")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub listener_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub cidr: String,
    }
}
