//! What a PROMETHEUS listener answers: upstream's names, which are HAProxy's renamed, with the same
//! meaning and labels; and, under names of our own, histograms of latencies and what checks took.
//!
//! A pool that several listeners use is one pool here: it is told once, by its first listener.
//! What upstream's load balancers never do (compression, caching) is told as zero, so that its
//! dashboards find all that they ask for.

mod host;
mod listener;
pub(crate) mod pace;
mod page;
mod pool;
mod tls;
mod whole;

use crate::config::Snapshot;
use crate::flow_log::Queue;
use crate::runtime::clock::Time;
use crate::shared::Shared;
use page::{Kind, Page};

/// What a listener without a limit adds to that of the load balancer.
const UNLIMITED: u64 = 50_000;

/// What never happens, and what is not limited.
const NEVER: [&str; 6] = [
    "http_comp_bytes_in_total",
    "http_comp_bytes_out_total",
    "limit_http_comp",
    "limit_connection_rate",
    "limit_session_rate",
    "limit_ssl_rate",
];

/// Renders everything that `snapshot` serves counts.
pub(crate) fn render(snapshot: &Snapshot, shared: &Shared, now: Time) -> String {
    let mut page = Page::default();
    host::add(&mut page);
    host::add_memory(&mut page);
    process(snapshot, &mut page);
    whole::add(snapshot, &shared.paces, &mut page);
    let dropped_lines = shared.log.as_ref().map_or(0, Queue::dropped);
    let name = "octavia_loadbalancer_dropped_logs_total";
    page.family(
        name,
        Kind::Counter,
        "Lines of the traffic log that were dropped.",
    );
    page.sample(&[], dropped_lines);
    listener::add(snapshot, &mut page);
    tls::add(snapshot, &mut page);
    pool::add(snapshot, now, &mut page);
    page.finish()
}

fn process(snapshot: &Snapshot, page: &mut Page) {
    let listeners = || snapshot.listeners.iter().map(|listener| &listener.state);
    let counters = || listeners().map(|state| state.counters());
    let mut one = |name, kind, help, value: u64| {
        page.family(&format!("octavia_loadbalancer_{name}"), kind, help);
        page.sample(&[], value);
    };
    one(
        "current_connections",
        Kind::Gauge,
        "Connections and flows of clients that are open.",
        counters().map(|counters| counters.active_connections).sum(),
    );
    one(
        "connections_total",
        Kind::Counter,
        "Connections and flows of clients.",
        counters().map(|counters| counters.total_connections).sum(),
    );
    one(
        "requests_total",
        Kind::Counter,
        "HTTP requests.",
        listeners()
            .map(|state| state.tallies.sum(|tally| &tally.requests))
            .sum(),
    );
    let limit = |limit: u32| {
        if limit == u32::MAX {
            UNLIMITED
        } else {
            limit.into()
        }
    };
    one(
        "max_connections",
        Kind::Gauge,
        "The limits of all listeners; one without a limit counts 50000, as upstream has it.",
        snapshot
            .listeners
            .iter()
            .map(|listener| limit(listener.limit))
            .sum(),
    );
    for name in NEVER {
        one(name, Kind::Gauge, "Nothing of the kind is done.", 0);
    }
    one(
        "listeners",
        Kind::Gauge,
        "Listeners that are served.",
        snapshot.listeners.len() as u64,
    );
}
