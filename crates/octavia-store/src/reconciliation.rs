use chrono::{DateTime, Utc};
use octavia_model::{Id, LoadBalancer};

/// The right to change the world for one load balancer, until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The load balancer.
    pub load_balancer_id: Id<LoadBalancer>,
    /// The worker that holds it.
    pub owner: String,
    /// Grows with each holder; every write of the reconciler carries it.
    pub token: i64,
    /// When it ends, unless renewed.
    pub expires_at: DateTime<Utc>,
}

/// Where the reconciler stands with a load balancer (a row of `rs_reconciliation`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// The load balancer.
    pub load_balancer_id: Id<LoadBalancer>,
    /// Grows with each accepted change; it is the generation of the configuration, too.
    pub wanted: i64,
    /// The last generation that was made true.
    pub done: i64,
    /// Since when `wanted` is not `done`: the start of the operation's deadline.
    pub pending_since: Option<DateTime<Utc>>,
    /// How often the reconciler failed since it last got through.
    pub attempts: i32,
    /// When to look again.
    pub next_look_at: Option<DateTime<Utc>>,
    /// Why it does not get through, in words.
    pub cause: Option<String>,
    /// Whether the amphorae are to be replaced: the ids of those that are not wanted any more.
    pub failover: bool,
    /// Whether what is below the load balancer goes with it.
    pub cascade: bool,
}

/// What an event tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A change was accepted.
    Accepted,
    /// The reconciler decided what to do.
    Planned,
    /// An action succeeded.
    Did,
    /// An action failed.
    Failed,
    /// A status changed.
    Status,
    /// Everything is as wanted.
    Converged,
}

/// An entry to add to a load balancer's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The load balancer.
    pub load_balancer_id: Id<LoadBalancer>,
    /// When.
    pub at: DateTime<Utc>,
    /// What it tells of.
    pub kind: EventKind,
    /// In words, at most 1000 characters (longer ones are cut).
    pub message: String,
}

/// An entry of a load balancer's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Grows with each entry.
    pub sequence: i64,
    /// The entry.
    pub event: NewEvent,
}
