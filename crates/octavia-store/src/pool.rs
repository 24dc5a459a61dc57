use std::collections::HashMap;

use octavia_model::{
    HealthMonitor, Id, LoadBalancer, Member, Pool, PoolTree, ProvisioningStatus, SessionPersistence,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, Query};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryTrait};

use crate::children::{Children, Family, Kind, Part};
use crate::column::{Cell, comma_text, commas, text, utc};
use crate::list::table_of;
use crate::row::{health_monitor, l7policy, l7rule, listener, member, pool, session_persistence};
use crate::{ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns a pool.
    pub async fn pool(&mut self, id: Id<Pool>) -> Result<Option<Pool>> {
        let id = id.to_string();
        let select = table_of(Resource::Pool)
            .and_where(pool::Column::Id.eq(&id))
            .and_where(pool::Column::ProvisioningStatus.ne(ProvisioningStatus::Deleted.as_str()))
            .take();
        self.object(select, &id, &family()).await
    }

    /// Adds a pool with its session persistence and tags.
    pub async fn insert_pool(&mut self, pool: &Pool) -> Result<()> {
        let row = pool::ActiveModel {
            created_at: Set(Some(self.stamp())),
            ..row(pool)
        };
        self.insert(row)
            .await
            .map_err(|error| error.duplicate_is(|| format!("pool {}", pool.id)))?;
        self.insert_persistence(pool).await?;
        self.insert_tags(&pool.id.to_string(), &pool.tags).await
    }

    /// Writes a pool with its session persistence and tags.
    pub async fn save_pool(&mut self, pool: &Pool) -> Result<()> {
        let id = pool.id.to_string();
        let row = pool::ActiveModel {
            updated_at: Set(Some(self.stamp())),
            ..row(pool)
        };
        self.update(row, pool::Column::Id.eq(&id), "the pool")
            .await?;
        self.delete_persistence(std::slice::from_ref(&id)).await?;
        self.insert_persistence(pool).await?;
        self.replace_tags(&id, &pool.tags).await
    }

    /// Removes a pool with members, health monitor, session persistence and tags, and every
    /// listener's reference to it.
    pub async fn delete_pool(&mut self, id: Id<Pool>) -> Result<()> {
        self.delete_pools(&[id.to_string()]).await
    }

    pub(crate) async fn delete_pools(&mut self, ids: &[String]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        self.delete_tags_below_pools(ids).await?;
        let members = member::Entity::delete_many().filter(member::Column::PoolId.is_in(ids));
        self.execute(&members.into_query()).await?;
        let monitors =
            health_monitor::Entity::delete_many().filter(health_monitor::Column::PoolId.is_in(ids));
        self.execute(&monitors.into_query()).await?;
        self.delete_persistence(ids).await?;
        let detached = listener::Entity::update_many()
            .col_expr(
                listener::Column::DefaultPoolId,
                Expr::value(Option::<String>::None),
            )
            .filter(listener::Column::DefaultPoolId.is_in(ids));
        self.execute(&detached.into_query()).await?;
        let pools = pool::Entity::delete_many().filter(pool::Column::Id.is_in(ids));
        self.execute(&pools.into_query()).await.map(|_| ())
    }

    async fn delete_tags_below_pools(&mut self, ids: &[String]) -> Result<()> {
        let members = Query::select()
            .column(member::Column::Id)
            .from(member::Entity)
            .and_where(member::Column::PoolId.is_in(ids))
            .take();
        self.delete_tags_in(members).await?;
        let monitors = Query::select()
            .column(health_monitor::Column::Id)
            .from(health_monitor::Entity)
            .and_where(health_monitor::Column::PoolId.is_in(ids))
            .take();
        self.delete_tags_in(monitors).await?;
        self.delete_tags_of(ids).await
    }

    /// Returns pools.
    pub async fn pools(&mut self, query: &ListQuery) -> Result<Vec<Pool>> {
        let select = self.select(Resource::Pool, query).await?;
        self.objects(&select, &family()).await
    }

    /// Returns the pools of a load balancer with all below them, in order of creation.
    pub(crate) async fn pool_trees_of(&mut self, id: Id<LoadBalancer>) -> Result<Vec<PoolTree>> {
        let select = table_of(Resource::Pool)
            .and_where(pool::Column::LoadBalancerId.eq(id.to_string()))
            .order_by((pool::Entity, pool::Column::CreatedAt), Order::Asc)
            .order_by((pool::Entity, pool::Column::Id), Order::Asc)
            .take();
        let pools = self.objects(&select, &family()).await?;
        let mut members: HashMap<Id<Pool>, Vec<Member>> = HashMap::new();
        for member in self.members_of_load_balancer(id).await? {
            members.entry(member.pool_id).or_default().push(member);
        }
        let mut monitors: HashMap<Id<Pool>, HealthMonitor> = self
            .health_monitors_of_load_balancer(id)
            .await?
            .into_iter()
            .map(|monitor| (monitor.pool_id, monitor))
            .collect();
        Ok(pools
            .into_iter()
            .map(|pool| PoolTree {
                members: members.remove(&pool.id).unwrap_or_default(),
                health_monitor: monitors.remove(&pool.id),
                pool,
            })
            .collect())
    }

    async fn insert_persistence(&mut self, pool: &Pool) -> Result<()> {
        let Some(persistence) = &pool.session_persistence else {
            return Ok(());
        };
        self.insert(session_persistence::ActiveModel {
            pool_id: Set(pool.id.to_string()),
            kind: Set(persistence.kind.to_string()),
            cookie_name: Set(persistence.cookie_name.clone()),
            persistence_timeout: Set(persistence.persistence_timeout),
            persistence_granularity: Set(text(persistence.persistence_granularity.as_ref())),
        })
        .await
    }

    async fn delete_persistence(&mut self, ids: &[String]) -> Result<()> {
        let delete = session_persistence::Entity::delete_many()
            .filter(session_persistence::Column::PoolId.is_in(ids));
        self.execute(&delete.into_query()).await.map(|_| ())
    }
}

