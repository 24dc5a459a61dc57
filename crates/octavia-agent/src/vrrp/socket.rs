//! Advertisements, in and out: a raw socket of the IP protocol 112.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use nix::cmsg_space;
use nix::sys::socket::sockopt::Ipv6RecvHopLimit;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn6, recv, recvmsg, setsockopt};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::packet::{HOP_LIMIT, MAX_LEN, PROTOCOL, Path};

/// Precedence "internetwork control", as keepalived sends.
const TOS: u32 = 0xc0;
/// The longest header that IPv4 has.
const IPV4_HEADER: usize = 60;

/// A socket that is bound to an address of this host.
pub(super) struct RawSocket {
    /// It is none of UDP; this is how a descriptor is waited for.
    socket: UdpSocket,
    address: IpAddr,
}

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) from: IpAddr,
    pub(super) path: Path,
    pub(super) hop_limit: u8,
    pub(super) packet: Vec<u8>,
}

impl RawSocket {
    /// Opens one, which needs privileges, and an address that is there.
    pub(super) fn open(address: IpAddr) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::for_address(SocketAddr::new(address, 0)),
            Type::RAW.nonblocking(),
            Some(Protocol::from(i32::from(PROTOCOL))),
        )?;
        match address {
            IpAddr::V4(_) => {
                socket.set_ttl_v4(HOP_LIMIT.into())?;
                socket.set_tos_v4(TOS)?;
            }
            IpAddr::V6(_) => {
                socket.set_unicast_hops_v6(HOP_LIMIT.into())?;
                setsockopt(&socket, Ipv6RecvHopLimit, &true)?;
            }
        }
        socket.bind(&SocketAddr::new(address, 0).into())?;
        Ok(Self {
            socket: UdpSocket::from_std(socket.into())?,
            address,
        })
    }

    /// Returns the way from here to a peer; `None` when it is of another family.
    pub(super) fn path_to(&self, peer: IpAddr) -> Option<Path> {
        Path::new(self.address, peer)
    }

    /// Sends, or fails at once.
    pub(super) fn send(&self, packet: &[u8], to: IpAddr) -> io::Result<()> {
        let to = SocketAddr::new(to, 0).into();
        SockRef::from(&self.socket).send_to(packet, &to).map(|_| ())
    }

    /// Waits until there may be something to take.
    pub(super) async fn readable(&self) {
        if self.socket.readable().await.is_err() {
            // The runtime is ending.
            std::future::pending::<()>().await;
        }
    }

    /// Takes what is there: one packet, or nothing. What is no whole IP packet is passed over.
    ///
    /// It asks the kernel whatever the runtime thinks: after a long sleep, the runtime may not have
    /// looked yet.
    pub(super) fn take(&self) -> Option<Received> {
        loop {
            let known = self.socket.try_io(Interest::READABLE, || self.receive());
            match known.or_else(|_| self.receive()) {
                Ok(Some(received)) => return Some(received),
                Ok(None) => {}
                Err(_) => return None,
            }
        }
    }

    fn receive(&self) -> io::Result<Option<Received>> {
        match self.address {
            IpAddr::V4(_) => self.receive_v4(),
            IpAddr::V6(to) => self.receive_v6(to),
        }
    }

    /// The kernel gives the header, too.
    fn receive_v4(&self) -> io::Result<Option<Received>> {
        let mut buffer = [0; IPV4_HEADER + MAX_LEN];
        let flags = MsgFlags::MSG_DONTWAIT;
        let len = recv(self.socket.as_raw_fd(), &mut buffer, flags)?;
        Ok(of_ipv4(&buffer[..len]))
    }

    fn receive_v6(&self, to: Ipv6Addr) -> io::Result<Option<Received>> {
        let mut buffer = [0; MAX_LEN];
        let mut control = cmsg_space!(i32);
        let mut slices = [IoSliceMut::new(&mut buffer)];
        let message = recvmsg::<SockaddrIn6>(
            self.socket.as_raw_fd(),
            &mut slices,
            Some(&mut control),
            MsgFlags::MSG_DONTWAIT,
        )?;
        let hop_limit = message.cmsgs()?.find_map(|control| {
            let ControlMessageOwned::Ipv6HopLimit(limit) = control else {
                return None;
            };
            u8::try_from(limit).ok()
        });
        let (from, len) = (message.address.map(|address| address.ip()), message.bytes);
        Ok(from.zip(hop_limit).map(|(from, hop_limit)| Received {
            from: from.into(),
            path: Path::V6 { from, to },
            hop_limit,
            packet: buffer[..len].to_vec(),
        }))
    }
}

/// Splits an IPv4 packet into what counts of its header, and the rest.
fn of_ipv4(packet: &[u8]) -> Option<Received> {
    let header = packet.first_chunk::<20>()?;
    let header_len = usize::from(header[0] & 0x0f) * 4;
    let address = |at: usize| {
        let octets = header[at..].first_chunk::<4>()?;
        Some(Ipv4Addr::from(*octets))
    };
    let (from, to) = (address(12)?, address(16)?);
    Some(Received {
        from: from.into(),
        path: Path::V4 { from, to },
        hop_limit: header[8],
        packet: packet.get(header_len.max(header.len())..)?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_with_options_is_passed_over() {
        let mut packet = vec![0; 26];
        packet[0] = 0x46;
        packet[8] = 255;
        packet[12..20].copy_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
        packet[24..].copy_from_slice(&[7, 8]);
        let received = of_ipv4(&packet).unwrap();
        assert_eq!((received.hop_limit, received.packet), (255, vec![7, 8]));
        assert_eq!(received.from, IpAddr::from([10, 0, 0, 1]));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(packet in prop::collection::vec(any::<u8>(), 0..100)) {
            drop(of_ipv4(&packet));
        }
    }
}
