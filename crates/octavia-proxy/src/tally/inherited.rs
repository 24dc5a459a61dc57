//! What one process has counted, and the next one counts on from.
//!
//! By names, so that versions of the proxy that count more or less understand each other.

use std::collections::BTreeMap;

use super::{BUCKETS, Counter, Latencies, Latency, Tallies, Tally};

/// Values by the names of what they count.
pub(crate) type Named = BTreeMap<String, u64>;

impl Tallies {
    /// Returns what was counted so far, but zeros.
    pub(crate) fn named(&self) -> Named {
        let mut named = Named::new();
        for (name, counter) in self.loops.iter().flat_map(Tally::counters) {
            *named.entry(name).or_default() += counter.get();
        }
        for (index, (name, _)) in Tally::default().latencies().into_iter().enumerate() {
            let all: Latencies = self
                .loops
                .iter()
                .map(|tally| tally.latencies()[index].1)
                .collect();
            for (end, count) in all.buckets.iter().enumerate() {
                named.insert(bucket(name, end), *count);
            }
            let measured = [
                ("sum", all.sum),
                ("longest", all.longest),
                ("recent", all.recent),
            ];
            named.extend(measured.map(|(what, value)| (format!("{name}.{what}"), value)));
        }
        named.retain(|_, value| *value > 0);
        named
    }

    /// Counts on from what an earlier process has counted, and may go on counting: it replaces what
    /// was inherited before.
    pub(crate) fn inherit(&self, named: &Named) {
        let Some(heir) = self.loops.last() else {
            return;
        };
        let value = |name: &str| named.get(name).copied().unwrap_or(0);
        for (name, counter) in heir.counters() {
            counter.set(value(&name));
        }
        for (name, latency) in heir.latencies() {
            for (end, counter) in latency.buckets.iter().enumerate() {
                counter.set(value(&bucket(name, end)));
            }
            latency.sum.set(value(&format!("{name}.sum")));
            latency.longest.set(value(&format!("{name}.longest")));
            latency.recent.set(value(&format!("{name}.recent")));
        }
    }
}

/// Names a bucket by where it ends, which later versions may have others of.
fn bucket(name: &str, index: usize) -> String {
    match BUCKETS.get(index) {
        Some(micros) => format!("{name}.le_{micros}"),
        None => format!("{name}.le_inf"),
    }
}

impl Tally {
    fn counters(&self) -> Vec<(String, &Counter)> {
        // Whoever adds a counter is asked here whether it outlives its process.
        let Self {
            sessions,
            bytes_in,
            bytes_out,
            requests,
            responses,
            denied,
            refused,
            intercepted,
            client_aborts,
            member_aborts,
            attempts,
            reuses,
            connection_errors,
            retries,
            redispatches,
            response_errors,
            handshakes,
            resumptions,
            failed_handshakes,
            last: _,
            request: _,
            connect: _,
            response: _,
            total: _,
        } = self;
        let single = [
            ("sessions", sessions),
            ("bytes_in", bytes_in),
            ("bytes_out", bytes_out),
            ("requests", requests),
            ("denied", denied),
            ("refused", refused),
            ("intercepted", intercepted),
            ("client_aborts", client_aborts),
            ("member_aborts", member_aborts),
            ("attempts", attempts),
            ("reuses", reuses),
            ("connection_errors", connection_errors),
            ("retries", retries),
            ("redispatches", redispatches),
            ("response_errors", response_errors),
            ("handshakes", handshakes),
            ("resumptions", resumptions),
            ("failed_handshakes", failed_handshakes),
        ];
        let single = single.map(|(name, counter)| (name.to_owned(), counter));
        let classes = super::CLASSES.iter().zip(responses);
        let classes = classes.map(|(class, counter)| (format!("responses.{class}"), counter));
        single.into_iter().chain(classes).collect()
    }

    fn latencies(&self) -> [(&'static str, &Latency); 4] {
        [
            ("request", &self.request),
            ("connect", &self.connect),
            ("response", &self.response),
            ("total", &self.total),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Named, Tallies};

    fn busy() -> Tallies {
        let tallies = Tallies::new(2);
        for index in [0, 1] {
            let tally = tallies.of_loop(index);
            tally.sessions.add(3);
            tally.add_response(200);
            tally.total.add(Duration::from_millis(4));
        }
        tallies
    }

    #[test]
    fn an_heir_goes_on_counting() {
        let heir = Tallies::new(1);
        heir.inherit(&busy().named());
        heir.of_loop(0).sessions.add(1);
        heir.of_loop(0).total.add(Duration::from_millis(4));
        assert_eq!(heir.sum(|tally| &tally.sessions), 7);
        assert_eq!(heir.sum(|tally| &tally.responses[1]), 2);
        let total = heir.latencies(|tally| &tally.total);
        assert_eq!((total.sum, total.longest), (12_000, 4_000));
        assert_eq!(total.buckets.iter().sum::<u64>(), 3);
        assert!(
            (3_900_000..=4_000_000).contains(&total.recent),
            "{}",
            total.recent
        );
    }

    #[test]
    fn what_is_inherited_again_replaces_what_was() {
        let (heir, busy) = (Tallies::new(1), busy());
        heir.inherit(&busy.named());
        busy.of_loop(0).sessions.add(1);
        heir.inherit(&busy.named());
        assert_eq!(heir.named(), busy.named());
    }

    #[test]
    fn nothing_counted_has_no_names() {
        assert_eq!(Tallies::new(3).named(), Named::new());
    }
}
