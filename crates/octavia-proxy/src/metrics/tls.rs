//! Metrics of TLS with clients, under names of our own.

use super::page::{Kind, Page};
use crate::config::Snapshot;
use crate::tally::{Counter, Tally};

type Count = fn(&Tally) -> &Counter;

const KINDS: [(&str, Count); 3] = [
    ("full", |tally| &tally.handshakes),
    ("resumed", |tally| &tally.resumptions),
    ("failed", |tally| &tally.failed_handshakes),
];

/// Adds handshakes and certificates of every listener that speaks TLS.
pub(super) fn add(snapshot: &Snapshot, page: &mut Page) {
    let listeners: Vec<_> = snapshot
        .listeners
        .iter()
        .filter_map(|listener| Some((listener.id.to_string(), listener, listener.tls.as_ref()?)))
        .collect();
    page.family(
        "octavia_listener_tls_handshakes_total",
        Kind::Counter,
        "TLS handshakes with clients.",
    );
    for (id, listener, _) in &listeners {
        for (kind, count) in KINDS {
            let labels = [("listener", id.as_str()), ("kind", kind)];
            page.sample(&labels, listener.state.tallies.sum(count));
        }
    }
    page.family(
        "octavia_listener_certificate_expiry_seconds",
        Kind::Gauge,
        "When a certificate ends, in seconds since 1970; without a name, the default.",
    );
    for (id, _, tls) in &listeners {
        for expiry in &tls.expiries {
            let is_plain = |letter: char| letter.is_ascii_graphic() && !"\"\\".contains(letter);
            let name = expiry.name.replace(|letter| !is_plain(letter), "?");
            page.sample(&[("listener", id), ("sni", &name)], expiry.at);
        }
    }
}
