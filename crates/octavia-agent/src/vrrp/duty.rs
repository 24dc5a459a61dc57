//! What a document asks of this end of a pair.

use std::net::IpAddr;
use std::time::Duration;

use octavia_amphora_api::AmphoraConfig;
use octavia_amphora_api::config::{Interface, Vrrp, VrrpPeer};

use super::machine::Settings;
use super::packet::{Advertisement, Dialect, Password};

/// The pair's part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Duty {
    vrrp: Vrrp,
    pub(super) vips: Vec<IpAddr>,
    pub(super) interfaces: Vec<Interface>,
}

impl Duty {
    /// Returns what a document asks; `None` when its amphora has no twin.
    pub(crate) fn of(document: &AmphoraConfig) -> Option<Self> {
        Some(Self {
            vrrp: document.vrrp.clone()?,
            vips: document.vips.clone(),
            interfaces: document.interfaces.clone(),
        })
    }

    pub(super) fn address(&self) -> IpAddr {
        self.vrrp.address
    }

    pub(super) fn mac_address(&self) -> &str {
        &self.vrrp.mac_address
    }

    pub(super) fn peers(&self) -> &[VrrpPeer] {
        &self.vrrp.peers
    }

    pub(super) fn peer_addresses(&self) -> Vec<IpAddr> {
        self.vrrp.peers.iter().map(|peer| peer.address).collect()
    }

    pub(super) fn knows(&self, address: IpAddr) -> bool {
        self.vrrp.peers.iter().any(|peer| peer.address == address)
    }

    pub(super) fn is_this_router(&self, advertisement: &Advertisement) -> bool {
        advertisement.router == self.vrrp.router_id
    }

    pub(super) fn dialect(&self) -> Dialect {
        match self.vrrp.version {
            2 => Dialect::V2(Some(Password::new(self.vrrp.secret.reveal()))),
            _ => Dialect::V3,
        }
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            address: self.vrrp.address,
            priority: self.vrrp.priority,
            interval: self.interval(),
            peers: self.vrrp.peers.len(),
            refresh: Duration::from_secs(self.vrrp.garp_refresh_interval_s.into()),
        }
    }

    pub(super) fn advertisement(&self, priority: u8) -> Advertisement {
        Advertisement {
            router: self.vrrp.router_id,
            priority,
            interval: self.interval(),
            // The others go with it: upstream names them as excluded.
            addresses: self.vips.iter().take(1).copied().collect(),
        }
    }

    pub(super) fn refresh_count(&self) -> u32 {
        self.vrrp.garp_refresh_count
    }

    pub(super) fn check_interval(&self) -> Duration {
        Duration::from_secs(self.vrrp.check_interval_s.max(1).into())
    }

    /// Returns after how many bad looks in a row the proxy counts as ill, and after how many good
    /// ones as well.
    pub(super) fn patience(&self) -> (u32, u32) {
        (self.vrrp.fail_count.max(1), self.vrrp.success_count.max(1))
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(self.vrrp.advert_interval_ms.max(10).into())
    }
}
