use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, JoinType, Query, SelectStatement};
use sea_orm::{ColumnTrait, DynIden, EntityTrait, Order, QueryTrait};

use octavia_model::ProvisioningStatus;

use super::condition::{Dialect, Mark, behind, value_of};
use super::fields::{Field, field};
use crate::row::{health_monitor, listener, load_balancer, member, pool, tags, vip};
use crate::{Direction, Error, ListQuery, Resource, Result, TagFilter, Tx};

/// A key of the order.
struct Key {
    field: Field,
    direction: Direction,
}

impl Tx {
    /// Tells whether a row with this id exists in the resource's table, `DELETED` ones included.
    pub async fn exists(&mut self, resource: Resource, id: &str) -> Result<bool> {
        let select = only(resource, id).expr_as(Expr::val(1), "one").take();
        Ok(!self.raw_rows(&select).await?.is_empty())
    }

    /// Builds the query for a list.
    pub(crate) async fn select(
        &mut self,
        resource: Resource,
        query: &ListQuery,
    ) -> Result<SelectStatement> {
        let dialect = if self.is_mysql() {
            Dialect::Mysql
        } else {
            Dialect::Sqlite
        };
        let mut select = all_of(resource);
        joins(resource, &mut select);
        scope(resource, &mut select);
        if let Some(project) = &query.project_id {
            select.and_where(dialect.equals(&field(resource, "project_id")?, project));
        }
        for (name, value) in &query.filters {
            select.and_where(dialect.equals(&field(resource, name)?, value));
        }
        tagged(&mut select, &id_of(resource), &query.tags, dialect);
        let keys = order(resource, query)?;
        if let Some(marker) = &query.marker {
            let mut marks = self.marks(resource, marker, &keys, dialect).await?;
            if query.page_reverse {
                marks.iter_mut().for_each(Mark::reverse);
            }
            select.and_where(behind(&marks));
        }
        for key in &keys {
            let order = match key.direction {
                Direction::Ascending => Order::Asc,
                Direction::Descending => Order::Desc,
            };
            select.order_by_expr(dialect.key(&key.field), order);
        }
        if let Some(limit) = query.limit {
            select.limit(limit);
        }
        Ok(select)
    }

    async fn marks(
        &mut self,
        resource: Resource,
        marker: &str,
        keys: &[Key],
        dialect: Dialect,
    ) -> Result<Vec<Mark>> {
        let mut select = only(resource, marker);
        for (number, key) in keys.iter().enumerate() {
            select.expr_as(dialect.key(&key.field), format!("key_{number}"));
        }
        let rows = self.raw_rows(&select).await?;
        let Some(row) = rows.first() else {
            return Err(Error::UnknownMarker(marker.to_owned()));
        };
        keys.iter()
            .enumerate()
            .map(|(number, key)| {
                Ok(Mark {
                    key: dialect.key(&key.field),
                    value: value_of(row, &format!("key_{number}"), key.field.kind)?,
                    direction: key.direction,
                })
            })
            .collect()
    }
}

fn all_of(resource: Resource) -> SelectStatement {
    match resource {
        Resource::LoadBalancer => load_balancer::Entity::find().into_query(),
        Resource::Listener => listener::Entity::find().into_query(),
        Resource::Pool => pool::Entity::find().into_query(),
        Resource::Member(_) => member::Entity::find().into_query(),
        Resource::HealthMonitor => health_monitor::Entity::find().into_query(),
    }
}

fn table_of(resource: Resource) -> DynIden {
    match resource {
        Resource::LoadBalancer => load_balancer::Entity.into_iden(),
        Resource::Listener => listener::Entity.into_iden(),
        Resource::Pool => pool::Entity.into_iden(),
        Resource::Member(_) => member::Entity.into_iden(),
        Resource::HealthMonitor => health_monitor::Entity.into_iden(),
    }
}

fn id_of(resource: Resource) -> Expr {
    Expr::col((table_of(resource), "id"))
}

/// Begins a query for one row, without columns.
fn only(resource: Resource, id: &str) -> SelectStatement {
    let mut select = Query::select().from(table_of(resource)).take();
    joins(resource, &mut select);
    select.and_where(id_of(resource).eq(id));
    select
}

/// Joins the tables that fields lie in; each has at most one row for a row of the resource.
fn joins(resource: Resource, select: &mut SelectStatement) {
    match resource {
        Resource::LoadBalancer => {
            let of_this = Expr::col((vip::Entity, vip::Column::LoadBalancerId))
                .equals((load_balancer::Entity, load_balancer::Column::Id));
            select.join(JoinType::LeftJoin, vip::Entity, of_this);
        }
        Resource::Pool => {
            let of_this = Expr::col((health_monitor::Entity, health_monitor::Column::PoolId))
                .equals((pool::Entity, pool::Column::Id));
            select.join(JoinType::LeftJoin, health_monitor::Entity, of_this);
        }
        Resource::Listener | Resource::Member(_) | Resource::HealthMonitor => {}
    }
}

/// Leaves out what a list of the resource never shows.
fn scope(resource: Resource, select: &mut SelectStatement) {
    match resource {
        Resource::LoadBalancer => {
            let status = (
                load_balancer::Entity,
                load_balancer::Column::ProvisioningStatus,
            );
            select.and_where(Expr::col(status).ne(ProvisioningStatus::Deleted.as_str()));
        }
        Resource::Member(pool) => {
            select.and_where(member::Column::PoolId.eq(pool.to_string()));
        }
        Resource::Listener | Resource::Pool | Resource::HealthMonitor => {}
    }
}

fn order(resource: Resource, query: &ListQuery) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    for sort in &query.sort {
        keys.push(Key {
            field: field(resource, &sort.field)?,
            direction: sort.direction,
        });
    }
    for name in ["created_at", "id"] {
        if !query.sort.iter().any(|sort| sort.field == name) {
            keys.push(Key {
                field: field(resource, name)?,
                direction: Direction::Ascending,
            });
        }
    }
    Ok(keys)
}

fn tagged(select: &mut SelectStatement, id: &Expr, filter: &TagFilter, dialect: Dialect) {
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
