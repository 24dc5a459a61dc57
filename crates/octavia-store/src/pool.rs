use std::collections::HashMap;

use octavia_model::{
    HealthMonitor, Id, LoadBalancer, Member, Pool, PoolTree, ProvisioningStatus, SessionPersistence,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QueryTrait};

use crate::children::{among, children};
use crate::column::{Cell, comma_text, commas, text, utc};
use crate::row::{health_monitor, l7policy, l7rule, listener, member, pool, session_persistence};
use crate::{ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns a pool.
    pub async fn pool(&mut self, id: Id<Pool>) -> Result<Option<Pool>> {
        let select = pool::Entity::find()
            .filter(pool::Column::Id.eq(id.to_string()))
            .filter(pool::Column::ProvisioningStatus.ne(ProvisioningStatus::Deleted.as_str()));
        let rows = self.rows(&select.into_query()).await?;
        Ok(self.pools_from(rows).await?.pop())
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
        let rows = self.rows(&select).await?;
        self.pools_from(rows).await
    }

    /// Returns the pools of a load balancer with all below them, in order of creation.
    pub(crate) async fn pool_trees_of(&mut self, id: Id<LoadBalancer>) -> Result<Vec<PoolTree>> {
        let select = pool::Entity::find()
            .filter(pool::Column::LoadBalancerId.eq(id.to_string()))
            .order_by_asc(pool::Column::CreatedAt)
            .order_by_asc(pool::Column::Id);
        let rows = self.rows(&select.into_query()).await?;
        let pools = self.pools_from(rows).await?;
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

    async fn pools_from(&mut self, rows: Vec<pool::Model>) -> Result<Vec<Pool>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let mut beside = self.beside_pools(&ids).await?;
        rows.into_iter().map(|row| pool(row, &mut beside)).collect()
    }

    async fn beside_pools(&mut self, ids: &[String]) -> Result<Beside> {
        let persistence = session_persistence::Entity::find()
            .filter(among(session_persistence::Column::PoolId, ids));
        let persistence: Vec<session_persistence::Model> =
            self.rows(&persistence.into_query()).await?;
        let members = children(member::Entity, member::Column::PoolId, member::Column::Id);
        let members = members
            .of(ids)
            .by(&[member::Column::CreatedAt, member::Column::Id]);
        let monitors = children(
            health_monitor::Entity,
            health_monitor::Column::PoolId,
            health_monitor::Column::Id,
        );
        let monitors = monitors.of(ids).by(&[]);
        Ok(Beside {
            persistence: persistence
                .into_iter()
                .map(|row| (row.pool_id.clone(), row))
                .collect(),
            listeners: self.listeners_by_pool(ids).await?,
            members: self.values_by_owner(&members).await?,
            monitors: self.values_by_owner(&monitors).await?,
            tags: self.tags(ids).await?,
        })
    }

    /// Returns which listeners use pools: as default pool, or by an enabled policy with a rule.
    async fn listeners_by_pool(&mut self, ids: &[String]) -> Result<HashMap<String, Vec<String>>> {
        let default = children(
            listener::Entity,
            listener::Column::DefaultPoolId,
            listener::Column::Id,
        );
        let default = default
            .of(ids)
            .by(&[listener::Column::CreatedAt, listener::Column::Id]);
        let rules = Query::select()
            .column(l7rule::Column::L7policyId)
            .from(l7rule::Entity)
            .take();
        let redirecting = children(
            l7policy::Entity,
            l7policy::Column::RedirectPoolId,
            l7policy::Column::ListenerId,
        );
        let redirecting = redirecting
            .of(ids)
            .by(&[l7policy::Column::CreatedAt, l7policy::Column::Id])
            .and_where(Expr::col(l7policy::Column::Enabled).eq(true))
            .and_where(Expr::col(l7policy::Column::Id).in_subquery(rules))
            .take();
        let mut by_pool = self.values_by_owner(&default).await?;
        for (pool, listeners) in self.values_by_owner(&redirecting).await? {
            let known = by_pool.entry(pool).or_default();
            for listener in listeners {
                if !known.contains(&listener) {
                    known.push(listener);
                }
            }
        }
        Ok(by_pool)
    }
}

/// What belongs to pools and lies in other tables.
struct Beside {
    persistence: HashMap<String, session_persistence::Model>,
    listeners: HashMap<String, Vec<String>>,
    members: HashMap<String, Vec<String>>,
    monitors: HashMap<String, Vec<String>>,
    tags: HashMap<String, Vec<String>>,
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

fn pool(row: pool::Model, beside: &mut Beside) -> Result<Pool> {
    let id = row.id;
    let cell = Cell::new("pool", &id);
    let persistence = beside
        .persistence
        .remove(&id)
        .map(persistence)
        .transpose()?;
    Ok(Pool {
        id: cell.parse(&id)?,
        project_id: row.project_id,
        load_balancer_id: cell.parse(&cell.needed(row.load_balancer_id, "load_balancer_id")?)?,
        name: row.name,
        description: row.description,
        protocol: cell.parse(&row.protocol)?,
        lb_algorithm: cell.parse(&row.lb_algorithm)?,
        provisioning_status: cell.parse(&row.provisioning_status)?,
        operating_status: cell.parse(&row.operating_status)?,
        enabled: row.enabled,
        session_persistence: persistence,
        tls_enabled: row.tls_enabled,
        tls_certificate_id: row.tls_certificate_id,
        ca_tls_certificate_id: row.ca_tls_certificate_id,
        crl_container_id: row.crl_container_id,
        tls_ciphers: row.tls_ciphers,
        tls_versions: commas(row.tls_versions.as_ref()),
        alpn_protocols: commas(row.alpn_protocols.as_ref()),
        tags: beside.tags.remove(&id).unwrap_or_default(),
        created_at: utc(row.created_at),
        updated_at: utc(row.updated_at),
        listeners: cell.all(beside.listeners.remove(&id))?,
        members: cell.all(beside.members.remove(&id))?,
        health_monitor_id: cell.all(beside.monitors.remove(&id))?.pop(),
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
