//! Ethernet frames that say who has an address.

use std::net::{Ipv4Addr, Ipv6Addr};

const BROADCAST: [u8; 6] = [0xff; 6];
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_NODES_MAC: [u8; 6] = [0x33, 0x33, 0, 0, 0, 1];
const ICMPV6: u8 = 58;

/// Returns a gratuitous ARP request (RFC 5227 section 3): everybody updates, nobody answers.
pub(super) fn arp_announcement(mac: [u8; 6], address: Ipv4Addr) -> Vec<u8> {
    const ETHERNET: [u8; 2] = [0, 1];
    const IPV4: [u8; 2] = [0x08, 0x00];
    const LENGTHS: [u8; 2] = [6, 4];
    const REQUEST: [u8; 2] = [0, 1];
    let mut frame = ethernet(BROADCAST, mac, [0x08, 0x06]);
    for part in [ETHERNET, IPV4, LENGTHS, REQUEST] {
        frame.extend(part);
    }
    frame.extend(mac);
    frame.extend(address.octets());
    frame.extend([0; 6]);
    frame.extend(address.octets());
    frame
}

/// Returns an unsolicited neighbour advertisement (RFC 4861 section 7.2.6) to all nodes.
pub(super) fn neighbour_advertisement(mac: [u8; 6], address: Ipv6Addr) -> Vec<u8> {
    const TYPE: u8 = 136;
    const OVERRIDE: u8 = 0x20;
    const TARGET_LINK_ADDRESS: [u8; 2] = [2, 1];
    const VERSION: [u8; 4] = [0x60, 0, 0, 0];
    /// Receivers refuse what a router has passed on.
    const HOP_LIMIT: u8 = 255;
    let mut message = vec![TYPE, 0, 0, 0, OVERRIDE, 0, 0, 0];
    message.extend(address.octets());
    message.extend(TARGET_LINK_ADDRESS);
    message.extend(mac);
    let checksum = icmpv6_checksum(address, ALL_NODES, &message).to_be_bytes();
    message[2..4].copy_from_slice(&checksum);

    let mut frame = ethernet(ALL_NODES_MAC, mac, [0x86, 0xdd]);
    frame.extend(VERSION);
    frame.extend([0, 32, ICMPV6, HOP_LIMIT]);
    frame.extend(address.octets());
    frame.extend(ALL_NODES.octets());
    frame.extend(message);
    frame
}

fn ethernet(to: [u8; 6], from: [u8; 6], kind: [u8; 2]) -> Vec<u8> {
    [&to[..], &from, &kind].concat()
}

fn icmpv6_checksum(from: Ipv6Addr, to: Ipv6Addr, message: &[u8]) -> u16 {
    let words = message
        .as_chunks::<2>()
        .0
        .iter()
        .map(|word| u16::from_be_bytes(*word));
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let pseudo_header = from.segments().into_iter().chain(to.segments());
    let mut sum: u32 = pseudo_header.chain(words).map(u32::from).sum();
    sum += length + u32::from(ICMPV6);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x07];

    #[test]
    fn an_arp_announcement_names_its_sender_as_the_target() {
        let frame = arp_announcement(MAC, Ipv4Addr::new(10, 0, 0, 5));
        let expected = [
            [
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 0x07, 0x08, 0x06,
            ],
            [0, 1, 0x08, 0, 6, 4, 0, 1, 0x02, 0, 0, 0, 0, 0x07],
            [10, 0, 0, 5, 0, 0, 0, 0, 0, 0, 10, 0, 0, 5],
        ];
        assert_eq!(frame, expected.concat());
    }

    #[test]
    fn a_neighbour_advertisement_carries_a_checksum_that_adds_up() {
        let address = "fd00::5".parse().unwrap();
        let frame = neighbour_advertisement(MAC, address);
        assert_eq!(frame.len(), 14 + 40 + 32);
        assert_eq!(icmpv6_checksum(address, ALL_NODES, &frame[54..]), 0);
    }
}
