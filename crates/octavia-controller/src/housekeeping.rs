//! Housekeeping: what is long gone leaves the database, what nobody wants leaves the cloud, and
//! certificates are replaced before they end.

mod orphans;
mod rotation;
mod tickets;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::config::{AmphoraSettings, HousekeepingConfig};
use crate::error::Result;
use crate::world::World;

use orphans::Suspects;

/// How long an answer is given again to those who ask under the same key.
const IDEMPOTENCY_KEY_AGE: Duration = Duration::from_hours(24);

/// How often it is looked whether session tickets need other keys.
const TICKET_LOOK: Duration = Duration::from_mins(5);

/// Keeps the house. Any number may run.
pub struct Housekeeping {
    world: World,
    config: HousekeepingConfig,
    amphora: AmphoraSettings,
}

impl Housekeeping {
    /// Makes a housekeeper.
    pub const fn new(world: World, config: HousekeepingConfig, amphora: AmphoraSettings) -> Self {
        Self {
            world,
            config,
            amphora,
        }
    }

    /// Works until `token` is cancelled.
    pub async fn run(self, token: CancellationToken) {
        tokio::join!(
            self.clean(&token),
            self.rotate(&token),
            self.rotate_tickets(&token)
        );
    }

    async fn clean(&self, token: &CancellationToken) {
        let mut suspects = Suspects::default();
        while !pause(self.config.cleanup_interval, token).await {
            if let Err(error) = self.purge().await {
                tracing::warn!(error = %error.chain(), "could not purge what is long gone");
            }
            if let Err(error) = suspects.sweep(&self.world).await {
                tracing::warn!(error = %error.chain(), "could not look for orphans");
            }
        }
    }

    async fn rotate(&self, token: &CancellationToken) {
        loop {
            if let Err(error) = self.rotate_certificates().await {
                tracing::warn!(error = %error.chain(), "could not look for expiring certificates");
            }
            if pause(self.config.cert_interval, token).await {
                return;
            }
        }
    }

    /// Removes rows that are long gone.
    pub async fn purge(&self) -> Result<()> {
        let now = self.world.clock.now();
        let before = |age: Duration| before(now, age);
        let mut tx = self.world.store.begin("housekeeping.purge").await?;
        let amphorae = tx
            .purge_amphorae(before(self.config.amphora_expiry_age))
            .await?;
        let load_balancers = tx
            .purge_load_balancers(before(self.config.load_balancer_expiry_age))
            .await?;
        let events = tx
            .prune_events(before(self.config.event_expiry_age), self.config.event_keep)
            .await?;
        let keys = tx.prune_keys(before(IDEMPOTENCY_KEY_AGE)).await?;
        tx.commit().await?;
        if amphorae + load_balancers + events + keys > 0 {
            tracing::info!(
                amphorae,
                load_balancers,
                events,
                keys,
                "purged {load_balancers} load balancers, {amphorae} amphorae, {events} events, \
                 {keys} idempotency keys"
            );
        }
        Ok(())
    }
}

/// Waits, and tells whether it is time to end.
async fn pause(length: Duration, token: &CancellationToken) -> bool {
    tokio::select! {
        () = token.cancelled() => true,
        () = tokio::time::sleep(length) => false,
    }
}

fn before(now: DateTime<Utc>, age: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(age)
        .ok()
        .and_then(|age| now.checked_sub_signed(age))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}
