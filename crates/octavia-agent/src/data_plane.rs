//! Where the agent ends and the proxy begins.

use std::sync::Arc;
use std::time::Duration;

use octavia_amphora_api::{AmphoraConfig, Report};
use tokio::sync::watch;

/// What serves a configuration. Its methods may block for a moment; the agent calls them on
/// threads that may.
pub trait DataPlane: Send + Sync + 'static {
    /// Serves the document in place of what was served, and returns when it does. When it is
    /// rejected, what was served goes on as if nothing had been asked.
    fn apply(&self, document: Arc<AmphoraConfig>) -> Result<(), Rejected>;

    /// Closes every listener. The report then names no generation.
    fn clear(&self);

    /// Returns the state at this moment.
    fn report(&self) -> Report;

    /// Changes each time when a status in the report may have changed.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Stops accepting, waits for what is under way, for at most `drain`, and ends.
    fn shutdown(&self, drain: Duration);
}

/// Why a document is not served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It asks for what cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The host is in the way; it may be tried again.
    #[error("{0}")]
    Host(String),
}
