//! `octavia api`: serves the Load Balancer API v2.

use std::net::SocketAddr;
use std::sync::Arc;

use octavia_api::policy::Policy;
use octavia_api::{Api, Auth, KeystoneGate};
use octavia_cloud::keystone::Keystone;
use octavia_cloud::{CachedIdentity, Identity};
use octavia_model::Clock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{ApiRole, AuthStrategy, Configuration, KeystoneRole, Problems};
use crate::failure::Failure;
use crate::lifecycle::Lifecycle;
use crate::parts::Parts;

/// Runs the role.
pub(crate) async fn run(configuration: Configuration) -> Result<(), Failure> {
    Problems::none_of(&configuration.api.obstacles)?;
    let listener = bind(&configuration.api).await?;
    let parts = Parts::open(&configuration).await?;
    let mut lifecycle = Lifecycle::new(configuration.process.stop_limit);
    start(&mut lifecycle, listener, &parts, &configuration)?;
    lifecycle.run().await
}

/// Takes the API's port, before anything else is begun.
pub(crate) async fn bind(role: &ApiRole) -> Result<TcpListener, Failure> {
    TcpListener::bind(role.address)
        .await
        .map_err(|error| cannot_listen(role.address, &error))
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
    listener: TcpListener,
    parts: &Parts,
    configuration: &Configuration,
) -> Result<(), Failure> {
    let address = listener
        .local_addr()
        .map_err(|error| Failure::Other(error.into()))?;
    let api = Api::new(
        parts.store.clone(),
        parts.network(),
        Arc::clone(&parts.clock),
    )
    .with_config(configuration.api.api.clone())
    .with_auth(auth(&configuration.api, parts)?);
    let stopping = lifecycle.stopping();
    tracing::info!(%address, "the API listens on http://{address}");
    lifecycle.start("api", serve(listener, api, stopping));
    Ok(())
}

/// Returns how callers are known, and reads the rules of what they may do.
fn auth(role: &ApiRole, parts: &Parts) -> Result<Auth, Failure> {
    match &role.auth {
        AuthStrategy::Nobody => Ok(Auth::Nobody),
        AuthStrategy::Headers => {
            tracing::warn!(
                "[api_settings] auth_strategy = testing: whoever reaches the port says who they are"
            );
            Ok(Auth::Headers(policy(role, parts)?))
        }
        AuthStrategy::Keystone(keystone) => {
            let gate = gate(keystone, &parts.clock)?;
            Ok(Auth::Keystone(Arc::new(gate), policy(role, parts)?))
        }
        AuthStrategy::Unusable => Err(Failure::text("nobody says how callers are known")),
    }
}

/// Opens the door under Keystone, which is asked when the first caller comes.
fn gate(role: &KeystoneRole, clock: &Arc<dyn Clock>) -> Result<KeystoneGate, Failure> {
    let keystone = Keystone::new(role.keystone.clone(), Arc::clone(clock))
        .map_err(|error| Failure::Configuration(error.into()))?;
    let keystone: Arc<dyn Identity> = Arc::new(keystone);
    Ok(KeystoneGate {
        identity: Arc::new(CachedIdentity::new(keystone, role.cache, Arc::clone(clock))),
        www_authenticate_uri: role.www_authenticate_uri.clone(),
        service_token_roles: role.service_token_roles.clone(),
        service_token_roles_required: role.service_token_roles_required,
    })
}

fn policy(role: &ApiRole, parts: &Parts) -> Result<Arc<Policy>, Failure> {
    let policy = Policy::load(role.policy.clone(), Arc::clone(&parts.clock))
        .map_err(|error| Failure::Configuration(error.into()))?;
    for (rule, missing) in policy.rules().undefined() {
        tracing::warn!(
            rule,
            missing,
            "rule {rule} asks for rule {missing}, which does not exist: it does not hold"
        );
    }
    Ok(Arc::new(policy))
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
