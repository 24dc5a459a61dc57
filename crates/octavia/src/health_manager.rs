//! `octavia health-manager`: listens to the amphorae's heartbeats.

use std::net::SocketAddr;

use octavia_controller::{HealthManager, World};

use crate::config::{Configuration, Problems};
use crate::failure::Failure;
use crate::lifecycle::Lifecycle;
use crate::parts::Parts;

/// Runs the role.
pub(crate) async fn run(configuration: Configuration) -> Result<(), Failure> {
    Problems::none_of(&configuration.controller.obstacles)?;
    let parts = Parts::open(&configuration).await?;
    let settings = parts.reconciler_settings(&configuration);
    let world = parts.world(&configuration, &settings)?;
    let mut lifecycle = Lifecycle::new(configuration.process.stop_limit);
    start(&mut lifecycle, world, &configuration).await?;
    lifecycle.run().await
}

/// Takes the port of heartbeats, and starts to listen.
pub(crate) async fn start(
    lifecycle: &mut Lifecycle,
    world: World,
    configuration: &Configuration,
) -> Result<(), Failure> {
    let health = configuration.controller.health.clone();
    let wanted = SocketAddr::new(health.bind_ip, health.bind_port);
    let manager = HealthManager::bind(world, health)
        .await
        .map_err(|error| cannot_listen(wanted, &error))?;
    tracing::info!(address = %wanted, "heartbeats arrive at {wanted} (UDP)");
    let stopping = lifecycle.stopping();
    lifecycle.start("health-manager", async move {
        Box::pin(manager.run(stopping)).await;
        Ok(())
    });
    Ok(())
}

/// Says which port is taken, and which option names another one.
pub(crate) fn cannot_listen(
    address: SocketAddr,
    error: &(dyn std::error::Error + 'static),
) -> Failure {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Failure::Taken(format!(
        "heartbeats cannot be heard on {} port {} (UDP): {cause}; [health_manager] bind_ip and \
         bind_port say where they arrive",
        address.ip(),
        address.port()
    ))
}
