//! What is counted for listeners, pools and members, beside the traffic that heartbeats tell.
//!
//! Each loop has counters of its own and is their only writer, so that adding costs no locked
//! instruction; readers add up. They live on while documents name their owner.

mod inherited;
mod pace;
mod standing;

pub(crate) use inherited::Named;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::runtime::clock::Time;

pub(crate) use pace::{Pace, Paces};
use standing::Standing;

/// Classes of status codes, as `responses` counts them.
pub(crate) const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"];

/// The upper ends of the buckets of latencies, in microseconds; beyond them is one more.
pub(crate) const BUCKETS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

/// How many of the latest count for an average, as in HAProxy.
const LATEST: u64 = 1024;

/// A number that one loop writes.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.get().wrapping_add(count), Relaxed);
    }

    /// Returns it.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Sets it.
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }
}

/// How long something took.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    buckets: [Counter; BUCKETS.len() + 1],
    sum: Counter,
    longest: Counter,
    /// The average of the latest, in nanoseconds, so that it moves at all.
    recent: Counter,
}

impl Latency {
    /// Counts one more.
    pub(crate) fn add(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.buckets[BUCKETS.partition_point(|end| *end < micros)].add(1);
        self.sum.add(micros);
        self.longest.set(self.longest.get().max(micros));
        let weight = self.count().min(LATEST);
        let nanos = micros.saturating_mul(1000);
        let before = self.recent.get();
        // Towards the new value, by its share.
        self.recent.set(
            before
                .saturating_add(nanos / weight)
                .saturating_sub(before / weight),
        );
    }

    /// Returns how many were counted.
    fn count(&self) -> u64 {
        self.buckets.iter().map(Counter::get).sum()
    }
}

/// Latencies of all loops together.
#[derive(Debug, Default, Clone)]
pub(crate) struct Latencies {
    /// How many were in each bucket.
    pub(crate) buckets: [u64; BUCKETS.len() + 1],
    /// Their sum, in microseconds.
    pub(crate) sum: u64,
    /// The longest, in microseconds.
    pub(crate) longest: u64,
    /// The average of the latest, in nanoseconds.
    pub(crate) recent: u64,
}

impl<'a> FromIterator<&'a Latency> for Latencies {
    fn from_iter<I: IntoIterator<Item = &'a Latency>>(loops: I) -> Self {
        let mut all = Self::default();
        let (mut weights, mut weighted) = (0, 0_u128);
        for latency in loops {
            for (sum, bucket) in all.buckets.iter_mut().zip(&latency.buckets) {
                *sum += bucket.get();
            }
            all.sum = all.sum.wrapping_add(latency.sum.get());
            all.longest = all.longest.max(latency.longest.get());
            let weight = latency.count().min(LATEST);
            weights += weight;
            weighted += u128::from(latency.recent.get()) * u128::from(weight);
        }
        let recent = weighted / u128::from(weights.max(1));
        all.recent = u64::try_from(recent).unwrap_or(u64::MAX);
        all
    }
}

/// What one loop counts for one listener, pool or member.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Tally {
    /// Requests and connections that were served, or flows.
    pub(crate) sessions: Counter,
    /// Bytes from clients.
    pub(crate) bytes_in: Counter,
    /// Bytes to clients.
    pub(crate) bytes_out: Counter,
    /// HTTP requests.
    pub(crate) requests: Counter,
    /// Answers, by [`CLASSES`].
    pub(crate) responses: [Counter; CLASSES.len()],
    /// Requests that a policy refused.
    pub(crate) denied: Counter,
    /// Connections from where none is allowed.
    pub(crate) refused: Counter,
    /// Requests that were answered by us.
    pub(crate) intercepted: Counter,
    /// Requests that were broken by the client.
    pub(crate) client_aborts: Counter,
    /// Requests that were broken by the member.
    pub(crate) member_aborts: Counter,
    /// Attempts to connect to a member.
    pub(crate) attempts: Counter,
    /// Connections to a member that were used again.
    pub(crate) reuses: Counter,
    /// Connections to a member that failed.
    pub(crate) connection_errors: Counter,
    /// Attempts to connect to the same member once more.
    pub(crate) retries: Counter,
    /// Attempts to connect to another member.
    pub(crate) redispatches: Counter,
    /// Answers of a member that were none.
    pub(crate) response_errors: Counter,
    /// TLS handshakes with clients that needed the private key.
    pub(crate) handshakes: Counter,
    /// TLS handshakes with clients that went on with an earlier session.
    pub(crate) resumptions: Counter,
    /// TLS handshakes with clients that failed.
    pub(crate) failed_handshakes: Counter,
    /// The microsecond of the clock when the last one ended.
    pub(crate) last: Counter,
    /// From the first byte of a request to the end of its head.
    pub(crate) request: Latency,
    /// Until a connection to the member stood.
    pub(crate) connect: Latency,
    /// From there to the first byte of the answer.
    pub(crate) response: Latency,
    /// From the start of the request to the last byte of the answer.
    pub(crate) total: Latency,
}

