use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use octavia_amphora_api::heartbeat::{DecodeError, Heartbeat, MAX_DATAGRAM};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::HealthManager;

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

/// Receives datagrams until `token` is cancelled.
pub(super) async fn run(
    manager: &HealthManager,
    queue: mpsc::Sender<Arrival>,
    token: &CancellationToken,
) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let received = tokio::select! {
            () = token.cancelled() => return,
            received = manager.socket.recv_from(&mut buffer) => received,
        };
        match received {
            Ok((length, source)) => {
                if let Err(error) = accept(manager, &buffer[..length], &queue) {
                    tracing::warn!(source = %source, error = %error, "refused a heartbeat from {source}");
                }
            }
            // UDP reports errors of earlier datagrams here; the socket itself goes on.
            Err(error) => tracing::debug!(error = %error, "could not receive a heartbeat"),
        }
    }
}

fn accept(
    manager: &HealthManager,
    datagram: &[u8],
    queue: &mpsc::Sender<Arrival>,
) -> Result<(), DecodeError> {
    let counts = &manager.counts;
    let heartbeat = Heartbeat::decode(datagram, &manager.key).inspect_err(|error| {
        let counter = match error {
            DecodeError::Unauthentic => &counts.unauthentic,
            DecodeError::Malformed(_) => &counts.malformed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    })?;
    let at = manager.world.clock.now();
    let counter = match queue.try_send(Arrival { heartbeat, at }) {
        Ok(()) => &counts.accepted,
        Err(_) => &counts.dropped,
    };
    counter.fetch_add(1, Ordering::Relaxed);
    Ok(())
}
