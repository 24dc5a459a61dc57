//! What protects members, and from whom. Upstream has none of it.

use serde::{Deserialize, Serialize};

/// How often one client may ask: a bucket of tokens, which fills again at a steady rate.
///
/// An HTTP listener takes a token for each request and answers 429 without one; a TCP listener takes
/// one for each connection and closes it; a UDP listener takes one for each flow and drops its
/// datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many tokens come back in a period, at least 1.
    pub count: u32,
    /// The period, in seconds, at least 1.
    #[serde(default = "one")]
    pub period_s: u32,
    /// How many tokens there are at most, at least 1: so many at once are no offence.
    pub burst: u32,
    /// How many bits of an IPv6 address name the client, at most 128.
    #[serde(default = "ipv6_prefix")]
    pub ipv6_prefix: u8,
}

/// When a member is left alone for a while because of what clients met there, whatever health checks
/// say. For TCP and HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassiveHealth {
    /// How many failures in a row it takes, at least 1: connections that cannot be made, answers
    /// that break off, come late or are none.
    pub failures: u32,
    /// Whether the answers 500, 502, 503 and 504 of a member are failures as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counts_answers: bool,
    /// For how long the member gets nothing new, in milliseconds.
    pub ejection_ms: u64,
    /// The share of the pool's members, in percent, that stays whatever they do; at least one does.
    #[serde(default = "floor_percent")]
    pub floor_percent: u8,
}

fn one() -> u32 {
    1
}

/// What a household or a machine has.
fn ipv6_prefix() -> u8 {
    64
}

fn floor_percent() -> u8 {
    50
}
