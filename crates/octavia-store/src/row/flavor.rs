use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "flavor")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub description: Option<String>,
        pub enabled: bool,
        pub flavor_profile_id: String,
    }
}
