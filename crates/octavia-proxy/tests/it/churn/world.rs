//! A proxy with listeners that stay, others that come and go, and clients at both.

use std::io::BufReader;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use octavia_amphora_api::config::{
    Algorithm, AmphoraConfig, Certificate, ListenerProtocol, Pool, PoolProtocol, SessionPersistence,
};
use octavia_amphora_api::report::{Counters, Report};
use octavia_proxy::Proxy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use uuid::Uuid;

use super::change::{self, Chance};
use super::member::Member;
use super::traffic::{self, Answer, Traffic, connect, connect_tls, datagram, line, request};
use crate::support::config::{free_port, listener, member};
use crate::support::datagrams::Echo;
use crate::support::pki::{Authority, listener_tls};
use crate::support::{PATIENCE, Setup, id, wait_until};

pub(crate) const HOST: &str = "www.example.org";

// Listeners that are changed, and never removed.
pub(crate) const PAGES: u128 = 10;
pub(crate) const SECURE: u128 = 11;
const LINES: u128 = 12;
const DATAGRAMS: u128 = 13;
// Listeners that no change concerns.
const TURNS: u128 = 14;
const STICKY: u128 = 15;
/// Listeners that come and go have greater numbers.
pub(crate) const FIRST_OTHER: u128 = 50;

// Pools whose members come and go.
pub(crate) const WEB: u128 = 20;
pub(crate) const STREAM: u128 = 21;
pub(crate) const CALLS: u128 = 22;
// Pools that no change concerns.
const FAIR: u128 = 23;
const LOYAL: u128 = 24;

/// How many members a pool may have.
const MEMBERS: usize = 4;

pub(crate) struct World {
    // Ends first, so that nobody misses who ends later.
    pub(crate) traffic: Traffic,
    pub(crate) setup: Setup,
    /// Proxies whose place was taken, the first one first.
    old: Vec<Proxy>,
    lines: u64,
    pub(crate) certificates: Vec<Certificate>,
    web: Vec<Member>,
    stream: Vec<Member>,
    calls: Vec<Echo>,
    fair: [Member; 2],
}

impl World {
    /// Starts everything; returns once every client is served. The connection that is there for long
    /// has so many lines.
    pub(crate) fn start(lines: u64) -> Self {
        let authority = Authority::new("an authority");
        let certificates: Vec<_> = (1..=3)
            .map(|number| authority.certify_number(number, &[HOST]))
            .collect();
        let web: Vec<_> = (0..MEMBERS).map(|_| Member::web("page")).collect();
        let fair = [Member::web("a"), Member::web("b")];
        let setup = Setup::new(ListenerProtocol::Http, &[web[0].address], |config| {
            config.listeners.clear();
            config.pools.clear();
        });
        let mut world = Self {
            traffic: Traffic::default(),
            setup,
            old: Vec::new(),
            lines,
            certificates,
            web,
            stream: (0..MEMBERS).map(|_| Member::echo()).collect(),
            calls: (0..MEMBERS).map(|_| Echo::named("call")).collect(),
            fair,
        };
        let config = world.document();
        world.setup.change(|known| {
            known.listeners = config.listeners;
            known.pools = config.pools;
        });
        world.call_everywhere(&authority);
        world.traffic.wait_for_everybody("the start");
        world
    }

    /// Changes something; says what.
    pub(crate) fn change(&mut self, chance: &mut Chance) -> String {
        self.pass_counters_on();
        if chance.is_one_of(30) {
            self.old.push(self.setup.upgrade());
            return "an upgrade in place".into();
        }
        let mut config = self.setup.config.clone();
        let what = change::change(self, &mut config, chance);
        config.generation += 1;
        let applied = self.setup.proxy.apply(&config);
        assert!(applied.is_ok(), "{what}: {applied:?}");
        self.setup.config = config;
        what
    }

    /// Each tells the next what it counted, until it is over.
    fn pass_counters_on(&mut self) {
        let heirs = self.old.iter().skip(1).chain([&self.setup.proxy]);
        for (old, heir) in self.old.iter().zip(heirs) {
            heir.inherit(&old.counted());
        }
    }

