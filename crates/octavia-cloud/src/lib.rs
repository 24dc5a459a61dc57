//! Where the outside world begins: compute, network, identity and secrets.
//!
//! Traits, and their implementations. `local` keeps amphorae as child processes of this host;
//! `fake` lives in memory, for tests: it behaves, fails on demand, and counts what it holds;
//! `noop` says yes to everything.
//! Everything made carries the id of what it is for, so a second look finds it.

mod addresses;
mod catalogue;
mod compute;
mod error;
pub mod fake;
mod identity;
pub mod keystone;
mod local;
mod network;
pub mod noop;
mod secrets;

pub use catalogue::SubnetDefinition;
pub use compute::{Compute, NewServer, Placement, Server, ServerFile, ServerStatus};
pub use error::{Error, Result};
pub use identity::{
    AccessRule, CacheSettings, CachedIdentity, CatalogueService, Identity, Token, Validity,
};
pub use local::{Isolation, Limits, LocalCloud, LocalCloudConfig, Mode};
pub use network::{
    FixedIp, FreeAddresses, Network, NetworkDriver, NewPort, Port, PortFilter, PortPurpose, Subnet,
};
pub use secrets::{CertificateBundle, LocalSecrets, NoSecrets, SecretReader, Secrets};
