//! Random changes of configuration under load: nobody whom a change does not concern notices.
//!
//! `cargo xtask churn` runs it with more changes, for longer, and from other seeds.

pub(crate) mod change;
mod member;
pub(crate) mod traffic;
pub(crate) mod world;

use std::time::{Duration, Instant};

use crate::support::wait_until;
use change::Chance;
use world::World;

/// How many changes a run without further wishes makes.
const CHANGES: u64 = 150;

/// Reads a number from the environment.
fn wish(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

#[test]
fn random_changes_fail_no_request() {
    let changes = wish("OCTAVIA_CHURN_CHANGES").unwrap_or(CHANGES);
    let seconds = wish("OCTAVIA_CHURN_SECONDS").unwrap_or(0);
    let seed = wish("OCTAVIA_CHURN_SEED").unwrap_or(1);
    let pause = Duration::from_millis(seconds * 1000 / changes.max(1));
    let mut world = World::start(u64::MAX);
    let mut chance = Chance::new(seed);
    let mut counted = world.setup.report();
    for number in 0..changes {
        let started = now();
        let what = world.change(&mut chance);
        let place = format!("seed {seed}, change {number}, {what}");
        world.traffic.wait_for_everybody(&place);
        while started.elapsed() < pause {
            world.traffic.wait_for_everybody(&place);
        }
        let report = world.setup.report();
        world::check_counters(&counted, &report, &place);
        counted = report;
    }
    let served = world.traffic.stop();
    world.end_old_ones();
    wait_until("all connections have ended", || {
        let listeners = world.setup.report().listeners;
        listeners.iter().all(|listener| {
            listener.counters.active_connections == 0 || world.is_datagrams(listener.id)
        })
    });
    println!("seed {seed}: {changes} changes, {served} requests, none failed");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a run is paced by the clock of people"
)]
fn now() -> Instant {
    Instant::now()
}
