//! Doing one action. Each may be done twice: it looks before it makes.

use std::sync::{Mutex, PoisonError};

use octavia_amphora_api::AmphoraConfig;
use octavia_cloud::{NewPort, NewServer, Placement, Port, PortFilter, PortPurpose};
use octavia_model::{Amphora, Id, LoadBalancer, Network, Subnet, Topology};
use octavia_store::{EventKind, Lease, NewEvent, Settlement};

use super::files::boot_files;
use super::look::agent_of;
use super::record::ports_for;
use super::{Acting, ReconcilerSettings};
use crate::agent_client::AgentAddress;
use crate::document::{AmphoraNetworking, Pair, Surroundings, Topography, document, references};
use crate::error::{Error, Result};
use crate::plan::{Action, Observed, Wanted};
use crate::world::World;

/// Whoever does actions: the executor, or a test that crashes and repeats them.
pub trait Hands: Send + Sync {
    /// Does one action.
    fn act<'a>(&'a self, site: &'a Site<'a>, action: &'a Action) -> Acting<'a>;
}

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// Something newer is wanted: look again.
    Superseded,
}

/// What an action is about: one look of one pass.
pub struct Site<'a> {
    /// The right to act.
    pub lease: &'a Lease,
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// What was seen.
    pub seen: &'a Observed,
    /// The settings.
    pub settings: &'a ReconcilerSettings,
    /// Entries that go out with the next transaction.
    pub timeline: &'a Timeline,
}

/// Entries of a timeline that are not written yet.
#[derive(Debug, Default)]
pub struct Timeline(Mutex<Vec<NewEvent>>);

impl Timeline {
    /// Adds an entry.
    pub fn add(&self, event: NewEvent) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event);
    }

    /// Takes the entries, to write them.
    pub fn take(&self) -> Vec<NewEvent> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Site<'_> {
    /// Returns the load balancer.
    pub fn id(&self) -> Id<LoadBalancer> {
        self.lease.load_balancer_id
    }

    /// Returns its ports as they are now; earlier actions of the same plan may have made some.
    pub(super) async fn ports(&self, world: &World) -> Result<Vec<Port>> {
        let filter = PortFilter::LoadBalancer(self.id());
        Ok(world.network.ports(filter).await?)
    }

    fn agent(&self, amphora: Id<Amphora>) -> Result<AgentAddress> {
        let mut servers = self.seen.servers.iter();
        servers
            .find(|server| server.amphora_id == amphora)
            .and_then(agent_of)
            .ok_or_else(|| Error::Moved(format!("amphora {amphora} has no address")))
    }
}

/// Does actions for real.
pub struct Executor {
    world: World,
    settings: ReconcilerSettings,
}

impl Executor {
    /// Makes an executor.
    pub const fn new(world: World, settings: ReconcilerSettings) -> Self {
        Self { world, settings }
    }
}

impl Hands for Executor {
    fn act<'a>(&'a self, site: &'a Site<'a>, action: &'a Action) -> Acting<'a> {
        Box::pin(async move {
            let world = &self.world;
            match action {
                Action::EnsureVipPort => self.ensure_vip_port(site).await,
                Action::Condemn(amphorae) => world.condemn(site, amphorae).await,
                Action::RecordAmphora(role) => world.record_amphora(site, *role).await,
                Action::CreatePort(purpose) => self.create_port(site, *purpose).await,
                Action::CreateServer(amphora) => self.create_server(site, *amphora).await,
                Action::RecordServer(amphora) => self.adopt_server(site, *amphora).await,
                Action::Configure(amphora) => self.configure(site, *amphora).await,
                Action::Introduce(amphora) => self.introduce(site, *amphora).await,
                Action::Allocate(amphora) => world.allocate(site, *amphora).await,
                Action::RetireAmphora(amphora) => world.retire(site, *amphora).await,
                Action::Settle => self.settle(site).await,
                Action::FinishDelete => self.finish_delete(site).await,
                Action::StartServer(_)
                | Action::AttachPort(..)
                | Action::DetachPort(..)
                | Action::DeleteServer(_)
                | Action::DeletePort(_)
                | Action::Release(_) => self.outside(site, action).await,
            }
        })
    }
}

