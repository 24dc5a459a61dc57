//! The parts of the agent, started and stopped together.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::AgentConfig;
use crate::configuration::{Configuration, Frozen};
use crate::data_plane::DataPlane;
use crate::error::Error;
use crate::heartbeat::{Heartbeats, Told};
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
    /// What an agent that it takes the place of leaves to it.
    pub inheritance: Option<Inheritance>,
}

/// What an agent leaves to the one that takes its place.
pub struct Inheritance {
    /// Where its API listens.
    pub listener: std::net::TcpListener,
    /// What controllers were told, once the earlier agent tells them no more. Heartbeats begin then,
    /// or when it turns out that nothing will come.
    pub told: oneshot::Receiver<Told>,
}

/// A running agent.
pub struct Agent {
    address: SocketAddr,
    listener: std::net::TcpListener,
    configuration: Arc<Configuration>,
    told: oneshot::Receiver<Told>,
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
            inheritance,
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
        let (inherited, told_before) = match inheritance {
            Some(Inheritance { listener, told }) => (Some(listener), Some(told)),
            None => (None, None),
        };
        let refused = |source| Error::Listen {
            address: config.bind,
            source,
        };
        let listener = match inherited {
            Some(listener) => listener,
            None => Server::listen(config.bind).map_err(refused)?,
        };
        let server = Server::new(
            &config,
            listener.try_clone().map_err(refused)?,
            (Arc::clone(&configuration), now(), tasks.clone()),
        )?;
        let address = server.address();
        let changes = data_plane.changes();
        let heartbeats = Heartbeats::new(&config, now, Arc::clone(&configuration), changes);
        let (tell, told) = oneshot::channel();

        tasks.spawn(server.run(stop.clone()));
        configuration.restore().await;
        let (retries, stored) = (stop.clone(), Arc::clone(&configuration));
        tasks.spawn(async move { stored.keep_trying(&retries).await });
        let beating = stop.clone();
        tasks.spawn(async move {
            let told = heartbeats.run_after(told_before, beating).await;
            // Nobody asks, unless another agent takes over.
            tell.send(told).ok();
        });
        Ok(Self {
            address,
            listener,
            configuration,
            told,
            data_plane,
            stop,
            tasks,
        })
    }

    /// Returns where its API listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the socket of its API, to be left to another agent.
    pub fn listener(&self) -> io::Result<std::net::TcpListener> {
        self.listener.try_clone()
    }

    /// Returns what is served.
    pub fn generation(&self) -> Option<u64> {
        *self.configuration.generation().borrow()
    }

    /// Returns why what is stored is not served, if so.
    pub fn fault(&self) -> Option<String> {
        self.configuration.fault()
    }

    /// Takes no other document, because another agent is about to serve the one on disk. The VIPs go
    /// to the twin, if there is one: the other agent begins as a backup.
    pub async fn freeze(&self) {
        self.configuration.freeze(Frozen::Yes).await;
        self.configuration.hand_over().await;
    }

    /// Takes documents again: nobody took over.
    pub async fn thaw(&self) {
        self.configuration.freeze(Frozen::No).await;
        self.configuration.take_part().await;
    }

    /// Leaves the API and the heartbeats to another agent, which serves already; returns what
    /// controllers were told. The data plane goes on.
    pub async fn hand_over(self) -> Told {
        self.stop.cancel();
        self.tasks.close();
        if let Ok(Ok(told)) = tokio::time::timeout(REQUESTS_LIMIT, self.told).await {
            return told;
        }
        tracing::warn!("the heartbeats did not end, what they told is not known");
        Told::default()
    }

    /// Stops it softly: no more heartbeats and requests, the VIPs go to the twin if there is one, and
    /// the connections of clients have until `drain` to end.
    pub async fn stop(self, drain: Duration) {
        self.stop.cancel();
        self.tasks.close();
        self.configuration.hand_over().await;
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
