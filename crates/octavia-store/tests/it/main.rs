//! The store on real databases: SQLite, and MariaDB where there is one.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]
#![expect(clippy::format_push_string, reason = "the tables of tests are small")]

mod fixture;
mod housekeeping;
mod idempotency;
mod l7;
mod leases;
mod lists;
mod members;
mod offers;
mod outage;
mod quotas;
mod round_trip;
mod schema;
mod settle;
mod statistics;
mod transactions;
