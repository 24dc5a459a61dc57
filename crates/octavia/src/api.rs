//! `octavia api`: serves the Load Balancer API v2.

mod callers;

use std::net::SocketAddr;
use std::sync::Arc;

use octavia_api::{Api, Auth, Capabilities, Server, Tls};
use octavia_cloud::noop::NoopNetwork;
use octavia_cloud::{NetworkDriver, Secrets};
use octavia_model::{Clock, SystemClock};
use octavia_store::Store;
use tokio::net::TcpListener;

use crate::config::{ApiRole, Configuration, Networks, Problems};
use crate::failure::Failure;
use crate::lifecycle::Lifecycle;
use crate::{db, parts};

/// Runs the role.
pub(crate) async fn run(configuration: Configuration) -> Result<(), Failure> {
    Problems::none_of(&configuration.api.obstacles)?;
    Problems::none_of(&configuration.cloud.api_obstacles)?;
    let entrance = Entrance::open(&configuration.api).await?;
    let surroundings = Surroundings::open(&configuration).await?;
    let store = surroundings.store.clone();
    let mut lifecycle = Lifecycle::new(configuration.process.stop_limit);
    let stopping = lifecycle.stopping();
    lifecycle.start("schema check", db::watch_until_ready(store, stopping));
    start(&mut lifecycle, entrance, surroundings, &configuration)?;
    lifecycle.run().await
}

/// What the API works on.
pub(crate) struct Surroundings {
    pub(crate) store: Store,
    pub(crate) network: Arc<dyn NetworkDriver>,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) clock: Arc<dyn Clock>,
    /// What the amphorae of this cloud carry.
    pub(crate) capabilities: Capabilities,
}

impl Surroundings {
    /// Returns an API on them.
    pub(crate) fn api(self) -> Api {
        Api::new(self.store, self.network, self.clock)
            .with_secrets(self.secrets)
            .with_capabilities(self.capabilities)
    }

    /// Opens the networks, and a database that need not answer yet.
    async fn open(configuration: &Configuration) -> Result<Self, Failure> {
        let (network, capabilities): (Arc<dyn NetworkDriver>, _) =
            match configuration.cloud.networks {
                Networks::Local => {
                    let cloud = parts::local_cloud(configuration).await?;
                    let capabilities = parts::capabilities(&cloud);
                    (cloud, capabilities)
                }
                Networks::Noop => (Arc::new(NoopNetwork::default()), Capabilities::default()),
            };
        Ok(Self {
            store: db::open_early(configuration).await?,
            network,
            secrets: parts::secrets(configuration),
            clock: Arc::new(SystemClock),
            capabilities,
        })
    }
}

/// The API's port, and who comes in by it.
pub(crate) struct Entrance {
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    callers: Auth,
}

impl Entrance {
    /// Reads rules and certificate and takes the port, before anything else is begun.
    pub(crate) async fn open(role: &ApiRole) -> Result<Self, Failure> {
        let callers = callers::known_by(role)?;
        let tls = role.tls.clone().map(Tls::open).transpose();
        let tls = tls.map_err(|error| Failure::Configuration(error.into()))?;
        let listener = TcpListener::bind(role.address)
            .await
            .map_err(|error| cannot_listen(role.address, &error))?;
        Ok(Self {
            listener,
            tls: tls.map(Arc::new),
            callers,
        })
    }

    /// Returns what its clients speak.
    pub(crate) const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Returns where the API listens.
    pub(crate) fn address(&self) -> Result<SocketAddr, Failure> {
        self.listener
            .local_addr()
            .map_err(|error| Failure::Other(error.into()))
    }
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Failure {
    Failure::Taken(format!(
        "the API cannot listen on {} port {}: {error}; [api_settings] bind_host and bind_port \
         (or --bind-port) say where it listens",
        address.ip(),
        address.port()
    ))
}

/// Starts the API on its port.
pub(crate) fn start(
    lifecycle: &mut Lifecycle,
    entrance: Entrance,
    around: Surroundings,
    configuration: &Configuration,
) -> Result<(), Failure> {
    let address = entrance.address()?;
    #[cfg(not(feature = "conformance"))]
    let api = around.api();
    #[cfg(feature = "conformance")]
    let api = crate::conformance::api(around, configuration.api.bridge_url.as_deref())?;
    let api = api
        .with_config(configuration.api.api.clone())
        .with_auth(entrance.callers.clone());
    let stopping = lifecycle.stopping();
    let scheme = entrance.scheme();
    let Entrance { listener, tls, .. } = entrance;
    let server = Server { listener, tls };
    if configuration.api.api.edge.audit.is_some() {
        tracing::info!(
            "audit records go to this log, as events of the target `audit`: no message bus is spoken, \
             whatever [audit_middleware_notifications] says"
        );
    }
    tracing::info!(%address, "the API listens on {scheme}://{address}");
    lifecycle.start("api", async move {
        server.serve(api.router(), stopping).await;
        Ok(())
    });
    Ok(())
}
