//! What belongs to objects and lies in other tables, asked for at once: each question is a way to
//! the database and back.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use octavia_model::Id;
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, DynIden, EntityTrait, Order, QueryResult, TryGetError};
use uuid::Uuid;

use crate::column::Cell;
use crate::row::{Row, tags};
use crate::{Result, Tx};

/// How many owners one statement asks for: SQLite takes 32,766 parameters, and each part of the
/// statement names all owners.
const OWNERS: usize = 4096;

/// SQLite takes 32,766 parameters in a statement.
const MANY: usize = 30_000;

/// Says that a column is one of these ids. For more of them than a statement takes it says nothing:
/// whoever asks picks from the answer by id.
pub(crate) fn among<C: ColumnTrait>(column: C, ids: &[String]) -> Expr {
    if ids.len() > MANY {
        return Expr::val(1).eq(1);
    }
    column.is_in(ids)
}

/// What can belong to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    AdditionalVip,
    Certificate,
    Cidr,
    Listener,
    Member,
    Policy,
    Pool,
    RedirectingListener,
    SecurityGroup,
    Tag,
}

/// A column of one kind of children, by owner.
pub(crate) struct Part {
    kind: Kind,
    table: DynIden,
    owner: Expr,
    value: Expr,
    rank: Expr,
    details: [Expr; 3],
    condition: Option<Expr>,
}

impl Part {
    /// Asks a table for the values of one column by another.
    pub(crate) fn new<E, C>(kind: Kind, table: E, owner: C, value: C) -> Self
    where
        E: EntityTrait<Column = C>,
        C: ColumnTrait,
    {
        Self {
            kind,
            table: table.into_iden(),
            owner: Expr::col(owner),
            value: Expr::col(value),
            rank: null(),
            details: [null(), null(), null()],
            condition: None,
        }
    }

    /// The tags of any object.
    pub(crate) fn tags() -> Self {
        let (owner, tag) = (tags::Column::ResourceId, tags::Column::Tag);
        Self::new(Kind::Tag, tags::Entity, owner, tag)
    }

    /// Puts them into the order of a column; those alike, and all without one, into that of their
    /// values. The ranks of all parts of a question have one type.
    pub(crate) fn ranked(mut self, by: impl ColumnTrait) -> Self {
        self.rank = Expr::col(by);
        self
    }

    /// Asks for three more columns.
    pub(crate) fn with(mut self, details: [impl ColumnTrait; 3]) -> Self {
        self.details = details.map(Expr::col);
        self
    }

    /// Leaves only those that meet a condition.
    pub(crate) fn only(mut self, condition: Expr) -> Self {
        self.condition = Some(condition);
        self
    }

    fn select(&self, owners: &[&str]) -> SelectStatement {
        let mut select = Query::select()
            .expr_as(Expr::cust((self.kind as i32).to_string()), "kind")
            .expr_as(self.owner.clone(), "owner")
            .expr_as(self.value.clone(), "value")
            .exprs(self.details.clone())
            .expr_as(self.rank.clone(), "place")
            .from(self.table.clone())
            .and_where(self.owner.clone().is_in(owners.iter().copied()))
            .take();
        if let Some(condition) = &self.condition {
            select.and_where(condition.clone());
        }
        select
    }
}

fn null() -> Expr {
    Expr::cust("NULL")
}

impl Tx {
    /// Returns the rows of a query as objects, each with what belongs to it.
    pub(crate) async fn objects<R: Row, T>(
        &mut self,
        select: &SelectStatement,
        (id, parts): (fn(&R) -> &str, &[Part]),
        object: fn(R, &mut Children) -> Result<T>,
    ) -> Result<Vec<T>> {
        let rows: Vec<R> = self.rows(select).await?;
        let ids: Vec<&str> = rows.iter().map(id).collect();
        let mut children = self.children(&ids, parts).await?;
        rows.into_iter()
            .map(|row| object(row, &mut children))
            .collect()
    }

