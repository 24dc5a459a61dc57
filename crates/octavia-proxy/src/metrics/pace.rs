//! Paces of everything that is served, measured once a second.

use std::time::Duration;

use octavia_amphora_api::config::ListenerProtocol;

use crate::config::Snapshot;
use crate::runtime::clock::Time;
use crate::tally::{Paces, Tallies, Tally};

/// How often paces are measured.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

/// Tells whether somebody may ask for them.
pub(crate) fn is_wanted(snapshot: &Snapshot) -> bool {
    let mut listeners = snapshot.listeners.iter();
    listeners.any(|listener| listener.protocol == ListenerProtocol::Prometheus)
}

/// Measures everything, `passed` after the last time; and the load balancer as a whole.
pub(crate) fn measure(snapshot: &Snapshot, whole: &Paces, passed: Duration) {
    let now = Time::now();
    for listener in &snapshot.listeners {
        let (state, paces) = (&listener.state, &listener.state.tallies.paces);
        let tallies = &state.tallies;
        let connections = state.counters().total_connections;
        paces.sessions.measure(connections, passed);
        let requests = tallies.sum(|tally| &tally.requests);
        paces.requests.measure(requests, passed);
        let full = tallies.sum(|tally| &tally.handshakes);
        let resumed = tallies.sum(|tally| &tally.resumptions);
        paces.keys.measure(full, passed);
        paces.handshakes.measure(full + resumed, passed);
    }
    for pool in &snapshot.pools {
        sessions(&pool.tallies, passed);
        let active = pool.members.iter().map(|member| member.state.active());
        let active = active.map(u64::from).sum();
        pool.tallies.paces.active.set(active);
        let mut members = pool.members.iter();
        let is_up = members.any(|member| pool.takes_traffic(member, now));
        let is_down = !is_up && !pool.members.is_empty();
        pool.tallies.standing.look(is_down, now);
        for member in &pool.members {
            sessions(&member.state.tallies, passed);
        }
    }
    let sum = |pace: fn(&Paces) -> &crate::tally::Pace| {
        let listeners = snapshot.listeners.iter();
        let paces = listeners.map(|listener| pace(&listener.state.tallies.paces).current());
        pace(whole).set(paces.sum());
    };
    sum(|paces| &paces.sessions);
    sum(|paces| &paces.requests);
    sum(|paces| &paces.handshakes);
    sum(|paces| &paces.keys);
}

fn sessions(tallies: &Tallies, passed: Duration) {
    let count = tallies.sum(|tally: &Tally| &tally.sessions);
    tallies.paces.sessions.measure(count, passed);
}
