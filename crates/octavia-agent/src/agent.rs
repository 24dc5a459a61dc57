//! The parts of the agent, started and stopped together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::AgentConfig;
use crate::configuration::Configuration;
use crate::data_plane::DataPlane;
use crate::error::Error;
use crate::heartbeat::Heartbeats;
use crate::network::Network;
use crate::server::Server;

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How long requests that are under way may delay the end.
const REQUESTS_LIMIT: Duration = Duration::from_secs(5);

/// What an agent is made of.
pub struct AgentOptions {
    /// What it was told at boot.
    pub config: AgentConfig,
    /// What serves the configuration.
    pub data_plane: Arc<dyn DataPlane>,
    /// Where the time comes from.
    pub now: Clock,
}

/// A running agent.
pub struct Agent {
    address: SocketAddr,
    data_plane: Arc<dyn DataPlane>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Agent {
    /// Starts an agent. When this returns, its API answers, what is stored is served or the fault
    /// is known, and the first heartbeat is on its way.
    pub async fn start(options: AgentOptions) -> Result<Self, Error> {
        let AgentOptions {
            config,
            data_plane,
            now,
        } = options;
        std::fs::create_dir_all(&config.base_path).map_err(|source| Error::BasePath {
            path: config.base_path.clone(),
            source,
        })?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let network = Network::new(tasks.clone());
        let configuration = Arc::new(Configuration::new(
            config.amphora_id,
            &config.base_path,
            Arc::clone(&data_plane),
            network,
        ));
        let server = Server::bind(&config, Arc::clone(&configuration), &now, tasks.clone()).await?;
        let address = server.address();
        let changes = data_plane.changes();
        let heartbeats = Heartbeats::new(&config, now, Arc::clone(&configuration), changes);

        tasks.spawn(server.run(stop.clone()));
        configuration.restore().await;
        let retries = stop.clone();
        tasks.spawn(async move { configuration.keep_trying(&retries).await });
        tasks.spawn(heartbeats.run(stop.clone()));
        Ok(Self {
            address,
            data_plane,
            stop,
            tasks,
        })
    }

    /// Returns where its API listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it softly: no more heartbeats and requests, then the connections of clients have
    /// until `drain` to end.
    pub async fn stop(self, drain: Duration) {
        self.stop.cancel();
        self.tasks.close();
        let data_plane = Arc::clone(&self.data_plane);
        let drained = tokio::task::spawn_blocking(move || data_plane.shutdown(drain));
        if let Err(error) = drained.await {
            tracing::error!(%error, "the data plane did not stop");
        }
        if tokio::time::timeout(REQUESTS_LIMIT, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("requests are still under way, not waiting for them");
        }
    }
}
