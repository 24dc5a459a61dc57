//! What is told of the load balancer as a whole, of TLS and by the second.

use super::page::{Kind, Page};
use crate::config::Snapshot;
use crate::config::state::ListenerState;
use crate::tally::{Counter, Pace, Paces, Tally};

type PaceOf = fn(&Paces) -> &Pace;

/// What is told with its present pace and its highest.
const PACES: [(&str, &str, &str, PaceOf); 4] = [
    (
        "current_connection_rate",
        "max_connection_rate",
        "Connections and flows of clients",
        |paces| &paces.sessions,
    ),
    (
        "current_session_rate",
        "max_session_rate",
        "Connections and flows of clients",
        |paces| &paces.sessions,
    ),
    (
        "current_ssl_rate",
        "max_ssl_rate",
        "TLS handshakes with clients",
        |paces| &paces.handshakes,
    ),
    (
        "current_frontend_ssl_key_rate",
        "max_frontend_ssl_key_rate",
        "TLS handshakes with clients that needed a private key",
        |paces| &paces.keys,
    ),
];

/// What upstream tells and is not done: sessions are kept by clients, in tickets.
const NEVER: [&str; 4] = [
    "ssl_cache_lookups_total",
    "ssl_cache_misses_total",
    "current_backend_ssl_key_rate",
    "max_backend_ssl_key_rate",
];

/// Adds what is told of the load balancer.
pub(super) fn add(snapshot: &Snapshot, paces: &Paces, page: &mut Page) {
    for (current, most, what, of) in PACES {
        let name = format!("octavia_loadbalancer_{current}");
        page.family(&name, Kind::Gauge, &format!("{what} in the last second."));
        page.sample(&[], of(paces).current());
        let name = format!("octavia_loadbalancer_{most}");
        page.family(&name, Kind::Gauge, &format!("{what} in a second, at most."));
        page.sample(&[], of(paces).most());
    }
    let secured = || {
        let listeners = snapshot.listeners.iter();
        listeners.filter(|listener| listener.tls.is_some())
    };
    let count = |of: fn(&Tally) -> &Counter| -> u64 {
        secured()
            .map(|listener| listener.state.tallies.sum(of))
            .sum()
    };
    let open = |of: fn(&ListenerState) -> u32| -> u64 {
        secured()
            .map(|listener| u64::from(of(&listener.state)))
            .sum()
    };
    let full = count(|tally| &tally.handshakes);
    let resumed = count(|tally| &tally.resumptions);
    let mut one = |name: &str, kind, help: &str, value: u64| {
        page.family(&format!("octavia_loadbalancer_{name}"), kind, help);
        page.sample(&[], value);
    };
    let gauge = Kind::Gauge;
    one(
        "current_ssl_connections",
        gauge,
        "TLS connections that are open.",
        open(ListenerState::open),
    );
    one(
        "max_ssl_connections",
        gauge,
        "0: only the limits of listeners count.",
        0,
    );
    let help = "TLS connections of clients.";
    one("ssl_connections_total", Kind::Counter, help, full + resumed);
    let reused = (100 * resumed).checked_div(full + resumed).unwrap_or(0);
    let help = "TLS handshakes that went on with an earlier session, in percent.";
    one("frontend_ssl_reuse", gauge, help, reused);
    for name in NEVER {
        one(name, gauge, "Nothing of the kind is done.", 0);
    }
}
