use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "rs_reconciliation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub load_balancer_id: String,
        pub wanted: i64,
        pub done: i64,
        pub pending_since: Option<DateTime>,
        pub attempts: i32,
        pub look_at: Option<DateTime>,
        pub looks_asked: i64,
        pub looks_taken: i64,
        pub cause: Option<String>,
        pub failover: bool,
        pub unwanted_amphorae: String,
        pub cascade_delete: bool,
        pub deleting: bool,
        pub lease_owner: Option<String>,
        pub lease_token: i64,
        pub lease_expires_at: Option<DateTime>,
    }
}
