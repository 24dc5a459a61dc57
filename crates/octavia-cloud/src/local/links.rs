//! Requests to the kernel about the interfaces of one network namespace.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use ipnet::IpNet;
use nix::errno::Errno;
use rtnetlink::packet_route::link::{InfoData, InfoKind, InfoVeth, LinkAttribute, LinkMessage};
use rtnetlink::{
    Error as NetlinkError, Handle, LinkBridge, LinkMessageBuilder, LinkUnspec, LinkVeth,
};
use tokio_util::task::TaskTracker;

use super::netns::Namespace;
use crate::{Error, Result};

/// How long the kernel may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The interfaces of a network namespace.
pub(super) struct Links {
    handle: Handle,
}

/// A bridge, and the remark on it.
pub(super) struct Bridge {
    pub(super) index: u32,
    pub(super) alias: Option<String>,
}

/// A pair of interfaces: one on a bridge here, its peer in the namespace of a server.
pub(super) struct Pair<'a> {
    pub(super) name: &'a str,
    pub(super) bridge: u32,
    pub(super) mtu: u32,
    pub(super) namespace: &'a Namespace,
    /// The MAC address of the peer; the kernel draws one if absent.
    pub(super) peer_mac: Option<[u8; 6]>,
}

/// The first name that is free: `eth0`, `eth1` and so on. The kernel counts.
const NEXT_ETHERNET: &str = "eth%d";

impl Links {
    /// Opens the namespace that we are in.
    pub(super) fn open(tasks: &TaskTracker) -> io::Result<Self> {
        let (connection, handle, _) = rtnetlink::new_connection()?;
        tasks.spawn(connection);
        Ok(Self { handle })
    }

    /// Opens another namespace: a socket belongs to the one in which it was made.
    pub(super) fn open_in(namespace: Namespace, tasks: &TaskTracker) -> io::Result<Self> {
        let runtime = tokio::runtime::Handle::current();
        let tasks = tasks.clone();
        let thread = std::thread::Builder::new()
            .name("netlink".to_owned())
            .spawn(move || {
                namespace.enter()?;
                let _context = runtime.enter();
                Self::open(&tasks)
            })?;
        thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that opens it panicked")))
    }

    /// Returns the number of an interface.
    pub(super) async fn index(&self, name: &str) -> Result<Option<u32>> {
        let link = self.link(name).await?;
        Ok(link.map(|link| link.header.index))
    }

    async fn link(&self, name: &str) -> Result<Option<LinkMessage>> {
        let mut found = Box::pin(self.handle.link().get().match_name(name).execute());
        let what = format!("find the interface {name}");
        match within(found.try_next()).await {
            Err(Fault::Kernel(error)) if is(&error, Errno::ENODEV) => Ok(None),
            found => found.map_err(|fault| fault.error(what)),
        }
    }

    /// Returns the number of an interface that must be there.
    pub(super) async fn existing(&self, name: &str) -> Result<u32> {
        let found = self.index(name).await?;
        found.ok_or_else(|| missing(name))
    }

    /// Makes a bridge, or finds it, and gives it an address.
    pub(super) async fn ensure_bridge(
        &self,
        name: &str,
        mac: [u8; 6],
        address: IpNet,
    ) -> Result<Bridge> {
        // Without an address of its own, a bridge takes the lowest of its ports', which changes.
        let bridge = LinkBridge::new(name).address(mac.to_vec()).up().build();
        self.add(bridge, &format!("make the bridge {name}")).await?;
        let link = self.link(name).await?.ok_or_else(|| missing(name))?;
        let index = link.header.index;
        self.up(index).await?;
        self.add_address(index, address).await?;
        let alias = link.attributes.into_iter().find_map(|attribute| {
            if let LinkAttribute::IfAlias(alias) = attribute {
                return Some(alias);
            }
            None
        });
        Ok(Bridge { index, alias })
    }

    /// Writes a remark on an interface.
    pub(super) async fn set_alias(&self, index: u32, alias: &str) -> Result<()> {
        let alias = LinkAttribute::IfAlias(alias.to_owned());
        let link = LinkUnspec::new_with_index(index).append_extra_attribute(alias);
        let set = within(self.handle.link().set(link.build()).execute()).await;
        set.map_err(|fault| fault.error(format!("name the owner of interface {index}")))
    }

