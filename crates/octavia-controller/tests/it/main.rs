#![recursion_limit = "256"]
//! The controller on a real database, a cloud in memory and agents in memory.

mod agents;
mod failure;
mod health;
mod housekeeping;
mod reconcile;
mod simulation;
mod stage;
