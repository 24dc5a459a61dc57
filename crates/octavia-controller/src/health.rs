//! The health manager: hears heartbeats, keeps operating statuses, finds silent amphorae.

mod budget;
mod detect;
mod fold;
mod receive;
mod replay;
mod servers;
pub mod statuses;
mod write;

use std::net::SocketAddr;
use std::sync::Arc;

use octavia_amphora_api::heartbeat::Key;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::HealthConfig;
use crate::error::{Error, Result};
use crate::world::World;

pub use receive::Counts;

/// How many heartbeats may wait to be judged; more are dropped, and counted.
const QUEUE_LENGTH: usize = 4096;

/// Hears amphorae, and calls for help for those that fall silent. Any number may run.
pub struct HealthManager {
    world: World,
    config: HealthConfig,
    socket: UdpSocket,
    key: Key,
    counts: Arc<Counts>,
}

impl HealthManager {
    /// Opens the port where heartbeats arrive.
    pub async fn bind(world: World, config: HealthConfig) -> Result<Self> {
        let address = SocketAddr::new(config.bind_ip, config.bind_port);
        let socket = UdpSocket::bind(address)
            .await
            .map_err(|source| Error::Socket {
                attempt: format!("listen for heartbeats on {address} (UDP)"),
                source,
            })?;
        Ok(Self {
            key: Key::new(config.heartbeat_key.reveal().as_bytes()),
            world,
            config,
            socket,
            counts: Arc::default(),
        })
    }

    /// Returns where heartbeats arrive.
    pub fn local_address(&self) -> Result<SocketAddr> {
        self.socket.local_addr().map_err(|source| Error::Socket {
            attempt: "read the address of the heartbeat socket".to_owned(),
            source,
        })
    }

    /// Returns what was counted so far.
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Works until `token` is cancelled; what was heard by then is written.
    pub async fn run(self, token: CancellationToken) {
        let (queue, heard) = mpsc::channel(QUEUE_LENGTH);
        let fold = fold::Fold::new(self.world.clone(), self.config.clone());
        let detector = detect::Detector::new(self.world.clone(), self.config.clone());
        let ((), (), (), ()) = tokio::join!(
            receive::run(&self, queue, &token),
            fold.run(heard),
            detector.run(&token),
            servers::run(&self.world, &self.config, &token),
        );
    }
}
