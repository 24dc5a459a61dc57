use std::time::Duration;

use futures_util::future::join_all;
use octavia_store::{EventKind, Lease, NewEvent};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Reconciler;
use super::act::{Outcome, Site, Timeline};
use super::batch::batches;
use super::wait::Patience;
use crate::error::{Error, Result};
use crate::plan::{Action, Observed, Plan, PlanSettings, Wanted, plan};

/// How often a pass looks before it gives up for a while: no wish needs nearly as many.
const LOOKS_MAX: usize = 1000;

/// How a round of look, plan and act ended.
enum Round {
    /// Look again.
    Again,
    /// All is as wanted; the lease is given back.
    Ended,
}

impl Reconciler {
    /// Looks, plans and acts until all is as wanted. A failure is written down with the time of
    /// the next try; the error that comes back is one that could not be written down.
    pub(super) async fn pass(&self, lease: &Lease, token: &CancellationToken) -> Result<()> {
        let span = tracing::info_span!("pass", lb.id = %lease.load_balancer_id);
        let timeline = Timeline::default();
        // Boxed, as it is deep: whoever holds it would have to compute its layout.
        let work = Box::pin(async {
            match self.rounds(lease, &timeline, token).await {
                Ok(()) => Ok(()),
                Err(Error::LeaseLost) => Err(Error::LeaseLost),
                Err(error) => self.failed(lease, &timeline, &error).await,
            }
        });
        tokio::select! {
            result = work.instrument(span) => result,
            error = self.keep(lease) => Err(error),
        }
    }

    /// Lengthens the lease for as long as it is needed; returns when that fails.
    async fn keep(&self, lease: &Lease) -> Error {
        let length = self.settings.worker.lease_length;
        loop {
            tokio::time::sleep(length / 3).await;
            match self.renew(lease, length).await {
                Ok(()) => {}
                // The lease still stands; the next try may get through.
                Err(error) if error.may_retry() => {}
                Err(error) => return error,
            }
        }
    }

    async fn renew(&self, lease: &Lease, length: Duration) -> Result<()> {
        let mut tx = self.world.store.begin("reconcile.renew").await?;
        tx.renew(lease, length).await.map_err(Error::of_lease)?;
        Ok(tx.commit().await?)
    }

    async fn rounds(
        &self,
        lease: &Lease,
        timeline: &Timeline,
        token: &CancellationToken,
    ) -> Result<()> {
        let mut patience = Patience::new(self);
        for _ in 0..LOOKS_MAX {
            if token.is_cancelled() {
                return self.give_back(lease, timeline).await;
            }
            match self.round(lease, timeline, &mut patience, token).await? {
                Round::Again => {}
                Round::Ended => return Ok(()),
            }
        }
        Err(Error::Moved(format!(
            "the plan did not converge after {LOOKS_MAX} looks"
        )))
    }

    async fn round(
        &self,
        lease: &Lease,
        timeline: &Timeline,
        patience: &mut Patience,
        token: &CancellationToken,
    ) -> Result<Round> {
        patience.before_look();
        let Some(wanted) = self.world.wanted(lease.load_balancer_id).await? else {
            self.release(lease, timeline, None).await?;
            return Ok(Round::Ended);
        };
        let seen = self.world.look(&wanted).await?;
        let site = Site {
            lease,
            wanted: &wanted,
            seen: &seen,
            settings: &self.settings,
            timeline,
        };
        match self.plan(&wanted, &seen) {
            Plan::Converged => self.conclude(&site).await,
            Plan::Act(actions) => self.act(&site, &actions, token).await,
            Plan::Wait { until, why } => {
                if patience.is_new(why) {
                    self.note(&site, EventKind::Planned, why.to_string());
                }
                self.flush(&site).await?;
                self.wait(patience, (until, why), &seen, token).await?;
                Ok(Round::Again)
            }
        }
    }

    fn plan(&self, wanted: &Wanted, seen: &Observed) -> Plan {
        let worker = &self.settings.worker;
        let settings = PlanSettings {
            networking: worker.networking,
            boot_timeout: worker.boot_timeout,
            agent_patience: worker.agent_patience,
        };
        plan(wanted, seen, &settings, self.now())
    }

    async fn conclude(&self, site: &Site<'_>) -> Result<Round> {
        let action = if site.wanted.is_deletion() {
            Action::FinishDelete
        } else {
            Action::Settle
        };
        match self.hands.act(site, &action).await? {
            Outcome::Done => {
                tell(site);
                Ok(Round::Ended)
            }
            Outcome::Superseded => Ok(Round::Again),
        }
    }

    async fn act(
        &self,
        site: &Site<'_>,
        actions: &[Action],
        token: &CancellationToken,
    ) -> Result<Round> {
        for batch in batches(actions, site.seen) {
            let chains = batch
                .iter()
                .map(|chain| self.act_in_order(site, chain, token));
            for outcome in join_all(chains).await {
                if outcome? == Outcome::Superseded {
                    return Ok(Round::Again);
                }
            }
        }
        Ok(Round::Again)
    }

    /// Does actions one after the other, until one fails or something newer is wanted.
    async fn act_in_order(
        &self,
        site: &Site<'_>,
        actions: &[&Action],
        token: &CancellationToken,
    ) -> Result<Outcome> {
        for action in actions {
            if token.is_cancelled() {
                return Ok(Outcome::Superseded);
            }
            match self.hands.act(site, action).await {
                Ok(Outcome::Done) => {
                    tracing::debug!("{action}");
                    self.note(site, EventKind::Did, action.to_string());
                }
                Ok(Outcome::Superseded) => return Ok(Outcome::Superseded),
                Err(error) => {
                    let message = format!("{action}: {}", error.chain());
                    self.note(site, EventKind::Failed, message);
                    return Err(error);
                }
            }
        }
        Ok(Outcome::Done)
    }

    fn note(&self, site: &Site<'_>, kind: EventKind, message: String) {
        site.timeline.add(NewEvent {
            load_balancer_id: site.id(),
            at: self.now(),
            kind,
            message,
        });
    }

    /// Writes the timeline so far, before a wait that may be long.
    async fn flush(&self, site: &Site<'_>) -> Result<()> {
        let events = site.timeline.take();
        if events.is_empty() {
            return Ok(());
        }
        let mut tx = self.world.fenced("reconcile.timeline", site.lease).await?;
        tx.add_events(&events).await?;
        Ok(tx.commit().await?)
    }

    /// Gives the lease back in the middle of the work: another worker goes on at once.
    async fn give_back(&self, lease: &Lease, timeline: &Timeline) -> Result<()> {
        self.release(lease, timeline, Some(self.now())).await
    }

    async fn release(
        &self,
        lease: &Lease,
        timeline: &Timeline,
        next_look_at: Option<chrono::DateTime<chrono::Utc>>,
    ) -> Result<()> {
        let mut tx = self.world.store.begin("reconcile.release").await?;
        tx.add_events(&timeline.take()).await?;
        tx.release(lease, next_look_at).await?;
        Ok(tx.commit().await?)
    }
}

/// Logs what came true; a look that found everything as it was is not worth a line.
fn tell(site: &Site<'_>) {
    let (id, name) = (site.id(), &site.wanted.tree.load_balancer.name);
    let wish = &site.wanted.reconciliation;
    if site.wanted.is_deletion() {
        tracing::info!(name, "load balancer {id} is gone");
    } else if wish.done < wish.wanted {
        tracing::info!(name, generation = wish.wanted, "load balancer {id} is live");
    }
}
