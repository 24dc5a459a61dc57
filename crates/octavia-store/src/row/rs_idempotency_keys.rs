use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "rs_idempotency_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub request: String,
        pub owner: String,
        pub claimed_until: DateTime,
        pub created_at: DateTime,
        pub status: Option<i32>,
        pub answer: Option<String>,
    }
}
