//! The networks of the namespace mode: a bridge a subnet, and pairs of interfaces from it to the
//! namespaces of servers.

use std::io;
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use octavia_model::{Id, Port as PortId, Server as ServerId};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::links::{Links, Pair};
use super::netns::{self, Namespace};
use crate::network::mac_octets;
use crate::{Error, Port, Result, Subnet};

/// The MTU of bridges and of interfaces on them.
const MTU: u32 = 1500;
/// The first interface of a server; the agent listens on it.
const MANAGEMENT_INTERFACE: &str = "eth0";

/// The bridges and pairs that we made.
pub(super) struct Wires {
    host: Links,
    tasks: TaskTracker,
    /// The directory of our state, written on each bridge.
    owner: String,
}

/// How long a remark on an interface may be.
const LONGEST_OWNER: usize = 255;

impl Wires {
    /// Opens the host's side, after having tried in a namespace made for it whether all that is
    /// needed can be made here.
    pub(super) async fn open(state: &Path) -> Result<Self> {
        let tasks = TaskTracker::new();
        probe(&tasks).await?;
        let host = Links::open(&tasks).map_err(failed("open a netlink socket"))?;
        let mut owner = state.display().to_string();
        owner.truncate(owner.floor_char_boundary(LONGEST_OWNER));
        Ok(Self { host, tasks, owner })
    }

    /// Makes the bridge of a subnet, or finds it; the host has the gateway's address.
    pub(super) async fn ensure_bridge(&self, subnet: &Subnet) -> Result<u32> {
        let address = subnet.gateway.unwrap_or_else(|| subnet.cidr.network());
        let name = bridge_name(subnet);
        let address = in_subnet(subnet, address);
        let bridge = self
            .host
            .ensure_bridge(&name, bridge_mac(subnet), address)
            .await?;
        match bridge.alias {
            Some(owner) if owner == self.owner => {}
            Some(owner) if is_in_use(&owner) => return Err(two_clouds(subnet, &owner)),
            Some(_) | None => self.host.set_alias(bridge.index, &self.owner).await?,
        }
        Ok(bridge.index)
    }

    /// Removes the bridge of a subnet, unless something uses it.
    pub(super) async fn remove_unused_bridge(&self, subnet: &Subnet) -> Result<()> {
        let name = bridge_name(subnet);
        match self.host.index(&name).await? {
            Some(index) if !self.host.is_used(index).await? => self.host.remove(&name).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Makes the namespace of a server, with its management interface.
    pub(super) async fn connect(
        &self,
        server: Id<ServerId>,
        management: &Subnet,
        address: IpAddr,
    ) -> Result<()> {
        let bridge = self.ensure_bridge(management).await?;
        let namespace = self.namespace(server).await?;
        let pair = Pair {
            name: &management_pair(server),
            bridge,
            mtu: MTU,
            namespace: &namespace,
            peer_mac: None,
        };
        self.host.ensure_pair(&pair).await?;
        let inside = Links::open_in(namespace, &self.tasks)
            .map_err(failed("open a netlink socket in the namespace"))?;
        let interface = inside.existing(MANAGEMENT_INTERFACE).await?;
        let address = in_subnet(management, address);
        inside.add_address(interface, address).await?;
        inside.up(interface).await?;
        inside.up(inside.existing("lo").await?).await
    }

    /// Connects a server to a port's subnet. The agent finds the interface by its MAC address,
    /// sets its addresses, and brings it up.
    pub(super) async fn attach(
        &self,
        server: Id<ServerId>,
        port: &Port,
        subnet: &Subnet,
    ) -> Result<()> {
        let bridge = self.ensure_bridge(subnet).await?;
        let namespace = self.namespace(server).await?;
        let pair = Pair {
            name: &port_pair(port.id),
            bridge,
            mtu: MTU,
            namespace: &namespace,
            peer_mac: Some(mac_octets(port.id)),
        };
        self.host.ensure_pair(&pair).await
    }

    /// Returns the namespace of a server.
    pub(super) async fn namespace(&self, server: Id<ServerId>) -> Result<Namespace> {
        let ensured = blocking(move || Namespace::ensure(server)).await;
        ensured.map_err(failed("make a network namespace"))
    }

    /// Takes a port away from its server.
    pub(super) async fn detach(&self, port: Id<PortId>) -> Result<()> {
        self.host.remove(&port_pair(port)).await
    }

    /// Removes the namespace of a server, and what leads to it.
    pub(super) async fn disconnect(
        &self,
        server: Id<ServerId>,
        ports: &[Id<PortId>],
    ) -> Result<()> {
        for port in ports {
            self.detach(*port).await?;
        }
        self.host.remove(&management_pair(server)).await?;
        let removed = blocking(move || netns::remove(server)).await;
        removed.map_err(failed("remove the network namespace"))
    }
}

/// Tells whether the cloud of a directory has servers: then its addresses are in use.
fn is_in_use(owner: &str) -> bool {
    let servers = std::fs::read_dir(Path::new(owner).join("servers"));
    servers.is_ok_and(|mut servers| servers.next().is_some())
}

/// Two clouds would hand out the same addresses.
fn two_clouds(subnet: &Subnet, owner: &str) -> Error {
    Error::Refused(format!(
        "subnet {} ({}) is in use by the local cloud in {owner}: stop that one, or give this one \
         other subnets",
        subnet.name, subnet.cidr
    ))
}

/// Tries in a namespace of its own whether namespaces, bridges and pairs can be made.
async fn probe(tasks: &TaskTracker) -> Result<()> {
    let made = blocking(|| {
        netns::prepare_directory()?;
        Ok((Namespace::unnamed()?, Namespace::unnamed()?))
    });
    let (here, there) = made.await.map_err(failed("make a network namespace"))?;
    let links = Links::open_in(here, tasks).map_err(failed("open a netlink socket"))?;
    let address = "192.0.2.1/24".parse().expect("this is a network");
    let bridge = links
        .ensure_bridge("octprobe", [0xfa, 0, 0, 0, 0, 1], address)
        .await?;
    let pair = Pair {
        name: "octprobe1",
        bridge: bridge.index,
        mtu: MTU,
        namespace: &there,
        peer_mac: None,
    };
    links.ensure_pair(&pair).await
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(act).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn failed(attempt: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::unavailable(attempt, source)
}

fn in_subnet(subnet: &Subnet, address: IpAddr) -> IpNet {
    IpNet::new(address, subnet.cidr.prefix_len())
        .expect("the length of a subnet's prefix fits its own addresses")
}

/// A name may have 15 characters. Subnets of the same name and other addresses may exist beside
/// ours, so both count.
fn bridge_name(subnet: &Subnet) -> String {
    format!("octb{}", tail(bridge_id(subnet)))
}

fn bridge_mac(subnet: &Subnet) -> [u8; 6] {
    mac_octets(Id::from_uuid(bridge_id(subnet)))
}

fn bridge_id(subnet: &Subnet) -> Uuid {
    let text = format!("octavia-local-cloud/bridge/{}/{}", subnet.name, subnet.cidr);
    Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes())
}

fn port_pair(port: Id<PortId>) -> String {
    format!("octv{}", tail(port.uuid()))
}

fn management_pair(server: Id<ServerId>) -> String {
    format!("octm{}", tail(server.uuid()))
}

/// Returns the last eleven digits: the part of an id that always varies.
fn tail(id: Uuid) -> String {
    id.simple().to_string()[21..].to_owned()
}
