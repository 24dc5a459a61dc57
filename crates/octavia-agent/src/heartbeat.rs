//! Heartbeats: what the controllers hear without asking.

mod message;
mod meter;
mod receivers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use octavia_amphora_api::Report;
use octavia_amphora_api::heartbeat::{EncodeError, Heartbeat, Key, Traffic, VERSION};
use serde::{Deserialize, Serialize};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::agent::Clock;
use crate::config::AgentConfig;
use crate::configuration::Configuration;
use meter::{Meter, Readings};
use receivers::Receivers;

/// How soon a heartbeat that nobody took is followed by another.
const RETRY: Duration = Duration::from_secs(1);
/// Changes within this time after a heartbeat are told together.
const GATHER: Duration = Duration::from_millis(20);
/// How long the data plane may take to tell its state. One that takes longer is not well, and the
/// amphora falls silent, so that another takes its place.
const REPORT_LIMIT: Duration = Duration::from_secs(5);

/// What heartbeats have told until an agent left them to another.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Told {
    /// The number of the next heartbeat.
    seq: u64,
    readings: Readings,
}

/// Sends heartbeats: one to the next controller each interval, and one to every controller at
/// once when something changes.
pub(crate) struct Heartbeats {
    amphora_id: Uuid,
    interval: Duration,
    key: Key,
    now: Clock,
    configuration: Arc<Configuration>,
    changes: watch::Receiver<u64>,
    generation: watch::Receiver<Option<u64>>,
    receivers: Receivers,
    meter: Meter,
    seq: u64,
}

impl Heartbeats {
    pub(crate) fn new(
        config: &AgentConfig,
        now: Clock,
        configuration: Arc<Configuration>,
        changes: watch::Receiver<u64>,
    ) -> Self {
        if config.controllers.is_empty() {
            tracing::warn!("no controller is known: nobody hears heartbeats");
        }
        Self {
            amphora_id: config.amphora_id,
            interval: config.heartbeat_interval,
            key: config.heartbeat_key.clone(),
            now,
            generation: configuration.generation(),
            configuration,
            changes,
            receivers: Receivers::new(config.bind.ip(), &config.controllers),
            meter: Meter::default(),
            seq: 0,
        }
    }

    /// Sends as [`Heartbeats::run`] does, once an earlier agent has said what it told; returns what
    /// was told in all.
    pub(crate) async fn run_after(
        mut self,
        earlier: Option<oneshot::Receiver<Told>>,
        stop: CancellationToken,
    ) -> Told {
        if let Some(earlier) = earlier {
            let told = stop.run_until_cancelled(earlier).await;
            match (told, self.report().await) {
                (None, _) => return Told::default(),
                (Some(Ok(told)), _) => {
                    self.seq = told.seq;
                    self.meter = Meter::after(told.readings);
                }
                // What is not known to be told counts as told: nothing is counted twice.
                (Some(Err(_)), Some(report)) => {
                    self.meter.tell(&report);
                    self.meter.arrived();
                }
                (Some(Err(_)), None) => {}
            }
        }
        self.run(stop).await
    }

    /// Sends until it is stopped. The first goes to every controller at once: it says that this
    /// amphora is there.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Told {
        while stop.run_until_cancelled(self.step()).await.is_some() {}
        self.settle();
        Told {
            seq: self.seq,
            readings: self.meter.into_told(),
        }
    }

    /// From one change to the next.
    async fn step(&mut self) {
        self.changes.mark_unchanged();
        self.generation.mark_unchanged();
        let mut heard = self.beat(Audience::All).await;
        let gathered = Instant::now() + GATHER;
        loop {
            let pause = if heard {
                self.interval
            } else {
                self.interval.min(RETRY)
            };
            tokio::select! {
                () = self.changed() => break,
                () = tokio::time::sleep(pause) => heard = self.beat(Audience::Next).await,
            }
        }
        tokio::time::sleep_until(gathered).await;
    }

    /// Waits for a change that is worth a heartbeat.
    async fn changed(&mut self) {
        tokio::select! {
            Ok(()) = self.changes.changed() => {}
            Ok(()) = self.generation.changed() => {}
            else => std::future::pending().await,
        }
    }

    /// Sends the state of this moment, and tells whether anybody took it, as far as one can know.
    ///
    /// Controllers share one database, so the counters go to the first that takes them, and the
    /// others get zeros.
    async fn beat(&mut self, audience: Audience) -> bool {
        let Some(report) = self.report().await else {
            return false;
        };
        self.settle();
        let mut counters = self.meter.since_told(&report);
        let mut heard = false;
        for _ in 0..self.receivers.count() {
            let Some(datagram) = self.datagram(&report, &counters) else {
                return false;
            };
            if !self.receivers.send_to_next(&datagram).await {
                continue;
            }
            if !heard {
                self.meter.tell(&report);
                self.receivers.remember();
                counters = Meter::nothing(&report);
                heard = true;
            }
            if audience == Audience::Next {
                break;
            }
        }
        heard
    }

    /// Learns whether the counters that were last sent have come to nobody.
    fn settle(&mut self) {
        if self.receivers.remembered_refuses() {
            self.meter.lost();
        } else {
            self.meter.arrived();
        }
    }

    async fn report(&self) -> Option<Report> {
        match tokio::time::timeout(REPORT_LIMIT, self.configuration.report()).await {
            Ok(Ok(report)) => Some(report),
            Ok(Err(refusal)) => {
                tracing::error!("no heartbeat: {}", refusal.message);
                None
            }
            Err(_) => {
                tracing::error!("no heartbeat: the data plane does not tell its state");
                None
            }
        }
    }

    fn datagram(&mut self, report: &Report, counters: &BTreeMap<Uuid, Traffic>) -> Option<Vec<u8>> {
        let mut heartbeat = Heartbeat {
            amphora_id: self.amphora_id,
            seq: self.seq,
            version: VERSION,
            listeners: message::listeners(report, counters),
            pools: message::pools(report),
            generation: report.generation,
            sent_at: Some((self.now)()),
            causes: message::causes(report),
        };
        self.seq += 1;
        let sealed = heartbeat
            .encode(&self.key)
            .or_else(|EncodeError::TooLarge(_)| {
                heartbeat.causes.clear();
                heartbeat.encode(&self.key)
            });
        sealed
            .inspect_err(|error| tracing::error!("no heartbeat: {error}"))
            .ok()
    }
}

/// Who hears a heartbeat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// One controller; which, goes round.
    Next,
    /// Every controller.
    All,
}
