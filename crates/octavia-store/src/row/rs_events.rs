use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "rs_events")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub sequence: i64,
        pub load_balancer_id: String,
        pub at: DateTime,
        pub kind: String,
        pub message: String,
    }
}
