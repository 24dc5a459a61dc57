//! Telling neighbours about a new address, so that they do not use what they remember.

use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, sendto, socket};

use super::frame::{arp_announcement, neighbour_advertisement};

/// Sends one frame to everybody on the interface's network.
pub(super) fn announce(interface: &str, address: IpAddr) -> io::Result<()> {
    let link = link_address(interface)?;
    let mac = link.addr().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let frame = match address {
        IpAddr::V4(address) => arp_announcement(mac, address),
        IpAddr::V6(address) => neighbour_advertisement(mac, address),
    };
    let sender = socket(
        AddressFamily::Packet,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    sendto(sender.as_raw_fd(), &frame, &link, MsgFlags::empty())?;
    Ok(())
}

/// The list of addresses holds one of the packet family for each interface, and a raw socket
/// takes it as the way out.
fn link_address(interface: &str) -> io::Result<LinkAddr> {
    getifaddrs()?
        .filter(|entry| entry.interface_name == interface)
        .find_map(|entry| entry.address?.as_link_addr().copied())
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}
