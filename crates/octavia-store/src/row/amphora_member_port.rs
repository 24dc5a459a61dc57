use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "amphora_member_port")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub port_id: String,
        pub amphora_id: String,
        pub network_id: Option<String>,
        pub created_at: Option<DateTime>,
        pub updated_at: Option<DateTime>,
    }
}
