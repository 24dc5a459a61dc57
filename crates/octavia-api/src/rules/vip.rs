use std::net::IpAddr;

use octavia_cloud::{FixedIp, NetworkDriver, NewPort, Port, PortPurpose, Subnet};
use octavia_model::{
    AdditionalVip, Id, LoadBalancer, Network, QosPolicy, Subnet as SubnetMark, Topology, Vip,
    VnicType,
};

use crate::error::{Error, Result};
use crate::provider::{NamedProvider, ReservedVip, VipWish};
use crate::wire::decode::AddressText;
use crate::wire::load_balancer::LoadBalancerPost;
use crate::{Api, VipPolicy};

/// Where a VIP is to be: the choice is made, the port is not.
#[derive(Debug)]
pub(crate) struct Place {
    network_id: Id<Network>,
    subnet_id: Id<SubnetMark>,
    address: Option<AddressText>,
    /// The caller's own port.
    port: Option<Port>,
    additional: Vec<AdditionalVip>,
}

/// Finds out where the VIP is to be: a port, else a network, else a subnet says so.
pub(crate) async fn place(api: &Api, post: &LoadBalancerPost) -> Result<Place> {
    allowed(&api.config.networking, post)?;
    let mut place = if post.vip_port_id.is_value() {
        on_port(api, post).await?
    } else if post.vip_network_id.is_value() {
        on_network(api, post).await?
    } else {
        on_subnet(api, post).await?
    };
    place.additional = additional(api, post, &place).await?;
    Ok(place)
}

impl Place {
    /// Returns the QoS policy of the caller's own port: it stays when none is named.
    pub(crate) fn qos_policy(&self) -> Option<Id<QosPolicy>> {
        self.port.as_ref()?.qos_policy_id
    }

    /// Checks that VIPs may be on the network: the zone's list replaces the configured one.
    pub(crate) fn allowed(
        &self,
        policy: &VipPolicy,
        of_zone: Option<&[Id<Network>]>,
    ) -> Result<()> {
        let network = self.network_id;
        let valid = of_zone.or(policy.valid_vip_networks.as_deref());
        if valid.is_some_and(|valid| !valid.contains(&network))
            || policy.denylist_vip_networks.contains(&network)
        {
            return Err(Error::validation(
                "Supplied VIP network_id is not allowed by the configuration of this deployment.",
            ));
        }
        Ok(())
    }
}

fn allowed(policy: &VipPolicy, post: &LoadBalancerPost) -> Result<()> {
    let choices = [
        (
            "vip_port_id",
            policy.allow_vip_port_id,
            post.vip_port_id.is_value(),
        ),
        (
            "vip_network_id",
            policy.allow_vip_network_id,
            post.vip_network_id.is_value(),
        ),
        (
            "vip_subnet_id",
            policy.allow_vip_subnet_id,
            post.vip_subnet_id.is_value(),
        ),
    ];
    if let Some((name, _, _)) = choices
        .iter()
        .find(|(_, allowed, given)| *given && !allowed)
    {
        return Err(Error::validation(format!(
            "use of {name} is disallowed by this deployment's configuration."
        )));
    }
    if choices.iter().any(|(_, _, given)| *given) {
        return Ok(());
    }
    let names: Vec<_> = choices
        .iter()
        .filter(|(_, allowed, _)| *allowed)
        .map(|(name, _, _)| *name)
        .collect();
    Err(Error::validation(format!(
        "VIP must contain one of: {}.",
        names.join(", ")
    )))
}

async fn on_port(api: &Api, post: &LoadBalancerPost) -> Result<Place> {
    let Some(id) = post.vip_port_id.as_ref() else {
        return Err(Error::Internal("a VIP on a port without one".to_owned()));
    };
    let found = api.network.port(*id).await?;
    if let Some(subnet) = post.vip_subnet_id.as_ref() {
        api.network.subnet(*subnet).await?;
    }
    if !found.device_id.is_empty() {
        return Err(Error::validation(format!(
            "Port {id} is already used by device {} ",
            found.device_id
        )));
    }
    let ips = &found.fixed_ips;
    let asked = post.vip_address.as_ref();
    let chosen = if let Some(subnet) = post.vip_subnet_id.as_ref() {
        in_subnet(ips, *subnet, asked)
            .ok_or("No VIP address found on the specified VIP port within the specified subnet.")
    } else if let Some(address) = post.vip_address.as_ref() {
        ips.iter()
            .find(|ip| ip.ip_address == address.address)
            .copied()
            .ok_or("Specified VIP address not found on the specified VIP port.")
    } else {
        ips.first().copied().filter(|_| ips.len() == 1).ok_or(
            "VIP port's subnet could not be determined. Please specify either a VIP subnet or \
             address.",
        )
    };
    let chosen = chosen.map_err(Error::validation)?;
    Ok(Place {
        network_id: found.network_id,
        subnet_id: chosen.subnet_id,
        address: Some(AddressText {
            address: chosen.ip_address,
            text: chosen.ip_address.to_string(),
        }),
        port: Some(found),
        additional: Vec::new(),
    })
}

