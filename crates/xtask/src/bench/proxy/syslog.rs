//! Who hears what both log: a syslog receiver over UDP, that counts.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

use crate::bench::process::{Core, on_core};

/// What the kernel keeps while the receiver is away.
const BUFFER_BYTES: usize = 8 << 20;
/// How soon it looks whether it is to end.
const PATIENCE: Duration = Duration::from_millis(200);

/// Hears datagrams until it is dropped.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    heard: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(PATIENCE))?;
        // Only root gets more than the host's limit; what is lost then is lost for both.
        let forced = setsockopt(&socket, sockopt::RcvBufForce, &BUFFER_BYTES);
        forced.or_else(|_| setsockopt(&socket, sockopt::RcvBuf, &BUFFER_BYTES))?;
        let address = socket.local_addr()?;
        let (heard, stopping) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (count, stops) = (Arc::clone(&heard), Arc::clone(&stopping));
        let listen = move || {
            let mut buffer = [0; 4096];
            while !stops.load(Relaxed) {
                if socket.recv(&mut buffer).is_ok() {
                    count.fetch_add(1, Relaxed);
                }
            }
        };
        Ok(Self {
            address,
            heard,
            stopping,
            thread: Some(on_core(Core::Others, || std::thread::spawn(listen))?),
        })
    }

    /// Returns how many lines were heard.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Relaxed)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stopping.store(true, Relaxed);
        self.thread.take().map(JoinHandle::join);
    }
}
