//! Metrics of listeners.

use super::page::{Kind, Page};
use crate::config::{Listener, Snapshot};
use crate::tally::{CLASSES, Tally};

/// What never happens.
const NEVER: [&str; 10] = [
    "responses_denied_total",
    "denied_sessions_total",
    "failed_header_rewriting_total",
    "http_cache_lookups_total",
    "http_cache_hits_total",
    "http_comp_bytes_in_total",
    "http_comp_bytes_out_total",
    "http_comp_bytes_bypassed_total",
    "http_comp_responses_total",
    "limit_session_rate",
];

type Value = fn(&Listener) -> u64;

const SINGLE: [(&str, Kind, &str, Value); 17] = [
    (
        "current_sessions",
        Kind::Gauge,
        "Connections or flows that are open.",
        |it| it.state.counters().active_connections,
    ),
    (
        "max_sessions",
        Kind::Gauge,
        "The most connections or flows that were open.",
        |it| it.state.peak().into(),
    ),
    (
        "limit_sessions",
        Kind::Gauge,
        "The limit of connections; 0 is none.",
        |it| {
            if it.limit == u32::MAX {
                0
            } else {
                it.limit.into()
            }
        },
    ),
    (
        "current_session_rate",
        Kind::Gauge,
        "Connections or flows in the last second.",
        |it| it.state.tallies.paces.sessions.current(),
    ),
    (
        "max_session_rate",
        Kind::Gauge,
        "Connections or flows in a second, at most.",
        |it| it.state.tallies.paces.sessions.most(),
    ),
    (
        "connections_rate_max",
        Kind::Gauge,
        "Connections or flows in a second, at most.",
        |it| it.state.tallies.paces.sessions.most(),
    ),
    (
        "http_requests_rate_current",
        Kind::Gauge,
        "HTTP requests in the last second.",
        |it| it.state.tallies.paces.requests.current(),
    ),
    (
        "http_requests_rate_max",
        Kind::Gauge,
        "HTTP requests in a second, at most.",
        |it| it.state.tallies.paces.requests.most(),
    ),
    (
        "sessions_total",
        Kind::Counter,
        "Connections or flows.",
        |it| it.state.counters().total_connections,
    ),
    (
        "connections_total",
        Kind::Counter,
        "Connections or flows.",
        |it| it.state.counters().total_connections,
    ),
    (
        "bytes_in_total",
        Kind::Counter,
        "Bytes from clients.",
        |it| it.state.counters().bytes_in,
    ),
    (
        "bytes_out_total",
        Kind::Counter,
        "Bytes to clients.",
        |it| it.state.counters().bytes_out,
    ),
    (
        "request_errors_total",
        Kind::Counter,
        "Requests or datagrams that failed.",
        |it| it.state.counters().request_errors,
    ),
    (
        "requests_denied_total",
        Kind::Counter,
        "Requests that a policy refused.",
        |it| sum(it, |tally| &tally.denied),
    ),
    (
        "denied_connections_total",
        Kind::Counter,
        "Connections from where none is allowed.",
        |it| sum(it, |tally| &tally.refused),
    ),
    (
        "http_requests_total",
        Kind::Counter,
        "HTTP requests.",
        |it| sum(it, |tally| &tally.requests),
    ),
    (
        "intercepted_requests_total",
        Kind::Counter,
        "HTTP requests that were answered in place of a member.",
        |it| sum(it, |tally| &tally.intercepted),
    ),
];

/// Adds the metrics of every listener.
pub(super) fn add(snapshot: &Snapshot, page: &mut Page) {
    let listeners: Vec<_> = snapshot
        .listeners
        .iter()
        .map(|listener| (listener.id.to_string(), &**listener))
        .collect();
    page.family(
        "octavia_listener_status",
        Kind::Gauge,
        "Current status of the listener.",
    );
    for (id, _) in &listeners {
        page.sample(&[("listener", id), ("state", "DOWN")], 0);
        page.sample(&[("listener", id), ("state", "UP")], 1);
    }
    for (name, kind, help, value) in SINGLE {
        page.family(&format!("octavia_listener_{name}"), kind, help);
        for (id, listener) in &listeners {
            page.sample(&[("listener", id)], value(listener));
        }
    }
    page.family(
        "octavia_listener_http_responses_total",
        Kind::Counter,
        "HTTP responses by class.",
    );
    for (id, listener) in &listeners {
        for (class, code) in CLASSES.into_iter().enumerate() {
            let count = sum(listener, |tally| &tally.responses[class]);
            page.sample(&[("listener", id), ("code", code)], count);
        }
    }
    for name in NEVER {
        page.family(
            &format!("octavia_listener_{name}"),
            Kind::Gauge,
            "Nothing of the kind is done.",
        );
        for (id, _) in &listeners {
            page.sample(&[("listener", id)], 0);
        }
    }
    latencies(&listeners, page);
}

fn sum(listener: &Listener, counter: impl Fn(&Tally) -> &crate::tally::Counter) -> u64 {
    listener.state.tallies.sum(counter)
}

fn latencies(listeners: &[(String, &Listener)], page: &mut Page) {
    type Of = fn(&Tally) -> &crate::tally::Latency;
    let kinds: [(&str, &str, Of); 4] = [
        (
            "request",
            "From the first byte of a request to the end of its head.",
            |tally| &tally.request,
        ),
        (
            "connect",
            "Until a connection to a member stood.",
            |tally| &tally.connect,
        ),
        (
            "first_byte",
            "From there to the first byte of the answer.",
            |tally| &tally.response,
        ),
        ("total", "From the start to the last byte.", |tally| {
            &tally.total
        }),
    ];
    for (name, help, of) in kinds {
        let name = format!("octavia_listener_{name}_duration_seconds");
        page.family(&name, Kind::Histogram, help);
        for (id, listener) in listeners {
            page.histogram(&[("listener", id)], &listener.state.tallies.latencies(of));
        }
    }
}
