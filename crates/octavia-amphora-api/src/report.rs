//! What the data plane tells about itself: statuses and counters.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The state of the data plane at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    /// The generation of the configuration that is served; `None` before the first.
    pub generation: Option<u64>,
    /// Every listener that is bound.
    pub listeners: Vec<ListenerReport>,
    /// Every pool, once for each listener that uses it.
    pub pools: Vec<PoolReport>,
}

/// A listener that is bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerReport {
    /// Its id.
    pub id: Uuid,
    /// Whether it is at its connection limit.
    pub status: ListenerStatus,
    /// Its counters.
    pub counters: Counters,
}

/// Whether a listener takes connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ListenerStatus {
    /// It takes connections.
    Open,
    /// It is at its connection limit.
    Full,
}

/// Counters since the listener was made; they never go down while it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients.
    pub bytes_out: u64,
    /// Connections open now.
    pub active_connections: u64,
    /// Connections ever accepted.
    pub total_connections: u64,
    /// Requests that could not be served, by the fault of the client, a member or ours.
    pub request_errors: u64,
}

/// A pool, as one listener uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolReport {
    /// Its id.
    pub id: Uuid,
    /// The listener that uses it; `None` while none does.
    pub listener_id: Option<Uuid>,
    /// Whether any member can serve.
    pub status: PoolStatus,
    /// Its members.
    pub members: Vec<MemberReport>,
}

/// Whether a pool can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PoolStatus {
    /// At least one member can serve.
    Up,
    /// None can.
    Down,
}

/// A member, and why it is as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberReport {
    /// Its id.
    pub id: Uuid,
    /// Whether it serves.
    pub status: MemberStatus,
    /// The last verdict of the health monitor, for people: `connect: connection refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How long the last check took, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_duration_us: Option<u64>,
}

/// Whether a member serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MemberStatus {
    /// Its checks succeed. Not asked yet counts as up.
    Up,
    /// Its checks fail.
    Down,
    /// Its weight is 0.
    Drain,
    /// It is disabled.
    Maint,
    /// Its pool has no health monitor.
    NoCheck,
}
