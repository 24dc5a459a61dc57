//! Questions in one datagram: is there a port, is there a host.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto,
};

use super::echo::{self, Framing};
use super::probe::Progress;
use crate::runtime::poller::Poller;
use crate::udp::socket;

/// What a port is sent, as upstream does: one byte, as an empty datagram ends some servers.
const KNOCK: &[u8] = b"X";

/// A datagram that was sent, and what is expected of it.
pub(super) struct Datagram {
    socket: OwnedFd,
    expected: Expected,
}

enum Expected {
    /// Anything, or nothing: only an error is bad.
    NoError,
    /// The echo of these bytes.
    Echo(Framing, Vec<u8>),
}

impl Datagram {
    /// Knocks at a port. That nobody listens is told by an ICMP error at once.
    pub(super) fn udp(address: SocketAddr, poller: &Poller, token: u64) -> Result<Self, String> {
        let socket = socket::connect(address).map_err(|error| cause("udp", error))?;
        let expected = Expected::NoError;
        Self { socket, expected }.sent(KNOCK, poller, token)
    }

    /// Asks a host for an echo.
    pub(super) fn ping(address: SocketAddr, poller: &Poller, token: u64) -> Result<Self, String> {
        let (socket, framing) = echo_socket(address)?;
        let host = SocketAddr::new(address.ip(), 0);
        rustix::net::connect(&socket, &host).map_err(|error| cause("ping", error))?;
        let request = echo::request(address.ip(), token);
        let expected = Expected::Echo(framing, echo::reply_to(&request));
        Self { socket, expected }.sent(&request, poller, token)
    }

    fn sent(self, bytes: &[u8], poller: &Poller, token: u64) -> Result<Self, String> {
        let added = poller.add_stream(&self.socket, token);
        added.map_err(|error| format!("{}: {}", self.name(), error.kind()))?;
        let sent = rustix::net::send(&self.socket, bytes, SendFlags::NOSIGNAL);
        sent.map_err(|error| cause(self.name(), error))?;
        Ok(self)
    }

    fn name(&self) -> &'static str {
        match self.expected {
            Expected::NoError => "udp",
            Expected::Echo(..) => "ping",
        }
    }

    /// Looks whether an answer came.
    pub(super) fn advance(&mut self) -> Progress {
        let mut buffer = [0; 2048];
        loop {
            match rustix::net::recv(&self.socket, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((_, length)) if self.is_answered_by(&buffer[..length.min(2048)]) => {
                    return Progress::Healthy;
                }
                Ok(_) => {}
                Err(Errno::AGAIN) => return Progress::Waiting,
                Err(error) => return Progress::Unhealthy(cause(self.name(), error)),
            }
        }
    }

    fn is_answered_by(&self, bytes: &[u8]) -> bool {
        match &self.expected {
            Expected::NoError => true,
            Expected::Echo(framing, reply) => echo::is_reply(*framing, bytes, reply),
        }
    }

    /// Says what it means that no answer came; `None` is good news.
    pub(super) fn cause_of_silence(&self) -> Option<String> {
        match self.expected {
            Expected::NoError => None,
            Expected::Echo(..) => Some("ping: timed out".into()),
        }
    }
}

/// Without a right of its own, a process may ping where `net.ipv4.ping_group_range` names its group.
fn echo_socket(address: SocketAddr) -> Result<(OwnedFd, Framing), String> {
    let (family, protocol) = match address {
        SocketAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP),
        SocketAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6),
    };
    if let Ok(socket) = open(family, SocketType::DGRAM, protocol) {
        return Ok((socket, Framing::Message));
    }
    match (open(family, SocketType::RAW, protocol), address) {
        (Ok(socket), SocketAddr::V4(_)) => Ok((socket, Framing::Packet)),
        (Ok(socket), SocketAddr::V6(_)) => Ok((socket, Framing::Message)),
        (Err(Errno::PERM | Errno::ACCESS), _) => Err("ping: not permitted, neither by \
             net.ipv4.ping_group_range nor by CAP_NET_RAW"
            .into()),
        (Err(error), _) => Err(cause("ping", error)),
    }
}

fn open(family: AddressFamily, kind: SocketType, protocol: Protocol) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    rustix::net::socket_with(family, kind, flags, Some(protocol))
}

fn cause(name: &str, error: Errno) -> String {
    format!("{name}: {}", io::Error::from(error).kind())
}
