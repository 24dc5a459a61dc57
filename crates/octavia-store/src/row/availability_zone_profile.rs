use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "availability_zone_profile")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub provider_name: String,
        pub availability_zone_data: String,
    }
}
