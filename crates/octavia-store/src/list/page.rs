use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, JoinType, Query, SelectStatement};
use sea_orm::{ColumnTrait, DynIden, EntityTrait, Iterable, Order, QueryTrait};

use octavia_model::{AmphoraStatus, Flavor, Id, ProvisioningStatus};

use super::condition::{Dialect, Mark, behind, value_of};
use super::fields::{Field, field};
use super::holding::holds;
use super::tags::tagged;
use crate::row::{
    amphora, availability_zone, availability_zone_profile, flavor, flavor_profile, health_monitor,
    l7policy, l7rule, listener, load_balancer, member, pool, quotas, session_persistence, vip,
};
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
        let mut select = table_of(resource);
        scope(resource, &mut select);
        if let Some(project) = &query.project_id {
            select.and_where(dialect.equals(&field(resource, "project_id")?, project));
        }
        for (name, value) in &query.filters {
            let condition = match holds(resource, name, value) {
                Some(condition) => condition,
                None => dialect.equals(&field(resource, name)?, value),
            };
            select.and_where(condition);
        }
        if query.tags != TagFilter::default() {
            if !has_tags(resource) {
                return Err(Error::UnknownField("tags".to_owned()));
            }
            tagged(&mut select, &key_of(resource), &query.tags, dialect);
        }
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

/// Begins a query for all columns of a resource: those of its table, and those of the tables that
/// have at most one row beside each of its.
pub(crate) fn table_of(resource: Resource) -> SelectStatement {
    let mut select = own_columns(resource);
    match resource {
        Resource::LoadBalancer => {
            let columns = vip::Column::iter().map(|column| (vip::Entity, column));
            select.columns(columns);
        }
        Resource::Pool => {
            let persistence = session_persistence::Column::iter();
            let persistence = persistence.map(|column| (session_persistence::Entity, column));
            select
                .columns(persistence)
                .column((health_monitor::Entity, health_monitor::Column::Id));
        }
        Resource::Listener
        | Resource::Member(_)
        | Resource::HealthMonitor
        | Resource::L7Policy
        | Resource::L7Rule(_)
        | Resource::Flavor
        | Resource::FlavorProfile
        | Resource::AvailabilityZone
        | Resource::AvailabilityZoneProfile
        | Resource::Amphora
        | Resource::Quota => {}
    }
    joins(resource, &mut select);
    select
}

fn own_columns(resource: Resource) -> SelectStatement {
    match resource {
        Resource::LoadBalancer => load_balancer::Entity::find().into_query(),
        Resource::Listener => listener::Entity::find().into_query(),
        Resource::Pool => pool::Entity::find().into_query(),
        Resource::Member(_) => member::Entity::find().into_query(),
        Resource::HealthMonitor => health_monitor::Entity::find().into_query(),
        Resource::L7Policy => l7policy::Entity::find().into_query(),
        Resource::L7Rule(_) => l7rule::Entity::find().into_query(),
        Resource::Flavor => flavor::Entity::find().into_query(),
        Resource::FlavorProfile => flavor_profile::Entity::find().into_query(),
        Resource::AvailabilityZone => availability_zone::Entity::find().into_query(),
        Resource::AvailabilityZoneProfile => availability_zone_profile::Entity::find().into_query(),
        Resource::Amphora => amphora::Entity::find().into_query(),
        Resource::Quota => quotas::Entity::find().into_query(),
    }
}

fn name_of(resource: Resource) -> DynIden {
    match resource {
        Resource::LoadBalancer => load_balancer::Entity.into_iden(),
        Resource::Listener => listener::Entity.into_iden(),
        Resource::Pool => pool::Entity.into_iden(),
        Resource::Member(_) => member::Entity.into_iden(),
        Resource::HealthMonitor => health_monitor::Entity.into_iden(),
        Resource::L7Policy => l7policy::Entity.into_iden(),
        Resource::L7Rule(_) => l7rule::Entity.into_iden(),
        Resource::Flavor => flavor::Entity.into_iden(),
        Resource::FlavorProfile => flavor_profile::Entity.into_iden(),
        Resource::AvailabilityZone => availability_zone::Entity.into_iden(),
        Resource::AvailabilityZoneProfile => availability_zone_profile::Entity.into_iden(),
        Resource::Amphora => amphora::Entity.into_iden(),
        Resource::Quota => quotas::Entity.into_iden(),
    }
}

