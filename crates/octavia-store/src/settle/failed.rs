use octavia_model::{Id, LoadBalancer, ProvisioningStatus};
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use super::{ACTIVE, cut, held, listeners_of, no_time, policies_of, pools_of};
use crate::row::{
    health_monitor, l7policy, l7rule, listener, load_balancer, member, pool, rs_reconciliation,
};
use crate::{Lease, Result, Tx};

const ERROR: &str = ProvisioningStatus::Error.as_str();
const PENDING_UPDATE: &str = ProvisioningStatus::PendingUpdate.as_str();
const PENDING: [&str; 3] = [
    ProvisioningStatus::PendingCreate.as_str(),
    PENDING_UPDATE,
    ProvisioningStatus::PendingDelete.as_str(),
];

impl Tx {
    /// What failed is the lowest thing that is pending. A pool or listener that is `PENDING_UPDATE`
    /// above it was only locked, and goes back to `ACTIVE`: so it is decided from the top
    /// downwards, while the pending statuses below can still be seen.
    pub(super) async fn failed(
        &mut self,
        lease: &Lease,
        status: ProvisioningStatus,
        cause: &str,
    ) -> Result<()> {
        let id = lease.load_balancer_id;
        self.unlock_listeners(id).await?;
        self.fail_listeners(id).await?;
        self.unlock_policies(id).await?;
        self.fail_policies(id).await?;
        self.unlock_pools(id).await?;
        self.fail_pools(id).await?;
        self.fail_leaves(id).await?;
        let load_balancer = load_balancer::Entity::update_many()
            .col_expr(
                load_balancer::Column::ProvisioningStatus,
                Expr::value(status.as_str()),
            )
            .col_expr(load_balancer::Column::UpdatedAt, Expr::value(self.stamp()))
            .filter(load_balancer::Column::Id.eq(id.to_string()))
            .filter(load_balancer::Column::ProvisioningStatus.is_in(PENDING));
        self.execute(&load_balancer.into_query()).await?;
        let update = rs_reconciliation::Entity::update_many()
            .col_expr(rs_reconciliation::Column::PendingSince, no_time())
            .col_expr(rs_reconciliation::Column::Cause, Expr::value(cut(cause)))
            .filter(held(lease));
        self.execute(&update.into_query()).await.map(|_| ())
    }

    async fn unlock_listeners(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let by_pool = Expr::col(listener::Column::DefaultPoolId).in_subquery(pending_pools(id));
        let by_policy = Expr::col(listener::Column::Id).in_subquery(owners_of_policies(id));
        // MySQL updates no table that a subquery reads, so the ids are read first.
        let locked = listeners_of(id)
            .and_where(listener::Column::ProvisioningStatus.eq(PENDING_UPDATE))
            .and_where(by_pool.or(by_policy))
            .take();
        let locked = self.ids(&locked).await?;
        let update = listener::Entity::update_many()
            .col_expr(listener::Column::ProvisioningStatus, Expr::value(ACTIVE))
            .col_expr(listener::Column::UpdatedAt, Expr::value(self.stamp()))
            .filter(listener::Column::Id.is_in(locked));
        self.execute(&update.into_query()).await.map(|_| ())
    }

    async fn fail_listeners(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let update = listener::Entity::update_many()
            .col_expr(listener::Column::ProvisioningStatus, Expr::value(ERROR))
            .col_expr(listener::Column::UpdatedAt, Expr::value(self.stamp()))
            .filter(listener::Column::LoadBalancerId.eq(id.to_string()))
            .filter(listener::Column::ProvisioningStatus.is_in(PENDING));
        self.execute(&update.into_query()).await.map(|_| ())
    }

    async fn unlock_policies(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let rules = l7rule::Entity::find()
            .filter(l7rule::Column::ProvisioningStatus.is_in(PENDING))
            .filter(Expr::col(l7rule::Column::L7policyId).in_subquery(policies_of(id)));
        let rules: Vec<l7rule::Model> = self.rows(&rules.into_query()).await?;
        let above = rules.into_iter().map(|rule| rule.l7policy_id);
        let update = l7policy::Entity::update_many()
            .col_expr(l7policy::Column::ProvisioningStatus, Expr::value(ACTIVE))
            .col_expr(l7policy::Column::UpdatedAt, Expr::value(self.stamp()))
            .filter(l7policy::Column::ProvisioningStatus.eq(PENDING_UPDATE))
            .filter(l7policy::Column::Id.is_in(above));
        self.execute(&update.into_query()).await.map(|_| ())
    }

