//! Silent amphorae: evidence before a failover, and a budget always.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use octavia_model::{
    Amphora, AmphoraHealth, AmphoraStatus, Change, Id, LoadBalancer, ProvisioningStatus,
};
use octavia_store::{EventKind, NewEvent};
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use crate::agent_client::AgentAddress;
use crate::config::HealthConfig;
use crate::error::Result;
use crate::plan::AgentSeen;
use crate::world::World;

/// With fewer silent ones than this, their share of the fleet says nothing about ourselves.
const DOUBT_LEAST: usize = 3;

/// Looks for amphorae that are not heard any more.
pub(super) struct Detector {
    world: World,
    config: HealthConfig,
    budget: Budget,
    started_at: DateTime<Utc>,
    /// Amphorae that an alarm was given for: one alarm each.
    alarmed: BTreeSet<Id<Amphora>>,
}

/// What the database says of all amphorae.
pub(super) struct Fleet {
    pub(super) amphorae: Vec<Amphora>,
    pub(super) health: BTreeMap<Id<Amphora>, AmphoraHealth>,
}

impl Detector {
    pub(super) fn new(world: World, config: HealthConfig) -> Self {
        let now = world.clock.now();
        Self {
            budget: Budget::new(config.failover_threads, config.failover_rate, now),
            started_at: now,
            alarmed: BTreeSet::new(),
            world,
            config,
        }
    }

    pub(super) async fn run(mut self, token: &CancellationToken) {
        loop {
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(self.config.health_check_interval) => {}
            }
            if let Err(error) = self.round().await {
                // Whoever cannot reach the database hears nobody: judge after a full timeout.
                self.started_at = self.world.clock.now();
                tracing::warn!(error = %error.chain(), "could not look for silent amphorae");
            }
        }
    }

    /// Looks once.
    pub(super) async fn round(&mut self) -> Result<()> {
        let now = self.world.clock.now();
        let fleet = self.fleet().await?;
        self.alarm(&fleet, now).await?;
        if now < self.started_at + delta(self.config.heartbeat_timeout) {
            return Ok(());
        }
        let silent = silent(now, self.config.heartbeat_timeout, &fleet);
        self.mark_threshold(&fleet, &silent).await?;
        if silent.is_empty() || self.is_in_doubt(&fleet, silent.len()) {
            return Ok(());
        }
        for amphora in self.unanswering(&silent).await {
            if !self.budget.take(now) {
                tracing::warn!("the failover budget is spent; the rest waits");
                return Ok(());
            }
            let last_update = fleet.health.get(&amphora.id).map_or(now, |h| h.last_update);
            self.fail_over(amphora, last_update).await?;
        }
        Ok(())
    }

    async fn fleet(&self) -> Result<Fleet> {
        let mut tx = self.world.store.read("health.detect").await?;
        Ok(Fleet {
            amphorae: tx.amphorae().await?,
            health: tx
                .amphora_health()
                .await?
                .into_iter()
                .map(|health| (health.amphora_id, health))
                .collect(),
        })
    }

    /// Tells whether it is more likely that we are deaf than that so many fell silent.
    fn is_in_doubt(&self, fleet: &Fleet, silent: usize) -> bool {
        let fleet = fleet.amphorae.len();
        let share_max = usize::try_from(self.config.silent_share_max).unwrap_or(100);
        let many = silent >= DOUBT_LEAST && silent * 100 > fleet * share_max;
        let threshold = self
            .config
            .failover_threshold
            .is_some_and(|max| silent >= max);
        if many || threshold {
            tracing::error!(
                silent,
                fleet,
                "{silent} of {fleet} amphorae are silent: nobody is failed over"
            );
        }
        many || threshold
    }

    /// Keeps `FAILOVER_STOPPED` true: on those held back by the threshold, and on nobody else.
    async fn mark_threshold(&self, fleet: &Fleet, silent: &[Amphora]) -> Result<()> {
        let is_held = self
            .config
            .failover_threshold
            .is_some_and(|threshold| silent.len() >= threshold);
        let is_silent = |id| silent.iter().any(|amphora| amphora.id == id);
        let changes: Vec<_> = fleet
            .amphorae
            .iter()
            .filter_map(|amphora| match (amphora.status, is_silent(amphora.id)) {
                (AmphoraStatus::Allocated, true) if is_held => {
                    Some((amphora.id, AmphoraStatus::FailoverStopped))
                }
                (AmphoraStatus::FailoverStopped, false) => {
                    Some((amphora.id, AmphoraStatus::Allocated))
                }
                _ => None,
            })
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        let mut tx = self.world.store.begin("health.threshold").await?;
        for (id, status) in changes {
            if let Some(amphora) = tx.amphora(id).await? {
                tx.save_amphora(&Amphora { status, ..amphora }).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// Returns those that do not answer a probe either, the longest silent first.
    async fn unanswering<'a>(&self, silent: &'a [Amphora]) -> Vec<&'a Amphora> {
        let answers = join_all(silent.iter().map(|amphora| async {
            let agent = amphora.lb_network_ip.map(|address| AgentAddress {
                amphora: amphora.id,
                address,
            });
            match agent {
                Some(agent) => self.world.probe(agent).await,
                None => AgentSeen::Silent,
            }
        }));
        let answers = answers.await;
        let judged = silent.iter().zip(answers);
        judged
            .filter_map(|(amphora, answer)| match answer {
                AgentSeen::Silent => Some(amphora),
                AgentSeen::Serves(_) => {
                    let id = amphora.id;
                    tracing::warn!(amphora.id = %id, "amphora {id} sends no heartbeats, but answers");
                    None
                }
            })
            .collect()
    }

    /// Asks for a replacement. A load balancer that is being changed keeps its status; one that is
    /// being made or removed is its reconciler's.
    async fn fail_over(&self, amphora: &Amphora, last_update: DateTime<Utc>) -> Result<()> {
        let Some(id) = amphora.load_balancer_id else {
            return Ok(());
        };
        let mut tx = self.world.store.begin("health.failover").await?;
        let Some(mut load_balancer) = tx.lock_load_balancer(id).await? else {
            return Ok(());
        };
        match load_balancer.provisioning_status {
            ProvisioningStatus::PendingUpdate => {}
            ProvisioningStatus::Active | ProvisioningStatus::Error => {
                let status = load_balancer.provisioning_status;
                if let Ok(status) = status.begin(Change::Failover) {
                    load_balancer.provisioning_status = status;
                    tx.save_load_balancer(&load_balancer).await?;
                }
            }
            ProvisioningStatus::PendingCreate
            | ProvisioningStatus::PendingDelete
            | ProvisioningStatus::Deleted => return Ok(()),
        }
        tx.wake_for_failover(id).await?;
        let message = format!(
            "amphora {} sends no heartbeats and does not answer: it is replaced",
            amphora.id
        );
        let now = self.world.clock.now();
        tx.add_events(&[event(id, now, message)]).await?;
        let busy = AmphoraHealth {
            amphora_id: amphora.id,
            last_update,
            busy: true,
        };
        tx.save_amphora_health(&[busy]).await?;
        tx.commit().await?;
        tracing::error!(lb.id = %id, amphora.id = %amphora.id, "amphora {} is silent and is replaced", amphora.id);
        Ok(())
    }

    /// Gives an alarm for each amphora that serves and was never heard.
    async fn alarm(&mut self, fleet: &Fleet, now: DateTime<Utc>) -> Result<()> {
        let unheard = never_heard(now, self.config.heartbeat_timeout, fleet);
        let new: Vec<_> = unheard
            .into_iter()
            .filter(|(amphora, _)| !self.alarmed.contains(amphora))
            .collect();
        self.alarmed
            .retain(|id| fleet.amphorae.iter().any(|amphora| amphora.id == *id));
        if new.is_empty() {
            return Ok(());
        }
        let events: Vec<_> = new
            .iter()
            .map(|(amphora, load_balancer)| {
                tracing::error!(amphora.id = %amphora, "amphora {amphora} was never heard; is its way to the heartbeat port open?");
                let message = format!("amphora {amphora} serves, and was never heard");
                event(*load_balancer, now, message)
            })
            .collect();
        let mut tx = self.world.store.begin("health.alarm").await?;
        tx.add_events(&events).await?;
        tx.commit().await?;
        self.alarmed.extend(new.iter().map(|(amphora, _)| *amphora));
        Ok(())
    }
}

