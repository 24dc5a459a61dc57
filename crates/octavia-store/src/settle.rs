//! Ends of operations: what becomes of everything that was pending.

mod delete;
mod failed;

use chrono::NaiveDateTime;
use octavia_model::{Id, LoadBalancer, OperatingStatus, ProvisioningStatus};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::reconciliation::{cut, held};
use crate::row::{
    health_monitor, l7policy, l7rule, listener, load_balancer, member, pool, rs_reconciliation,
};
use crate::{Error, Lease, Result, Tx};

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Everything is as wanted by this generation: pending objects and those in `ERROR` become
    /// `ACTIVE`, those to be deleted go, monitors get their operating status.
    Converged {
        /// The generation that was made true.
        generation: i64,
    },
    /// The deadline passed. What was pending becomes `ERROR`, except what was only locked because of
    /// something below it, which becomes `ACTIVE`; the load balancer becomes what is said.
    Failed {
        /// The generation that did not succeed.
        generation: i64,
        /// `ERROR` for an operation on the load balancer itself, `ACTIVE` for one on something below it.
        load_balancer: ProvisioningStatus,
        /// Why, in words.
        cause: String,
    },
}

impl Settlement {
    const fn generation(&self) -> i64 {
        match self {
            Self::Converged { generation } | Self::Failed { generation, .. } => *generation,
        }
    }
}

const PENDING_DELETE: &str = ProvisioningStatus::PendingDelete.as_str();
const ACTIVE: &str = ProvisioningStatus::Active.as_str();
/// What becomes `ACTIVE` when everything is as wanted.
const UNSETTLED: [&str; 3] = [
    ProvisioningStatus::PendingCreate.as_str(),
    ProvisioningStatus::PendingUpdate.as_str(),
    ProvisioningStatus::Error.as_str(),
];