    /// Ends those proxies that were handed over and have no connection left; each has told the next
    /// what it counted.
    pub(crate) fn end_old_ones_that_are_over(&mut self) {
        while self.old.first().is_some_and(Proxy::is_over) {
            self.pass_counters_on();
            self.old.remove(0);
        }
    }

    /// Ends the proxies that were handed over.
    pub(crate) fn end_old_ones(&mut self) {
        wait_until("those before have ended", || {
            self.old.iter().all(Proxy::is_over)
        });
        self.pass_counters_on();
        self.old.clear();
    }

    /// Returns who may serve in a pool: number and address.
    pub(crate) fn members_of(&self, pool: Uuid) -> Vec<(u128, SocketAddr)> {
        let addresses: Vec<_> = match pool.as_u128() {
            WEB => self.web.iter().map(|member| member.address).collect(),
            STREAM => self.stream.iter().map(|member| member.address).collect(),
            _ => self.calls.iter().map(|member| member.address).collect(),
        };
        (pool.as_u128() * 100..).zip(addresses).collect()
    }

    /// Tells whether a listener has flows, which end by silence alone.
    pub(crate) fn is_datagrams(&self, listener: Uuid) -> bool {
        let mut listeners = self.setup.config.listeners.iter();
        listeners.any(|known| known.id == listener && known.protocol == ListenerProtocol::Udp)
    }

    fn document(&self) -> AmphoraConfig {
        let mut config = self.setup.config.clone();
        let vip = config.vips[0];
        for (number, protocol, pool) in [
            (PAGES, ListenerProtocol::Http, WEB),
            (SECURE, ListenerProtocol::Http, WEB),
            (LINES, ListenerProtocol::Tcp, STREAM),
            (DATAGRAMS, ListenerProtocol::Udp, CALLS),
            (TURNS, ListenerProtocol::Http, FAIR),
            (STICKY, ListenerProtocol::Http, LOYAL),
        ] {
            let mut listener = listener(number, protocol, free_port(vip));
            listener.default_pool = Some(id(pool));
            if number == SECURE {
                listener.tls = Some(listener_tls(self.certificates[..1].to_vec()));
            }
            config.listeners.push(listener);
        }
        for (number, protocol) in [
            (WEB, PoolProtocol::Http),
            (STREAM, PoolProtocol::Tcp),
            (CALLS, PoolProtocol::Udp),
        ] {
            let members = self.members_of(id(number));
            config.pools.push(pool(number, protocol, &members[..2]));
        }
        let fair: Vec<_> = (1..)
            .zip(self.fair.iter().map(|member| member.address))
            .collect();
        config.pools.push(pool(FAIR, PoolProtocol::Http, &fair));
        config.pools.push(Pool {
            session_persistence: Some(SessionPersistence::SourceIp),
            ..pool(LOYAL, PoolProtocol::Http, &fair)
        });
        config
    }

    fn address(&self, number: u128) -> SocketAddr {
        let mut listeners = self.setup.config.listeners.iter();
        let listener = listeners.find(|listener| listener.id == id(number));
        SocketAddr::new(
            self.setup.config.vips[0],
            listener.expect("it is there").port,
        )
    }

    fn call_everywhere(&mut self, authority: &Authority) {
        let [pages, secure, lines, datagrams] =
            [PAGES, SECURE, LINES, DATAGRAMS].map(|number| self.address(number));
        let tls = tls_client(authority);
        let talkative = talkative(lines, self.lines);
        let traffic = &mut self.traffic;
        traffic.add(
            "HTTP on a kept connection",
            kept(move || connect(pages), |_| {}),
        );
        traffic.add("HTTP on new connections", move || {
            request(&mut BufReader::new(connect(pages)?)).map(drop)
        });
        let config = Arc::clone(&tls);
        let secured = move || connect_tls(secure, &config);
        traffic.add("TLS on a kept connection", kept(secured, |_| {}));
        traffic.add("TLS on new connections", move || {
            request(&mut BufReader::new(connect_tls(secure, &tls)?)).map(drop)
        });
        traffic.add("TCP on new connections", move || {
            line(&mut BufReader::new(connect(lines)?), 1)
        });
        traffic.add("TCP on one connection for long", talkative);
        let socket = UdpSocket::bind((datagrams.ip(), 0)).and_then(|socket| {
            socket.connect(datagrams)?;
            socket.set_read_timeout(Some(PATIENCE))?;
            Ok(socket)
        });
        let mut number = 0;
        let socket = socket.expect("a socket");
        traffic.add("UDP", move || {
            number += 1;
            datagram(&socket, number)
        });
        self.call_the_unconcerned();
    }

