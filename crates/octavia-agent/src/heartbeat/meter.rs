//! Counters since the last heartbeat, from counters since the start.

use std::collections::{BTreeMap, HashMap};

use octavia_amphora_api::Report;
use octavia_amphora_api::heartbeat::Traffic;
use octavia_amphora_api::report::Counters;
use uuid::Uuid;

pub(super) type Readings = HashMap<Uuid, Counters>;

/// Remembers what the controllers were told. What was sent counts as told only once nothing
/// speaks against it, so that a controller that was away loses no bytes.
#[derive(Debug, Default)]
pub(super) struct Meter {
    told: Readings,
    on_the_way: Option<Readings>,
}

impl Meter {
    /// Goes on after what another has told.
    pub(super) fn after(told: Readings) -> Self {
        Self {
            told,
            on_the_way: None,
        }
    }

    /// Ends, with what was told.
    pub(super) fn into_told(self) -> Readings {
        self.told
    }

    /// Returns what has passed since the readings that were told.
    pub(super) fn since_told(&self, report: &Report) -> BTreeMap<Uuid, Traffic> {
        let listeners = report.listeners.iter();
        listeners
            .map(|listener| {
                let told = self.told.get(&listener.id).copied().unwrap_or_default();
                (listener.id, difference(listener.counters, told))
            })
            .collect()
    }

    /// Returns what adds nothing: what is open now, and zeros.
    pub(super) fn nothing(report: &Report) -> BTreeMap<Uuid, Traffic> {
        let listeners = report.listeners.iter();
        listeners
            .map(|listener| {
                (
                    listener.id,
                    difference(listener.counters, listener.counters),
                )
            })
            .collect()
    }

    /// The differences up to this report were sent.
    pub(super) fn tell(&mut self, report: &Report) {
        let listeners = report.listeners.iter();
        self.on_the_way = Some(
            listeners
                .map(|listener| (listener.id, listener.counters))
                .collect(),
        );
    }

    /// What was sent has arrived, for all that is known.
    pub(super) fn arrived(&mut self) {
        if let Some(readings) = self.on_the_way.take() {
            self.told = readings;
        }
    }

    /// What was sent has come to nobody.
    pub(super) fn lost(&mut self) {
        self.on_the_way = None;
    }
}

fn difference(now: Counters, told: Counters) -> Traffic {
    let restarted = now.total_connections < told.total_connections
        || now.bytes_in < told.bytes_in
        || now.bytes_out < told.bytes_out
        || now.request_errors < told.request_errors;
    let told = if restarted { Counters::default() } else { told };
    Traffic {
        bytes_in: now.bytes_in - told.bytes_in,
        bytes_out: now.bytes_out - told.bytes_out,
        active_connections: now.active_connections,
        total_connections: now.total_connections - told.total_connections,
        request_errors: now.request_errors - told.request_errors,
    }
}

#[cfg(test)]
mod tests {
    use octavia_amphora_api::report::{ListenerReport, ListenerStatus};
    use proptest::prelude::*;

    use super::*;

    const LISTENER: Uuid = Uuid::from_u128(1);

    fn report(bytes_in: u64) -> Report {
        let listener = ListenerReport {
            id: LISTENER,
            status: ListenerStatus::Open,
            counters: Counters {
                bytes_in,
                active_connections: 4,
                ..Counters::default()
            },
        };
        Report {
            listeners: vec![listener],
            ..Report::default()
        }
    }

    fn bytes_in(traffic: &BTreeMap<Uuid, Traffic>) -> u64 {
        traffic[&LISTENER].bytes_in
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let mut meter = Meter::default();
        assert_eq!(bytes_in(&meter.since_told(&report(100))), 100);
        meter.tell(&report(100));
        meter.arrived();
        assert_eq!(bytes_in(&meter.since_told(&report(130))), 30);
    }

    #[test]
    fn what_was_lost_is_told_again() {
        let mut meter = Meter::default();
        meter.tell(&report(100));
        meter.lost();
        assert_eq!(bytes_in(&meter.since_told(&report(130))), 130);
    }

    #[test]
    fn a_listener_that_starts_again_counts_from_zero() {
        let mut meter = Meter::default();
        meter.tell(&report(100));
        meter.arrived();
        assert_eq!(bytes_in(&meter.since_told(&report(30))), 30);
    }

    #[test]
    fn a_listener_that_was_gone_counts_from_zero() {
        let mut meter = Meter::default();
        meter.tell(&report(100));
        meter.arrived();
        meter.tell(&Report::default());
        meter.arrived();
        assert_eq!(bytes_in(&meter.since_told(&report(150))), 150);
    }

    #[test]
    fn open_connections_are_told_as_they_are() {
        let nothing = Meter::nothing(&report(100));
        assert_eq!(nothing[&LISTENER].active_connections, 4);
        assert_eq!(bytes_in(&nothing), 0);
    }

    proptest! {
        #[test]
        fn all_that_arrives_adds_up(steps in prop::collection::vec((0_u64..1000, any::<bool>()), 1..50)) {
            let mut meter = Meter::default();
            let (mut counted, mut heard) = (0, 0);
            for (bytes, arrives) in steps {
                counted += bytes;
                let told = bytes_in(&meter.since_told(&report(counted)));
                meter.tell(&report(counted));
                if arrives {
                    heard += told;
                    meter.arrived();
                    prop_assert_eq!(heard, counted);
                } else {
                    meter.lost();
                }
            }
        }
    }
}
