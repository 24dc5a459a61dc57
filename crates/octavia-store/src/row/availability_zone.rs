use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "availability_zone")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub description: Option<String>,
        pub enabled: bool,
        pub availability_zone_profile_id: String,
    }
}
