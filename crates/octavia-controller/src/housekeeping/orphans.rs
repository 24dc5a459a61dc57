//! Servers and ports that were made for what does not exist (any more).

use std::collections::BTreeSet;

use octavia_cloud::PortFilter;
use octavia_model::{Id, LoadBalancer, Port as PortId, Server as ServerId};
use octavia_store::{ListQuery, Tx};

use crate::error::Result;
use crate::world::World;

/// What was an orphan at the last sweep. Only what is one twice goes: the API makes a VIP's port
/// just before the row of its load balancer.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    servers: BTreeSet<Id<ServerId>>,
    ports: BTreeSet<Id<PortId>>,
}

impl Suspects {
    /// Looks for orphans and removes those of the last sweep. What belongs to a load balancer that
    /// exists is its reconciler's.
    pub(super) async fn sweep(&mut self, world: &World) -> Result<()> {
        // The cloud first: what is made while we look has its row by then.
        let servers = world.compute.all_servers().await?;
        let ports = world.network.ports(PortFilter::All).await?;
        let mut tx = world.store.read("housekeeping.orphans").await?;
        let mut living = Living::default();
        let mut orphans = Self::default();
        for server in servers {
            if !living.contains(&mut tx, server.load_balancer_id).await? {
                orphans.servers.insert(server.id);
            }
        }
        for port in ports {
            if let Some(purpose) = port.purpose
                && !living.contains(&mut tx, purpose.load_balancer()).await?
            {
                orphans.ports.insert(port.id);
            }
        }
        drop(tx);
        self.remove(&orphans, world).await?;
        *self = orphans;
        Ok(())
    }

    async fn remove(&self, orphans: &Self, world: &World) -> Result<()> {
        for id in self.servers.intersection(&orphans.servers) {
            tracing::warn!(server.id = %id, "removing server {id}: its load balancer is gone");
            world.compute.delete_server(*id).await?;
        }
        for id in self.ports.intersection(&orphans.ports) {
            tracing::warn!(port.id = %id, "removing port {id}: its load balancer is gone");
            world.network.delete_port(*id).await?;
        }
        Ok(())
    }
}

/// The load balancers that exist, asked for once.
#[derive(Default)]
struct Living {
    ids: Option<BTreeSet<Id<LoadBalancer>>>,
}

impl Living {
    async fn contains(&mut self, tx: &mut Tx, id: Id<LoadBalancer>) -> Result<bool> {
        if let Some(ids) = &self.ids {
            return Ok(ids.contains(&id));
        }
        let all = tx.load_balancers(&ListQuery::default()).await?;
        let ids: BTreeSet<_> = all
            .into_iter()
            .map(|load_balancer| load_balancer.id)
            .collect();
        let contains = ids.contains(&id);
        self.ids = Some(ids);
        Ok(contains)
    }
}
