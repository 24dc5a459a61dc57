//! What tests share: a database each, builders of model objects, waiting for a condition.

mod build;
mod database;
mod wait;

pub use build::{amphora, health_monitor, listener, load_balancer, member, member_at, pool};
pub use database::TestDatabase;
pub use wait::{eventually, eventually_some};
