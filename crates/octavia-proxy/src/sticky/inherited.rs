//! Clients that one process knows, told to the next.

use std::net::IpAddr;

use uuid::Uuid;

use super::{By, Stickiness};
use crate::runtime::clock::Time;

impl Stickiness {
    /// Returns who is known, as text, and by whom they are served.
    pub(crate) fn known(&self, now: Time) -> Vec<(String, Uuid)> {
        match &self.by {
            By::Address(table) | By::AppCookie(_, table) => {
                let known = table.known().into_iter();
                known
                    .map(|(key, member)| (hexadecimal(&key), member))
                    .collect()
            }
            By::Network(networks) => {
                let known = networks.known(now).into_iter();
                known
                    .map(|(network, member)| (network.to_string(), member))
                    .collect()
            }
            By::OwnCookie => Vec::new(),
        }
    }

    /// Learns who is known to another process; what is known here already is newer.
    pub(crate) fn learn(&self, known: &[(String, Uuid)], now: Time) {
        for (key, member) in known {
            match &self.by {
                By::Address(table) | By::AppCookie(_, table) => {
                    let key = bytes(key).filter(|key| table.find(key).is_none());
                    if let Some(key) = key {
                        table.store(&key, *member);
                    }
                }
                By::Network(networks) => {
                    let network = key.parse::<IpAddr>().ok();
                    let unknown = network.filter(|client| networks.find(*client, now).is_none());
                    if let Some(client) = unknown {
                        networks.store(client, *member, now);
                    }
                }
                By::OwnCookie => {}
            }
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
    let pair = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(pair).collect()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use octavia_amphora_api::config::SessionPersistence;
    use uuid::Uuid;

    use super::Stickiness;
    use crate::runtime::clock::Time;

    #[test]
    fn what_one_knows_the_next_learns_unless_it_knows_better() {
        let (now, client) = (Time::now(), "192.0.2.1".parse().expect("an address"));
        let ways = [
            SessionPersistence::SourceIp,
            SessionPersistence::SourceNetwork {
                timeout_s: 60,
                ipv4_prefix: 24,
                ipv6_prefix: 64,
            },
        ];
        for way in ways {
            let members = [1, 2].map(Uuid::from_u128);
            let [old, new] = [0, 1].map(|_| Stickiness::continued(&way, &members, None));
            let recall = |sticky: &Stickiness| {
                sticky
                    .wish(client, None)
                    .or_else(|| sticky.recall(client, now))
            };
            old.note_client(client, members[0]);
            old.remember(client, members[0], now);
            new.learn(&old.known(now), now);
            assert_eq!(recall(&new), Some(members[0]));
            new.note_client(client, members[1]);
            new.remember(client, members[1], now);
            new.learn(&old.known(now), now);
            assert_eq!(recall(&new), Some(members[1]));
        }
    }
}