impl Tx {
    /// Ends an operation: everything pending of the load balancer that `generation` covers becomes
    /// as `outcome` says, unless something newer is wanted. Returns whether it was written: not when
    /// something newer is wanted, when the lease is lost, or when the load balancer itself is to be
    /// deleted ([`Tx::finish_delete`] ends that well).
    pub async fn settle(&mut self, lease: &Lease, settlement: &Settlement) -> Result<bool> {
        let reconciliation = match self.fence(lease).await {
            Ok(reconciliation) => reconciliation,
            Err(Error::Conflict(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        if reconciliation.wanted != settlement.generation() {
            return Ok(false);
        }
        match settlement {
            Settlement::Converged { .. } if reconciliation.deleting => return Ok(false),
            Settlement::Converged { .. } => self.converged(lease).await?,
            Settlement::Failed {
                load_balancer,
                cause,
                ..
            } => self.failed(lease, *load_balancer, cause).await?,
        }
        self.settled = true;
        Ok(true)
    }

    async fn converged(&mut self, lease: &Lease) -> Result<()> {
        let id = lease.load_balancer_id;
        if self.remove_pending_delete(id).await? {
            self.recount_for(id).await?;
        }
        self.activate(id).await?;
        let update = rs_reconciliation::Entity::update_many()
            .col_expr(
                rs_reconciliation::Column::Done,
                Expr::col(rs_reconciliation::Column::Wanted),
            )
            .col_expr(rs_reconciliation::Column::PendingSince, no_time())
            .col_expr(rs_reconciliation::Column::Attempts, Expr::value(0))
            .col_expr(
                rs_reconciliation::Column::Cause,
                Expr::value(Option::<String>::None),
            )
            .col_expr(rs_reconciliation::Column::Failover, Expr::value(false))
            .col_expr(
                rs_reconciliation::Column::UnwantedAmphorae,
                Expr::value(String::new()),
            )
            .col_expr(rs_reconciliation::Column::CascadeDelete, Expr::value(false))
            .filter(held(lease));
        self.execute(&update.into_query()).await.map(|_| ())
    }

    /// Makes the load balancer and everything below it `ACTIVE`, and what is deployed `ONLINE`.
    async fn activate(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let now = self.stamp();
        let load_balancer = load_balancer::Entity::update_many()
            .col_expr(
                load_balancer::Column::ProvisioningStatus,
                Expr::value(ACTIVE),
            )
            .col_expr(load_balancer::Column::UpdatedAt, Expr::value(now))
            .filter(load_balancer::Column::Id.eq(id.to_string()))
            .filter(load_balancer::Column::ProvisioningStatus.is_in(UNSETTLED));
        self.execute(&load_balancer.into_query()).await?;
        let listeners = listener::Entity::update_many()
            .col_expr(listener::Column::ProvisioningStatus, Expr::value(ACTIVE))
            .col_expr(listener::Column::UpdatedAt, Expr::value(now))
            .filter(listener::Column::LoadBalancerId.eq(id.to_string()))
            .filter(listener::Column::ProvisioningStatus.is_in(UNSETTLED));
        self.execute(&listeners.into_query()).await?;
        let pools = pool::Entity::update_many()
            .col_expr(pool::Column::ProvisioningStatus, Expr::value(ACTIVE))
            .col_expr(pool::Column::UpdatedAt, Expr::value(now))
            .filter(pool::Column::LoadBalancerId.eq(id.to_string()))
            .filter(pool::Column::ProvisioningStatus.is_in(UNSETTLED));
        self.execute(&pools.into_query()).await?;
        let members = member::Entity::update_many()
            .col_expr(member::Column::ProvisioningStatus, Expr::value(ACTIVE))
            .col_expr(member::Column::UpdatedAt, Expr::value(now))
            .filter(Expr::col(member::Column::PoolId).in_subquery(pools_of(id)))
            .filter(member::Column::ProvisioningStatus.is_in(UNSETTLED));
        self.execute(&members.into_query()).await?;
        self.activate_deployed(id, now).await
    }

    /// Monitors, policies and rules have no heartbeats: what is deployed and enabled is `ONLINE`.
    async fn activate_deployed(&mut self, id: Id<LoadBalancer>, now: NaiveDateTime) -> Result<()> {
        let monitors = health_monitor::Entity::update_many()
            .col_expr(
                health_monitor::Column::ProvisioningStatus,
                Expr::value(ACTIVE),
            )
            .col_expr(
                health_monitor::Column::OperatingStatus,
                online_if(Expr::col(health_monitor::Column::Enabled)),
            )
            .col_expr(health_monitor::Column::UpdatedAt, Expr::value(now))
            .filter(Expr::col(health_monitor::Column::PoolId).in_subquery(pools_of(id)))
            .filter(health_monitor::Column::ProvisioningStatus.is_in(UNSETTLED));
        self.execute(&monitors.into_query()).await?;
        let policies = l7policy::Entity::update_many()
            .col_expr(l7policy::Column::ProvisioningStatus, Expr::value(ACTIVE))
            .col_expr(
                l7policy::Column::OperatingStatus,
                online_if(Expr::col(l7policy::Column::Enabled)),
            )
            .col_expr(l7policy::Column::UpdatedAt, Expr::value(now))
            .filter(Expr::col(l7policy::Column::ListenerId).in_subquery(listeners_of(id)))
            .filter(l7policy::Column::ProvisioningStatus.is_in(UNSETTLED));
        self.execute(&policies.into_query()).await?;
        let rules = l7rule::Entity::update_many()
            .col_expr(l7rule::Column::ProvisioningStatus, Expr::value(ACTIVE))
            .col_expr(
                l7rule::Column::OperatingStatus,
                online_if(Expr::col(l7rule::Column::Enabled)),
            )
            .col_expr(l7rule::Column::UpdatedAt, Expr::value(now))
            .filter(Expr::col(l7rule::Column::L7policyId).in_subquery(policies_of(id)))
            .filter(l7rule::Column::ProvisioningStatus.is_in(UNSETTLED));
        self.execute(&rules.into_query()).await.map(|_| ())
    }

    pub(crate) async fn ids(&mut self, select: &SelectStatement) -> Result<Vec<String>> {
        self.rows(select).await
    }
}

fn online_if(enabled: Expr) -> Expr {
    Expr::case(enabled.eq(true), OperatingStatus::Online.as_str())
        .finally(OperatingStatus::Offline.as_str())
        .into()
}

fn no_time() -> Expr {
    Expr::value(Option::<NaiveDateTime>::None)
}

pub(crate) fn pools_of(id: Id<LoadBalancer>) -> SelectStatement {
    Query::select()
        .column(pool::Column::Id)
        .from(pool::Entity)
        .and_where(pool::Column::LoadBalancerId.eq(id.to_string()))
        .take()
}

pub(crate) fn listeners_of(id: Id<LoadBalancer>) -> SelectStatement {
    Query::select()
        .column(listener::Column::Id)
        .from(listener::Entity)
        .and_where(listener::Column::LoadBalancerId.eq(id.to_string()))
        .take()
}

pub(crate) fn policies_of(id: Id<LoadBalancer>) -> SelectStatement {
    Query::select()
        .column(l7policy::Column::Id)
        .from(l7policy::Entity)
        .and_where(Expr::col(l7policy::Column::ListenerId).in_subquery(listeners_of(id)))
        .take()
}
