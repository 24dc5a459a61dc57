//! What outlives a document: counters and health, shared by all loops.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use octavia_amphora_api::report::Counters;
use uuid::Uuid;

use crate::runtime::clock::{AtomicTime, Time};
use crate::tally::Tallies;

/// The counters that one loop writes. On a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Shard {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    connections: AtomicU64,
    errors: AtomicU64,
}

impl Shard {
    /// Counts bytes from a client.
    pub(crate) fn add_in(&self, count: usize) {
        add(&self.bytes_in, count as u64);
    }

    /// Counts bytes to a client.
    pub(crate) fn add_out(&self, count: usize) {
        add(&self.bytes_out, count as u64);
    }

    /// Counts a connection.
    pub(crate) fn add_connection(&self) {
        add(&self.connections, 1);
    }

    /// Counts a request that could not be served.
    pub(crate) fn add_error(&self) {
        add(&self.errors, 1);
    }
}

/// Adds without a locked instruction: every shard has one writer, its loop.
fn add(counter: &AtomicU64, count: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(count), Relaxed);
}

/// The state of a listener, for as long as documents name its id.
#[derive(Debug)]
pub(crate) struct ListenerState {
    /// The counters of each loop, and behind them what an earlier process counted.
    pub(crate) shards: Box<[Shard]>,
    /// What else is counted.
    pub(crate) tallies: Tallies,
    /// Connections that an earlier process still serves.
    elsewhere: AtomicU64,
    open: AtomicU32,
    peak: AtomicU32,
    full: AtomicBool,
    /// The loops that have connections in an accept queue because of the limit.
    waiting: AtomicU64,
}

/// What the end of a connection changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Freed {
    /// The loops to wake, as a mask.
    pub(crate) waiting: u64,
    /// Whether the listener was at its limit, and is not any more.
    pub(crate) opened: bool,
}

impl ListenerState {
    /// Makes the state of a new listener.
    pub(crate) fn new(loops: usize) -> Self {
        Self {
            shards: (0..=loops).map(|_| Shard::default()).collect(),
            tallies: Tallies::new(loops),
            elsewhere: AtomicU64::new(0),
            open: AtomicU32::new(0),
            peak: AtomicU32::new(0),
            full: AtomicBool::new(false),
            waiting: AtomicU64::new(0),
        }
    }

    /// Takes one of `limit` places; tells whether there was one.
    pub(crate) fn enter(&self, limit: u32) -> bool {
        let more = |open: u32| (open < limit).then_some(open + 1);
        let before = self.open.fetch_update(SeqCst, Relaxed, more);
        let Ok(before) = before else { return false };
        if before >= self.peak() {
            self.peak.fetch_max(before + 1, Relaxed);
        }
        true
    }

    /// Gives a place back.
    pub(crate) fn leave(&self) -> Freed {
        self.open.fetch_sub(1, SeqCst);
        let waiting = match self.waiting.load(SeqCst) {
            0 => 0,
            _ => self.waiting.swap(0, SeqCst),
        };
        let opened = self.full.load(Relaxed) && self.full.swap(false, SeqCst);
        Freed { waiting, opened }
    }

    /// Notes that loop `index` waits for a place. It must try once more after this.
    pub(crate) fn wait(&self, index: usize) {
        self.waiting.fetch_or(1 << index, SeqCst);
    }

    /// Notes that the limit is reached; tells whether that is news.
    pub(crate) fn set_full(&self) -> bool {
        !self.full.swap(true, SeqCst)
    }

    /// Returns how many connections were open at most.
    pub(crate) fn peak(&self) -> u32 {
        self.peak.load(Relaxed)
    }

    /// Returns how many connections are open.
    pub(crate) fn open(&self) -> u32 {
        self.open.load(Relaxed)
    }

    /// Counts on from what an earlier process has counted, and may go on counting.
    pub(crate) fn inherit(&self, counters: &Counters) {
        let Some(shard) = self.shards.last() else {
            return;
        };
        shard.bytes_in.store(counters.bytes_in, Relaxed);
        shard.bytes_out.store(counters.bytes_out, Relaxed);
        shard.connections.store(counters.total_connections, Relaxed);
        shard.errors.store(counters.request_errors, Relaxed);
        self.elsewhere.store(counters.active_connections, Relaxed);
    }