/// Returns what every order ends with; the last column is the key of the table.
const fn tail_of(resource: Resource) -> &'static [&'static str] {
    match resource {
        Resource::LoadBalancer
        | Resource::Listener
        | Resource::Pool
        | Resource::Member(_)
        | Resource::HealthMonitor
        | Resource::Amphora
        | Resource::L7Policy
        | Resource::L7Rule(_) => &["created_at", "id"],
        Resource::Flavor | Resource::FlavorProfile | Resource::AvailabilityZoneProfile => &["id"],
        Resource::AvailabilityZone => &["name"],
        Resource::Quota => &["project_id"],
    }
}

pub(super) const fn has_tags(resource: Resource) -> bool {
    match resource {
        Resource::LoadBalancer
        | Resource::Listener
        | Resource::Pool
        | Resource::Member(_)
        | Resource::HealthMonitor
        | Resource::L7Policy
        | Resource::L7Rule(_) => true,
        Resource::Flavor
        | Resource::FlavorProfile
        | Resource::AvailabilityZone
        | Resource::AvailabilityZoneProfile
        | Resource::Amphora
        | Resource::Quota => false,
    }
}

fn key_of(resource: Resource) -> Expr {
    let key = tail_of(resource).last().copied().unwrap_or("id");
    Expr::col((name_of(resource), key))
}

/// Begins a query for one row, without columns.
fn only(resource: Resource, id: &str) -> SelectStatement {
    let mut select = Query::select().from(name_of(resource)).take();
    joins(resource, &mut select);
    select.and_where(key_of(resource).eq(id));
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
            let of_this = Expr::col((
                session_persistence::Entity,
                session_persistence::Column::PoolId,
            ))
            .equals((pool::Entity, pool::Column::Id));
            select.join(JoinType::LeftJoin, session_persistence::Entity, of_this);
        }
        Resource::Amphora => {
            let its = Expr::col((load_balancer::Entity, load_balancer::Column::Id))
                .equals((amphora::Entity, amphora::Column::LoadBalancerId));
            select.join(JoinType::LeftJoin, load_balancer::Entity, its);
        }
        Resource::Listener
        | Resource::Member(_)
        | Resource::HealthMonitor
        | Resource::L7Policy
        | Resource::L7Rule(_)
        | Resource::Flavor
        | Resource::FlavorProfile
        | Resource::AvailabilityZone
        | Resource::AvailabilityZoneProfile
        | Resource::Quota => {}
    }
}

/// Leaves out what a list of the resource never shows.
fn scope(resource: Resource, select: &mut SelectStatement) {
    let gone = ProvisioningStatus::Deleted.as_str();
    match resource {
        Resource::LoadBalancer => {
            let status = load_balancer::Column::ProvisioningStatus;
            let status = Expr::col((load_balancer::Entity, status));
            select.and_where(status.ne(gone));
        }
        Resource::Listener => {
            select.and_where(listener::Column::ProvisioningStatus.ne(gone));
        }
        Resource::Pool => {
            select.and_where(pool::Column::ProvisioningStatus.ne(gone));
        }
        Resource::HealthMonitor => {
            select.and_where(health_monitor::Column::ProvisioningStatus.ne(gone));
        }
        Resource::L7Policy => {
            select.and_where(l7policy::Column::ProvisioningStatus.ne(gone));
        }
        Resource::Amphora => {
            let status = Expr::col((amphora::Entity, amphora::Column::Status));
            select.and_where(status.ne(AmphoraStatus::Deleted.as_str()));
        }
        Resource::Member(pool) => {
            select.and_where(member::Column::PoolId.eq(pool.to_string()));
            select.and_where(member::Column::ProvisioningStatus.ne(gone));
        }
        Resource::L7Rule(policy) => {
            select.and_where(l7rule::Column::L7policyId.eq(policy.to_string()));
            select.and_where(l7rule::Column::ProvisioningStatus.ne(gone));
        }
        Resource::Flavor
        | Resource::FlavorProfile
        | Resource::AvailabilityZone
        | Resource::AvailabilityZoneProfile => {
            select.and_where(key_of(resource).ne(Id::<Flavor>::PLACEHOLDER.to_string()));
        }
        Resource::Quota => {}
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
    for name in tail_of(resource) {
        if !query.sort.iter().any(|sort| sort.field == *name) {
            keys.push(Key {
                field: field(resource, name)?,
                direction: Direction::Ascending,
            });
        }
    }
    Ok(keys)
}
