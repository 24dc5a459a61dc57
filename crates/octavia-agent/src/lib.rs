//! Runs in the amphora: the agent API, the network, heartbeats.
//!
//! The agent keeps one [`octavia_amphora_api::AmphoraConfig`] and makes it true: interfaces by
//! netlink, listeners by a [`DataPlane`]. What holds at every moment:
//!
//! - What was answered with "applied" is on disk and is served again after a restart, with or
//!   without a controller.
//! - A refused document changes nothing: what was served is served.
//! - An agent that cannot serve what it has stored runs all the same, and says why.
//! - Nobody without a certificate of the controllers' authority gets as far as HTTP.

mod agent;
mod config;
mod configuration;
mod data_plane;
mod disk;
mod error;
mod heartbeat;
mod network;
mod server;
mod vrrp;

pub use agent::{Agent, AgentOptions, Clock, Inheritance};
pub use config::{AgentConfig, ConfigError, TrafficLogConfig};
pub use data_plane::{DataPlane, Rejected};
pub use error::Error;
pub use heartbeat::Told;
