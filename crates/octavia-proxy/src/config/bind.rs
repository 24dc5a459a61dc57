//! Sockets for clients: one for each loop, on the same address.
//!
//! With `SO_REUSEPORT` the kernel spreads connections over the loops. A connection belongs to the
//! socket that took its SYN, and is reset when that socket closes; so the set of sockets of an
//! address never changes while the address is bound (the number of loops is fixed), and an address
//! that stays in the next document keeps its sockets, even if another listener has it by then.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};

use crate::limits;

/// Binds `address` once for each loop.
pub(crate) fn bind(address: SocketAddr, loops: usize) -> io::Result<Arc<[OwnedFd]>> {
    refuse_if_taken(address)?;
    (0..loops).map(|_| listen(address)).collect()
}

/// Without `SO_REUSEPORT` the kernel refuses an address on which anybody listens; with it, it would
/// let two processes of one user share the port, and each get some of the connections.
fn refuse_if_taken(address: SocketAddr) -> io::Result<()> {
    let socket = socket(address)?;
    rustix::net::bind(&socket, &address)?;
    Ok(())
}

fn listen(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = socket(address)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    // Accepted sockets inherit it.
    sockopt::set_tcp_nodelay(&socket, true)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, limits::BACKLOG)?;
    Ok(socket)
}

/// Binds `address` for datagrams, once for each loop: the kernel gives all of one client to the
/// same socket.
pub(crate) fn bind_datagrams(address: SocketAddr, loops: usize) -> io::Result<Arc<[OwnedFd]>> {
    let alone = datagrams(address)?;
    rustix::net::bind(&alone, &address)?;
    drop(alone);
    let shared = || {
        let socket = datagrams(address)?;
        sockopt::set_socket_reuseport(&socket, true)?;
        rustix::net::bind(&socket, &address)?;
        Ok(socket)
    };
    (0..loops).map(|_| shared()).collect()
}

fn datagrams(address: SocketAddr) -> io::Result<OwnedFd> {
    let socket = crate::udp::socket::datagram(address)?;
    // Datagrams that find no room are lost, and a loop may be away for a while.
    sockopt::set_socket_recv_buffer_size(&socket, limits::PORT_BUFFER_BYTES)?;
    sockopt::set_socket_send_buffer_size(&socket, limits::PORT_BUFFER_BYTES)?;
    allow_foreign(&socket, address)?;
    Ok(socket)
}

fn socket(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    allow_foreign(&socket, address)?;
    Ok(socket)
}

/// The VIP of a standby is on no interface of its host yet.
fn allow_foreign(socket: &OwnedFd, address: SocketAddr) -> io::Result<()> {
    match address {
        SocketAddr::V4(_) => sockopt::set_ip_freebind(socket, true)?,
        SocketAddr::V6(_) => {
            sockopt::set_ipv6_v6only(socket, true)?;
            sockopt::set_ipv6_freebind(socket, true)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{SocketAddr, TcpListener};

    use super::bind;

    #[test]
    fn an_address_on_which_another_listens_is_refused() {
        let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = other.local_addr().expect("its address");
        let error = bind(address, 2).expect_err("it is taken");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }

    #[test]
    fn an_address_that_we_share_between_loops_is_refused_to_a_second_proxy() {
        let address = free_address();
        let sockets = bind(address, 2).expect("the address is free");
        assert_eq!(sockets.len(), 2);
        let error = bind(address, 1).expect_err("it is taken");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }

    fn free_address() -> SocketAddr {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        free.local_addr().expect("its address")
    }
}
