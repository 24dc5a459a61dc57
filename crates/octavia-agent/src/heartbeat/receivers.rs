//! The controllers' sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;

const SEND_LIMIT: Duration = Duration::from_secs(1);

/// The controllers, in turn.
pub(super) struct Receivers {
    all: Vec<Receiver>,
    next: usize,
    remembered: Option<usize>,
    last: usize,
}

struct Receiver {
    from: IpAddr,
    address: SocketAddr,
    /// Connected, so that a host tells when nobody listens there. Made when it is needed, and
    /// again after an error, as the network may come later than the agent.
    socket: Option<UdpSocket>,
    /// Whether the last datagram was taken; what does not change is not logged again.
    well: bool,
}

impl Receivers {
    pub(super) fn new(from: IpAddr, controllers: &[SocketAddr]) -> Self {
        let receiver = |&address| Receiver {
            from,
            address,
            socket: None,
            well: true,
        };
        Self {
            all: controllers.iter().map(receiver).collect(),
            next: 0,
            last: 0,
            remembered: None,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Sends to the controller whose turn it is, and tells whether nothing speaks against its
    /// arrival.
    pub(super) async fn send_to_next(&mut self, datagram: &[u8]) -> bool {
        self.last = self.next;
        self.next = (self.next + 1) % self.all.len().max(1);
        match self.all.get_mut(self.last) {
            Some(receiver) => receiver.send(datagram).await,
            None => false,
        }
    }

    /// Remembers that the last datagram matters.
    pub(super) fn remember(&mut self) {
        self.remembered = Some(self.last);
    }

    /// Tells whether the remembered datagram has come to nobody after all.
    pub(super) fn remembered_refuses(&mut self) -> bool {
        let receiver = self.remembered.take().and_then(|index| self.all.get(index));
        receiver.is_some_and(|receiver| receiver.error().is_err())
    }
}

impl Receiver {
    async fn send(&mut self, datagram: &[u8]) -> bool {
        let outcome = self.try_send(datagram).await;
        let well = outcome.is_ok();
        if well != self.well {
            match outcome {
                Ok(()) => tracing::info!("controller {} takes heartbeats again", self.address),
                Err(error) => {
                    tracing::warn!(%error, "controller {} takes no heartbeats: {error}", self.address);
                }
            }
        }
        self.well = well;
        well
    }

    async fn try_send(&mut self, datagram: &[u8]) -> io::Result<()> {
        // An earlier datagram that was refused must not keep this one back.
        if self.error().is_err() {
            self.socket = None;
        }
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => connect(self.from, self.address).await?,
        };
        tokio::time::timeout(SEND_LIMIT, socket.send(datagram)).await??;
        self.socket = Some(socket);
        // On the same host, a refusal is known at once.
        self.error()
    }

    fn error(&self) -> io::Result<()> {
        let told = self.socket.as_ref().map(UdpSocket::take_error);
        match told.transpose()?.flatten() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Sends from the address that the controllers know, where it is of the right family.
async fn connect(from: IpAddr, to: SocketAddr) -> io::Result<UdpSocket> {
    let from = match (from, to) {
        (IpAddr::V4(_), SocketAddr::V4(_)) | (IpAddr::V6(_), SocketAddr::V6(_)) => from,
        (_, SocketAddr::V4(_)) => Ipv4Addr::UNSPECIFIED.into(),
        (_, SocketAddr::V6(_)) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((from, 0)).await?;
    socket.connect(to).await?;
    Ok(socket)
}
