//! `octavia housekeeping`: forgets what was deleted long ago, and renews certificates in time.

use octavia_controller::config::AmphoraSettings;
use octavia_controller::{Housekeeping, World};

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
    start(&mut lifecycle, world, settings.amphora, &configuration);
    lifecycle.run().await
}

/// Starts a housekeeper.
pub(crate) fn start(
    lifecycle: &mut Lifecycle,
    world: World,
    amphora: AmphoraSettings,
    configuration: &Configuration,
) {
    let config = configuration.controller.housekeeping.clone();
    let housekeeping = Housekeeping::new(world, config, amphora);
    let stopping = lifecycle.stopping();
    lifecycle.start("housekeeping", async move {
        housekeeping.run(stopping).await;
        Ok(())
    });
}
