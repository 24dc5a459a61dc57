use std::sync::Arc;

use octavia_cloud::{Compute, NetworkDriver};
use octavia_model::{Clock, IdSource};
use octavia_store::Store;
use tokio::sync::watch;

use crate::agent_client::AgentClient;
use crate::ca::Authority;
use crate::secrets::SecretKeeper;

/// Everything that a role of the controller reads and changes. Cheap to clone.
#[derive(Clone)]
pub struct World {
    /// The database.
    pub store: Store,
    /// Servers.
    pub compute: Arc<dyn Compute>,
    /// Ports.
    pub network: Arc<dyn NetworkDriver>,
    /// Agents.
    pub agents: Arc<dyn AgentClient>,
    /// Certificates.
    pub authority: Arc<Authority>,
    /// The tenants' certificates and keys.
    pub secrets: SecretKeeper,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Amphorae that were heard for the first time, between roles of one process.
    pub heard: Heard,
}

/// Tells the reconcilers of this process that an amphora was heard for the first time.
#[derive(Debug, Clone)]
pub struct Heard(Arc<watch::Sender<u64>>);

impl Default for Heard {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Heard {
    /// Tells all who listen.
    pub(crate) fn tell(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// Listens from now on.
    pub(crate) fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
