//! VRRP advertisements on the wire: version 2 with a password (RFC 2338, RFC 3768), as upstream's
//! keepalived speaks it, and version 3 (RFC 9568) with an interval in hundredths of a second.

mod checksum;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use checksum::{internet, with_pseudo_header};

/// The number of the IP protocol.
pub(crate) const PROTOCOL: u8 = 112;
/// What every advertisement is sent with. One that a router has passed on has less, and is refused.
pub(crate) const HOP_LIMIT: u8 = 255;
/// The largest advertisement: 255 IPv6 addresses after the header.
pub(crate) const MAX_LEN: usize = HEADER + 255 * 16;

const HEADER: usize = 8;
const PASSWORD: usize = 8;
const ADVERTISEMENT: u8 = 1;
const NO_AUTHENTICATION: u8 = 0;
const SIMPLE_TEXT: u8 = 1;
/// Version 3 has 12 bits for the interval.
const CENTISECONDS_MAX: u128 = 0x0fff;

/// How one virtual router speaks; both ends must agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Version 2: IPv4 only, whole seconds.
    V2(Option<Password>),
    /// Version 3: hundredths of a second, nothing secret in it.
    V3,
}

/// The password of version 2: eight octets, filled up with zeros.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password([u8; PASSWORD]);

/// What a router says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Advertisement {
    /// The virtual router, 1 to 255.
    pub(crate) router: u8,
    /// How much the sender wants to be master; 0 when it stops being it.
    pub(crate) priority: u8,
    /// How often the sender says so while it is master.
    pub(crate) interval: Duration,
    /// The addresses of the virtual router, all of one family.
    pub(crate) addresses: Vec<IpAddr>,
}

/// Where a packet comes from and goes to: the checksum of version 3 covers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// Over IPv4.
    V4 {
        /// The sender's address.
        from: Ipv4Addr,
        /// The receiver's.
        to: Ipv4Addr,
    },
    /// Over IPv6.
    V6 {
        /// The sender's address.
        from: Ipv6Addr,
        /// The receiver's.
        to: Ipv6Addr,
    },
}

/// Why a packet counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// A router has passed it on.
    #[error("its hop limit is not 255")]
    HopLimit,
    /// It is shorter or longer than it says.
    #[error("its length is wrong")]
    Length,
    /// The other end speaks another version.
    #[error("it is of another version")]
    Version,
    /// It is no advertisement.
    #[error("it is no advertisement")]
    Kind,
    /// It was damaged, or is meant for somebody else.
    #[error("its checksum is wrong")]
    Checksum,
    /// It does not know the password, or knows none where there should be none.
    #[error("its authentication is wrong")]
    Authentication,
    /// Its interval is 0.
    #[error("its interval is 0")]
    Interval,
}

