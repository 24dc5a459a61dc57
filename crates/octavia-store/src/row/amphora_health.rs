use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "amphora_health")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub amphora_id: String,
    pub last_update: DateTime,
    pub busy: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
