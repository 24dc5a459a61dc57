use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "listener_cidr")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub listener_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub cidr: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
