//! Sockets for datagrams.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use nix::sys::socket::SockaddrStorage;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto};

/// Makes a socket of the family of `address`.
pub(crate) fn datagram(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    rustix::net::socket_with(family, SocketType::DGRAM, flags, Some(ipproto::UDP))
}

/// Makes a socket that exchanges datagrams with `peer` alone.
pub(crate) fn connect(peer: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = datagram(peer)?;
    rustix::net::connect(&socket, &peer)?;
    Ok(socket)
}

/// Tells whether a new flow failed because too many others are there.
pub(crate) fn is_shortage(error: Errno) -> bool {
    matches!(
        error,
        Errno::MFILE
            | Errno::NFILE
            | Errno::NOBUFS
            | Errno::NOMEM
            | Errno::AGAIN
            | Errno::ADDRINUSE
            | Errno::ADDRNOTAVAIL
    )
}

/// Reads what the kernel wrote as an address.
pub(super) fn from_storage(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address
        .as_sockaddr_in()
        .map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| {
        address
            .as_sockaddr_in6()
            .map(|v6| SocketAddr::V6((*v6).into()))
    })
}
