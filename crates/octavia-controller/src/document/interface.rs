use std::net::IpAddr;

use ipnet::IpNet;
use octavia_amphora_api::config::Interface;
use octavia_cloud::{FixedIp, Port, PortPurpose};
use octavia_model::{Amphora, LoadBalancerTree};

use super::{AmphoraNetworking, Topography, speaks_vrrp, vips};

/// What Ethernet carries, for a network that is not known (any more).
const ETHERNET_MTU: u32 = 1500;

/// Returns the interfaces of an amphora: the VIP's, then one for each subnet of members.
pub(super) fn interfaces(
    tree: &LoadBalancerTree,
    amphora: &Amphora,
    topography: &Topography,
) -> Vec<Interface> {
    let vrrp = topography.ports.iter().filter(
        |port| matches!(port.purpose, Some(PortPurpose::Vrrp { amphora: of, .. }) if of == amphora.id),
    );
    let members = topography.ports.iter().filter(
        |port| matches!(port.purpose, Some(PortPurpose::Member { amphora: of, .. }) if of == amphora.id),
    );
    vrrp.map(|port| vip_interface(tree, port, topography))
        .chain(members.map(|port| interface(port, topography)))
        .collect()
}

fn vip_interface(tree: &LoadBalancerTree, port: &Port, topography: &Topography) -> Interface {
    let mut interface = interface(port, topography);
    // Those of a pair belong to whoever is master.
    if !speaks_vrrp(tree, AmphoraNetworking::Own) {
        interface
            .addresses
            .extend(vips(tree).into_iter().map(IpNet::from));
    }
    interface.gateway = gateway(port, topography);
    interface
}

fn interface(port: &Port, topography: &Topography) -> Interface {
    Interface {
        mac_address: port.mac_address.clone(),
        addresses: port
            .fixed_ips
            .iter()
            .map(|fixed_ip| with_prefix(fixed_ip, topography))
            .collect(),
        gateway: None,
        mtu: topography
            .networks
            .get(&port.network_id)
            .map_or(ETHERNET_MTU, |network| network.mtu),
    }
}

fn with_prefix(fixed_ip: &FixedIp, topography: &Topography) -> IpNet {
    topography
        .subnets
        .get(&fixed_ip.subnet_id)
        .and_then(|subnet| IpNet::new(fixed_ip.ip_address, subnet.cidr.prefix_len()).ok())
        .unwrap_or_else(|| IpNet::from(fixed_ip.ip_address))
}

fn gateway(port: &Port, topography: &Topography) -> Option<IpAddr> {
    port.fixed_ips
        .iter()
        .find_map(|fixed_ip| topography.subnets.get(&fixed_ip.subnet_id)?.gateway)
}