    /// Adds up the counters of all loops.
    pub(crate) fn counters(&self) -> Counters {
        let sum = |counter: fn(&Shard) -> &AtomicU64| {
            let values = self.shards.iter().map(|shard| counter(shard).load(Relaxed));
            values.fold(0, u64::wrapping_add)
        };
        Counters {
            bytes_in: sum(|shard| &shard.bytes_in),
            bytes_out: sum(|shard| &shard.bytes_out),
            active_connections: u64::from(self.open()) + self.elsewhere.load(Relaxed),
            total_connections: sum(|shard| &shard.connections),
            request_errors: sum(|shard| &shard.errors),
        }
    }
}

/// The state of a member, for as long as documents name its id and address in its pool.
#[derive(Debug)]
pub(crate) struct MemberState {
    /// Its id.
    pub(crate) id: Uuid,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its place in the tables of the loops. Given to another member once it is gone.
    pub(crate) slot: usize,
    /// What is counted.
    pub(crate) tallies: Tallies,
    /// When it came, or came back, into a pool that serves.
    pub(crate) since: AtomicTime,
    /// Until when it is left alone because of what clients met there.
    pub(crate) ejected_until: AtomicTime,
    /// How often in a row clients met a failure there.
    failures: AtomicU32,
    active: AtomicU32,
    peak: AtomicU32,
    down: AtomicBool,
    last_check: Mutex<LastCheck>,
}

/// What the last check found, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LastCheck {
    /// Why the member is not well, if so.
    pub(crate) cause: Option<String>,
    /// How long it took; `None` before the first.
    pub(crate) duration: Option<Duration>,
    /// How often a check has failed.
    pub(crate) failures: u64,
    /// How often the member went down.
    pub(crate) falls: u64,
    /// How long it was down in all, until the latest change.
    pub(crate) downtime: Duration,
    /// When it went up or down.
    pub(crate) changed_at: Option<Time>,
}

impl MemberState {
    /// Makes the state of a new member, which is up until a check says otherwise.
    pub(crate) fn new(id: Uuid, address: SocketAddr, slot: usize, loops: usize) -> Self {
        Self {
            id,
            address,
            slot,
            tallies: Tallies::new(loops),
            since: AtomicTime::default(),
            ejected_until: AtomicTime::default(),
            failures: AtomicU32::new(0),
            active: AtomicU32::new(0),
            peak: AtomicU32::new(0),
            down: AtomicBool::new(false),
            last_check: Mutex::default(),
        }
    }

    /// Returns how many requests or connections it serves.
    pub(crate) fn active(&self) -> u32 {
        self.active.load(Relaxed)
    }

    /// Counts a request or connection that begins.
    pub(crate) fn begin(&self) {
        let active = self.active.fetch_add(1, Relaxed) + 1;
        if active > self.peak() {
            self.peak.fetch_max(active, Relaxed);
        }
    }

    /// Returns how many requests or connections it served at most.
    pub(crate) fn peak(&self) -> u32 {
        self.peak.load(Relaxed)
    }

    /// Counts a request or connection that ends.
    pub(crate) fn end(&self) {
        self.active.fetch_sub(1, Relaxed);
    }

    /// Counts a failure that a client met; returns how many there were in a row.
    pub(crate) fn add_failure(&self) -> u32 {
        self.failures.fetch_add(1, Relaxed) + 1
    }

    /// Tells whether it is left alone because of what clients met there.
    pub(crate) fn is_ejected(&self, now: Time) -> bool {
        self.ejected_until.get().is_some_and(|until| until > now)
    }

    /// Forgets the failures.
    pub(crate) fn forget_failures(&self) {
        if self.failures.load(Relaxed) > 0 {
            self.failures.store(0, Relaxed);
        }
    }

    /// Tells whether its checks fail.
    pub(crate) fn is_down(&self) -> bool {
        self.down.load(Relaxed)
    }

    /// Notes the verdict of its checks; tells whether it is news.
    pub(crate) fn set_down(&self, down: bool) -> bool {
        self.down.swap(down, Relaxed) != down
    }

    /// Returns what the last check found.
    pub(crate) fn last_check(&self) -> LastCheck {
        let last = self.last_check.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what a check found.
    pub(crate) fn set_last_check(&self, check: LastCheck) {
        let last = self.last_check.lock();
        *last.unwrap_or_else(PoisonError::into_inner) = check;
    }
}
