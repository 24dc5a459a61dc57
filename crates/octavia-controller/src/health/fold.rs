//! Heartbeats in memory, between their arrival and the database.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use octavia_amphora_api::heartbeat::{Counting, Heartbeat, Traffic};
use octavia_model::{Amphora, Id, Listener, Statistics};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::receive::Arrival;
use super::replay::Last;
use crate::config::HealthConfig;
use crate::world::World;

/// How many amphorae are written in one transaction.
pub(super) const BATCH: usize = 64;

/// Folds heartbeats until their queue ends.
pub(super) struct Fold {
    pub(super) world: World,
    config: HealthConfig,
    known: BTreeMap<Id<Amphora>, Known>,
    pub(super) unwritten: BTreeMap<Id<Amphora>, Unwritten>,
}

/// What is remembered of an amphora between its heartbeats.
#[derive(Default)]
struct Known {
    last: Last,
    /// The last heartbeat's statuses, to see when they change.
    heartbeat: Option<Heartbeat>,
    /// The last absolute counters, for senders that count so.
    counters: BTreeMap<Id<Listener>, Traffic>,
}

/// What is to be written of an amphora.
pub(super) struct Unwritten {
    pub(super) heartbeat: Heartbeat,
    pub(super) at: DateTime<Utc>,
    pub(super) differences: BTreeMap<Id<Listener>, Statistics>,
}

impl Fold {
    pub(super) fn new(world: World, config: HealthConfig) -> Self {
        Self {
            world,
            config,
            known: BTreeMap::new(),
            unwritten: BTreeMap::new(),
        }
    }

    /// Folds until the queue ends, then writes the rest.
    pub(super) async fn run(mut self, mut heard: mpsc::Receiver<Arrival>) {
        let mut next_write = Instant::now() + self.config.write_interval;
        loop {
            let arrival = tokio::select! {
                biased;
                arrival = heard.recv() => arrival,
                () = tokio::time::sleep_until(next_write) => {
                    self.write().await;
                    next_write = Instant::now() + self.config.write_interval;
                    continue;
                }
            };
            let Some(arrival) = arrival else { break };
            let is_urgent = self.fold(arrival);
            // What came at the same time goes out together.
            if (is_urgent && heard.is_empty()) || Instant::now() >= next_write {
                self.write().await;
                next_write = Instant::now() + self.config.write_interval;
            }
        }
        self.write().await;
    }

    /// Takes a heartbeat in, and tells whether it says anything new.
    fn fold(&mut self, Arrival { heartbeat, at }: Arrival) -> bool {
        let id = Id::from_uuid(heartbeat.amphora_id);
        let is_stale = is_older(at, self.world.clock.now(), self.config.heartbeat_interval);
        let known = self.known.entry(id).or_default();
        if is_stale || !known.last.admit(&heartbeat, at) {
            tracing::debug!(amphora.id = %id, seq = heartbeat.seq, "ignored an old heartbeat");
            return false;
        }
        if known.heartbeat.is_none() {
            self.world.heard.tell();
        }
        let is_news = known
            .heartbeat
            .as_ref()
            .is_none_or(|before| says_otherwise(before, &heartbeat));
        let mut differences = differences(&heartbeat, &mut known.counters);
        known.heartbeat = Some(heartbeat.clone());
        if let Some(waiting) = self.unwritten.remove(&id) {
            add(&mut differences, waiting.differences);
        }
        self.unwritten.insert(
            id,
            Unwritten {
                heartbeat,
                at,
                differences,
            },
        );
        is_news
    }

    /// Forgets an amphora that nobody knows: ids are drawn once, so it does not come back.
    pub(super) fn forget(&mut self, id: Id<Amphora>) {
        self.known.remove(&id);
    }
}

fn is_older(at: DateTime<Utc>, now: DateTime<Utc>, limit: Duration) -> bool {
    TimeDelta::from_std(limit).is_ok_and(|limit| now - at >= limit)
}

/// Tells whether the second heartbeat has other statuses than the first.
fn says_otherwise(before: &Heartbeat, after: &Heartbeat) -> bool {
    let listeners = |heartbeat: &Heartbeat| -> Vec<_> {
        let listeners = heartbeat.listeners.iter();
        listeners.map(|(id, l)| (*id, l.status.clone())).collect()
    };
    before.pools != after.pools
        || before.generation != after.generation
        || listeners(before) != listeners(after)
}

/// Returns what a heartbeat adds to each listener's statistics.
fn differences(
    heartbeat: &Heartbeat,
    counters: &mut BTreeMap<Id<Listener>, Traffic>,
) -> BTreeMap<Id<Listener>, Statistics> {
    let beats = heartbeat.listeners.iter();
    beats
        .map(|(id, beat)| {
            let id = Id::from_uuid(*id);
            let before = match heartbeat.counting() {
                Counting::SinceLastHeartbeat => None,
                Counting::SinceStart => counters.insert(id, beat.statistics),
            };
            let difference = match (heartbeat.counting(), before) {
                (Counting::SinceLastHeartbeat, _) => beat.statistics,
                (Counting::SinceStart, Some(before)) => since(before, beat.statistics),
                // What was counted before we listened may be in the database already.
                (Counting::SinceStart, None) => since(beat.statistics, beat.statistics),
            };
            (id, to_statistics(difference))
        })
        .collect()
}

/// A counter that went down was reset: all that it shows is new.
fn since(before: Traffic, now: Traffic) -> Traffic {
    let difference = |before: u64, now: u64| now.checked_sub(before).unwrap_or(now);
    Traffic {
        bytes_in: difference(before.bytes_in, now.bytes_in),
        bytes_out: difference(before.bytes_out, now.bytes_out),
        active_connections: now.active_connections,
        total_connections: difference(before.total_connections, now.total_connections),
        request_errors: difference(before.request_errors, now.request_errors),
    }
}

fn to_statistics(traffic: Traffic) -> Statistics {
    let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    Statistics {
        bytes_in: signed(traffic.bytes_in),
        bytes_out: signed(traffic.bytes_out),
        active_connections: signed(traffic.active_connections),
        total_connections: signed(traffic.total_connections),
        request_errors: signed(traffic.request_errors),
    }
}

/// Adds earlier differences to later ones; connections open now are the later ones'.
fn add(
    later: &mut BTreeMap<Id<Listener>, Statistics>,
    earlier: BTreeMap<Id<Listener>, Statistics>,
) {
    for (id, before) in earlier {
        later
            .entry(id)
            .and_modify(|sum| {
                sum.bytes_in = sum.bytes_in.saturating_add(before.bytes_in);
                sum.bytes_out = sum.bytes_out.saturating_add(before.bytes_out);
                sum.total_connections = sum
                    .total_connections
                    .saturating_add(before.total_connections);
                sum.request_errors = sum.request_errors.saturating_add(before.request_errors);
            })
            .or_insert(before);
    }
}
