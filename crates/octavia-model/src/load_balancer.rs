use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::status::names;
use crate::{
    Flavor, Id, Listener, Network, OperatingStatus, Pool, Port, ProvisioningStatus, QosPolicy,
    SecurityGroup, Subnet,
};

names! {
    /// How many amphorae serve a load balancer.
    "topology"
    pub enum Topology {
        /// One.
        Single = "SINGLE",
        /// Two, one of which serves.
        ActiveStandby = "ACTIVE_STANDBY",
    }
}

names! {
    /// How the VIP's port is attached.
    "VNIC type"
    pub enum VnicType {
        /// By the host's switch.
        Normal = "normal",
        /// By a virtual function of the NIC (SR-IOV).
        Direct = "direct",
    }
}

/// A load balancer: a VIP and what happens to its traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Its id.
    pub id: Id<LoadBalancer>,
    /// The project that owns it.
    pub project_id: Option<String>,
    /// Name, at most 255 characters.
    pub name: Option<String>,
    /// Description, at most 255 characters.
    pub description: Option<String>,
    /// What the controller is doing with it.
    pub provisioning_status: ProvisioningStatus,
    /// What the traffic sees.
    pub operating_status: OperatingStatus,
    /// The administrative state (`admin_state_up`).
    pub enabled: bool,
    /// How many amphorae serve it.
    pub topology: Option<Topology>,
    /// The compute server group of its amphorae.
    pub server_group_id: Option<String>,
    /// The provider, as the caller named it.
    pub provider: Option<String>,
    /// Its flavor.
    pub flavor_id: Option<Id<Flavor>>,
    /// Its availability zone, by name.
    pub availability_zone: Option<String>,
    /// When it was accepted.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its address.
    pub vip: Vip,
    /// Further addresses on the same network.
    pub additional_vips: Vec<AdditionalVip>,
    /// Its listeners. Read only: saving a load balancer does not change it.
    pub listeners: Vec<Id<Listener>>,
    /// Its pools. Read only: saving a load balancer does not change it.
    pub pools: Vec<Id<Pool>>,
}

/// The address that clients connect to, and the port that reserves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vip {
    /// The address.
    pub ip_address: Option<IpAddr>,
    /// The address as the caller wrote it; shown instead of `ip_address`, as upstream does not normalise.
    pub ip_address_text: Option<String>,
    /// The port that holds the address.
    pub port_id: Option<Id<Port>>,
    /// The subnet of the address.
    pub subnet_id: Option<Id<Subnet>>,
    /// The network of the subnet.
    pub network_id: Option<Id<Network>>,
    /// The QoS policy of the port.
    pub qos_policy_id: Option<Id<QosPolicy>>,
    /// Whether the port was made by us, and goes with the load balancer.
    pub octavia_owned: bool,
    /// How the port is attached.
    pub vnic_type: VnicType,
    /// The tenant's security groups of the port.
    pub sg_ids: Vec<Id<SecurityGroup>>,
}

/// One more address of a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdditionalVip {
    /// The subnet of the address; one a load balancer.
    pub subnet_id: Id<Subnet>,
    /// The address.
    pub ip_address: Option<IpAddr>,
    /// The port that holds the address.
    pub port_id: Option<Id<Port>>,
    /// The network of the subnet.
    pub network_id: Option<Id<Network>>,
}
