//! What happens when a pass fails: another try later, and past the deadline an `ERROR` with a cause.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use octavia_model::{LoadBalancerTree, ProvisioningStatus};
use octavia_store::{EventKind, Lease, NewEvent, Reconciliation, Settlement};

use super::Reconciler;
use super::act::Timeline;
use crate::config::WorkerConfig;
use crate::error::{Error, Result};

/// The pause after the first failure; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How often something that will not help must be tried before it counts: the world may have
/// moved under the first look.
const REFUSALS_MAX: i32 = 3;

impl Reconciler {
    /// Writes a failure down, ends the operation if it is overdue, and gives the lease back.
    pub(super) async fn failed(
        &self,
        lease: &Lease,
        timeline: &Timeline,
        error: &Error,
    ) -> Result<()> {
        let id = lease.load_balancer_id;
        let cause = error.chain();
        tracing::warn!(lb.id = %id, error = %cause, "could not bring load balancer {id} where it is wanted");
        let mut tx = self.world.store.begin("reconcile.failed").await?;
        let reconciliation = tx.fence(lease).await.map_err(Error::of_lease)?;
        tx.record_failure(lease, &cause).await?;
        tx.add_events(&timeline.take()).await?;
        if let Some(tree) = tx.tree(id).await?
            && is_hopeless(
                &tree,
                &reconciliation,
                error,
                &self.settings.worker,
                self.now(),
            )
        {
            let load_balancer = verdict(&tree);
            let settlement = Settlement::Failed {
                generation: reconciliation.wanted,
                load_balancer,
                cause: cause.clone(),
            };
            if tx.settle(lease, &settlement).await? {
                tx.add_events(&[self.verdict_event(lease, load_balancer, &cause)])
                    .await?;
            }
        }
        let pause = self.pause_after(reconciliation.attempts);
        tx.release(lease, Some(self.now() + pause)).await?;
        Ok(tx.commit().await?)
    }

    fn verdict_event(
        &self,
        lease: &Lease,
        load_balancer: ProvisioningStatus,
        cause: &str,
    ) -> NewEvent {
        NewEvent {
            load_balancer_id: lease.load_balancer_id,
            at: self.now(),
            kind: EventKind::Status,
            message: format!("the operation failed, the load balancer is {load_balancer}: {cause}"),
        }
    }

    /// Returns the pause before the next try: doubling, with a ceiling and jitter.
    fn pause_after(&self, attempts: i32) -> TimeDelta {
        let doublings = u32::try_from(attempts).unwrap_or(0).min(16);
        let pause = (FIRST_PAUSE * 2_u32.pow(doublings)).min(self.settings.worker.retry_max);
        let jitter = self.world.ids.next().as_u128() % 50;
        let percent = 75 + u32::try_from(jitter).unwrap_or(0);
        TimeDelta::from_std(pause * percent / 100).unwrap_or(TimeDelta::zero())
    }
}

/// Tells whether an operation has failed for good, as far as its caller is concerned.
fn is_hopeless(
    tree: &LoadBalancerTree,
    reconciliation: &Reconciliation,
    error: &Error,
    config: &WorkerConfig,
    now: DateTime<Utc>,
) -> bool {
    if !tree.load_balancer.provisioning_status.is_pending() {
        return false;
    }
    let deadline = match verdict(tree) {
        ProvisioningStatus::Error => config.create_deadline,
        ProvisioningStatus::Active
        | ProvisioningStatus::PendingCreate
        | ProvisioningStatus::PendingUpdate
        | ProvisioningStatus::PendingDelete
        | ProvisioningStatus::Deleted => config.change_deadline,
    };
    let is_late = reconciliation.pending_since.is_some_and(|since| {
        TimeDelta::from_std(deadline).is_ok_and(|deadline| now >= since + deadline)
    });
    is_late || (!error.may_retry() && reconciliation.attempts + 1 >= REFUSALS_MAX)
}

/// Returns what a load balancer becomes when its operation failed: `ERROR` for one on itself,
/// `ACTIVE` for one on something below it, which becomes `ERROR` instead.
fn verdict(tree: &LoadBalancerTree) -> ProvisioningStatus {
    let status = tree.load_balancer.provisioning_status;
    if status == ProvisioningStatus::PendingUpdate && is_anything_below_pending(tree) {
        ProvisioningStatus::Active
    } else {
        ProvisioningStatus::Error
    }
}

fn is_anything_below_pending(tree: &LoadBalancerTree) -> bool {
    let listeners = tree.listeners.iter().map(|l| l.provisioning_status);
    let pools = tree.pools.iter().flat_map(|pool| {
        let members = pool.members.iter().map(|m| m.provisioning_status);
        let monitor = pool.health_monitor.iter().map(|m| m.provisioning_status);
        std::iter::once(pool.pool.provisioning_status)
            .chain(members)
            .chain(monitor)
    });
    listeners.chain(pools).any(ProvisioningStatus::is_pending)
}