impl Tally {
    /// Counts an answer.
    pub(crate) fn add_response(&self, status: u16) {
        let class = match status {
            100..=599 => usize::from(status / 100) - 1,
            _ => CLASSES.len() - 1,
        };
        self.responses[class].add(1);
    }
}

/// The tallies of all loops.
#[derive(Debug)]
pub(crate) struct Tallies {
    loops: Box<[Tally]>,
    /// How many a second.
    pub(crate) paces: Paces,
    /// Whether a pool is down; of others, nothing.
    pub(crate) standing: Standing,
}

impl Tallies {
    /// Begins with nothing, for so many loops, and for what an earlier process counted.
    pub(crate) fn new(loops: usize) -> Self {
        Self {
            loops: (0..=loops).map(|_| Tally::default()).collect(),
            paces: Paces::default(),
            standing: Standing::default(),
        }
    }

    /// Returns what the loop `index` writes.
    pub(crate) fn of_loop(&self, index: usize) -> &Tally {
        &self.loops[index]
    }

    /// Adds up a counter.
    pub(crate) fn sum(&self, counter: impl Fn(&Tally) -> &Counter) -> u64 {
        let values = self.loops.iter().map(|tally| counter(tally).get());
        values.fold(0, u64::wrapping_add)
    }

    /// Returns when the last one ended, if any did.
    pub(crate) fn last(&self) -> Option<Time> {
        let last = self.loops.iter().map(|tally| tally.last.get()).max();
        last.filter(|last| *last > 0).map(Time::of_micros)
    }

    /// Puts the latencies of all loops together.
    pub(crate) fn latencies(&self, latency: impl Fn(&Tally) -> &Latency) -> Latencies {
        self.loops.iter().map(latency).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{BUCKETS, Tallies};

    #[test]
    fn answers_are_counted_by_class() {
        let tallies = Tallies::new(2);
        for status in [100, 200, 204, 599, 600, 0] {
            tallies.of_loop(1).add_response(status);
        }
        let counts = [0, 1, 2, 3, 4, 5].map(|class| tallies.sum(|tally| &tally.responses[class]));
        assert_eq!(counts, [1, 2, 0, 0, 1, 2]);
    }

    #[test]
    fn an_average_follows_the_latest() {
        let tallies = Tallies::new(1);
        let latency = &tallies.of_loop(0).total;
        latency.add(Duration::from_millis(30));
        latency.add(Duration::from_millis(10));
        let recent = || tallies.latencies(|tally| &tally.total).recent;
        assert_eq!(recent(), 20_000_000);
        (0..20_000).for_each(|_| latency.add(Duration::from_millis(5)));
        assert!((4_900_000..5_100_000).contains(&recent()), "{}", recent());
    }

    proptest! {
        #[test]
        fn every_latency_is_in_the_bucket_that_it_fits(micros in 0_u64..20_000_000) {
            let tallies = Tallies::new(1);
            tallies.of_loop(0).connect.add(Duration::from_micros(micros));
            let all = tallies.latencies(|tally| &tally.connect);
            let bucket = all.buckets.iter().position(|count| *count == 1).expect("a bucket");
            prop_assert!(bucket == BUCKETS.len() || micros <= BUCKETS[bucket]);
            prop_assert!(bucket == 0 || micros > BUCKETS[bucket - 1]);
            prop_assert_eq!((all.sum, all.longest), (micros, micros));
        }
    }
}