    /// Makes a pair, or finds it, in one message: there is never half of it. The peer is still
    /// down, as the kernel cannot bring it up before the pair is complete.
    pub(super) async fn ensure_pair(&self, pair: &Pair<'_>) -> Result<()> {
        let namespace = LinkAttribute::NetNsFd(pair.namespace.descriptor());
        let mut peer = LinkMessageBuilder::<LinkUnspec>::new_with_info_kind(InfoKind::Veth)
            .name(NEXT_ETHERNET)
            .mtu(pair.mtu)
            .append_extra_attribute(namespace);
        if let Some(mac) = pair.peer_mac {
            peer = peer.address(mac.to_vec());
        }
        let mut peer = peer.build();
        // The peer is described by its attributes alone; its kind is that of the pair.
        peer.attributes
            .retain(|attribute| !matches!(attribute, LinkAttribute::LinkInfo(_)));
        let host = LinkMessageBuilder::<LinkVeth>::new_with_info_kind(InfoKind::Veth)
            .name(pair.name)
            .mtu(pair.mtu)
            .controller(pair.bridge)
            .up()
            .set_info_data(InfoData::Veth(InfoVeth::Peer(peer)))
            .build();
        self.add(host, &format!("make the interface {}", pair.name))
            .await
    }

    async fn add(&self, link: LinkMessage, what: &str) -> Result<()> {
        match within(self.handle.link().add(link).execute()).await {
            Err(Fault::Kernel(error)) if is(&error, Errno::EEXIST) => Ok(()),
            added => added.map_err(|fault| fault.error(what)),
        }
    }

    /// Removes an interface, and its peer if it has one; one that is gone already is fine.
    pub(super) async fn remove(&self, name: &str) -> Result<()> {
        let Some(index) = self.index(name).await? else {
            return Ok(());
        };
        match within(self.handle.link().del(index).execute()).await {
            Err(Fault::Kernel(error)) if is(&error, Errno::ENODEV) => Ok(()),
            removed => removed.map_err(|fault| fault.error(format!("remove the interface {name}"))),
        }
    }

    pub(super) async fn up(&self, index: u32) -> Result<()> {
        let up = LinkUnspec::new_with_index(index).up().build();
        let set = within(self.handle.link().set(up).execute()).await;
        set.map_err(|fault| fault.error(format!("bring interface {index} up")))
    }

    pub(super) async fn add_address(&self, index: u32, address: IpNet) -> Result<()> {
        let (ip, prefix): (IpAddr, u8) = (address.addr(), address.prefix_len());
        match within(self.handle.address().add(index, ip, prefix).execute()).await {
            Err(Fault::Kernel(error)) if is(&error, Errno::EEXIST) => Ok(()),
            added => {
                added.map_err(|fault| fault.error(format!("add {address} to interface {index}")))
            }
        }
    }

    /// Tells whether any interface is a port of the bridge.
    pub(super) async fn is_used(&self, bridge: u32) -> Result<bool> {
        let links = self.handle.link().get().execute();
        let links: Vec<LinkMessage> = within(links.try_collect())
            .await
            .map_err(|fault| fault.error("list the interfaces"))?;
        let port = LinkAttribute::Controller(bridge);
        Ok(links.iter().any(|link| link.attributes.contains(&port)))
    }
}

fn missing(name: &str) -> Error {
    let attempt = format!("find the interface {name}");
    Error::unavailable(attempt, io::Error::from(Errno::ENODEV))
}

/// Why the kernel did not do what was asked.
enum Fault {
    Kernel(NetlinkError),
    Late(tokio::time::error::Elapsed),
}

impl Fault {
    fn error(self, attempt: impl Into<String>) -> Error {
        match self {
            Self::Kernel(NetlinkError::NetlinkError(message)) => {
                Error::unavailable(attempt, message.to_io())
            }
            Self::Kernel(error) => Error::unavailable(attempt, error),
            Self::Late(error) => Error::unavailable(attempt, error),
        }
    }
}

async fn within<T>(
    answer: impl Future<Output = std::result::Result<T, NetlinkError>>,
) -> std::result::Result<T, Fault> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(Fault::Kernel),
        Err(elapsed) => Err(Fault::Late(elapsed)),
    }
}

fn is(error: &NetlinkError, errno: Errno) -> bool {
    matches!(error, NetlinkError::NetlinkError(message) if message.raw_code() == -(errno as i32))
}