    /// Whoever is served in turn, or stays with a member, goes on so.
    fn call_the_unconcerned(&mut self) {
        let [turns, sticky] = [TURNS, STICKY].map(|number| self.address(number));
        let mut before = String::new();
        let other_than_before = move |answer: &Answer| {
            assert_ne!(answer.name, before, "its turn was lost");
            // Whoever takes over begins the turns anew.
            before = if answer.is_last {
                String::new()
            } else {
                answer.name.clone()
            };
        };
        self.traffic
            .add("in turn", kept(move || connect(turns), other_than_before));
        let mut first = None;
        self.traffic.add("loyal", move || {
            let Answer { name, .. } = request(&mut BufReader::new(connect(sticky)?))?;
            let first = first.get_or_insert_with(|| name.clone());
            (name == *first)
                .then_some(())
                .ok_or_else(|| std::io::Error::other(format!("{name} in place of {first}")))
        });
    }
}

/// A client that keeps its connection, and looks at what it gets.
fn kept<S: std::io::Read + std::io::Write + Send + 'static>(
    connect: impl Fn() -> std::io::Result<S> + Send + 'static,
    mut look: impl FnMut(&Answer) + Send + 'static,
) -> impl traffic::Client {
    let mut stream = None;
    move || {
        let open = match &mut stream {
            Some(open) => open,
            none => none.insert(BufReader::new(connect()?)),
        };
        let answer = request(open)?;
        look(&answer);
        if answer.is_last {
            stream = None;
        }
        Ok(())
    }
}

/// A client that says so many lines on a connection.
fn talkative(address: SocketAddr, lines: u64) -> impl traffic::Client {
    let mut number = 0;
    let mut stream = None;
    move || {
        let open = match &mut stream {
            Some(open) => open,
            none => none.insert(BufReader::new(connect(address)?)),
        };
        line(open, number)?;
        number += 1;
        if number % lines == 0 {
            stream = None;
        }
        Ok(())
    }
}

fn pool(number: u128, protocol: PoolProtocol, members: &[(u128, SocketAddr)]) -> Pool {
    let members = members.iter();
    Pool {
        id: id(number),
        protocol,
        algorithm: Algorithm::RoundRobin,
        members: members
            .map(|(number, address)| member(*number, *address))
            .collect(),
        session_persistence: None,
        health_monitor: None,
        passive_health: None,
        enabled: true,
        tls: None,
    }
}

fn tls_client(authority: &Authority) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).expect("a certificate");
    roots.add(root).expect("an authority");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions that fit")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// What is counted of listeners that are still there never goes down, and no error is among it
/// where no change concerns a client.
pub(crate) fn check_counters(before: &Report, after: &Report, place: &str) {
    for listener in &after.listeners {
        let same = |known: &&octavia_amphora_api::report::ListenerReport| known.id == listener.id;
        let now = listener.counters;
        if let Some(known) = before.listeners.iter().find(same) {
            let grows = |counter: fn(&Counters) -> u64| counter(&now) >= counter(&known.counters);
            let grow = grows(|counters| counters.bytes_in)
                && grows(|counters| counters.bytes_out)
                && grows(|counters| counters.total_connections)
                && grows(|counters| counters.request_errors);
            assert!(grow, "{:?} after {:?} ({place})", now, known.counters);
        }
        if listener.id < id(FIRST_OTHER) {
            assert_eq!(now.request_errors, 0, "{} ({place})", listener.id);
        }
    }
}
