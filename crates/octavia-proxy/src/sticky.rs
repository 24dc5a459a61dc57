//! How a client stays with its member (session persistence).
//!
//! What a client shows, its address or a cookie, leads to the member that served it before. A
//! member that is drained keeps its clients; one that is down or disabled loses them.

mod inherited;
mod network;
mod table;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use octavia_amphora_api::config::SessionPersistence;
use uuid::Uuid;

use crate::http1::cookie::{OnRequest, OnResponse};
use crate::runtime::clock::Time;
use network::{Grain, Networks};
use table::Table;

/// The name of the cookie that we set ourselves, as upstream has it.
const OWN_COOKIE: &[u8] = b"SRV";

/// How the clients of a pool stay with their members.
#[derive(Debug)]
pub(crate) struct Stickiness {
    by: By,
    /// The place of each member in its pool.
    places: HashMap<Uuid, usize>,
}

/// What leads to a member.
#[derive(Debug, Clone)]
enum By {
    /// The client's address, remembered.
    Address(Arc<Table>),
    /// The network of the client's address, remembered for a while.
    Network(Arc<Networks>),
    /// A cookie that we set, and that names the member.
    OwnCookie,
    /// A cookie that the application sets, remembered.
    AppCookie(Box<[u8]>, Arc<Table>),
}

impl Stickiness {
    /// Makes what `wanted` asks for, with what `before` remembers if that asked for the same.
    pub(crate) fn continued(
        wanted: &SessionPersistence,
        members: &[Uuid],
        before: Option<&Self>,
    ) -> Self {
        let by = match (wanted, before.map(|before| &before.by)) {
            (SessionPersistence::SourceNetwork { .. }, before) => networks(wanted, before),
            (SessionPersistence::HttpCookie, _) => By::OwnCookie,
            (SessionPersistence::SourceIp, Some(by @ By::Address(_))) => by.clone(),
            (SessionPersistence::SourceIp, _) => By::Address(Arc::default()),
            (SessionPersistence::AppCookie { cookie_name }, Some(by @ By::AppCookie(name, _)))
                if cookie_name.as_bytes() == &**name =>
            {
                by.clone()
            }
            (SessionPersistence::AppCookie { cookie_name }, _) => {
                By::AppCookie(cookie_name.as_bytes().into(), Arc::default())
            }
        };
        Self {
            by,
            places: members.iter().copied().zip(0..).collect(),
        }
    }

    /// Returns the place of a member in its pool, if it is still there.
    pub(crate) fn place(&self, member: Uuid) -> Option<usize> {
        self.places.get(&member).copied()
    }

    /// Returns what is to be done with the cookies of a request.
    pub(crate) fn on_request(&self) -> OnRequest<'_> {
        match &self.by {
            By::Address(_) | By::Network(_) => OnRequest::Nothing,
            By::OwnCookie => OnRequest::Take(OWN_COOKIE),
            By::AppCookie(name, _) => OnRequest::Find(name),
        }
    }

    /// Returns what is to be done with the cookies of a response by `member` to a client that asked
    /// for `wish`.
    pub(crate) fn on_response(&self, wish: Option<Uuid>, member: Uuid) -> OnResponse<'_> {
        match &self.by {
            By::Address(_) | By::Network(_) => OnResponse::Nothing,
            By::OwnCookie => OnResponse::Own {
                name: OWN_COOKIE,
                set: Some(member).filter(|_| wish != Some(member)),
            },
            By::AppCookie(name, _) => OnResponse::Find(name),
        }
    }

    /// Returns the member that a client belongs to, by its address or what its cookie says.
    pub(crate) fn wish(&self, client: IpAddr, cookie: Option<&[u8]>) -> Option<Uuid> {
        match &self.by {
            By::Address(table) => table.find(&address_key(client)),
            By::Network(_) => None,
            By::OwnCookie => Uuid::try_parse_ascii(cookie?).ok(),
            By::AppCookie(_, table) => table.find(cookie?),
        }
    }

    /// Notes that `member` serves a client.
    pub(crate) fn note_client(&self, client: IpAddr, member: Uuid) {
        if let By::Address(table) = &self.by {
            table.store(&address_key(client), member);
        }
    }

    /// Returns the member that serves a client's network, if that is what counts.
    pub(crate) fn recall(&self, client: IpAddr, now: Time) -> Option<Uuid> {
        match &self.by {
            By::Network(networks) => networks.find(client, now),
            By::Address(_) | By::OwnCookie | By::AppCookie(..) => None,
        }
    }

    /// Notes that `member` serves a client's network, if that is what counts.
    pub(crate) fn remember(&self, client: IpAddr, member: Uuid, now: Time) {
        if let By::Network(networks) = &self.by {
            networks.store(client, member, now);
        }
    }

    /// Notes that `member` set the application's cookie to `value`.
    pub(crate) fn note_cookie(&self, value: &[u8], member: Uuid) {
        if let By::AppCookie(_, table) = &self.by {
            table.store(value, member);
        }
    }
}

