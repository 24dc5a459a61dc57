//! The controller on a real database, a cloud in memory and agents in memory.
#![recursion_limit = "256"]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests fail as tests do"
)]

mod agents;
mod failure;
mod health;
mod housekeeping;
mod lease;
mod reconcile;
mod simulation;
mod stage;
