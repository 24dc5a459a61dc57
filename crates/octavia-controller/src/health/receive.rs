use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use octavia_amphora_api::heartbeat::{DecodeError, Heartbeat, Key, MAX_DATAGRAM};
use octavia_model::Clock;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};

/// Counters of the receiver; they exist, at zero, from the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Heartbeats that were believed.
    pub accepted: AtomicU64,
    /// Datagrams whose code was wrong.
    pub unauthentic: AtomicU64,
    /// Datagrams whose code was right and whose content made no sense.
    pub malformed: AtomicU64,
    /// Heartbeats dropped because too many waited.
    pub dropped: AtomicU64,
}

/// A heartbeat, and when it came.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) heartbeat: Heartbeat,
    pub(super) at: DateTime<Utc>,
}

/// The port where heartbeats arrive.
pub(super) struct Receiver {
    socket: UdpSocket,
    key: Key,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
}

impl Receiver {
    pub(super) fn new(socket: UdpSocket, key: Key, clock: Arc<dyn Clock>) -> Self {
        Self {
            socket,
            key,
            clock,
            counts: Arc::default(),
        }
    }

    pub(super) fn local_address(&self) -> Result<SocketAddr> {
        self.socket.local_addr().map_err(|source| Error::Socket {
            attempt: "read the address of the heartbeat socket".to_owned(),
            source,
        })
    }

    pub(super) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Receives datagrams until `token` is cancelled.
    pub(super) async fn run(self, queue: mpsc::Sender<Arrival>, token: &CancellationToken) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            let received = tokio::select! {
                () = token.cancelled() => return,
                received = self.socket.recv_from(&mut buffer) => received,
            };
            match received {
                Ok((length, source)) => {
                    if let Err(error) = self.accept(&buffer[..length], &queue) {
                        tracing::warn!(source = %source, error = %error, "refused a heartbeat from {source}");
                    }
                }
                // UDP reports errors of earlier datagrams here; the socket itself goes on.
                Err(error) => tracing::debug!(error = %error, "could not receive a heartbeat"),
            }
        }
    }

    fn accept(
        &self,
        datagram: &[u8],
        queue: &mpsc::Sender<Arrival>,
    ) -> std::result::Result<(), DecodeError> {
        let heartbeat = Heartbeat::decode(datagram, &self.key).inspect_err(|error| {
            let counter = match error {
                DecodeError::Unauthentic => &self.counts.unauthentic,
                DecodeError::Malformed(_) => &self.counts.malformed,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        })?;
        let at = self.clock.now();
        let counter = match queue.try_send(Arrival { heartbeat, at }) {
            Ok(()) => &self.counts.accepted,
            Err(_) => &self.counts.dropped,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
