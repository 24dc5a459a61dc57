//! Queries for what belongs to each of several owners.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, IntoIden, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, Order};

/// SQLite takes 32766 parameters in a statement.
const MANY: usize = 30_000;

/// Says that a column is one of these ids. For more of them than a statement takes it says nothing:
/// whoever asks picks from the answer by id.
pub(crate) fn among<C: ColumnTrait>(column: C, ids: &[String]) -> Expr {
    if ids.len() > MANY {
        return Expr::val(1).eq(1);
    }
    column.is_in(ids)
}

/// A query that returns `owner` and `value`.
pub(crate) struct Children<C> {
    select: SelectStatement,
    owner: C,
}

/// Asks a table for the values of one column by another.
pub(crate) fn children<E, C>(table: E, owner: C, value: C) -> Children<C>
where
    E: EntityTrait<Column = C>,
    C: ColumnTrait,
{
    let select = Query::select()
        .expr_as(Expr::col(owner), Alias::new("owner").into_iden())
        .expr_as(Expr::col(value), Alias::new("value").into_iden())
        .from(table)
        .take();
    Children { select, owner }
}

impl<C: ColumnTrait> Children<C> {
    /// Only of these owners.
    pub(crate) fn of(mut self, owners: &[String]) -> Self {
        self.select
            .and_where(among(self.owner, owners))
            .and_where(self.owner.is_not_null());
        self
    }

    /// In the order of these columns.
    pub(crate) fn by(mut self, columns: &[C]) -> SelectStatement {
        for column in columns {
            self.select.order_by(*column, Order::Asc);
        }
        self.select
    }
}
