use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "rs_events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub sequence: i64,
    pub load_balancer_id: String,
    pub at: DateTime,
    pub kind: String,
    pub message: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