/// Goes on with the networks of `before`, if they are as large and live as long.
fn networks(wanted: &SessionPersistence, before: Option<&By>) -> By {
    let SessionPersistence::SourceNetwork {
        timeout_s,
        ipv4_prefix,
        ipv6_prefix,
    } = *wanted
    else {
        return By::Address(Arc::default());
    };
    let grain = Grain {
        lifetime: Duration::from_secs(timeout_s.into()),
        ipv4_prefix,
        ipv6_prefix,
    };
    match before {
        Some(by @ By::Network(networks)) if networks.grain == grain => by.clone(),
        Some(_) | None => By::Network(Arc::new(Networks::new(grain))),
    }
}

/// Mapped IPv4 is the same client.
fn address_key(client: IpAddr) -> [u8; 16] {
    match client {
        IpAddr::V4(client) => client.to_ipv6_mapped().octets(),
        IpAddr::V6(client) => client.octets(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use octavia_amphora_api::config::SessionPersistence;
    use uuid::Uuid;

    use super::Stickiness;

    const MEMBER: Uuid = Uuid::from_u128(7);

    fn app_cookie(name: &str) -> SessionPersistence {
        let cookie_name = name.to_owned();
        SessionPersistence::AppCookie { cookie_name }
    }

    fn sticky(wanted: &SessionPersistence) -> Stickiness {
        Stickiness::continued(wanted, &[MEMBER], None)
    }

    fn client(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_leads_to_the_member_that_served_it() {
        let sticky = sticky(&SessionPersistence::SourceIp);
        assert_eq!(sticky.wish(client("192.0.2.1"), None), None);
        sticky.note_client(client("192.0.2.1"), MEMBER);
        let wishes = ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"]
            .map(|address| sticky.wish(client(address), None));
        assert_eq!(wishes, [Some(MEMBER), Some(MEMBER), None]);
    }

    #[test]
    fn our_cookie_names_the_member_and_nonsense_names_none() {
        let sticky = sticky(&SessionPersistence::HttpCookie);
        let wish = |cookie: &str| sticky.wish(client("::1"), Some(cookie.as_bytes()));
        assert_eq!(wish(&MEMBER.to_string()), Some(MEMBER));
        assert_eq!([wish(""), wish("\"x\""), wish("7")], [None; 3]);
    }

    #[test]
    fn what_is_remembered_outlives_documents_that_ask_for_the_same() {
        let name = app_cookie("JSESSIONID");
        let before = sticky(&name);
        before.note_cookie(b"one", MEMBER);
        let wish = |wanted: &SessionPersistence| {
            let after = Stickiness::continued(wanted, &[], Some(&before));
            after.wish(client("::1"), Some(b"one"))
        };
        assert_eq!(wish(&name), Some(MEMBER));
        assert_eq!(wish(&app_cookie("SID")), None);
        assert_eq!(wish(&SessionPersistence::SourceIp), None);
    }
}
