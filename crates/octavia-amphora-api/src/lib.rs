//! The contract between controller and amphora.
//!
//! An amphora outlives many controllers, so what they say to each other is a crate of its own.
//! **Fields are added, never changed.** A new field has a default that means "as before", and is
//! left out of the document while it has that default; an older amphora then accepts every
//! document that does not need the new field, and refuses, by name, one that does.

pub mod agent;
pub mod config;
pub mod heartbeat;
pub mod report;
mod secret;

pub use config::AmphoraConfig;
pub use heartbeat::Heartbeat;
pub use report::Report;
pub use secret::SecretText;
