//! The addresses that go from one amphora of a pair to the other.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use octavia_amphora_api::config::Interface;
use tokio_util::task::TaskTracker;

use super::netlink::{Link, LinkChanges, Netlink};
use super::{Network, NetworkError, find, tell_neighbours};

/// How long the kernel may take for one change.
const LIMIT: Duration = Duration::from_secs(1);

/// The addresses of a virtual router, and the interface that they come to.
pub(crate) struct Vips {
    netlink: Netlink,
    changes: LinkChanges,
    network: Network,
    interfaces: Vec<Interface>,
    link: Link,
    addresses: Vec<IpNet>,
}

impl Vips {
    /// Finds the interface with that MAC address; nothing is changed. `interfaces` are those of the
    /// amphora without the addresses, which is what [`Vips::repair`] makes true.
    pub(crate) async fn open(
        tasks: &TaskTracker,
        mac_address: &str,
        addresses: &[IpAddr],
        interfaces: &[Interface],
    ) -> Result<Self, NetworkError> {
        let netlink = Netlink::open(tasks)?;
        let changes = LinkChanges::open(tasks)?;
        let link = find(&netlink.links().await?, mac_address)?.clone();
        Ok(Self {
            netlink,
            changes,
            network: Network::new(tasks.clone()),
            interfaces: interfaces.to_vec(),
            link,
            addresses: addresses.iter().copied().map(IpNet::from).collect(),
        })
    }

    /// Returns the addresses.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().map(IpNet::addr)
    }

    /// Adds the addresses.
    pub(crate) async fn take(&self) -> Result<(), NetworkError> {
        for &address in &self.addresses {
            let adding = self.netlink.add_visiting_address(&self.link, address);
            in_time(adding).await?;
        }
        Ok(())
    }

    /// Takes the addresses away, those that are there. All are tried.
    pub(crate) async fn let_go(&self) -> Result<(), NetworkError> {
        let mut outcome = Ok(());
        for &address in &self.addresses {
            let removing = self.netlink.remove_address(&self.link, address);
            outcome = outcome.and(in_time(removing).await);
        }
        outcome
    }

    /// Tells the network who has the addresses.
    pub(crate) fn announce(&self, times: u32) {
        for _ in 0..times {
            for address in self.addresses() {
                tell_neighbours(&self.link, address);
            }
        }
    }

    /// Waits for a change of some interface.
    pub(crate) async fn changed(&mut self) {
        self.changes.next().await;
    }

    /// Tells whether the interface is up and somebody is at its other end.
    pub(crate) async fn carries(&self) -> bool {
        let links = in_time(self.netlink.links()).await.unwrap_or_default();
        links
            .iter()
            .any(|link| link.index == self.link.index && link.carries)
    }

    /// Brings the interfaces to where they should be: what somebody has set down lost its routes,
    /// too.
    pub(crate) async fn repair(&self) -> Result<(), NetworkError> {
        self.network.add(&self.interfaces).await.map(|_| ())
    }
}

async fn in_time<T>(
    doing: impl Future<Output = Result<T, NetworkError>>,
) -> Result<T, NetworkError> {
    let outcome = tokio::time::timeout(LIMIT, doing).await;
    outcome.unwrap_or(Err(NetworkError::Late))
}
