//! Members and clients that speak datagrams.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::PATIENCE;
use super::config::own_address;

/// A member that answers each datagram with its name, a colon, and the datagram.
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Echo {
    /// Serves on an address of its own.
    pub(crate) fn named(name: &str) -> Self {
        Self::at(SocketAddr::new(own_address(), 0), name)
    }

    /// Serves on a given address.
    pub(crate) fn at(address: SocketAddr, name: &str) -> Self {
        let socket = UdpSocket::bind(address).expect("bind a member");
        let address = socket.local_addr().expect("its address");
        let stopping = Arc::new(AtomicBool::new(false));
        let (name, stops) = (name.to_owned(), Arc::clone(&stopping));
        let thread = std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok((length, client)) = socket.recv_from(&mut buffer) {
                if stops.load(Ordering::SeqCst) {
                    return;
                }
                let answer = [name.as_bytes(), b":", &buffer[..length]].concat();
                // Too long for a datagram, or its sender is gone: that is the sender's loss.
                socket.send_to(&answer, client).ok();
            }
        });
        Self {
            address,
            stopping,
            thread: Some(thread),
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let waker = UdpSocket::bind(any(self.address.ip())).expect("bind any port");
        waker.send_to(b"", self.address).ok();
        self.thread.take().map(JoinHandle::join);
    }
}

/// A client with a port of its own.
pub(crate) struct Caller(pub(crate) UdpSocket);

impl Caller {
    /// Calls `address` from a port that nobody else has.
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self::from(any(address.ip()).ip(), address)
    }

    /// Calls `address` from `own`.
    pub(crate) fn from(own: IpAddr, address: SocketAddr) -> Self {
        let socket = UdpSocket::bind((own, 0)).expect("bind any port");
        socket.connect(address).expect("connect");
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("set a limit");
        Self(socket)
    }

    /// Sends a datagram and returns the next one that comes.
    pub(crate) fn ask(&self, question: &str) -> String {
        self.0.send(question.as_bytes()).expect("send");
        self.next().expect("an answer")
    }

    /// Returns the next datagram that comes.
    pub(crate) fn next(&self) -> std::io::Result<String> {
        let mut buffer = vec![0; 65_536];
        let length = self.0.recv(&mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }
}

fn any(ip: IpAddr) -> SocketAddr {
    let own = if ip.is_ipv4() { "127.0.0.1" } else { "::1" };
    SocketAddr::new(own.parse().expect("an address"), 0)
}
