//! The few questions and commands that the agent has for the kernel.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use ipnet::IpNet;
use rtnetlink::packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, CacheInfo,
};
use rtnetlink::packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use rtnetlink::{
    AddressMessageBuilder, Handle, LinkUnspec, MulticastGroup, RouteMessageBuilder,
    new_multicast_connection,
};
use tokio_util::task::TaskTracker;

use super::{NetworkError, net};

/// A conversation with the kernel. It ends when this is dropped.
pub(super) struct Netlink(Handle);

/// An interface, as it is.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) index: u32,
    pub(super) name: String,
    pub(super) mac_address: String,
    pub(super) mtu: u32,
    pub(super) is_up: bool,
    pub(super) is_loopback: bool,
    /// Whether it is up and there is somebody at the other end of the cable.
    pub(super) carries: bool,
}

/// What the kernel says unasked about interfaces. It ends when this is dropped.
pub(super) struct LinkChanges {
    messages: BoxStream<'static, ()>,
    /// The conversation ends with its last handle.
    _handle: Handle,
}

impl LinkChanges {
    pub(super) fn open(tasks: &TaskTracker) -> Result<Self, NetworkError> {
        let (connection, handle, messages) =
            new_multicast_connection(&[MulticastGroup::Link]).map_err(NetworkError::NoNetlink)?;
        tasks.spawn(connection);
        Ok(Self {
            messages: messages.map(|_| ()).boxed(),
            _handle: handle,
        })
    }

    /// Waits until something about some interface has changed.
    pub(super) async fn next(&mut self) {
        if self.messages.next().await.is_none() {
            std::future::pending::<()>().await;
        }
        // One change comes in several messages.
        while let Some(Some(())) = self.messages.next().now_or_never() {}
    }
}

impl Netlink {
    pub(super) fn open(tasks: &TaskTracker) -> Result<Self, NetworkError> {
        let (connection, handle, _) =
            rtnetlink::new_connection().map_err(NetworkError::NoNetlink)?;
        tasks.spawn(connection);
        Ok(Self(handle))
    }

    pub(super) async fn links(&self) -> Result<Vec<Link>, NetworkError> {
        let messages = self.0.link().get().execute();
        let links = messages.map_ok(|message| link(&message)).try_collect();
        links
            .await
            .map_err(|source| refused("list interfaces", source))
    }

    pub(super) async fn bring_up(&self, link: &Link, mtu: u32) -> Result<(), NetworkError> {
        let message = LinkUnspec::new_with_index(link.index).mtu(mtu).up().build();
        let done = self.0.link().set(message).execute().await;
        done.map_err(|source| refused(&format!("bring {} up with MTU {mtu}", link.name), source))
    }

    pub(super) async fn addresses(&self, link: &Link) -> Result<Vec<IpNet>, NetworkError> {
        let request = self.0.address().get().set_link_index_filter(link.index);
        let messages: Result<Vec<_>, _> = request.execute().try_collect().await;
        let messages = messages
            .map_err(|source| refused(&format!("list addresses of {}", link.name), source))?;
        Ok(messages.iter().filter_map(address).collect())
    }

    pub(super) async fn add_address(
        &self,
        link: &Link,
        address: IpNet,
    ) -> Result<(), NetworkError> {
        self.add(link, address, |_| ()).await
    }

    /// Adds an address that connections to elsewhere do not start from.
    pub(super) async fn add_visiting_address(
        &self,
        link: &Link,
        address: IpNet,
    ) -> Result<(), NetworkError> {
        self.add(link, address, |message| {
            // For IPv4, that it is not in the subnet of anything suffices.
            if address.addr().is_ipv6() {
                message
                    .attributes
                    .push(AddressAttribute::CacheInfo(deprecated()));
            }
        })
        .await
    }