/// Chooses the address of a port: the one that is asked for, else the first of the subnet. A port of
/// which no addresses are known is believed to have what is asked for, as upstream does.
fn in_subnet(
    ips: &[FixedIp],
    subnet_id: Id<SubnetMark>,
    asked: Option<&AddressText>,
) -> Option<FixedIp> {
    let asked = asked.map(|address| address.address);
    let mut inside = ips.iter().filter(|ip| ip.subnet_id == subnet_id).copied();
    let exactly = inside.clone().find(|ip| Some(ip.ip_address) == asked);
    let unknown = asked.filter(|_| ips.is_empty()).map(|ip_address| FixedIp {
        subnet_id,
        ip_address,
    });
    exactly.or_else(|| inside.next()).or(unknown)
}

async fn on_network(api: &Api, post: &LoadBalancerPost) -> Result<Place> {
    let Some(id) = post.vip_network_id.as_ref() else {
        return Err(Error::Internal("a VIP on a network without one".to_owned()));
    };
    let network = api.network.network(*id).await?;
    let address = post.vip_address.clone().value();
    let subnet_id = if let Some(subnet) = post.vip_subnet_id.as_ref() {
        if api.network.subnet(*subnet).await?.network_id != network.id {
            return Err(Error::no_subresource("Subnet", subnet));
        }
        *subnet
    } else {
        let mut subnets = subnets(&*api.network, &network.subnets).await?;
        if address.is_none() {
            with_room(api, *id, &mut subnets).await?;
        }
        choose_subnet(&subnets, address.as_ref().map(|address| address.address))?
    };
    Ok(Place {
        network_id: *id,
        subnet_id,
        address,
        port: None,
        additional: Vec::new(),
    })
}

async fn subnets(network: &dyn NetworkDriver, ids: &[Id<SubnetMark>]) -> Result<Vec<Subnet>> {
    let mut subnets = Vec::with_capacity(ids.len());
    for id in ids {
        let found = network.subnet(*id).await;
        subnets.push(found.map_err(|error| not_of_network(error, *id))?);
    }
    Ok(subnets)
}

/// Leaves out subnets without addresses enough for the VIP and its amphorae, where they are counted.
async fn with_room(api: &Api, network: Id<Network>, subnets: &mut Vec<Subnet>) -> Result<()> {
    let counted = api.network.free_addresses(network).await?;
    let Some(free) = counted.filter(|_| !subnets.is_empty()) else {
        return Ok(());
    };
    let needed = match api.config.loadbalancer_topology {
        Topology::Single => 2,
        Topology::ActiveStandby => 3,
    };
    subnets.retain(|subnet| free.get(&subnet.id).is_some_and(|free| *free >= needed));
    if subnets.is_empty() {
        return Err(Error::validation(
            "Subnet(s) in the supplied network do not contain enough available IPs.",
        ));
    }
    Ok(())
}

/// The caller did not name the subnet, so it is not one of the request's own things that is missing.
fn not_of_network(error: octavia_cloud::Error, id: Id<SubnetMark>) -> Error {
    if matches!(error, octavia_cloud::Error::NotFound { .. }) {
        return Error::validation(format!("Subnet {id} not found"));
    }
    error.into()
}

/// Chooses the subnet that contains the address; without one the first, IPv4 before IPv6.
fn choose_subnet(subnets: &[Subnet], address: Option<IpAddr>) -> Result<Id<SubnetMark>> {
    let chosen = match address {
        Some(address) => subnets
            .iter()
            .find(|subnet| subnet.cidr.contains(&address))
            .ok_or("Supplied network does not contain a subnet for VIP address specified."),
        None => subnets
            .iter()
            .find(|subnet| subnet.cidr.addr().is_ipv4())
            .or_else(|| subnets.first())
            .ok_or("Supplied network does not contain a subnet."),
    };
    chosen.map(|subnet| subnet.id).map_err(Error::validation)
}

async fn on_subnet(api: &Api, post: &LoadBalancerPost) -> Result<Place> {
    let Some(id) = post.vip_subnet_id.as_ref() else {
        return Err(Error::Internal("a VIP on a subnet without one".to_owned()));
    };
    let subnet = api.network.subnet(*id).await?;
    Ok(Place {
        network_id: subnet.network_id,
        subnet_id: *id,
        address: post.vip_address.clone().value(),
        port: None,
        additional: Vec::new(),
    })
}

