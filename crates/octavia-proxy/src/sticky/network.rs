//! Which member serves which network of clients, for a while. For datagrams.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::limits;
use crate::runtime::clock::Time;

/// Which clients are one, and for how long that is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grain {
    pub(super) lifetime: Duration,
    /// How many bits of an IPv4 address count.
    pub(super) ipv4_prefix: u8,
    /// How many bits of an IPv6 address count.
    pub(super) ipv6_prefix: u8,
}

impl Grain {
    /// Returns the network of a client; mapped IPv4 is the same client.
    fn network(self, client: IpAddr) -> IpAddr {
        match client.to_canonical() {
            IpAddr::V4(client) => {
                let host = u32::MAX.checked_shr(self.ipv4_prefix.into()).unwrap_or(0);
                Ipv4Addr::from_bits(client.to_bits() & !host).into()
            }
            IpAddr::V6(client) => {
                let host = u128::MAX.checked_shr(self.ipv6_prefix.into()).unwrap_or(0);
                Ipv6Addr::from_bits(client.to_bits() & !host).into()
            }
        }
    }
}

/// Members by network, shared by all loops.
#[derive(Debug)]
pub(super) struct Networks {
    pub(super) grain: Grain,
    members: Mutex<HashMap<IpAddr, (Uuid, Time)>>,
}

impl Networks {
    /// Knows nobody yet.
    pub(super) fn new(grain: Grain) -> Self {
        Self {
            grain,
            members: Mutex::default(),
        }
    }

    /// Returns the member that serves the network of `client`, if that is not too long ago.
    pub(super) fn find(&self, client: IpAddr, now: Time) -> Option<Uuid> {
        let members = self.lock();
        let (member, until) = members.get(&self.grain.network(client))?;
        (*until > now).then_some(*member)
    }

    /// Notes that `member` serves the network of `client` now.
    pub(super) fn store(&self, client: IpAddr, member: Uuid, now: Time) {
        let mut members = self.lock();
        if members.len() >= limits::STICKY_NETWORKS {
            members.retain(|_, (_, until)| *until > now);
        }
        let network = self.grain.network(client);
        // With more clients than fit, those that were there first keep their members.
        if members.len() < limits::STICKY_NETWORKS || members.contains_key(&network) {
            members.insert(network, (member, now.after(self.grain.lifetime)));
        }
    }

    /// Returns everybody who is known.
    pub(super) fn known(&self, now: Time) -> Vec<(IpAddr, Uuid)> {
        let members = self.lock();
        let alive = members.iter().filter(|(_, (_, until))| *until > now);
        alive
            .map(|(network, (member, _))| (*network, *member))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, (Uuid, Time)>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use uuid::Uuid;

    use super::{Grain, Networks};
    use crate::limits;
    use crate::runtime::clock::Time;

    const MEMBER: Uuid = Uuid::from_u128(7);
    const SECOND: Duration = Duration::from_secs(1);

    fn networks(ipv4_prefix: u8, ipv6_prefix: u8) -> Networks {
        Networks::new(Grain {
            lifetime: 10 * SECOND,
            ipv4_prefix,
            ipv6_prefix,
        })
    }

    fn client(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn clients_of_one_network_have_one_member() {
        let (networks, now) = (networks(16, 64), Time::now());
        networks.store(client("192.0.2.1"), MEMBER, now);
        networks.store(client("2001:db8::1"), MEMBER, now);
        let known = [
            "192.0.99.1",
            "::ffff:192.0.2.9",
            "192.1.2.1",
            "2001:db8::ffff:0:0:2",
            "2001:db8:0:1::1",
        ];
        let found = known.map(|text| networks.find(client(text), now).is_some());
        assert_eq!(found, [true, true, false, true, false]);
    }

    #[test]
    fn a_prefix_may_be_all_or_nothing() {
        let now = Time::now();
        let (all, nothing) = (networks(32, 128), networks(0, 0));
        all.store(client("192.0.2.1"), MEMBER, now);
        nothing.store(client("192.0.2.1"), MEMBER, now);
        assert_eq!(all.find(client("192.0.2.1"), now), Some(MEMBER));
        assert_eq!(all.find(client("192.0.2.2"), now), None);
        assert_eq!(nothing.find(client("203.0.113.1"), now), Some(MEMBER));
    }

    #[test]
    fn a_network_is_forgotten_when_its_time_is_up() {
        let (networks, now) = (networks(32, 128), Time::now());
        networks.store(client("192.0.2.1"), MEMBER, now);
        let find = |seconds| networks.find(client("192.0.2.1"), now.after(seconds * SECOND));
        assert_eq!(find(9), Some(MEMBER));
        assert_eq!(find(10), None);
    }

    #[test]
    fn memory_is_bounded_and_the_forgotten_make_room() {
        let (networks, now) = (networks(32, 128), Time::now());
        let last = u32::try_from(limits::STICKY_NETWORKS).expect("it is small");
        let client = |number: u32| IpAddr::V4(number.into());
        (0..=last).for_each(|number| networks.store(client(number), MEMBER, now));
        assert_eq!(networks.find(client(0), now), Some(MEMBER));
        assert_eq!(networks.find(client(last), now), None);
        let later = now.after(10 * SECOND);
        networks.store(client(last), MEMBER, later);
        assert_eq!(networks.find(client(last), later), Some(MEMBER));
        assert_eq!(networks.lock().len(), 1);
    }
}
