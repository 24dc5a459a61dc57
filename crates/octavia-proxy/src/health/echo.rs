//! ICMP echo (RFC 792, RFC 4443). Pure.

use std::net::IpAddr;

/// How the kernel hands messages over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Alone.
    Message,
    /// Behind an IPv4 header.
    Packet,
}

const HEADER: usize = 8;
const REQUEST_V4: u8 = 8;
const REPLY_V4: u8 = 0;
const REQUEST_V6: u8 = 128;
const REPLY_V6: u8 = 129;

/// Renders the request for an echo of `token`. The kernel writes the checksum where it must know the
/// addresses for it (IPv6), and the identifier where it tells pings apart by it.
pub(super) fn request(host: IpAddr, token: u64) -> Vec<u8> {
    let kind = if host.is_ipv4() {
        REQUEST_V4
    } else {
        REQUEST_V6
    };
    let mut message = vec![kind, 0, 0, 0, 0, 0, 0, 1];
    message.extend_from_slice(&token.to_be_bytes());
    if host.is_ipv4() {
        let sum = checksum(&message).to_be_bytes();
        message[2..4].copy_from_slice(&sum);
    }
    message
}

/// Returns the kind and content of the reply to `request`.
pub(super) fn reply_to(request: &[u8]) -> Vec<u8> {
    let (kind, content) = (request.first(), request.get(HEADER..));
    let kind = if kind == Some(&REQUEST_V4) {
        REPLY_V4
    } else {
        REPLY_V6
    };
    [&[kind], content.unwrap_or_default()].concat()
}

/// Tells whether `bytes` are the reply with the kind and content of `expected`.
pub(super) fn is_reply(framing: Framing, bytes: &[u8], expected: &[u8]) -> bool {
    let start = match framing {
        Framing::Message => 0,
        Framing::Packet => usize::from(bytes.first().copied().unwrap_or(0) & 0xf) * 4,
    };
    let message = bytes.get(start..).unwrap_or_default();
    message.first() == expected.first() && message.get(HEADER..) == expected.get(1..)
}

/// Returns the checksum of RFC 1071.
fn checksum(message: &[u8]) -> u16 {
    let words = message.chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        [] | [..] => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::{Framing, checksum, is_reply, reply_to, request};

    const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

    #[test]
    fn a_message_with_its_checksum_sums_to_nothing() {
        let message = request(V4, 0x0123_4567_89ab_cdef);
        assert_eq!(checksum(&message), 0);
        assert_eq!(checksum(&[0x45, 0, 1]), !0x4600);
    }

    #[test]
    fn the_reply_has_the_token_and_any_identifier() {
        let asked = request(V4, 7);
        let mut reply = asked.clone();
        (reply[0], reply[4]) = (0, 99);
        let expected = reply_to(&asked);
        assert!(is_reply(Framing::Message, &reply, &expected));
        let packet = [&[0x45; 20][..], &reply].concat();
        assert!(is_reply(Framing::Packet, &packet, &expected));
        assert!(!is_reply(Framing::Message, &asked, &expected));
        assert!(!is_reply(
            Framing::Message,
            &reply,
            &reply_to(&request(V4, 8))
        ));
        assert!(!is_reply(Framing::Packet, &[0x4f], &expected));
        assert!(!is_reply(Framing::Message, &[], &expected));
    }

    #[test]
    fn ipv6_has_kinds_of_its_own() {
        let asked = request(V6, 7);
        assert_eq!((asked[0], &asked[2..4]), (128, &[0, 0][..]));
        assert_eq!(reply_to(&asked)[0], 129);
    }
}
