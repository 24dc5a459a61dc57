//! What one document leaves behind when the next takes its place.

use ipnet::IpNet;
use octavia_amphora_api::config::Interface;

/// Addresses on interfaces, which are named by their MAC address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Addresses(Vec<(String, IpNet)>);

impl Addresses {
    pub(super) fn push(&mut self, mac_address: &str, address: IpNet) {
        self.0.push((mac_address.to_owned(), address));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, IpNet)> {
        self.0
            .iter()
            .map(|(mac_address, address)| (mac_address.as_str(), *address))
    }
}

/// Returns the addresses of `before` that `now` does not name.
pub(super) fn gone(before: &[Interface], now: &[Interface]) -> Addresses {
    let mut gone = Addresses::default();
    for interface in before {
        let stays = |address: &IpNet| {
            let mut same = now
                .iter()
                .filter(|now| now.mac_address == interface.mac_address);
            same.any(|now| now.addresses.contains(address))
        };
        for &address in interface.addresses.iter().filter(|address| !stays(address)) {
            gone.push(&interface.mac_address, address);
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(mac_address: &str, addresses: &[&str]) -> Interface {
        Interface {
            mac_address: mac_address.to_owned(),
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            gateway: None,
            mtu: 1500,
        }
    }

    #[test]
    fn only_what_is_no_longer_named_is_gone() {
        let before = [
            interface("02:00:00:00:00:01", &["10.0.0.5/32", "10.0.0.6/32"]),
            interface("02:00:00:00:00:02", &["10.1.0.5/24"]),
        ];
        let now = [interface(
            "02:00:00:00:00:01",
            &["10.0.0.6/32", "10.1.0.5/24"],
        )];
        let gone: Vec<_> = gone(&before, &now)
            .iter()
            .map(|(mac_address, address)| format!("{mac_address} {address}"))
            .collect();
        assert_eq!(
            gone,
            [
                "02:00:00:00:00:01 10.0.0.5/32",
                "02:00:00:00:00:02 10.1.0.5/24"
            ]
        );
    }

    #[test]
    fn the_same_document_leaves_nothing_behind() {
        let document = [interface("02:00:00:00:00:01", &["10.0.0.5/32"])];
        assert!(gone(&document, &document).is_empty());
    }
}