fn event(id: Id<LoadBalancer>, at: DateTime<Utc>, message: String) -> NewEvent {
    NewEvent {
        load_balancer_id: id,
        at,
        kind: EventKind::Failed,
        message,
    }
}

/// Returns the amphorae that should be heard and are not, the longest silent first.
fn silent(now: DateTime<Utc>, limit: Duration, fleet: &Fleet) -> Vec<Amphora> {
    let mut silent: Vec<_> = fleet
        .amphorae
        .iter()
        .filter(|amphora| is_watched(amphora))
        .filter_map(|amphora| Some((fleet.health.get(&amphora.id)?, amphora)))
        .filter(|(health, _)| !health.busy && now - health.last_update > delta(limit))
        .collect();
    silent.sort_by_key(|(health, _)| health.last_update);
    silent
        .into_iter()
        .map(|(_, amphora)| amphora.clone())
        .collect()
}

/// Returns the amphorae that serve for longer than `limit` and were never heard.
fn never_heard(
    now: DateTime<Utc>,
    limit: Duration,
    fleet: &Fleet,
) -> Vec<(Id<Amphora>, Id<LoadBalancer>)> {
    fleet
        .amphorae
        .iter()
        .filter(|amphora| is_watched(amphora) && !fleet.health.contains_key(&amphora.id))
        .filter(|amphora| {
            let changed = amphora.updated_at.or(amphora.created_at);
            changed.is_some_and(|changed| now - changed > delta(limit))
        })
        .filter_map(|amphora| Some((amphora.id, amphora.load_balancer_id?)))
        .collect()
}

fn is_watched(amphora: &Amphora) -> bool {
    matches!(
        amphora.status,
        AmphoraStatus::Allocated | AmphoraStatus::FailoverStopped
    )
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