    /// Returns what belongs to owners: for some thousands of them by one statement.
    async fn children(&mut self, owners: &[&str], parts: &[Part]) -> Result<Children> {
        let mut children = Children::default();
        for owners in owners.chunks(OWNERS) {
            let rows: Vec<Child> = match union(parts, &rounded(owners)) {
                Some(select) => self.rows(&select).await?,
                None => Vec::new(),
            };
            for row in rows {
                let owner: Id<()> = Cell::new(BESIDE, &row.owner).parse(&row.owner)?;
                let key = (row.kind, owner.uuid());
                children.0.entry(key).or_default().push(row);
            }
        }
        Ok(children)
    }
}

/// What a column is called that cannot be read.
const BESIDE: &str = "what belongs to";

/// Rounds the number of owners up to a power of two by repeating the last one: the statements that
/// the server keeps prepared are few, whatever pages hold.
fn rounded<'a>(owners: &[&'a str]) -> Vec<&'a str> {
    let last = owners.last().copied();
    let more = owners.len().next_power_of_two() - owners.len();
    let repeated = std::iter::repeat_n(last, more).flatten();
    owners.iter().copied().chain(repeated).collect()
}

fn union(parts: &[Part], owners: &[&str]) -> Option<SelectStatement> {
    let mut selects = parts.iter().map(|part| part.select(owners));
    let mut union = selects.next()?;
    union
        .unions(selects.map(|select| (UnionType::All, select)))
        .order_by("place", Order::Asc)
        .order_by("value", Order::Asc);
    Some(union)
}

struct Child {
    kind: i32,
    owner: String,
    value: String,
    details: [Option<String>; 3],
}

impl Row for Child {
    const WIDTH: usize = 6;

    fn read(row: &QueryResult, first: usize) -> std::result::Result<Self, TryGetError> {
        let detail = |at| row.try_get_by_index_nullable(first + at);
        Ok(Self {
            kind: row.try_get_by_index_nullable(first)?,
            owner: row.try_get_by_index_nullable(first + 1)?,
            value: row.try_get_by_index_nullable(first + 2)?,
            details: [detail(3)?, detail(4)?, detail(5)?],
        })
    }
}

/// What was found, by kind and owner.
#[derive(Default)]
pub(crate) struct Children(HashMap<(i32, Uuid), Vec<Child>>);

impl Children {
    /// Takes the values of one kind that belong to an owner, in their order.
    pub(crate) fn take<T>(&mut self, kind: Kind, owner: Id<T>) -> Vec<String> {
        let found = self.found(kind, owner);
        found.into_iter().map(|child| child.value).collect()
    }

    /// As [`Self::take`], with three more columns.
    pub(crate) fn take_with_details<T>(
        &mut self,
        kind: Kind,
        owner: Id<T>,
    ) -> impl Iterator<Item = (String, [Option<String>; 3])> {
        let found = self.found(kind, owner);
        found.into_iter().map(|child| (child.value, child.details))
    }

    /// As [`Self::take`], of values that are read.
    pub(crate) fn parse<T, V>(&mut self, kind: Kind, owner: Id<T>, cell: Cell<'_>) -> Result<Vec<V>>
    where
        V: FromStr,
        V::Err: Display,
    {
        let found = self.found(kind, owner);
        found.iter().map(|child| cell.parse(&child.value)).collect()
    }

    /// Takes the tags of an object, in the order of the alphabet.
    pub(crate) fn tags<T>(&mut self, owner: Id<T>) -> Vec<String> {
        let mut tags = self.take(Kind::Tag, owner);
        // The collations differ; answers should not.
        tags.sort_by_cached_key(|tag| (tag.to_lowercase(), tag.clone()));
        tags
    }

    fn found<T>(&mut self, kind: Kind, owner: Id<T>) -> Vec<Child> {
        let key = (kind as i32, owner.uuid());
        self.0.remove(&key).unwrap_or_default()
    }
}
