use octavia_model::{AmphoraStatus, Id, LoadBalancer, OperatingStatus, ProvisioningStatus};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use super::{PENDING_DELETE, listeners_of, no_time, policies_of, pools_of};
use crate::reconciliation::held;
use crate::row::{
    amphora, amphora_health, health_monitor, l7policy, l7rule, listener, load_balancer, member,
    pool, rs_reconciliation,
};
use crate::{Error, Lease, Result, Tx};

impl Tx {
    /// Ends a deletion: children and health rows go, load balancer and amphorae become `DELETED`,
    /// and the lease ends.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Conflict`] when the lease was lost, or the load balancer is not to be deleted.
    pub async fn finish_delete(&mut self, lease: &Lease) -> Result<()> {
        let reconciliation = self.fence(lease).await?;
        if !reconciliation.deleting {
            return Err(Error::Conflict("the load balancer"));
        }
        let id = lease.load_balancer_id;
        let listeners = self.ids(&listeners_of(id)).await?;
        self.delete_listeners(&listeners).await?;
        let pools = self.ids(&pools_of(id)).await?;
        self.delete_pools(&pools).await?;
        self.bury(id).await?;
        self.recount_for(id).await?;
        let update = rs_reconciliation::Entity::update_many()
            .col_expr(
                rs_reconciliation::Column::Done,
                Expr::col(rs_reconciliation::Column::Wanted),
            )
            .col_expr(rs_reconciliation::Column::PendingSince, no_time())
            .col_expr(rs_reconciliation::Column::LookAt, no_time())
            .col_expr(rs_reconciliation::Column::LeaseExpiresAt, no_time())
            .col_expr(
                rs_reconciliation::Column::LeaseOwner,
                Expr::value(Option::<String>::None),
            )
            .col_expr(
                rs_reconciliation::Column::Cause,
                Expr::value(Option::<String>::None),
            )
            .filter(held(lease));
        self.execute(&update.into_query()).await?;
        self.settled = true;
        Ok(())
    }

    /// Marks a load balancer and its amphorae as gone.
    async fn bury(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let now = self.stamp();
        let amphorae = Query::select()
            .column(amphora::Column::Id)
            .from(amphora::Entity)
            .and_where(amphora::Column::LoadBalancerId.eq(id.to_string()))
            .take();
        let health = amphora_health::Entity::delete_many()
            .filter(Expr::col(amphora_health::Column::AmphoraId).in_subquery(amphorae));
        self.execute(&health.into_query()).await?;
        let amphorae = amphora::Entity::update_many()
            .col_expr(
                amphora::Column::Status,
                Expr::value(AmphoraStatus::Deleted.as_str()),
            )
            .col_expr(amphora::Column::UpdatedAt, Expr::value(now))
            .filter(amphora::Column::LoadBalancerId.eq(id.to_string()))
            .filter(amphora::Column::Status.ne(AmphoraStatus::Deleted.as_str()));
        self.execute(&amphorae.into_query()).await?;
        let load_balancer = load_balancer::Entity::update_many()
            .col_expr(
                load_balancer::Column::ProvisioningStatus,
                Expr::value(ProvisioningStatus::Deleted.as_str()),
            )
            .col_expr(load_balancer::Column::UpdatedAt, Expr::value(now))
            .filter(load_balancer::Column::Id.eq(id.to_string()));
        self.execute(&load_balancer.into_query()).await.map(|_| ())
    }

    /// Removes everything below a load balancer that is `PENDING_DELETE`, lowest first.
    /// Returns whether there was something.
    pub(super) async fn remove_pending_delete(&mut self, id: Id<LoadBalancer>) -> Result<bool> {
        let rules = Query::select()
            .column(l7rule::Column::Id)
            .from(l7rule::Entity)
            .and_where(l7rule::Column::ProvisioningStatus.eq(PENDING_DELETE))
            .and_where(Expr::col(l7rule::Column::L7policyId).in_subquery(policies_of(id)))
            .take();
        let rules = self.ids(&rules).await?;
        self.delete_l7rules(&rules).await?;
        let policies = policies_of(id)
            .and_where(l7policy::Column::ProvisioningStatus.eq(PENDING_DELETE))
            .take();
        let any_policy = !self.ids(&policies).await?.is_empty();
        self.delete_l7policies(policies).await?;
        let listeners = listeners_of(id)
            .and_where(listener::Column::ProvisioningStatus.eq(PENDING_DELETE))
            .take();
        let listeners = self.ids(&listeners).await?;
        self.delete_listeners(&listeners).await?;
        let members = Query::select()
            .column(member::Column::Id)
            .from(member::Entity)
            .and_where(member::Column::ProvisioningStatus.eq(PENDING_DELETE))
            .and_where(Expr::col(member::Column::PoolId).in_subquery(pools_of(id)))
            .take();
        let members = self.ids(&members).await?;
        self.delete_members(&members).await?;
        let any_monitor = self.remove_monitors(id).await?;
        let pools = pools_of(id)
            .and_where(pool::Column::ProvisioningStatus.eq(PENDING_DELETE))
            .take();
        let pools = self.ids(&pools).await?;
        self.delete_pools(&pools).await?;
        let any = [&rules, &listeners, &members, &pools];
        Ok(any_policy || any_monitor || any.iter().any(|ids| !ids.is_empty()))
    }

    /// Removes health monitors; nobody asks the members of their pools any more.
    async fn remove_monitors(&mut self, id: Id<LoadBalancer>) -> Result<bool> {
        let select = health_monitor::Entity::find()
            .filter(health_monitor::Column::ProvisioningStatus.eq(PENDING_DELETE))
            .filter(Expr::col(health_monitor::Column::PoolId).in_subquery(pools_of(id)));
        let monitors: Vec<health_monitor::Model> = self.rows(&select.into_query()).await?;
        if monitors.is_empty() {
            return Ok(false);
        }
        let pools = monitors.iter().map(|monitor| monitor.pool_id.clone());
        let no_monitor = OperatingStatus::NoMonitor.as_str();
        let members = member::Entity::update_many()
            .col_expr(member::Column::OperatingStatus, Expr::value(no_monitor))
            .col_expr(member::Column::UpdatedAt, Expr::value(self.stamp()))
            .filter(member::Column::PoolId.is_in(pools))
            .filter(member::Column::OperatingStatus.ne(no_monitor));
        self.execute(&members.into_query()).await?;
        let ids: Vec<String> = monitors.into_iter().map(|monitor| monitor.id).collect();
        self.delete_health_monitors(&ids).await?;
        Ok(true)
    }
}
