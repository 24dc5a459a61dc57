//! The header that tells a member whose connection it got: the PROXY protocol, versions 1 and 2.
//!
//! It comes first on a connection to a member and counts for all of it, so that such a connection
//! serves one client only. A member that is asked whether it works gets a header about ourselves.

pub(crate) mod tls;

use std::io::Write;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// How a header is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// A line of text.
    One,
    /// A binary structure.
    Two,
}

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
const TCP_IPV4: u8 = 0x11;
const TCP_IPV6: u8 = 0x21;

impl Version {
    /// Appends the header of a connection from `client` to `local`.
    pub(crate) fn write(self, client: SocketAddr, local: SocketAddr, out: &mut Vec<u8>) {
        match self {
            Self::One => write_line(client, local, out),
            Self::Two => write_structure(client, local, out),
        }
    }

    /// Appends the header of a connection of our own from `own` to `member`, as HAProxy does when
    /// it checks a server.
    pub(crate) fn write_own(self, own: SocketAddr, member: SocketAddr, out: &mut Vec<u8>) {
        match self {
            Self::One => write_line(own, member, out),
            Self::Two => {
                out.extend_from_slice(SIGNATURE);
                out.extend_from_slice(&[LOCAL, 0, 0, 0]);
            }
        }
    }
}

fn write_line(client: SocketAddr, local: SocketAddr, out: &mut Vec<u8>) {
    let (from, to) = same_family(client.ip(), local.ip());
    let family = if from.is_ipv4() { "TCP4" } else { "TCP6" };
    let (from_port, to_port) = (client.port(), local.port());
    write!(out, "PROXY {family} {from} {to} {from_port} {to_port}\r\n")
        .expect("a vector takes every byte");
}

fn write_structure(client: SocketAddr, local: SocketAddr, out: &mut Vec<u8>) {
    out.extend_from_slice(SIGNATURE);
    match same_family(client.ip(), local.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            out.extend_from_slice(&[PROXY, TCP_IPV4, 0, 12]);
            out.extend_from_slice(&from.octets());
            out.extend_from_slice(&to.octets());
        }
        (from, to) => {
            out.extend_from_slice(&[PROXY, TCP_IPV6, 0, 36]);
            out.extend_from_slice(&as_ipv6(from).octets());
            out.extend_from_slice(&as_ipv6(to).octets());
        }
    }
    out.extend_from_slice(&client.port().to_be_bytes());
    out.extend_from_slice(&local.port().to_be_bytes());
}

/// A header has one family for both addresses.
fn same_family(from: IpAddr, to: IpAddr) -> (IpAddr, IpAddr) {
    match (from.to_canonical(), to.to_canonical()) {
        (from @ IpAddr::V4(_), to @ IpAddr::V4(_)) => (from, to),
        (from, to) => (as_ipv6(from).into(), as_ipv6(to).into()),
    }
}

fn as_ipv6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};

    use proptest::prelude::*;

    use super::{SIGNATURE, Version};

    fn written(version: Version, client: SocketAddr, local: SocketAddr) -> Vec<u8> {
        let mut out = Vec::new();
        version.write(client, local, &mut out);
        out
    }

    fn line(client: &str, local: &str) -> String {
        let parse = |text: &str| text.parse().expect("an address");
        let line = written(Version::One, parse(client), parse(local));
        String::from_utf8(line).expect("text")
    }

    #[test]
    fn a_line_names_both_ends() {
        assert_eq!(
            line("192.0.2.7:4711", "198.51.100.1:80"),
            "PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\n"
        );
        assert_eq!(
            line("[2001:db8::7]:4711", "[2001:db8::1]:80"),
            "PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n"
        );
    }

    #[test]
    fn a_mapped_address_is_ipv4_where_both_are() {
        assert_eq!(
            line("[::ffff:192.0.2.7]:4711", "198.51.100.1:80"),
            "PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\n"
        );
    }

    #[test]
    fn what_we_send_for_ourselves_is_as_haproxy_has_it() {
        let (own, member) = ([192, 0, 2, 1], [192, 0, 2, 2]);
        let (own, member) = ((own, 4711).into(), (member, 80).into());
        let mut line = Vec::new();
        Version::One.write_own(own, member, &mut line);
        assert_eq!(line, b"PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n");
        let mut structure = Vec::new();
        Version::Two.write_own(own, member, &mut structure);
        assert_eq!(structure, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0");
    }

    /// Reads a line as the specification has it.
    fn read_line(line: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
        let line = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
        let mut words = line.strip_prefix("PROXY TCP")?.split(' ');
        let (family, from, to) = (words.next()?, words.next()?, words.next()?);
        let (from, to): (IpAddr, IpAddr) = (from.parse().ok()?, to.parse().ok()?);
        let is_of_family = |address: IpAddr| address.is_ipv4() == (family == "4");
        let (from_port, to_port) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let is_whole = words.next().is_none() && is_of_family(from) && is_of_family(to);
        is_whole.then_some(((from, from_port).into(), (to, to_port).into()))
    }

    /// Reads a structure as the specification has it.
    fn read_structure(bytes: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
        let rest = bytes.strip_prefix(SIGNATURE)?;
        let (kind, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([kind[2], kind[3]]));
        let size = match kind[..2] {
            [0x21, 0x11] => 4,
            [0x21, 0x21] => 16,
            _ => return None,
        };
        if rest.len() != length || length != 2 * size + 4 {
            return None;
        }
        let address = |bytes: &[u8]| match <[u8; 4]>::try_from(bytes) {
            Ok(octets) => Some(IpAddr::from(octets)),
            Err(_) => Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        };
        let port = |at: usize| u16::from_be_bytes([rest[at], rest[at + 1]]);
        let (from, to) = (address(&rest[..size])?, address(&rest[size..2 * size])?);
        Some((
            (from, port(2 * size)).into(),
            (to, port(2 * size + 2)).into(),
        ))
    }

    fn canonical(address: SocketAddr) -> SocketAddr {
        SocketAddr::new(address.ip().to_canonical(), address.port())
    }

    proptest! {
        #[test]
        fn a_reader_finds_what_was_written(client: SocketAddr, local: SocketAddr) {
            // A header carries neither zone nor flow.
            let expected = (canonical(client), canonical(local));
            let line = written(Version::One, client, local);
            prop_assert!(line.len() <= 107);
            for read in [read_line(&line), read_structure(&written(Version::Two, client, local))] {
                let (from, to) = read.expect("a header");
                prop_assert_eq!((canonical(from), canonical(to)), expected);
            }
        }
    }
}
