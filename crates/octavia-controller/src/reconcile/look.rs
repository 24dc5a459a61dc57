use std::time::Duration;

use futures_util::future::join_all;
use octavia_amphora_api::agent::{VrrpState, VrrpStatus};
use octavia_cloud::{Error as CloudError, Port, PortFilter, Server, ServerStatus};
use octavia_model::{Id, LoadBalancer, Topology};

use crate::agent_client::AgentAddress;
use crate::error::Result;
use crate::plan::{AgentSeen, Observed, PairSeen, Wanted};
use crate::world::World;

/// How long an agent may take to say how it is, before it counts as silent.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

impl World {
    /// Returns what is wanted of a load balancer; `None` when it is gone.
    pub(super) async fn wanted(&self, id: Id<LoadBalancer>) -> Result<Option<Wanted>> {
        let mut tx = self.store.read("reconcile.look").await?;
        let (Some(tree), Some(reconciliation)) = (tx.tree(id).await?, tx.reconciliation(id).await?)
        else {
            return Ok(None);
        };
        let vrrp_group = match tree.load_balancer.topology {
            Some(Topology::ActiveStandby) => tx.vrrp_group(id).await?,
            None | Some(Topology::Single) => None,
        };
        Ok(Some(Wanted {
            tree,
            reconciliation,
            vrrp_group,
        }))
    }

    /// Looks at what there is of a load balancer.
    pub(super) async fn look(&self, wanted: &Wanted) -> Result<Observed> {
        let id = wanted.tree.load_balancer.id;
        let (ports, servers) = tokio::try_join!(self.ports(wanted), async {
            Ok(self.compute.servers(id).await?)
        })?;
        let mut seen = Observed {
            ports,
            servers,
            ..Observed::default()
        };
        if !wanted.is_deletion() {
            self.ask_agents(&mut seen).await;
        }
        Ok(seen)
    }

    async fn ports(&self, wanted: &Wanted) -> Result<Vec<Port>> {
        let load_balancer = &wanted.tree.load_balancer;
        let filter = PortFilter::LoadBalancer(load_balancer.id);
        let mut ports = self.network.ports(filter).await?;
        if let Some(vip) = load_balancer.vip.port_id
            && !ports.iter().any(|port| port.id == vip)
        {
            ports.extend(found(self.network.port(vip).await)?);
        }
        Ok(ports)
    }

    async fn ask_agents(&self, seen: &mut Observed) {
        let running = seen
            .servers
            .iter()
            .filter(|server| server.status == ServerStatus::Active)
            .filter_map(agent_of);
        let asking = running.map(|agent| async move { (agent.amphora, self.ask(agent).await) });
        for (amphora, (said, pair)) in join_all(asking).await {
            seen.agents.insert(amphora, said);
            seen.pairs.extend(pair.map(|pair| (amphora, pair)));
        }
    }

    /// Asks an agent how it is.
    pub(crate) async fn probe(&self, agent: AgentAddress) -> AgentSeen {
        self.ask(agent).await.0
    }

    /// Asks an agent how it is, and how it stands with its twin.
    pub(super) async fn ask(&self, agent: AgentAddress) -> (AgentSeen, Option<PairSeen>) {
        match tokio::time::timeout(PROBE_TIMEOUT, self.agents.status(agent)).await {
            Ok(Ok(status)) => {
                let said = AgentSeen::Serves(status.report.generation);
                (said, status.vrrp.as_ref().map(pair_seen))
            }
            Ok(Err(error)) => {
                tracing::debug!(amphora.id = %agent.amphora, error = %error, "agent is silent");
                (AgentSeen::Silent, None)
            }
            Err(_) => (AgentSeen::Silent, None),
        }
    }
}

fn pair_seen(status: &VrrpStatus) -> PairSeen {
    PairSeen {
        is_master: status.state == VrrpState::Master,
        peers: status.peers.iter().copied().map(Id::from_uuid).collect(),
    }
}

/// Returns where the agent of a server is, once that is known.
pub(super) fn agent_of(server: &Server) -> Option<AgentAddress> {
    Some(AgentAddress {
        amphora: server.amphora_id,
        address: server.management_address?,
    })
}

fn found<T>(result: octavia_cloud::Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(CloudError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
