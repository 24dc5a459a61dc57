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

use detect::Detector;
use fold::Fold;
use receive::Receiver;

/// How many heartbeats may wait to be judged; more are dropped, and counted.
const QUEUE_LENGTH: usize = 4096;

/// Hears amphorae, and calls for help for those that fall silent. Any number may run.
pub struct HealthManager {
    receiver: Receiver,
    fold: Fold,
    detector: Detector,
    world: World,
    config: HealthConfig,
}

impl HealthManager {
    /// Opens the port where heartbeats arrive. Nobody counts as silent before a full
    /// `heartbeat_timeout` from here.
    pub async fn bind(world: World, config: HealthConfig) -> Result<Self> {
        let address = SocketAddr::new(config.bind_ip, config.bind_port);
        let socket = UdpSocket::bind(address)
            .await
            .map_err(|source| Error::Socket {
                attempt: format!("listen for heartbeats on {address} (UDP)"),
                source,
            })?;
        let key = Key::new(config.heartbeat_key.reveal().as_bytes());
        Ok(Self {
            receiver: Receiver::new(socket, key, Arc::clone(&world.clock)),
            fold: Fold::new(world.clone(), config.clone()),
            detector: Detector::new(world.clone(), config.clone()),
            world,
            config,
        })
    }

    /// Returns where heartbeats arrive.
    pub fn local_address(&self) -> Result<SocketAddr> {
        self.receiver.local_address()
    }

    /// Returns what was counted so far.
    pub fn counts(&self) -> Arc<Counts> {
        self.receiver.counts()
    }

    /// Works until `token` is cancelled; what was heard by then is written.
    pub async fn run(self, token: CancellationToken) {
        let (queue, heard) = mpsc::channel(QUEUE_LENGTH);
        let ((), (), (), ()) = tokio::join!(
            self.receiver.run(queue, &token),
            self.fold.run(heard),
            self.detector.run(&token),
            servers::run(&self.world, &self.config, &token),
        );
    }
}