    async fn add(
        &self,
        link: &Link,
        address: IpNet,
        change: impl FnOnce(&mut AddressMessage),
    ) -> Result<(), NetworkError> {
        let mut request = self
            .0
            .address()
            .add(link.index, address.addr(), address.prefix_len())
            .replace();
        // The address is usable at once; the network has given it to nobody else.
        if address.addr().is_ipv6() {
            request.message_mut().header.flags |= AddressHeaderFlags::Nodad;
        }
        change(request.message_mut());
        let done = request.execute().await;
        done.map_err(|source| refused(&format!("add {address} to {}", link.name), source))
    }

    pub(super) async fn remove_address(
        &self,
        link: &Link,
        address: IpNet,
    ) -> Result<(), NetworkError> {
        let present = self.addresses(link).await?;
        if !present.contains(&address) {
            return Ok(());
        }
        let message = message(link, address);
        let done = self.0.address().del(message).execute().await;
        done.map_err(|source| refused(&format!("remove {address} from {}", link.name), source))
    }

    /// The gateway may lie outside the prefixes of the interface, which has only the VIP as /32.
    pub(super) async fn set_default_route(
        &self,
        link: &Link,
        gateway: IpAddr,
    ) -> Result<(), NetworkError> {
        let route = match gateway {
            IpAddr::V4(gateway) => RouteMessageBuilder::<Ipv4Addr>::new()
                .gateway(gateway)
                .output_interface(link.index)
                .onlink()
                .build(),
            IpAddr::V6(gateway) => RouteMessageBuilder::<Ipv6Addr>::new()
                .gateway(gateway)
                .output_interface(link.index)
                .onlink()
                .build(),
        };
        let done = self.0.route().add(route).replace().execute().await;
        done.map_err(|source| {
            refused(
                &format!("route everything to {gateway} on {}", link.name),
                source,
            )
        })
    }
}

/// Good for ever, preferred for nothing.
fn deprecated() -> CacheInfo {
    let mut info = CacheInfo::default();
    info.ifa_valid = u32::MAX;
    info
}

fn refused(attempt: &str, source: rtnetlink::Error) -> NetworkError {
    NetworkError::Refused {
        attempt: attempt.to_owned(),
        source,
    }
}

fn link(message: &LinkMessage) -> Link {
    let mut link = Link {
        index: message.header.index,
        name: String::new(),
        mac_address: String::new(),
        mtu: 0,
        is_up: message.header.flags.contains(LinkFlags::Up),
        is_loopback: message.header.flags.contains(LinkFlags::Loopback),
        carries: (message.header.flags).contains(LinkFlags::Up | LinkFlags::LowerUp),
    };
    for attribute in &message.attributes {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the kernel tells much more")]
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Address(octets) => link.mac_address = mac_address(octets),
            LinkAttribute::Mtu(mtu) => link.mtu = *mtu,
            _ => {}
        }
    }
    link
}

fn mac_address(octets: &[u8]) -> String {
    let octets: Vec<_> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    octets.join(":")
}

/// Where an address has a peer, `Local` is its own, and comes beside `Address`.
fn address(message: &AddressMessage) -> Option<IpNet> {
    let attributes = message.attributes.iter();
    let local = attributes.clone().find_map(|attribute| {
        let AddressAttribute::Local(address) = attribute else {
            return None;
        };
        Some(*address)
    });
    let any = attributes.into_iter().find_map(|attribute| {
        let AddressAttribute::Address(address) = attribute else {
            return None;
        };
        Some(*address)
    });
    net(local.or(any)?, message.header.prefix_len)
}

fn message(link: &Link, address: IpNet) -> AddressMessage {
    match address {
        IpNet::V4(address) => AddressMessageBuilder::<Ipv4Addr>::new()
            .index(link.index)
            .address(address.addr(), address.prefix_len())
            .build(),
        IpNet::V6(address) => AddressMessageBuilder::<Ipv6Addr>::new()
            .index(link.index)
            .address(address.addr(), address.prefix_len())
            .build(),
    }
}