impl Executor {
    /// Does an action that is one call, and writes nothing down.
    async fn outside(&self, site: &Site<'_>, action: &Action) -> Result<Outcome> {
        let World {
            compute,
            network,
            agents,
            ..
        } = &self.world;
        match action {
            Action::StartServer(server) => compute.start_server(*server).await?,
            Action::AttachPort(server, port) => compute.attach_port(*server, *port).await?,
            Action::DetachPort(server, port) => compute.detach_port(*server, *port).await?,
            Action::DeleteServer(server) => compute.delete_server(*server).await?,
            Action::DeletePort(port) => network.delete_port(*port).await?,
            Action::Release(amphora) => agents.release(site.agent(*amphora)?).await?,
            Action::EnsureVipPort
            | Action::Condemn(_)
            | Action::RecordAmphora(_)
            | Action::CreatePort(_)
            | Action::CreateServer(_)
            | Action::RecordServer(_)
            | Action::Configure(_)
            | Action::Introduce(_)
            | Action::Allocate(_)
            | Action::RetireAmphora(_)
            | Action::Settle
            | Action::FinishDelete => {}
        }
        Ok(Outcome::Done)
    }

    async fn ensure_vip_port(&self, site: &Site<'_>) -> Result<Outcome> {
        let vip = &site.wanted.tree.load_balancer.vip;
        let brought = site.seen.ports.iter().find(|p| vip.port_id == Some(p.id));
        let port = match brought {
            Some(port) => port.clone(),
            None => {
                self.make_port(site, PortPurpose::Vip(site.id()), vip.ip_address)
                    .await?
            }
        };
        self.world.record_vip(site, &port).await
    }

    async fn create_port(&self, site: &Site<'_>, purpose: PortPurpose) -> Result<Outcome> {
        self.make_port(site, purpose, None).await?;
        Ok(Outcome::Done)
    }

    async fn make_port(
        &self,
        site: &Site<'_>,
        purpose: PortPurpose,
        ip_address: Option<std::net::IpAddr>,
    ) -> Result<Port> {
        let (network_id, subnet_id) = self.place_of(site, purpose).await?;
        let port = NewPort {
            purpose,
            network_id,
            subnet_id,
            ip_address,
            project_id: site.wanted.tree.load_balancer.project_id.clone(),
        };
        Ok(self.world.network.create_port(&port).await?)
    }

    /// Returns where a port of that purpose belongs.
    async fn place_of(
        &self,
        site: &Site<'_>,
        purpose: PortPurpose,
    ) -> Result<(Id<Network>, Id<Subnet>)> {
        let vip = &site.wanted.tree.load_balancer.vip;
        let subnet = match purpose {
            PortPurpose::Vip(_) | PortPurpose::Vrrp { .. } => vip.subnet_id,
            PortPurpose::Member { subnet, .. } => Some(subnet),
        };
        match (subnet, vip.network_id) {
            (Some(subnet), _) => Ok((self.world.network.subnet(subnet).await?.network_id, subnet)),
            (None, Some(network)) => {
                let subnets = self.world.network.network(network).await?.subnets;
                let first = subnets.first().copied();
                let none = || Error::Moved(format!("network {network} has no subnet"));
                Ok((network, first.ok_or_else(none)?))
            }
            (None, None) => Err(Error::Moved("the VIP names no subnet".to_owned())),
        }
    }

    async fn create_server(&self, site: &Site<'_>, amphora: Id<Amphora>) -> Result<Outcome> {
        let World {
            authority, clock, ..
        } = &self.world;
        let settings = &self.settings.amphora;
        let issued = authority.issue(amphora, clock.now(), settings.cert_validity_time)?;
        let server = NewServer {
            amphora_id: amphora,
            load_balancer_id: site.id(),
            ports: ports_for(&site.ports(&self.world).await?, amphora),
            files: boot_files(amphora, &issued, authority, settings),
            availability_zone: site.wanted.tree.load_balancer.availability_zone.clone(),
            placement: match site.wanted.tree.load_balancer.topology {
                Some(Topology::ActiveStandby) if settings.anti_affinity => Placement::Apart,
                None | Some(Topology::Single | Topology::ActiveStandby) => Placement::Anywhere,
            },
        };
        let server = self.world.compute.create_server(&server).await?;
        self.world.record_server(site, &server).await
    }

