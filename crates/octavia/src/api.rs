//! `octavia api`: serves the Load Balancer API v2.

mod callers;

use std::net::SocketAddr;
use std::sync::Arc;

use octavia_api::{Api, Auth};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{ApiRole, Configuration, Problems};
use crate::failure::Failure;
use crate::lifecycle::Lifecycle;
use crate::parts::Parts;

/// Runs the role.
pub(crate) async fn run(configuration: Configuration) -> Result<(), Failure> {
    Problems::none_of(&configuration.api.obstacles)?;
    let entrance = Entrance::open(&configuration.api).await?;
    let parts = Parts::open(&configuration).await?;
    let mut lifecycle = Lifecycle::new(configuration.process.stop_limit);
    start(&mut lifecycle, entrance, &parts, &configuration)?;
    lifecycle.run().await
}

/// The API's port, and who comes in by it.
pub(crate) struct Entrance {
    listener: TcpListener,
    callers: Auth,
}

impl Entrance {
    /// Reads the rules and takes the port, before anything else is begun.
    pub(crate) async fn open(role: &ApiRole) -> Result<Self, Failure> {
        let callers = callers::known_by(role)?;
        let listener = TcpListener::bind(role.address)
            .await
            .map_err(|error| cannot_listen(role.address, &error))?;
        Ok(Self { listener, callers })
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
    parts: &Parts,
    configuration: &Configuration,
) -> Result<(), Failure> {
    let address = entrance.address()?;
    let api = Api::new(
        parts.store.clone(),
        parts.network(),
        Arc::clone(&parts.clock),
    )
    .with_config(configuration.api.api.clone())
    .with_secrets(Arc::clone(&parts.secrets))
    .with_auth(entrance.callers);
    let stopping = lifecycle.stopping();
    tracing::info!(%address, "the API listens on http://{address}");
    lifecycle.start("api", serve(entrance.listener, api, stopping));
    Ok(())
}

async fn serve(
    listener: TcpListener,
    api: Api,
    stopping: CancellationToken,
) -> Result<(), Failure> {
    use axum::serve::ListenerExt;
    // Answers are small and written whole: waiting to fill a packet only delays them.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
    });
    axum::serve(listener, api.router())
        .with_graceful_shutdown(stopping.cancelled_owned())
        .await
        .map_err(|error| Failure::Other(error.into()))
}
