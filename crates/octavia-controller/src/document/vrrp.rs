//! A pair's part of a document.

use std::net::IpAddr;

use octavia_amphora_api::SecretText;
use octavia_amphora_api::config::{Vrrp, VrrpPeer};
use octavia_cloud::{Port, PortPurpose};
use octavia_model::{Amphora, Id, LoadBalancerTree, Topology, VrrpGroup};

use super::{AmphoraNetworking, Surroundings};
use crate::config::VrrpSettings;

/// What a pair shares, and how it is to speak.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The row of the load balancer.
    pub group: &'a VrrpGroup,
    /// The settings of all pairs.
    pub settings: &'a VrrpSettings,
}

/// Tells whether the amphorae of a load balancer speak VRRP: those on the host's own addresses have
/// nothing that could go from one to the other.
pub(crate) fn speaks_vrrp(tree: &LoadBalancerTree, networking: AmphoraNetworking) -> bool {
    networking == AmphoraNetworking::Own
        && tree.load_balancer.topology == Some(Topology::ActiveStandby)
}

/// Returns the other amphorae of a load balancer that have an address on the VIP's network, whatever
/// becomes of them: whoever may have the VIPs must be heard, and must hear.
pub(crate) fn peers_of(
    tree: &LoadBalancerTree,
    amphora: Id<Amphora>,
    ports: &[Port],
) -> Vec<(Id<Amphora>, IpAddr)> {
    let others = tree.amphorae.iter().filter(|other| other.id != amphora);
    others
        .filter_map(|other| Some((other.id, own_address(vrrp_port(other.id, ports)?)?)))
        .collect()
}

/// Returns how an amphora speaks with its peers; `None` when it has none to speak with.
pub(super) fn vrrp(
    tree: &LoadBalancerTree,
    amphora: &Amphora,
    surroundings: &Surroundings<'_>,
) -> Option<Vrrp> {
    if !speaks_vrrp(tree, surroundings.networking) {
        return None;
    }
    let Pair { group, settings } = surroundings.pair?;
    let ports = &surroundings.topography.ports;
    let port = vrrp_port(amphora.id, ports)?;
    let address = own_address(port)?;
    let (version, advert_interval_ms) = dialect(group, settings, address);
    let peers = peers_of(tree, amphora.id, ports).into_iter();
    Some(Vrrp {
        router_id: octet(amphora.vrrp_id),
        priority: octet(amphora.vrrp_priority),
        version,
        advert_interval_ms,
        secret: SecretText::new(group.auth_pass.reveal().clone()),
        mac_address: port.mac_address.clone(),
        address,
        peers: peers
            .map(|(id, address)| VrrpPeer {
                amphora_id: id.uuid(),
                address,
            })
            .collect(),
        garp_refresh_interval_s: settings.garp_refresh_interval_s,
        garp_refresh_count: settings.garp_refresh_count,
        check_interval_s: settings.check_interval_s,
        fail_count: settings.fail_count,
        success_count: settings.success_count,
    })
}

/// Version 2 knows whole seconds and no IPv6.
fn dialect(group: &VrrpGroup, settings: &VrrpSettings, address: IpAddr) -> (u8, u32) {
    let seconds = u32::try_from(group.advert_interval_s).unwrap_or(1).max(1);
    match u32::try_from(settings.advert_interval.as_millis()) {
        Ok(0) if address.is_ipv4() => (2, seconds * 1000),
        Ok(0) | Err(_) => (3, seconds * 1000),
        Ok(milliseconds) => (3, milliseconds),
    }
}

fn vrrp_port(amphora: Id<Amphora>, ports: &[Port]) -> Option<&Port> {
    ports.iter().find(
        |port| matches!(port.purpose, Some(PortPurpose::Vrrp { amphora: of, .. }) if of == amphora),
    )
}

fn own_address(port: &Port) -> Option<IpAddr> {
    port.fixed_ips.first().map(|fixed_ip| fixed_ip.ip_address)
}

/// Upstream's rows hold 1 to 255 here.
fn octet(value: Option<i32>) -> u8 {
    value
        .and_then(|value| u8::try_from(value).ok())
        .unwrap_or(1)
        .max(1)
}
