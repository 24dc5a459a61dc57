use std::collections::BTreeMap;
use std::net::IpAddr;

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use octavia_model::{
    Amphora, Id, LoadBalancer, Network as NetworkId, Port as PortId, QosPolicy, SecurityGroup,
    Server, Subnet as SubnetId,
};

use crate::{Error, Result};

/// How many addresses each subnet has left.
pub type FreeAddresses = BTreeMap<Id<SubnetId>, u64>;

/// Networks, subnets and ports.
pub trait NetworkDriver: Send + Sync {
    /// Returns all networks.
    fn networks(&self) -> BoxFuture<'_, Result<Vec<Network>>>;

    /// Returns all subnets.
    fn subnets(&self) -> BoxFuture<'_, Result<Vec<Subnet>>>;

    /// Returns a subnet.
    fn subnet(&self, id: Id<SubnetId>) -> BoxFuture<'_, Result<Subnet>>;

    /// Returns a network.
    fn network(&self, id: Id<NetworkId>) -> BoxFuture<'_, Result<Network>>;

    /// Returns a port.
    fn port(&self, id: Id<PortId>) -> BoxFuture<'_, Result<Port>>;

    /// Returns the ports that match.
    fn ports(&self, filter: PortFilter) -> BoxFuture<'_, Result<Vec<Port>>>;

    /// Tells whether ports may have QoS policies.
    fn has_qos(&self) -> BoxFuture<'_, Result<bool>> {
        Box::pin(std::future::ready(Ok(false)))
    }

    /// Checks that there is such a QoS policy.
    fn qos_policy_exists(&self, id: Id<QosPolicy>) -> BoxFuture<'_, Result<()>> {
        nothing("qos_policy", id)
    }

    /// Checks that there is such a security group.
    fn security_group_exists(&self, id: Id<SecurityGroup>) -> BoxFuture<'_, Result<()>> {
        nothing("security group", id)
    }

    /// Returns how many addresses the subnets of a network have left; `None` where nobody counts.
    fn free_addresses(&self, _: Id<NetworkId>) -> BoxFuture<'_, Result<Option<FreeAddresses>>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Tells whether the ports of a network are filtered; a VIP needs that.
    fn has_port_security(&self, _: Id<NetworkId>) -> BoxFuture<'_, Result<bool>> {
        Box::pin(std::future::ready(Ok(true)))
    }

    /// Takes a port of the caller's own for the VIP of a load balancer.
    fn adopt_port(&self, _: Id<PortId>, _: Id<LoadBalancer>) -> BoxFuture<'_, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Makes a port with an address, or returns the one that was made for the same purpose.
    fn create_port<'a>(&'a self, port: &'a NewPort) -> BoxFuture<'a, Result<Port>>;

    /// Removes a port and gives its address back. Removing one that is gone does nothing.
    fn delete_port(&self, id: Id<PortId>) -> BoxFuture<'_, Result<()>>;
}

/// Says that a cloud without such things has not this one.
fn nothing<'a, T>(kind: &'static str, id: Id<T>) -> BoxFuture<'a, Result<()>> {
    let id = id.to_string();
    Box::pin(std::future::ready(Err(Error::NotFound { kind, id })))
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its id.
    pub id: Id<NetworkId>,
    /// Its name.
    pub name: String,
    /// Its subnets.
    pub subnets: Vec<Id<SubnetId>>,
    /// Its MTU in bytes.
    pub mtu: u32,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// Its id.
    pub id: Id<SubnetId>,
    /// Its name.
    pub name: String,
    /// Its network.
    pub network_id: Id<NetworkId>,
    /// Its addresses.
    pub cidr: IpNet,
    /// Its gateway.
    pub gateway: Option<IpAddr>,
}

/// A port: an address that is taken, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its id.
    pub id: Id<PortId>,
    /// Its name.
    pub name: String,
    /// Its network.
    pub network_id: Id<NetworkId>,
    /// Its MAC address, lower case with colons.
    pub mac_address: String,
    /// Its addresses.
    pub fixed_ips: Vec<FixedIp>,
    /// What it is for; `None` when it is somebody else's.
    pub purpose: Option<PortPurpose>,
    /// Who uses it: the id of a server or a load balancer, or empty.
    pub device_id: String,
    /// Kind of the user: `Octavia` for a VIP.
    pub device_owner: String,
    /// The server it is attached to.
    pub server: Option<Id<Server>>,
    /// The QoS policy that it has.
    pub qos_policy_id: Option<Id<QosPolicy>>,
}

