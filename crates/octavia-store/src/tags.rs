use std::collections::HashSet;

use sea_orm::sea_query::SelectStatement;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::row::tags::{ActiveModel, Column, Entity};
use crate::{Error, Result, Tx};

impl Tx {
    pub(crate) async fn insert_tags(&mut self, id: &str, tags: &[String]) -> Result<()> {
        // Two tags that differ by case only are one to MySQL; so they are to SQLite.
        let mut seen = HashSet::new();
        if let Some(twice) = tags
            .iter()
            .find(|tag| !seen.insert(tag.trim_end_matches(' ').to_lowercase()))
        {
            return Err(Error::Duplicate(format!("tag '{twice}'")));
        }
        let rows = tags
            .iter()
            .map(|tag| ActiveModel {
                resource_id: Set(id.to_owned()),
                tag: Set(tag.clone()),
            })
            .collect();
        self.insert_all(rows)
            .await
            .map_err(|error| error.duplicate_is(|| format!("one of the tags of {id}")))
    }

    pub(crate) async fn replace_tags(&mut self, id: &str, tags: &[String]) -> Result<()> {
        self.delete_tags_of(&[id.to_owned()]).await?;
        self.insert_tags(id, tags).await
    }

    pub(crate) async fn delete_tags_of(&mut self, ids: &[String]) -> Result<()> {
        let delete = Entity::delete_many()
            .filter(Column::ResourceId.is_in(ids))
            .into_query();
        self.execute(&delete).await.map(|_| ())
    }

    /// Removes the tags of all objects whose ids a query returns.
    pub(crate) async fn delete_tags_in(&mut self, ids: SelectStatement) -> Result<()> {
        let delete = Entity::delete_many()
            .filter(Column::ResourceId.in_subquery(ids))
            .into_query();
        self.execute(&delete).await.map(|_| ())
    }
}