    async fn fail_policies(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let update = l7policy::Entity::update_many()
            .col_expr(l7policy::Column::ProvisioningStatus, Expr::value(ERROR))
            .col_expr(l7policy::Column::UpdatedAt, Expr::value(self.stamp()))
            .filter(Expr::col(l7policy::Column::ListenerId).in_subquery(listeners_of(id)))
            .filter(l7policy::Column::ProvisioningStatus.is_in(PENDING));
        self.execute(&update.into_query()).await.map(|_| ())
    }

    async fn unlock_pools(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let locked = pools_of(id)
            .and_where(pool::Column::ProvisioningStatus.eq(PENDING_UPDATE))
            .and_where(something_pending_in_it())
            .take();
        let locked = self.ids(&locked).await?;
        let update = pool::Entity::update_many()
            .col_expr(pool::Column::ProvisioningStatus, Expr::value(ACTIVE))
            .col_expr(pool::Column::UpdatedAt, Expr::value(self.stamp()))
            .filter(pool::Column::Id.is_in(locked));
        self.execute(&update.into_query()).await.map(|_| ())
    }

    async fn fail_pools(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let update = pool::Entity::update_many()
            .col_expr(pool::Column::ProvisioningStatus, Expr::value(ERROR))
            .col_expr(pool::Column::UpdatedAt, Expr::value(self.stamp()))
            .filter(pool::Column::LoadBalancerId.eq(id.to_string()))
            .filter(pool::Column::ProvisioningStatus.is_in(PENDING));
        self.execute(&update.into_query()).await.map(|_| ())
    }

    async fn fail_leaves(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let now = self.stamp();
        let members = member::Entity::update_many()
            .col_expr(member::Column::ProvisioningStatus, Expr::value(ERROR))
            .col_expr(member::Column::UpdatedAt, Expr::value(now))
            .filter(Expr::col(member::Column::PoolId).in_subquery(pools_of(id)))
            .filter(member::Column::ProvisioningStatus.is_in(PENDING));
        self.execute(&members.into_query()).await?;
        let monitors = health_monitor::Entity::update_many()
            .col_expr(
                health_monitor::Column::ProvisioningStatus,
                Expr::value(ERROR),
            )
            .col_expr(health_monitor::Column::UpdatedAt, Expr::value(now))
            .filter(Expr::col(health_monitor::Column::PoolId).in_subquery(pools_of(id)))
            .filter(health_monitor::Column::ProvisioningStatus.is_in(PENDING));
        self.execute(&monitors.into_query()).await?;
        let rules = l7rule::Entity::update_many()
            .col_expr(l7rule::Column::ProvisioningStatus, Expr::value(ERROR))
            .col_expr(l7rule::Column::UpdatedAt, Expr::value(now))
            .filter(Expr::col(l7rule::Column::L7policyId).in_subquery(policies_of(id)))
            .filter(l7rule::Column::ProvisioningStatus.is_in(PENDING));
        self.execute(&rules.into_query()).await.map(|_| ())
    }
}

/// Asks for the pools that are pending, or have something pending in them.
fn pending_pools(id: Id<LoadBalancer>) -> SelectStatement {
    pools_of(id)
        .and_where(
            pool::Column::ProvisioningStatus
                .is_in(PENDING)
                .or(something_pending_in_it()),
        )
        .take()
}

fn something_pending_in_it() -> Expr {
    let members = sea_orm::sea_query::Query::select()
        .column(member::Column::PoolId)
        .from(member::Entity)
        .and_where(member::Column::ProvisioningStatus.is_in(PENDING))
        .take();
    let monitors = sea_orm::sea_query::Query::select()
        .column(health_monitor::Column::PoolId)
        .from(health_monitor::Entity)
        .and_where(health_monitor::Column::ProvisioningStatus.is_in(PENDING))
        .take();
    let pool = Expr::col((pool::Entity, pool::Column::Id));
    pool.clone()
        .in_subquery(members)
        .or(pool.in_subquery(monitors))
}

/// Asks for the listeners whose policies are pending.
fn owners_of_policies(id: Id<LoadBalancer>) -> SelectStatement {
    sea_orm::sea_query::Query::select()
        .column(l7policy::Column::ListenerId)
        .from(l7policy::Entity)
        .and_where(Expr::col(l7policy::Column::ListenerId).in_subquery(listeners_of(id)))
        .and_where(l7policy::Column::ProvisioningStatus.is_in(PENDING))
        .take()
}
