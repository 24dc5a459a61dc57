//! Objects with what belongs to them and lies in other tables, asked for at once: each question is a
//! way to the database and back.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use octavia_model::Id;
use sea_orm::sea_query::{
    CommonTableExpression, Expr, ExprTrait, IntoIden, Query, SelectStatement, UnionType, WithClause,
};
use sea_orm::{ColumnTrait, DynIden, EntityTrait, Order, QueryResult, TryGetError};
use uuid::Uuid;

use crate::column::Cell;
use crate::row::{Row, tags};
use crate::{Result, Tx};

/// How many owners one statement names: a power of two, and less than the 32,766 parameters that
/// SQLite takes.
const OWNERS: usize = 4096;

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

    /// Begins with so many columns that are other rows'.
    fn select(&self, before: usize, owned: Expr) -> SelectStatement {
        let mut select = Query::select()
            .exprs((0..before).map(|_| null()))
            .exprs([Expr::cust((self.kind as i32).to_string())])
            .expr_as(self.owner.clone(), "child_owner")
            .expr_as(self.value.clone(), "child_value")
            .exprs(self.details.clone())
            .expr_as(self.rank.clone(), "child_place")
            .from(self.table.clone())
            .and_where(owned)
            .take();
        if let Some(condition) = &self.condition {
            select.and_where(condition.clone());
        }
        select
    }
}

/// Objects of one kind: where they lie, what belongs to each, and how they are put together.
pub(crate) struct Family<R, T> {
    /// The table of the objects, whose key is `id`.
    pub(crate) table: DynIden,
    /// The id in a row.
    pub(crate) id: fn(&R) -> &str,
    /// What belongs to them.
    pub(crate) parts: Vec<Part>,
    /// Puts one together.
    pub(crate) object: fn(R, &mut Children) -> Result<T>,
}

fn null() -> Expr {
    Expr::cust("NULL")
}

impl Tx {
    /// Returns the object of one row with what belongs to it, by one statement: all of it as it was
    /// at one moment, with or without a transaction.
    pub(crate) async fn object<R: Row, T>(
        &mut self,
        mut select: SelectStatement,
        id: &str,
        family: &Family<R, T>,
    ) -> Result<Option<T>> {
        select
            .exprs([null(), null()])
            .expr_as(null(), "child_value")
            .exprs([null(), null(), null()])
            .expr_as(null(), "child_place");
        let parts = family.parts.iter().map(|part| {
            let owned = part.owner.clone().eq(id);
            (UnionType::All, part.select(R::WIDTH, owned))
        });
        select.unions(parts);
        in_order(&mut select);
        let mut children = Children::default();
        let mut own = None;
        for (row, child) in self.rows::<(Option<R>, Option<Child>)>(&select).await? {
            own = own.or(row);
            if let Some(child) = child {
                children.add(child)?;
            }
        }
        own.map(|row| (family.object)(row, &mut children))
            .transpose()
    }

    /// Returns the rows of a query as objects, each with what belongs to it.
    pub(crate) async fn objects<R: Row, T>(
        &mut self,
        select: &SelectStatement,
        family: &Family<R, T>,
    ) -> Result<Vec<T>> {
        let rows: Vec<R> = self.rows(select).await?;
        let ids: Vec<&str> = rows.iter().map(family.id).collect();
        let mut children = Children::default();
        for owners in ids.chunks(OWNERS) {
            let Some(select) = union(family, owners) else {
                continue;
            };
            for child in self.rows(&select).await? {
                children.add(child)?;
            }
        }
        rows.into_iter()
            .map(|row| (family.object)(row, &mut children))
            .collect()
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

/// Asks for what belongs to owners, who are named once.
fn union<R, T>(family: &Family<R, T>, owners: &[&str]) -> Option<SelectStatement> {
    let named = Query::select()
        .column("id")
        .from(family.table.clone())
        .and_where(Expr::col("id").is_in(rounded(owners)))
        .take();
    let these = Query::select().column("id").from("owners").take();
    let mut selects = family.parts.iter().map(|part| {
        let owned = part.owner.clone().in_subquery(these.clone());
        part.select(0, owned)
    });
    let mut union = selects.next()?;
    let named = CommonTableExpression::new()
        .query(named)
        .column("id")
        .table_name("owners")
        .to_owned();
    union
        .with_cte(WithClause::new().cte(named).to_owned())
        .unions(selects.map(|select| (UnionType::All, select)));
    in_order(&mut union);
    Some(union)
}

fn in_order(union: &mut SelectStatement) {
    union
        .order_by("child_place", Order::Asc)
        .order_by("child_value", Order::Asc);
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
    fn add(&mut self, child: Child) -> Result<()> {
        let owner: Id<()> = Cell::new(BESIDE, &child.owner).parse(&child.owner)?;
        let key = (child.kind, owner.uuid());
        self.0.entry(key).or_default().push(child);
        Ok(())
    }

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
