//! Which addresses of a subnet may be handed out.

use std::net::IpAddr;

use crate::catalogue::nth;
use crate::{Error, Result, Subnet};

/// Checks that an address somebody asks for is one that the subnet hands out.
pub(crate) fn check(subnet: &Subnet, address: IpAddr) -> Result<()> {
    let reserved = address == subnet.cidr.network()
        || (subnet.cidr.addr().is_ipv4() && address == subnet.cidr.broadcast())
        || subnet.gateway == Some(address);
    if subnet.cidr.contains(&address) && !reserved {
        return Ok(());
    }
    Err(Error::AddressOutside {
        address,
        subnet: subnet.name.clone(),
    })
}

/// Returns the addresses that a subnet hands out, in order: at most the first 65,536.
///
/// The limit keeps a search in a full IPv6 subnet finite.
pub(crate) fn candidates(subnet: &Subnet) -> impl Iterator<Item = IpAddr> + '_ {
    let host_bits = subnet.cidr.max_prefix_len() - subnet.cidr.prefix_len();
    let count = 1_u32 << host_bits.min(16);
    (1..count)
        .map(|index| nth(subnet.cidr, index))
        .filter(|address| check(subnet, *address).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SubnetDefinition;
    use crate::catalogue::Catalogue;

    fn subnet(cidr: &str) -> Subnet {
        let definition = SubnetDefinition::new("s", "n", cidr.parse().unwrap());
        Catalogue::new(&[definition]).unwrap().subnets()[0].clone()
    }

    #[test]
    fn network_gateway_and_broadcast_are_never_handed_out() {
        let tiny = subnet("10.0.0.8/29");
        let all: Vec<_> = candidates(&tiny).map(|a| a.to_string()).collect();
        assert_eq!(
            all,
            [
                "10.0.0.10",
                "10.0.0.11",
                "10.0.0.12",
                "10.0.0.13",
                "10.0.0.14"
            ]
        );
        for refused in ["10.0.0.8", "10.0.0.9", "10.0.0.15", "10.0.0.16", "::1"] {
            let error = check(&tiny, refused.parse().unwrap()).unwrap_err();
            assert!(matches!(error, Error::AddressOutside { .. }), "{refused}");
        }
    }

    #[test]
    fn a_large_ipv6_subnet_is_searched_in_bounded_time() {
        let large = subnet("fd00::/64");
        assert_eq!(candidates(&large).next(), Some("fd00::2".parse().unwrap()));
        assert_eq!(candidates(&large).count(), 65_534);
    }
}
