use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use octavia_model::{Id, Network as NetworkId, Subnet as SubnetId};
use uuid::Uuid;

use crate::{Error, Network, Result, Subnet};

/// A subnet as configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubnetDefinition {
    /// Its name: `private-subnet`.
    pub name: String,
    /// The name of its network: `private`. Subnets of one network share it.
    pub network: String,
    /// Its addresses. The first host address is the gateway.
    pub cidr: IpNet,
}

impl SubnetDefinition {
    /// Describes the subnet `name` of `network`.
    pub fn new(name: impl Into<String>, network: impl Into<String>, cidr: IpNet) -> Self {
        Self {
            name: name.into(),
            network: network.into(),
            cidr,
        }
    }
}

/// The networks and subnets of a cloud that keeps no list of its own but the configured one.
///
/// Ids follow from names, so they are the same after a restart and on another host.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue {
    networks: Vec<Network>,
    subnets: Vec<Subnet>,
}

/// The MTU of networks on this host.
const MTU: u32 = 1500;

/// The fewest host bits of a subnet: one address for the gateway, one to hand out.
const FEWEST_HOST_BITS: u8 = 2;

impl Catalogue {
    /// Reads the definitions; refuses names given twice and subnets that overlap or are too small.
    pub(crate) fn new(definitions: &[SubnetDefinition]) -> Result<Self> {
        let mut catalogue = Self {
            networks: Vec::new(),
            subnets: Vec::new(),
        };
        for definition in definitions {
            catalogue.add(definition)?;
        }
        Ok(catalogue)
    }

    /// Adds a subnet that must not overlap the others, and returns it.
    pub(crate) fn with(mut self, definition: &SubnetDefinition) -> Result<Subnet> {
        self.add(definition)?;
        Ok(subnet(definition))
    }

    fn add(&mut self, definition: &SubnetDefinition) -> Result<()> {
        let subnet = subnet(definition);
        self.check(&subnet)?;
        match self
            .networks
            .iter_mut()
            .find(|network| network.id == subnet.network_id)
        {
            Some(network) => network.subnets.push(subnet.id),
            None => self.networks.push(Network {
                id: subnet.network_id,
                name: definition.network.clone(),
                subnets: vec![subnet.id],
                mtu: MTU,
            }),
        }
        self.subnets.push(subnet);
        Ok(())
    }

    fn check(&self, new: &Subnet) -> Result<()> {
        let refuse = |why: String| Err(Error::Refused(format!("subnet {}: {why}", new.name)));
        if new.cidr.max_prefix_len() - new.cidr.prefix_len() < FEWEST_HOST_BITS {
            return refuse(format!("{} has no room for a gateway and a host", new.cidr));
        }
        for other in &self.subnets {
            if other.id == new.id {
                return refuse("the name is given twice".to_owned());
            }
            if other.cidr.contains(&new.cidr) || new.cidr.contains(&other.cidr) {
                return refuse(format!("{} overlaps subnet {}", new.cidr, other.name));
            }
        }
        Ok(())
    }

    pub(crate) fn networks(&self) -> &[Network] {
        &self.networks
    }

    pub(crate) fn subnets(&self) -> &[Subnet] {
        &self.subnets
    }

    pub(crate) fn subnet(&self, id: Id<SubnetId>) -> Result<&Subnet> {
        let found = self.subnets.iter().find(|subnet| subnet.id == id);
        found.ok_or_else(|| Error::NotFound {
            kind: "subnet",
            id: id.to_string(),
        })
    }

    pub(crate) fn network(&self, id: Id<NetworkId>) -> Result<&Network> {
        let found = self.networks.iter().find(|network| network.id == id);
        found.ok_or_else(|| Error::NotFound {
            kind: "network",
            id: id.to_string(),
        })
    }

    /// Returns the subnet, if it is one of the network.
    pub(crate) fn subnet_of(&self, network: Id<NetworkId>, id: Id<SubnetId>) -> Result<&Subnet> {
        let network = self.network(network)?;
        let subnet = self.subnet(id)?;
        if subnet.network_id == network.id {
            return Ok(subnet);
        }
        Err(Error::Refused(format!(
            "subnet {id} is not part of network {}",
            network.id
        )))
    }
}

fn subnet(definition: &SubnetDefinition) -> Subnet {
    let cidr = definition.cidr.trunc();
    Subnet {
        id: Id::from_uuid(named("subnet", &definition.name)),
        name: definition.name.clone(),
        network_id: Id::from_uuid(named("network", &definition.network)),
        cidr,
        gateway: Some(nth(cidr, 1)),
    }
}

/// Returns the id that follows from a name; names of different kinds have different ids.
fn named(kind: &str, name: &str) -> Uuid {
    let text = format!("octavia-local-cloud/{kind}/{name}");
    Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes())
}

/// Returns the `index`th address of a subnet; its network address is the 0th.
pub(crate) fn nth(cidr: IpNet, index: u32) -> IpAddr {
    match cidr {
        IpNet::V4(net) => Ipv4Addr::from_bits(net.network().to_bits().wrapping_add(index)).into(),
        IpNet::V6(net) => {
            Ipv6Addr::from_bits(net.network().to_bits().wrapping_add(u128::from(index))).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(name: &str, network: &str, cidr: &str) -> SubnetDefinition {
        SubnetDefinition::new(name, network, cidr.parse().unwrap())
    }

    #[test]
    fn ids_follow_from_names_and_never_change() {
        let catalogue =
            Catalogue::new(&[definition("private-subnet", "private", "127.98.0.0/24")]).unwrap();
        let ids = (catalogue.subnets()[0].id, catalogue.networks()[0].id);
        assert_eq!(ids.0.to_string(), "2a78d4c0-f0cb-5689-9c80-d5bf32970196");
        assert_eq!(ids.1.to_string(), "d9b1bf76-b12e-50e7-b68a-364c6874edca");
    }

    #[test]
    fn subnets_of_one_network_share_it() {
        let catalogue = Catalogue::new(&[
            definition("a", "private", "10.0.0.0/24"),
            definition("b", "private", "fd00::/64"),
            definition("c", "other", "10.0.1.0/24"),
        ])
        .unwrap();
        let sizes: Vec<_> = catalogue
            .networks()
            .iter()
            .map(|network| (network.name.as_str(), network.subnets.len()))
            .collect();
        assert_eq!(sizes, [("private", 2), ("other", 1)]);
        let [a, _, c] = catalogue.subnets() else {
            unreachable!("three were defined")
        };
        assert!(catalogue.subnet_of(a.network_id, a.id).is_ok());
        assert!(catalogue.subnet_of(a.network_id, c.id).is_err());
    }

    #[test]
    fn a_subnet_that_cannot_be_used_is_refused_by_name() {
        let refusal =
            |definitions: &[SubnetDefinition]| Catalogue::new(definitions).unwrap_err().to_string();
        insta::assert_snapshot!(refusal(&[definition("a", "n", "10.0.0.0/31")]), @"subnet a: 10.0.0.0/31 has no room for a gateway and a host");
        let a = definition("a", "n", "10.0.0.0/24");
        insta::assert_snapshot!(refusal(&[a.clone(), definition("a", "n", "10.0.1.0/24")]), @"subnet a: the name is given twice");
        insta::assert_snapshot!(refusal(&[a, definition("b", "n", "10.0.0.128/25")]), @"subnet b: 10.0.0.128/25 overlaps subnet a");
    }
}
