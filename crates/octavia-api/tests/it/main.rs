//! The API over a real database, with a network in memory.

mod noop_network;
mod replay;
mod world;
