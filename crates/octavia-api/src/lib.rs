//! REST API v2: upstream's calls, bodies, error texts and codes.
//!
//! Invariants:
//! - Every handler has the same lines: extract, begin, load, authorise, decide, write, wake, commit.
//!   The rules of the domain live in `rules`, SQL in the store.
//! - An answer of success means that the change is accepted for good: rows, `PENDING_*` statuses and
//!   the wake-up are one transaction. No network call is made while it is open.
//! - Bad input is a 4xx with the reason; `Error` is the one place that turns errors into HTTP.

mod api;
mod auth;
mod caller;
mod config;
mod declared;
mod edge;
mod error;
mod list;
mod network_api;
mod openapi;
mod payload;
pub mod policy;
mod provider;
mod query;
mod routes;
mod rules;
mod server;
mod tree;
mod turn;
mod wire;

pub use api::Api;
pub use auth::{Auth, KeystoneGate};
pub use config::{
    AccessLog, ApiConfig, AuditConfig, CorsSettings, EdgeConfig, HaproxyTimeouts, HealthBackend,
    HealthConfig, RateLimit, VipPolicy,
};
pub use edge::Peer;
pub use error::Error;
pub use provider::{
    AmphoraOrder, Capabilities, MemberOrder, NoopProvider, ObjectKind, Order, Provider,
    ReservedVip, Setting, VipWish,
};
pub use server::{Server, Tls, TlsFiles};
