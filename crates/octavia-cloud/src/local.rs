//! The cloud that this host is: amphorae are its processes, and files hold what is known of them.
//!
//! ```text
//! <state_dir>/cloud/isolation                how amphorae are kept apart: namespace or process
//! <state_dir>/cloud/ports/<id>.json          a port each
//! <state_dir>/cloud/addresses/<address>      an address that is taken: a link to its holder
//! <state_dir>/cloud/servers/<id>/            a server each: its record, its files, its log
//! <state_dir>/cloud/scratch/                 servers that are being filled or emptied
//! <state_dir>/cloud/locks/                   who works on what
//! ```
//!
//! Every file appears whole and disappears whole, and every call looks before it makes, so that
//! whatever a crash leaves is repaired by the same call made again. Servers outlive this process;
//! they are known by process number and start time.

mod addresses;
mod compute;
mod config;
mod disk;
mod limits;
mod links;
mod listening;
mod netns;
mod network;
mod open;
mod ports;
mod process;
mod servers;
mod wires;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;

pub use config::{Isolation, Limits, LocalCloudConfig, Mode};

use crate::catalogue::Catalogue;
use crate::{Error, Result, Subnet};
use addresses::Book;
use disk::Lock;
use limits::Groups;
use ports::Ports;
use servers::Servers;
use wires::Wires;

/// The cloud that this host is.
pub struct LocalCloud {
    isolation: Isolation,
    catalogue: Catalogue,
    management: Subnet,
    program: PathBuf,
    extra_arguments: Vec<String>,
    locks: PathBuf,
    files: Arc<Files>,
    groups: Groups,
    wires: Option<Wires>,
}

/// What is kept on the disk.
struct Files {
    book: Book,
    ports: Ports,
    servers: Servers,
}

impl LocalCloud {
    /// Returns how amphorae are kept apart.
    pub fn isolation(&self) -> Isolation {
        self.isolation
    }

    /// Returns the network of the agents' addresses.
    pub fn management(&self) -> IpNet {
        self.management.cidr
    }

    /// Returns the host's own address on that network, where amphorae can send to.
    pub fn host_address(&self) -> IpAddr {
        self.management
            .gateway
            .unwrap_or_else(|| self.management.cidr.network())
    }

    /// Removes bridges that nothing uses; they come back when they are needed.
    pub async fn teardown(&self) -> Result<()> {
        let Some(wires) = &self.wires else {
            return Ok(());
        };
        for subnet in self.all_subnets() {
            wires.remove_unused_bridge(subnet).await?;
        }
        Ok(())
    }

    /// The subnets of tenants, and the one of the agents.
    fn all_subnets(&self) -> impl Iterator<Item = &Subnet> {
        self.catalogue.subnets().iter().chain([&self.management])
    }

    /// Works with files and processes where waiting for them holds nobody up.
    async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Files) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let files = Arc::clone(&self.files);
        let done = tokio::task::spawn_blocking(move || act(&files)).await;
        done.unwrap_or_else(|error| Err(Error::unavailable("read the local cloud's state", error)))
    }

    /// Does the same while nobody else changes the addresses.
    async fn with_addresses<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Files) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let lock = Lock::take(self.locks.join("addresses")).await?;
        self.blocking(move |files| {
            let done = act(files);
            drop(lock);
            done
        })
        .await
    }
}
