use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::secret::SecretText;

/// How one of a pair of amphorae agrees with the other on who has the VIPs. They are on no
/// [`super::Interface`] then: whoever is master adds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vrrp {
    /// The virtual router, 1 to 255; both name the same.
    pub router_id: u8,
    /// How much this one wants to be master, 1 to 254.
    pub priority: u8,
    /// The version that both speak: 2 (whole seconds, IPv4 only), or 3.
    pub version: u8,
    /// How often a master says so, in milliseconds.
    pub advert_interval_ms: u32,
    /// What only the pair knows. Of version 2 it is the password, of which eight octets count.
    pub secret: SecretText,
    /// The interface that the VIPs are on, by its MAC address.
    pub mac_address: String,
    /// This amphora's own address there, of the family of the first VIP.
    pub address: IpAddr,
    /// The others.
    pub peers: Vec<VrrpPeer>,
    /// Seconds between two rounds of gratuitous ARPs and unsolicited neighbour advertisements of a
    /// master; 0 for none.
    pub garp_refresh_interval_s: u32,
    /// How many of them in a round.
    pub garp_refresh_count: u32,
    /// Seconds between two looks at how the proxy does.
    pub check_interval_s: u32,
    /// After how many bad looks it gives up being master.
    pub fail_count: u32,
    /// After how many good looks it takes part again.
    pub success_count: u32,
}

/// Another amphora of the same load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VrrpPeer {
    /// The amphora.
    pub amphora_id: Uuid,
    /// Its own address on the network of the VIPs.
    pub address: IpAddr,
}
