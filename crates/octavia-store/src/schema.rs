//! Creating, adopting and checking the schema.

mod catalogue;
mod upgrade;

use sea_orm::sea_query::Value;
use sea_orm::{ActiveModelTrait, ActiveValue, EntityName, EntityTrait, IdenStatic, Iterable};

use crate::{Error, Result};

pub(crate) use catalogue::Catalogue;

/// Upstream's revision that we serve.
pub(crate) const REVISION: &str = "fabf4983846b";
/// The version of our own tables.
pub(crate) const OWN_VERSION: i32 = 2;

pub(crate) const SQLITE: &str = include_str!("schema/sqlite.sql");
pub(crate) const SQLITE_OWN: &str = include_str!("schema/rs.sqlite.sql");
pub(crate) const MYSQL: &str = include_str!("schema/mysql.sql");
pub(crate) const MYSQL_OWN: &str = include_str!("schema/rs.mysql.sql");

/// What a database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// Nothing.
    Empty,
    /// Upstream's schema at the revision that we serve, without our tables.
    Upstream,
    /// Everything that we need.
    Ready,
    /// The same, of an earlier version: some of our tables are not there yet.
    Behind,
    /// Upstream's schema at another revision.
    OtherRevision(String),
    /// Tables, but none of upstream's markers.
    Foreign,
}

/// What an upgrade did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgraded {
    /// Created everything.
    Created,
    /// Added our tables to upstream's database.
    Adopted,
    /// Added those of our tables that an earlier version did not have.
    Extended,
    /// There was nothing to do.
    AlreadyReady,
}

/// Refuses texts that are longer than their columns: SQLite would keep them, and MySQL could not.
pub(crate) fn fits<A: ActiveModelTrait>(row: &A) -> Result<()> {
    let table = A::Entity::default();
    for column in <A::Entity as EntityTrait>::Column::iter() {
        let ActiveValue::Set(Value::String(Some(text))) = row.get(column) else {
            continue;
        };
        let limit = Catalogue::shared().length(table.table_name(), column.as_str());
        if limit.is_some_and(|limit| text.chars().count() > limit) {
            return Err(Error::Value(format!(
                "{} of {} is longer than {} characters",
                column.as_str(),
                table.table_name(),
                limit.unwrap_or_default()
            )));
        }
    }
    Ok(())
}

/// Splits a script into its statements.
pub(crate) fn statements(script: &str) -> impl Iterator<Item = &str> {
    script.split(";\n").map(str::trim).filter(|statement| {
        statement
            .lines()
            .any(|line| !line.starts_with("--") && !line.is_empty())
    })
}
