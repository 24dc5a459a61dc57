//! `octavia worker`: makes the world as it is wanted.

use std::sync::Arc;

use octavia_controller::{Reconciler, ReconcilerSettings, World};

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
    start(&mut lifecycle, world, settings);
    lifecycle.run().await
}

/// Starts a reconciler.
pub(crate) fn start(lifecycle: &mut Lifecycle, world: World, settings: ReconcilerSettings) {
    let stopping = lifecycle.stopping();
    let reconciler = Arc::new(Reconciler::new(world, settings));
    lifecycle.start("worker", async move {
        reconciler.run(stopping).await;
        Ok(())
    });
}