    async fn adopt_server(&self, site: &Site<'_>, amphora: Id<Amphora>) -> Result<Outcome> {
        let mut servers = site.seen.servers.iter();
        match servers.find(|server| server.amphora_id == amphora) {
            Some(server) => self.world.record_server(site, server).await,
            None => Err(Error::Moved(format!("amphora {amphora} has no server"))),
        }
    }

    async fn configure(&self, site: &Site<'_>, id: Id<Amphora>) -> Result<Outcome> {
        let config = self.document(site, id).await?;
        let agents = &self.world.agents;
        agents.configure(site.agent(id)?, &config).await?;
        Ok(Outcome::Done)
    }

    async fn introduce(&self, site: &Site<'_>, id: Id<Amphora>) -> Result<Outcome> {
        let config = self.document(site, id).await?;
        let agent = site.agent(id)?;
        if let Err(error) = self.world.agents.configure(agent, &config).await {
            tracing::warn!(
                amphora.id = %id, %error,
                "amphora {id} is to go and cannot be told of its peers: it goes at once"
            );
            let servers = site.seen.servers.iter();
            for server in servers.filter(|server| server.amphora_id == id) {
                self.world.compute.delete_server(server.id).await?;
            }
        }
        Ok(Outcome::Done)
    }

    async fn document(&self, site: &Site<'_>, id: Id<Amphora>) -> Result<AmphoraConfig> {
        let tree = &site.wanted.tree;
        let Some(amphora) = tree.amphorae.iter().find(|amphora| amphora.id == id) else {
            return Err(Error::Moved(format!("amphora {id} is not on record")));
        };
        let topography = self.topography(site).await?;
        let project = tree.load_balancer.project_id.as_ref();
        let material = self.world.secrets.read(project, references(tree)).await?;
        let tickets = self.world.authority.tickets(self.world.clock.now());
        let surroundings = Surroundings {
            timeouts: self.settings.amphora.timeouts,
            log_format: self.settings.amphora.log_format.as_deref(),
            networking: self.settings.worker.networking,
            topography: &topography,
            material: &material,
            tickets: Some(&tickets),
            pair: site.wanted.vrrp_group.as_ref().map(|group| Pair {
                group,
                settings: &self.settings.amphora.vrrp,
            }),
        };
        Ok(document(
            tree,
            amphora,
            site.wanted.generation(),
            &surroundings,
        )?)
    }

    /// Returns what a document must know of the networks: nothing, where the host has them.
    async fn topography(&self, site: &Site<'_>) -> Result<Topography> {
        if self.settings.worker.networking == AmphoraNetworking::Host {
            return Ok(Topography::default());
        }
        let (networks, subnets) =
            tokio::try_join!(self.world.network.networks(), self.world.network.subnets())?;
        Ok(Topography {
            networks: networks.into_iter().map(|n| (n.id, n)).collect(),
            subnets: subnets.into_iter().map(|s| (s.id, s)).collect(),
            ports: site.seen.ports.clone(),
        })
    }

    async fn settle(&self, site: &Site<'_>) -> Result<Outcome> {
        let generation = site.wanted.reconciliation.wanted;
        let mut tx = self.world.fenced("reconcile.settle", site.lease).await?;
        let settlement = Settlement::Converged { generation };
        if !tx.settle(site.lease, &settlement).await? {
            return Ok(Outcome::Superseded);
        }
        if site.wanted.reconciliation.done < generation {
            self.note(site, EventKind::Converged, &Action::Settle.to_string());
        }
        tx.release(site.lease, None).await?;
        self.world.commit(tx, site).await
    }

    async fn finish_delete(&self, site: &Site<'_>) -> Result<Outcome> {
        let mut tx = self
            .world
            .fenced("reconcile.finish_delete", site.lease)
            .await?;
        self.note(
            site,
            EventKind::Converged,
            &Action::FinishDelete.to_string(),
        );
        tx.finish_delete(site.lease).await?;
        self.world.commit(tx, site).await
    }

    fn note(&self, site: &Site<'_>, kind: EventKind, message: &str) {
        site.timeline.add(NewEvent {
            load_balancer_id: site.id(),
            at: self.world.clock.now(),
            kind,
            message: message.to_owned(),
        });
    }
}