/// An address of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedIp {
    /// The subnet.
    pub subnet_id: Id<SubnetId>,
    /// The address.
    pub ip_address: IpAddr,
}

/// What one of our ports is for. There is at most one port for each purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PortPurpose {
    /// It reserves the VIP of a load balancer.
    Vip(Id<LoadBalancer>),
    /// It connects an amphora to the VIP's subnet.
    Vrrp {
        /// The amphora.
        amphora: Id<Amphora>,
        /// Its load balancer.
        load_balancer: Id<LoadBalancer>,
    },
    /// It connects an amphora to a subnet of members.
    Member {
        /// The amphora.
        amphora: Id<Amphora>,
        /// Its load balancer.
        load_balancer: Id<LoadBalancer>,
        /// The subnet.
        subnet: Id<SubnetId>,
    },
}

impl PortPurpose {
    /// Returns the load balancer that the port is for.
    pub const fn load_balancer(self) -> Id<LoadBalancer> {
        match self {
            Self::Vip(load_balancer)
            | Self::Vrrp { load_balancer, .. }
            | Self::Member { load_balancer, .. } => load_balancer,
        }
    }
}

/// The user that a port which reserves a VIP names; clients look for it.
const VIP_OWNER: &str = "Octavia";

/// The user that an amphora's port names.
const AMPHORA_OWNER: &str = "compute:octavia";

impl Port {
    /// Describes a port that was just made, and is attached to nothing.
    pub(crate) fn unattached(id: Id<PortId>, new: &NewPort, ip_address: IpAddr) -> Self {
        let (name, device_id, device_owner) = match new.purpose {
            PortPurpose::Vip(load_balancer) => (
                format!("octavia-lb-{load_balancer}"),
                format!("lb-{load_balancer}"),
                VIP_OWNER,
            ),
            PortPurpose::Vrrp { amphora, .. } => (
                format!("octavia-lb-vrrp-{amphora}"),
                amphora.to_string(),
                AMPHORA_OWNER,
            ),
            PortPurpose::Member {
                amphora, subnet, ..
            } => (
                format!("octavia-lb-member-{amphora}-{subnet}"),
                amphora.to_string(),
                AMPHORA_OWNER,
            ),
        };
        Self {
            id,
            name,
            network_id: new.network_id,
            mac_address: mac_address(mac_octets(id)),
            fixed_ips: vec![FixedIp {
                subnet_id: new.subnet_id,
                ip_address,
            }],
            purpose: Some(new.purpose),
            device_id,
            device_owner: device_owner.to_owned(),
            server: None,
            qos_policy_id: None,
        }
    }
}

/// Returns the usual way to write a MAC address.
fn mac_address(octets: [u8; 6]) -> String {
    octets.map(|octet| format!("{octet:02x}")).join(":")
}

/// Returns a locally administered MAC address that follows from the port's id.
pub(crate) fn mac_octets(port: Id<PortId>) -> [u8; 6] {
    let [.., b1, b2, b3, b4, b5] = *port.uuid().as_bytes();
    [0xfa, b1, b2, b3, b4, b5]
}

/// A port to make.
#[derive(Debug, Clone)]
pub struct NewPort {
    /// What it is for.
    pub purpose: PortPurpose,
    /// The network.
    pub network_id: Id<NetworkId>,
    /// The subnet of its address.
    pub subnet_id: Id<SubnetId>,
    /// The address; any free one if absent.
    pub ip_address: Option<IpAddr>,
    /// The project that it is for.
    pub project_id: Option<String>,
}

/// Which ports to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortFilter {
    /// All.
    All,
    /// Those that were made for a load balancer: its VIP, and its amphorae's.
    LoadBalancer(Id<LoadBalancer>),
}

impl PortFilter {
    /// Tells whether a port matches.
    pub(crate) fn matches(self, port: &Port) -> bool {
        match self {
            Self::All => true,
            Self::LoadBalancer(load_balancer) => port
                .purpose
                .is_some_and(|purpose| purpose.load_balancer() == load_balancer),
        }
    }
}
