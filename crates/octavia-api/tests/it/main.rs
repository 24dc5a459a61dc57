//! The API over a real database, with a network in memory.
#![cfg(test)]
#![recursion_limit = "256"] // Futures of the database driver nest deeply.

mod attachments;
mod bad_input;
mod declared;
mod edge;
mod gate;
mod healthcheck;
mod idempotency;
mod keystone;
mod network_reads;
mod openapi;
mod outage;
mod paging;
mod policy;
mod ports;
mod providers;
mod quotas;
mod races;
mod random_bodies;
mod records;
mod replay;
mod rules;
mod secrets;
mod server;
mod statuses;
mod waiting;
mod world;
