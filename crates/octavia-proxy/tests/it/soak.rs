//! Full load for long, with changes, upgrades, and members that die and hang: nothing grows.
//!
//! `cargo xtask soak` runs it for minutes; here it is short, and says nothing about memory.

mod fragile;

use std::time::{Duration, Instant};

use crate::churn::change::Chance;
use crate::churn::world::World;
use fragile::Fragile;

/// How long a run without further wishes is.
const SECONDS: u64 = 2;
/// The part of a run after which everything has its size.
const WARM_UP: u32 = 4;
/// How much more memory may be used at the end: the allocator's own unrest.
const SLACK_KIB: u64 = 16 * 1024;
/// How many more descriptors there may be at the end: connections are made and closed all the time.
const SLACK_DESCRIPTORS: usize = 64;

/// How long a TCP connection lives: an old proxy ends with it.
const LINES: u64 = 10_000;

/// What the process uses.
#[derive(Debug, Clone, Copy)]
struct Use {
    memory_kib: u64,
    descriptors: usize,
}

impl Use {
    fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").expect("a status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let descriptors = std::fs::read_dir("/proc/self/fd").expect("descriptors");
        Self {
            memory_kib: number
                .and_then(|number| number.parse().ok())
                .expect("a size"),
            descriptors: descriptors.count(),
        }
    }
}

#[test]
fn nothing_grows() {
    let minutes = std::env::var("OCTAVIA_SOAK_MINUTES").ok();
    let minutes = minutes.map(|text| text.parse::<u64>().expect("a number"));
    let limit = Duration::from_secs(minutes.map_or(SECONDS, |minutes| minutes * 60));
    let Some(mut fragile) = Fragile::start() else {
        return;
    };
    let mut world = World::start(LINES);
    let mut chance = Chance::new(1);
    let (started, mut warm, mut changes) = (now(), None, 0);
    while started.elapsed() < limit {
        changes += 1;
        let what = world.change(&mut chance);
        world.traffic.wait_for_everybody(&what);
        world.end_old_ones_that_are_over();
        fragile.suffer(&mut chance);
        if warm.is_none() && started.elapsed() > limit / WARM_UP {
            warm = Some(Use::now());
        }
    }
    let (warm, end) = (warm.expect("a warm-up"), Use::now());
    let (served, failed) = fragile.stop();
    let steady = world.traffic.stop();
    world.end_old_ones();
    println!(
        "{} s, {changes} changes, {steady} requests at members that live, none failed; \
         {served} at members that die and hang, {failed} failed; {warm:?}, then {end:?}",
        limit.as_secs()
    );
    assert!(served > 0, "nobody was served by members that die and hang");
    if minutes.is_some() {
        assert!(
            end.memory_kib <= warm.memory_kib + SLACK_KIB,
            "memory grows"
        );
        assert!(
            end.descriptors <= warm.descriptors + SLACK_DESCRIPTORS,
            "descriptors leak"
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "a run is as long as people say")]
fn now() -> Instant {
    Instant::now()
}
