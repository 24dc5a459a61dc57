//! Addresses that some program of this host listens on.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::disk;
use crate::Result;

/// Where the kernel lists the TCP sockets of our network namespace.
const SOCKETS: &str = "/proc/net/tcp";
/// The state of a socket that listens.
const LISTENS: &str = "0A";

/// Returns the IPv4 addresses that a TCP socket listens on.
pub(super) fn addresses() -> Result<BTreeSet<IpAddr>> {
    let path = std::path::Path::new(SOCKETS);
    let text = std::fs::read_to_string(path).map_err(disk::fault("read", path))?;
    Ok(text.lines().filter_map(listener).map(IpAddr::V4).collect())
}

/// See `proc_net_tcp(5)`: a number, the local address, the other address, the state.
fn listener(line: &str) -> Option<Ipv4Addr> {
    let mut words = line.split_whitespace().skip(1);
    let (address, _port) = words.next()?.split_once(':')?;
    if words.nth(1)? != LISTENS {
        return None;
    }
    // The kernel prints the bytes of the address as one number of this host's byte order.
    let number = u32::from_str_radix(address, 16).ok()?;
    Some(Ipv4Addr::from(number.to_ne_bytes()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn an_address_counts_while_somebody_listens_on_it() {
        let address: IpAddr = "127.94.83.72".parse().unwrap();
        assert!(!addresses().unwrap().contains(&address));
        let listener = TcpListener::bind((address, 0)).unwrap();
        assert!(addresses().unwrap().contains(&address));
        drop(listener);
        assert!(!addresses().unwrap().contains(&address));
    }

    #[test]
    fn a_connection_and_the_heading_do_not_count() {
        let heading = "  sl  local_address rem_address   st tx_queue rx_queue";
        assert_eq!(listener(heading), None);
        assert_eq!(
            listener("  0: 0100007F:1F90 0100007F:C350 01 00000000"),
            None
        );
        assert_eq!(listener(""), None);
    }
}
