use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::condition::Dialect;
use crate::TagFilter;
use crate::row::tags;

/// Leaves what has the wanted tags.
pub(super) fn tagged(
    select: &mut SelectStatement,
    id: &Expr,
    filter: &TagFilter,
    dialect: Dialect,
) {
    let with = |wanted: &[String]| id.clone().in_subquery(resources(wanted, dialect));
    let all = |wanted: &[String]| {
        wanted
            .iter()
            .map(|tag| with(std::slice::from_ref(tag)))
            .reduce(ExprTrait::and)
    };
    if let Some(condition) = all(&filter.all) {
        select.and_where(condition);
    }
    if let Some(condition) = all(&filter.not_all) {
        select.and_where(condition.not());
    }
    if !filter.any.is_empty() {
        select.and_where(with(&filter.any));
    }
    if !filter.not_any.is_empty() {
        select.and_where(with(&filter.not_any).not());
    }
}

/// Asks for the ids of what has one of these tags.
fn resources(wanted: &[String], dialect: Dialect) -> SelectStatement {
    let tag = Expr::col((tags::Entity, tags::Column::Tag));
    let tag = match dialect {
        Dialect::Mysql => tag,
        Dialect::Sqlite => Expr::cust_with_expr("RTRIM(?) COLLATE NOCASE", tag),
    };
    let wanted = wanted.iter().map(|tag| tag.trim_end_matches(' '));
    Query::select()
        .column((tags::Entity, tags::Column::ResourceId))
        .from(tags::Entity)
        .and_where(tag.is_in(wanted))
        .take()
}