type Persistence = Option<session_persistence::Model>;
/// A pool, its session persistence, and the id of its health monitor.
type Row = ((pool::Model, Persistence), Option<String>);

fn family() -> Family<Row, Pool> {
    Family {
        table: pool::Entity.into_iden(),
        id: |((row, _), _)| &row.id,
        parts: beside().into(),
        object: pool,
    }
}

/// What belongs to pools and lies in other tables. Listeners use a pool as their default, or by an
/// enabled policy with a rule.
fn beside() -> [Part; 4] {
    let listeners = Part::new(
        Kind::Listener,
        listener::Entity,
        listener::Column::DefaultPoolId,
        listener::Column::Id,
    );
    let redirecting = Part::new(
        Kind::RedirectingListener,
        l7policy::Entity,
        l7policy::Column::RedirectPoolId,
        l7policy::Column::ListenerId,
    );
    let with_rules = Query::select()
        .column(l7rule::Column::L7policyId)
        .from(l7rule::Entity)
        .take();
    let serves = l7policy::Column::Enabled
        .eq(true)
        .and(Expr::col(l7policy::Column::Id).in_subquery(with_rules));
    let members = Part::new(
        Kind::Member,
        member::Entity,
        member::Column::PoolId,
        member::Column::Id,
    );
    [
        listeners.ranked(listener::Column::CreatedAt),
        redirecting.ranked(l7policy::Column::CreatedAt).only(serves),
        members.ranked(member::Column::CreatedAt),
        Part::tags(),
    ]
}

fn row(pool: &Pool) -> pool::ActiveModel {
    pool::ActiveModel {
        id: Set(pool.id.to_string()),
        project_id: Set(pool.project_id.clone()),
        name: Set(pool.name.clone()),
        description: Set(pool.description.clone()),
        protocol: Set(pool.protocol.to_string()),
        lb_algorithm: Set(pool.lb_algorithm.to_string()),
        operating_status: Set(pool.operating_status.to_string()),
        enabled: Set(pool.enabled),
        load_balancer_id: Set(Some(pool.load_balancer_id.to_string())),
        created_at: NotSet,
        updated_at: NotSet,
        provisioning_status: Set(pool.provisioning_status.to_string()),
        tls_certificate_id: Set(pool.tls_certificate_id.clone()),
        ca_tls_certificate_id: Set(pool.ca_tls_certificate_id.clone()),
        crl_container_id: Set(pool.crl_container_id.clone()),
        tls_enabled: Set(pool.tls_enabled),
        tls_ciphers: Set(pool.tls_ciphers.clone()),
        tls_versions: Set(comma_text(&pool.tls_versions)),
        alpn_protocols: Set(comma_text(&pool.alpn_protocols)),
    }
}

fn pool(((row, persisted), monitor): Row, beside: &mut Children) -> Result<Pool> {
    let cell = Cell::new("pool", &row.id);
    let id = cell.parse(&row.id)?;
    let mut listeners = beside.parse(Kind::Listener, id, cell)?;
    for listener in beside.parse(Kind::RedirectingListener, id, cell)? {
        if !listeners.contains(&listener) {
            listeners.push(listener);
        }
    }
    Ok(Pool {
        id,
        project_id: row.project_id,
        load_balancer_id: cell
            .parse(cell.needed(row.load_balancer_id.as_ref(), "load_balancer_id")?)?,
        name: row.name,
        description: row.description,
        protocol: cell.parse(&row.protocol)?,
        lb_algorithm: cell.parse(&row.lb_algorithm)?,
        provisioning_status: cell.parse(&row.provisioning_status)?,
        operating_status: cell.parse(&row.operating_status)?,
        enabled: row.enabled,
        session_persistence: persisted.map(persistence).transpose()?,
        tls_enabled: row.tls_enabled,
        tls_certificate_id: row.tls_certificate_id,
        ca_tls_certificate_id: row.ca_tls_certificate_id,
        crl_container_id: row.crl_container_id,
        tls_ciphers: row.tls_ciphers,
        tls_versions: commas(row.tls_versions.as_ref()),
        alpn_protocols: commas(row.alpn_protocols.as_ref()),
        tags: beside.tags(id),
        created_at: utc(row.created_at),
        updated_at: utc(row.updated_at),
        listeners,
        members: beside.parse(Kind::Member, id, cell)?,
        health_monitor_id: cell.optional(monitor.as_ref())?,
    })
}

fn persistence(row: session_persistence::Model) -> Result<SessionPersistence> {
    let cell = Cell::new("session_persistence", &row.pool_id);
    Ok(SessionPersistence {
        kind: cell.parse(&row.kind)?,
        persistence_timeout: row.persistence_timeout,
        persistence_granularity: cell.optional(row.persistence_granularity.as_ref())?,
        cookie_name: row.cookie_name,
    })
}
