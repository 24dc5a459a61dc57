//! Many networks, asked for one address: sorted, and those that overlap are one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// A set of addresses. Asking costs a search in a sorted table, however many networks there are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Networks {
    four: Vec<(Ipv4Addr, Ipv4Addr)>,
    six: Vec<(Ipv6Addr, Ipv6Addr)>,
}

impl Networks {
    /// Puts networks together.
    pub(crate) fn of(networks: &[IpNet]) -> Self {
        let (mut four, mut six) = (Vec::new(), Vec::new());
        for network in networks {
            match network {
                IpNet::V4(network) => four.push((network.network(), network.broadcast())),
                IpNet::V6(network) => six.push((network.network(), network.broadcast())),
            }
        }
        Self {
            four: merge(four),
            six: merge(six),
        }
    }

    /// Tells whether no address is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.four.is_empty() && self.six.is_empty()
    }

    /// Tells whether an address is in one of the networks. A mapped IPv4 address is that address.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => covers(&self.four, address),
            IpAddr::V6(address) => covers(&self.six, address),
        }
    }
}

/// Sorts ranges by where they begin, and leaves out those that lie in another.
fn merge<A: Ord + Copy>(mut ranges: Vec<(A, A)>) -> Vec<(A, A)> {
    ranges.sort();
    let mut merged: Vec<(A, A)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if first <= *end => *end = last.max(*end),
            Some(_) | None => merged.push((first, last)),
        }
    }
    merged
}

fn covers<A: Ord + Copy>(ranges: &[(A, A)], address: A) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    ranges[..after]
        .last()
        .is_some_and(|(_, last)| address <= *last)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use ipnet::{IpNet, Ipv4Net, Ipv6Net};
    use proptest::prelude::*;

    use super::Networks;

    fn networks(texts: &[&str]) -> Networks {
        let parse = |text: &&str| text.parse().expect("a network");
        Networks::of(&texts.iter().map(parse).collect::<Vec<_>>())
    }

    fn has(networks: &Networks, address: &str) -> bool {
        networks.contains(address.parse().expect("an address"))
    }

    #[test]
    fn both_ends_of_a_network_are_in_it() {
        let some = networks(&["192.0.2.17/29", "2001:db8::/127", "0.0.0.0/32"]);
        let inside = [
            "192.0.2.16",
            "192.0.2.23",
            "::ffff:192.0.2.20",
            "2001:db8::1",
            "0.0.0.0",
        ];
        let outside = ["192.0.2.15", "192.0.2.24", "2001:db8::2", "0.0.0.1", "::"];
        assert!(inside.iter().all(|address| has(&some, address)));
        assert!(outside.iter().all(|address| !has(&some, address)));
    }

    #[test]
    fn everything_of_a_family_is_only_of_that_family() {
        assert!(has(&networks(&["0.0.0.0/0"]), "255.255.255.255"));
        assert!(!has(&networks(&["0.0.0.0/0"]), "::1"));
        assert!(has(&networks(&["::/0"]), "::1"));
        assert!(!has(&networks(&["::/0"]), "::ffff:192.0.2.1"));
    }

    #[test]
    fn networks_inside_others_take_no_room() {
        let all = networks(&["10.0.0.0/24", "10.0.0.7/32", "10.0.0.128/25", "10.0.0.0/24"]);
        assert_eq!(all, networks(&["10.0.0.0/24"]));
    }

    /// Addresses and networks that are close enough to meet.
    fn some_address() -> impl Strategy<Value = IpAddr> {
        let four = any::<u16>().prop_map(|low| IpAddr::V4((0x0a00_0000 | u32::from(low)).into()));
        let six = any::<u16>().prop_map(|low| IpAddr::V6((u128::from(low) | 1 << 125).into()));
        let mapped = any::<u16>().prop_map(|low| {
            let four = std::net::Ipv4Addr::from(0x0a00_0000 | u32::from(low));
            IpAddr::V6(four.to_ipv6_mapped())
        });
        prop_oneof![four, six, mapped, any::<IpAddr>()]
    }

    fn some_network() -> impl Strategy<Value = IpNet> {
        (some_address(), 0_u8..=20).prop_map(|(address, short)| match address {
            IpAddr::V4(address) => Ipv4Net::new_assert(address, 32 - short).into(),
            IpAddr::V6(address) => Ipv6Net::new_assert(address, 128 - short).into(),
        })
    }

    proptest! {
        #[test]
        fn the_table_answers_as_asking_one_after_the_other(
            all in prop::collection::vec(some_network(), 0..200),
            clients in prop::collection::vec(some_address(), 1..50),
        ) {
            let table = Networks::of(&all);
            prop_assert_eq!(table.is_empty(), all.is_empty());
            for client in clients {
                let canonical = client.to_canonical();
                let expected = all.iter().any(|network| network.contains(&canonical));
                prop_assert_eq!(table.contains(client), expected, "{}", client);
            }
        }
    }
}
