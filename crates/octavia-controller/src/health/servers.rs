//! Servers that stopped or vanished: nobody has to wait for heartbeats to miss them.

use std::collections::{BTreeMap, BTreeSet};

use octavia_cloud::{Server, ServerStatus};
use octavia_model::{Amphora, AmphoraStatus, Id, LoadBalancer};
use tokio_util::sync::CancellationToken;

use crate::config::HealthConfig;
use crate::error::Result;
use crate::world::World;

/// Compares servers with amphorae until `token` is cancelled, the first time at once.
pub(super) async fn run(world: &World, config: &HealthConfig, token: &CancellationToken) {
    loop {
        if let Err(error) = check(world).await {
            tracing::warn!(error = %error.chain(), "could not compare servers with amphorae");
        }
        tokio::select! {
            () = token.cancelled() => return,
            () = tokio::time::sleep(config.server_check_interval) => {}
        }
    }
}

/// Asks for a look at every load balancer with a server that does not run.
pub(super) async fn check(world: &World) -> Result<()> {
    let servers = world.compute.all_servers().await?;
    let mut tx = world.store.read("health.servers").await?;
    let amphorae = tx.amphorae().await?;
    drop(tx);
    let down = down(&amphorae, &servers);
    if down.is_empty() {
        return Ok(());
    }
    let mut tx = world.store.begin("health.servers.look").await?;
    for id in down {
        tracing::info!(lb.id = %id, "a server of load balancer {id} does not run");
        tx.look(id).await?;
    }
    Ok(tx.commit().await?)
}

/// Returns the load balancers whose amphorae should run and do not.
fn down(amphorae: &[Amphora], servers: &[Server]) -> BTreeSet<Id<LoadBalancer>> {
    let statuses: BTreeMap<_, _> = servers.iter().map(|s| (s.amphora_id, s.status)).collect();
    amphorae
        .iter()
        .filter(|amphora| should_run(amphora))
        .filter(|amphora| match statuses.get(&amphora.id) {
            None | Some(ServerStatus::Stopped | ServerStatus::Error) => true,
            Some(ServerStatus::Building | ServerStatus::Active) => false,
        })
        .filter_map(|amphora| amphora.load_balancer_id)
        .collect()
}

fn should_run(amphora: &Amphora) -> bool {
    amphora.compute_id.is_some()
        && matches!(
            amphora.status,
            AmphoraStatus::Allocated | AmphoraStatus::FailoverStopped
        )
}
