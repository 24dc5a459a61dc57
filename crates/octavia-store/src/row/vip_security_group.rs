use sea_orm::entity::prelude::*;

use super::table;

table! {
    #[sea_orm(table_name = "vip_security_group")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub load_balancer_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub sg_id: String,
    }
}