impl Password {
    /// Makes one of a text, of which the first eight octets count.
    pub(crate) fn new(text: &str) -> Self {
        let mut octets = [0; PASSWORD];
        for (octet, given) in octets.iter_mut().zip(text.bytes()) {
            *octet = given;
        }
        Self(octets)
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Path {
    /// Returns the path between two addresses of one family.
    pub(crate) fn new(from: IpAddr, to: IpAddr) -> Option<Self> {
        match (from, to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => Some(Self::V4 { from, to }),
            (IpAddr::V6(from), IpAddr::V6(to)) => Some(Self::V6 { from, to }),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
        }
    }

    fn address_len(self) -> usize {
        match self {
            Self::V4 { .. } => 4,
            Self::V6 { .. } => 16,
        }
    }
}

impl Dialect {
    /// Writes an advertisement. Addresses of another family than the path's are left out: version
    /// 2 and 3 have no room for them (upstream names them as excluded).
    pub(crate) fn write(&self, advertisement: &Advertisement, path: Path) -> Vec<u8> {
        let addresses = octets_of(&advertisement.addresses, path);
        let count = addresses.len() / path.address_len();
        let mut packet = vec![
            self.version() << 4 | ADVERTISEMENT,
            advertisement.router,
            advertisement.priority,
            u8::try_from(count).unwrap_or(u8::MAX),
        ];
        packet.extend(self.interval_octets(advertisement.interval));
        packet.extend([0, 0]);
        packet.extend(addresses);
        if let Self::V2(password) = self {
            let none = [0; PASSWORD];
            packet.extend(password.as_ref().map_or(none, |password| password.0));
        }
        let sum = self.checksum(&packet, path).to_be_bytes();
        packet[6..HEADER].copy_from_slice(&sum);
        packet
    }

    /// Reads an advertisement, as strictly as the RFCs ask.
    pub(crate) fn read(
        &self,
        packet: &[u8],
        path: Path,
        hop_limit: u8,
    ) -> Result<Advertisement, Refused> {
        if hop_limit != HOP_LIMIT {
            return Err(Refused::HopLimit);
        }
        let (&header, rest) = packet
            .split_first_chunk::<HEADER>()
            .ok_or(Refused::Length)?;
        let [kind, router, priority, count, ..] = header;
        self.check_kind(kind)?;
        let trailer = match self {
            Self::V2(_) => PASSWORD,
            Self::V3 => 0,
        };
        let len = usize::from(count) * path.address_len();
        if count == 0 || rest.len() != len + trailer {
            return Err(Refused::Length);
        }
        if self.checksum(packet, path) != 0 {
            return Err(Refused::Checksum);
        }
        self.authenticate(header, &rest[len..])?;
        Ok(Advertisement {
            router,
            priority,
            interval: self.interval_of(header)?,
            addresses: addresses_of(&rest[..len], path),
        })
    }

    fn version(&self) -> u8 {
        match self {
            Self::V2(_) => 2,
            Self::V3 => 3,
        }
    }

    fn check_kind(&self, octet: u8) -> Result<(), Refused> {
        if octet >> 4 != self.version() {
            return Err(Refused::Version);
        }
        if octet & 0x0f != ADVERTISEMENT {
            return Err(Refused::Kind);
        }
        Ok(())
    }

    fn interval_octets(&self, interval: Duration) -> [u8; 2] {
        match self {
            Self::V2(password) => {
                let kind = match password {
                    Some(_) => SIMPLE_TEXT,
                    None => NO_AUTHENTICATION,
                };
                let seconds = u8::try_from(interval.as_secs()).unwrap_or(u8::MAX);
                [kind, seconds.max(1)]
            }
            Self::V3 => {
                let centiseconds = (interval.as_millis() / 10).clamp(1, CENTISECONDS_MAX);
                u16::try_from(centiseconds).unwrap_or(1).to_be_bytes()
            }
        }
    }

    fn interval_of(&self, header: [u8; HEADER]) -> Result<Duration, Refused> {
        let interval = match self {
            Self::V2(_) => Duration::from_secs(header[5].into()),
            Self::V3 => {
                let centiseconds = u16::from_be_bytes([header[4] & 0x0f, header[5]]);
                Duration::from_millis(u64::from(centiseconds) * 10)
            }
        };
        if interval.is_zero() {
            return Err(Refused::Interval);
        }
        Ok(interval)
    }

    fn authenticate(&self, header: [u8; HEADER], trailer: &[u8]) -> Result<(), Refused> {
        match self {
            Self::V3 => Ok(()),
            Self::V2(None) if header[4] == NO_AUTHENTICATION => Ok(()),
            Self::V2(Some(password)) if header[4] == SIMPLE_TEXT => {
                verify_slices_are_equal(&password.0, trailer).map_err(|_| Refused::Authentication)
            }
            Self::V2(_) => Err(Refused::Authentication),
        }
    }

    /// Returns the checksum, which is 0 over a packet that has the right one in it.
    fn checksum(&self, packet: &[u8], path: Path) -> u16 {
        match self {
            Self::V2(_) => internet(packet),
            Self::V3 => with_pseudo_header(packet, path),
        }
    }
}

fn octets_of(addresses: &[IpAddr], path: Path) -> Vec<u8> {
    let of_path = addresses.iter().filter(|address| match path {
        Path::V4 { .. } => address.is_ipv4(),
        Path::V6 { .. } => address.is_ipv6(),
    });
    of_path
        .take(u8::MAX.into())
        .flat_map(|address| match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        })
        .collect()
}

fn addresses_of(octets: &[u8], path: Path) -> Vec<IpAddr> {
    match path {
        Path::V4 { .. } => octets
            .as_chunks::<4>()
            .0
            .iter()
            .map(|octets| IpAddr::from(*octets))
            .collect(),
        Path::V6 { .. } => octets
            .as_chunks::<16>()
            .0
            .iter()
            .map(|octets| IpAddr::from(*octets))
            .collect(),
    }
}
