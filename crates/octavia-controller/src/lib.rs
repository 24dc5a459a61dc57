//! What changes the world: the planner, the reconciler, the health manager, housekeeping.
//!
//! Nobody else touches clouds and amphorae. The API writes what is wanted; the reconciler looks,
//! plans (a pure function) and acts until the world is so. Invariants:
//!
//! - Whoever acts holds the load balancer's lease, and every write proves it.
//! - Every action may be done twice, and whoever dies is followed by one who looks again.
//! - The whole configuration goes to an amphora, with a generation; never a difference.

pub mod agent_client;
pub mod ca;
pub mod config;
pub mod document;
mod error;
pub mod health;
pub mod housekeeping;
pub mod plan;
pub mod reconcile;
#[cfg(test)]
mod samples;
mod secrets;
mod world;

pub use error::{Error, Result};
pub use health::HealthManager;
pub use housekeeping::Housekeeping;
pub use reconcile::{Reconciler, ReconcilerSettings};
pub use secrets::SecretKeeper;
pub use world::{Heard, World};
