//! Interfaces, addresses and routes of the amphora, by netlink.
//!
//! The agent adds what a document names and takes away what the document before named; what
//! others have set up on an interface is not touched.

mod announce;
mod difference;
mod frame;
mod netlink;
mod vips;

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use octavia_amphora_api::config::Interface;
use tokio_util::task::TaskTracker;

use difference::{Addresses, gone};
use netlink::{Link, Netlink};

pub(crate) use vips::Vips;

/// How long the kernel may take for a whole document.
const LIMIT: Duration = Duration::from_secs(10);

/// Sets up interfaces. Documents without any need neither privileges nor netlink.
pub(crate) struct Network {
    tasks: TaskTracker,
}

/// Why an interface is not as it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkError {
    /// The interface is not there (yet).
    #[error("no interface has the MAC address {0}")]
    NoInterface(String),
    /// The kernel refused.
    #[error("{attempt}: {source}")]
    Refused {
        /// What was attempted.
        attempt: String,
        /// What the kernel said.
        source: rtnetlink::Error,
    },
    /// There is no talking to the kernel.
    #[error("open a netlink socket: {0}")]
    NoNetlink(io::Error),
    /// The kernel did not answer.
    #[error("the kernel did not set up the interfaces in time")]
    Late,
}

impl Network {
    pub(crate) fn new(tasks: TaskTracker) -> Self {
        Self { tasks }
    }

    /// Brings the interfaces up with their addresses and routes, and returns the addresses that
    /// were not there before. It may be repeated. What an attempt that fails has added is taken
    /// away again.
    pub(crate) async fn add(&self, interfaces: &[Interface]) -> Result<Addresses, NetworkError> {
        if interfaces.is_empty() {
            return Ok(Addresses::default());
        }
        let mut added = Addresses::default();
        let adding = self.add_all(interfaces, &mut added);
        let outcome = tokio::time::timeout(LIMIT, adding).await;
        if let Err(error) = outcome.unwrap_or(Err(NetworkError::Late)) {
            self.remove(&added).await;
            return Err(error);
        }
        Ok(added)
    }

    /// Takes away what one document named and the next does not.
    pub(crate) async fn remove_gone(&self, before: &[Interface], now: &[Interface]) {
        self.remove(&gone(before, now)).await;
    }

    /// Takes addresses away. One that cannot be is in nobody's way, and is logged.
    pub(crate) async fn remove(&self, addresses: &Addresses) {
        if addresses.is_empty() {
            return;
        }
        let removing = tokio::time::timeout(LIMIT, self.remove_all(addresses));
        if let Err(error) = removing.await.unwrap_or(Err(NetworkError::Late)) {
            tracing::warn!(%error, "could not remove every address: {error}");
        }
    }

    async fn add_all(
        &self,
        interfaces: &[Interface],
        added: &mut Addresses,
    ) -> Result<(), NetworkError> {
        let netlink = Netlink::open(&self.tasks)?;
        let links = netlink.links().await?;
        for loopback in links.iter().filter(|link| link.is_loopback && !link.is_up) {
            netlink.bring_up(loopback, loopback.mtu).await?;
        }
        for interface in interfaces {
            let link = find(&links, &interface.mac_address)?;
            set_up(&netlink, link, interface, added).await?;
        }
        Ok(())
    }

    async fn remove_all(&self, addresses: &Addresses) -> Result<(), NetworkError> {
        let netlink = Netlink::open(&self.tasks)?;
        let links = netlink.links().await?;
        for (mac_address, address) in addresses.iter() {
            // An interface that is gone has taken its addresses with it.
            if let Ok(link) = find(&links, mac_address) {
                netlink.remove_address(link, address).await?;
            }
        }
        Ok(())
    }
}

async fn set_up(
    netlink: &Netlink,
    link: &Link,
    interface: &Interface,
    added: &mut Addresses,
) -> Result<(), NetworkError> {
    if !link.is_up || link.mtu != interface.mtu {
        netlink.bring_up(link, interface.mtu).await?;
    }
    let present = netlink.addresses(link).await?;
    let missing = interface
        .addresses
        .iter()
        .filter(|address| !present.contains(address));
    for &address in missing {
        netlink.add_address(link, address).await?;
        added.push(&interface.mac_address, address);
        tell_neighbours(link, address.addr());
    }
    match interface.gateway {
        Some(gateway) => netlink.set_default_route(link, gateway).await,
        None => Ok(()),
    }
}

/// Neighbours that are not told find out by asking, later.
fn tell_neighbours(link: &Link, address: IpAddr) {
    if let Err(error) = announce::announce(&link.name, address) {
        tracing::warn!(%error, "could not announce {address} on {}: {error}", link.name);
    }
}

fn find<'a>(links: &'a [Link], mac_address: &str) -> Result<&'a Link, NetworkError> {
    links
        .iter()
        .find(|link| link.mac_address.eq_ignore_ascii_case(mac_address))
        .ok_or_else(|| NetworkError::NoInterface(mac_address.to_owned()))
}

/// An address with the length of its prefix, as both sides of netlink compare it.
fn net(address: IpAddr, prefix_len: u8) -> Option<IpNet> {
    IpNet::new(address, prefix_len).ok()
}