async fn additional(
    api: &Api,
    post: &LoadBalancerPost,
    main: &Place,
) -> Result<Vec<AdditionalVip>> {
    if post.additional_vips.is_null() {
        return Err(Error::invalid_option("None", "additional_vips"));
    }
    let asked = post.additional_vips.as_ref().map_or(&[][..], Vec::as_slice);
    let mut taken = vec![main.subnet_id];
    let mut vips = Vec::with_capacity(asked.len());
    for vip in asked {
        let subnet_id = vip.subnet_id.clone().value();
        let subnet_id = subnet_id.ok_or_else(|| Error::invalid_option("None", "subnet_id"))?;
        if taken.contains(&subnet_id) {
            return Err(Error::validation(
                "Duplicate VIP subnet(s) specified. Only one IP can be bound per subnet.",
            ));
        }
        taken.push(subnet_id);
        vips.push(AdditionalVip {
            subnet_id,
            ip_address: vip.ip_address.as_ref().map(|address| address.address),
            port_id: vip.port_id.clone().value(),
            network_id: Some(main.network_id),
        });
    }
    for vip in &vips {
        if api.network.subnet(vip.subnet_id).await?.network_id != main.network_id {
            return Err(Error::validation(
                "All VIP subnets must belong to the same network.",
            ));
        }
    }
    Ok(vips)
}

/// Reserves the address: makes the port, unless the caller gave one.
///
/// The port carries the load balancer's id, so that it is found should we die before the rows are
/// written.
pub(crate) async fn reserve(
    api: &Api,
    provider: &NamedProvider,
    place: Place,
    (load_balancer, project_id): (Id<LoadBalancer>, Option<String>),
) -> Result<(Vip, Vec<AdditionalVip>)> {
    let wish = VipWish {
        load_balancer,
        project_id,
        network_id: place.network_id,
        subnet_id: place.subnet_id,
        ip_address: place.address.as_ref().map(|address| address.address),
        port_id: place.port.as_ref().map(|port| port.id),
        additional: place.additional,
    };
    let octavia_owned = place.port.is_none();
    let (reserved, octavia_owned) = if let Some(reserved) = provider.reserve_vip(&wish).await? {
        (reserved, false)
    } else {
        let reserved = on_network_of(api, provider.name(), wish, place.port).await?;
        (reserved, octavia_owned)
    };
    let is_kept = |asked: &AddressText| asked.address == reserved.ip_address;
    let as_asked = place.address.filter(is_kept);
    let vip = Vip {
        ip_address: Some(reserved.ip_address),
        ip_address_text: as_asked.map(|address| address.text),
        port_id: Some(reserved.port_id),
        subnet_id: Some(reserved.subnet_id),
        network_id: Some(reserved.network_id),
        qos_policy_id: None,
        octavia_owned,
        vnic_type: VnicType::Normal,
        sg_ids: Vec::new(),
    };
    Ok((vip, reserved.additional))
}

/// Makes the port, unless the caller has one.
async fn on_network_of(
    api: &Api,
    provider: &str,
    wish: VipWish,
    port: Option<Port>,
) -> Result<ReservedVip> {
    if !api.network.has_port_security(wish.network_id).await? {
        return Err(Error::Provider {
            provider: provider.to_owned(),
            what: "Port security must be enabled on the VIP network.".to_owned(),
        });
    }
    let port = if let Some(port) = port {
        api.network.adopt_port(port.id, wish.load_balancer).await?;
        port
    } else {
        let new = NewPort {
            purpose: PortPurpose::Vip(wish.load_balancer),
            network_id: wish.network_id,
            subnet_id: wish.subnet_id,
            ip_address: wish.ip_address,
            project_id: wish.project_id,
        };
        api.network.create_port(&new).await?
    };
    let mut ips = port.fixed_ips.iter();
    let of_port = ips.find(|ip| ip.subnet_id == wish.subnet_id);
    let ip_address = wish.ip_address.or(of_port.map(|ip| ip.ip_address));
    let without = || Error::Internal(format!("port {} has no address in its subnet", port.id));
    let mut additional = wish.additional;
    for vip in &mut additional {
        vip.port_id = Some(port.id);
    }
    Ok(ReservedVip {
        port_id: port.id,
        network_id: wish.network_id,
        subnet_id: wish.subnet_id,
        ip_address: ip_address.ok_or_else(without)?,
        additional,
    })
}

/// Gives the address back, when the load balancer could not be written after all.
pub(crate) async fn give_back(api: &Api, load_balancer: &LoadBalancer) {
    let Some(port) = load_balancer
        .vip
        .port_id
        .filter(|_| load_balancer.vip.octavia_owned)
    else {
        return;
    };
    if let Err(error) = api.network.delete_port(port).await {
        let error = crate::error::causes(&error);
        tracing::warn!(
            port.id = %port, lb.id = %load_balancer.id, error,
            "could not remove port {port} of a load balancer that was refused; housekeeping will: {error}"
        );
    }
}
