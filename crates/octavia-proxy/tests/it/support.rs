//! A proxy, members and clients, each small enough to be trusted.

mod client;
pub(crate) mod command;
pub(crate) mod config;
pub(crate) mod datagrams;
pub(crate) mod http2;
pub(crate) mod nginx;
pub(crate) mod origin;
pub(crate) mod pki;
pub(crate) mod program;
pub(crate) mod secure;

pub(crate) use client::{Client, Response, get};
pub(crate) use config::{Setup, id};
pub(crate) use origin::Origin;

use std::time::Duration;

/// No wait in these tests is longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until `condition` holds.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let step = Duration::from_millis(2);
    let mut left = PATIENCE.as_millis() / step.as_millis();
    while !condition() {
        assert!(left > 0, "waited in vain until {what}");
        left -= 1;
        std::thread::sleep(step);
    }
}
