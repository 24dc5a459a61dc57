//! The Internet checksum (RFC 1071).

use super::{PROTOCOL, Path};

/// Returns the checksum of a packet on its own.
pub(super) fn internet(packet: &[u8]) -> u16 {
    fold(sum(packet))
}

/// Returns the checksum of a packet and of the addresses that it travels between (RFC 9568 section
/// 5.2.8, RFC 8200 section 8.1).
pub(super) fn with_pseudo_header(packet: &[u8], path: Path) -> u16 {
    let addresses = match path {
        Path::V4 { from, to } => sum(&from.octets()) + sum(&to.octets()),
        Path::V6 { from, to } => sum(&from.octets()) + sum(&to.octets()),
    };
    let len = u64::try_from(packet.len()).unwrap_or(u64::MAX >> 1);
    fold(addresses + len + u64::from(PROTOCOL) + sum(packet))
}

/// Adds up the 16 bit words; a last octet alone is the high half of one.
fn sum(octets: &[u8]) -> u64 {
    let (words, last) = octets.as_chunks::<2>();
    let last = last.first().map_or(0, |octet| u64::from(*octet) << 8);
    let words = words
        .iter()
        .map(|word| u64::from(u16::from_be_bytes(*word)));
    words.sum::<u64>() + last
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}
