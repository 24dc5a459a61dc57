//! What tests share: a database each, builders of model objects, waiting for a condition.

#![expect(clippy::panic, reason = "a test that cannot be set up has failed")]

mod build;
mod database;
mod mariadb;
mod wait;

pub use build::{
    amphora, health_monitor, l7_policy, l7_rule, listener, load_balancer, member, member_at, pool,
};
pub use database::TestDatabase;
pub use mariadb::MortalServer;
pub use wait::{eventually, eventually_some};
