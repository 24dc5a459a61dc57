use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use octavia_amphora_api::config::{
    Algorithm, AmphoraConfig, HealthMonitor, InsertHeaders, Listener, ListenerProtocol, Member,
    Pool, PoolProtocol, Timeouts,
};
use octavia_amphora_api::report::{Counters, MemberReport, MemberStatus, Report};
use octavia_proxy::{ApplyError, Inheritance, LogOptions, Proxy, ProxyOptions};
use uuid::Uuid;

use super::PATIENCE;

/// Makes an id.
pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A running proxy and the document that it serves.
pub(crate) struct Setup {
    pub(crate) proxy: Proxy,
    pub(crate) config: AmphoraConfig,
    /// How often the proxy told that a status changed.
    pub(crate) changes: Arc<Mutex<u32>>,
}

pub(crate) const LISTENER: u128 = 10;
pub(crate) const POOL: u128 = 20;

impl Setup {
    /// Serves HTTP with one pool of `members`.
    pub(crate) fn http(members: &[SocketAddr]) -> Self {
        Self::new(ListenerProtocol::Http, members, |_| {})
    }

    /// Serves TCP with one pool of `members`.
    pub(crate) fn tcp(members: &[SocketAddr]) -> Self {
        Self::new(ListenerProtocol::Tcp, members, |_| {})
    }

    /// Serves one listener with one pool of `members`, as `edit` changes the document.
    pub(crate) fn new(
        protocol: ListenerProtocol,
        members: &[SocketAddr],
        edit: impl FnOnce(&mut AmphoraConfig),
    ) -> Self {
        Self::logged(protocol, members, LogOptions::default(), edit)
    }

    /// As `new`, with lines about traffic.
    pub(crate) fn logged(
        protocol: ListenerProtocol,
        members: &[SocketAddr],
        log: LogOptions,
        edit: impl FnOnce(&mut AmphoraConfig),
    ) -> Self {
        let mut config = document(protocol, members);
        edit(&mut config);
        let changes = Arc::new(Mutex::new(0));
        let counter = Arc::clone(&changes);
        let options = ProxyOptions {
            threads: 2,
            on_change: Box::new(move || *counter.lock().expect("no thread panicked") += 1),
            seed: 7,
            log,
            inheritance: Inheritance::default(),
        };
        let proxy = Proxy::start(options).expect("start the proxy");
        proxy.apply(&config).expect("serve the configuration");
        Self {
            proxy,
            config,
            changes,
        }
    }

    /// Puts another proxy in the place of this one, as an upgrade does; returns this one, which goes
    /// on with what it has.
    pub(crate) fn upgrade(&mut self) -> Proxy {
        let successor = Proxy::start(ProxyOptions {
            inheritance: Inheritance {
                sockets: self.proxy.sockets(),
                counted: self.proxy.bequest(),
            },
            ..ProxyOptions::default()
        });
        let successor = successor.expect("start another proxy");
        successor.apply(&self.config).expect("serve the same");
        let old = std::mem::replace(&mut self.proxy, successor);
        old.hand_over(60 * PATIENCE);
        self.proxy.inherit(&old.bequest());
        old
    }

    /// Returns the address of the first listener.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.config.vips[0], self.config.listeners[0].port)
    }

    /// Serves the document as `edit` changes it.
    pub(crate) fn change(&mut self, edit: impl FnOnce(&mut AmphoraConfig)) {
        self.try_change(edit)
            .expect("serve the changed configuration");
    }

    /// Tries to serve the document as `edit` changes it.
    pub(crate) fn try_change(
        &mut self,
        edit: impl FnOnce(&mut AmphoraConfig),
    ) -> Result<(), ApplyError> {
        self.config.generation += 1;
        edit(&mut self.config);
        self.proxy.apply(&self.config)
    }

    pub(crate) fn report(&self) -> Report {
        self.proxy.report()
    }

    /// Returns the counters of the first listener.
    pub(crate) fn counters(&self) -> Counters {
        self.report().listeners[0].counters
    }

    /// Returns what is reported of the first pool's member `index`.
    pub(crate) fn member(&self, index: usize) -> MemberReport {
        self.report().pools[0].members[index].clone()
    }

    /// Returns the status of the first pool's member `index`.
    pub(crate) fn status(&self, index: usize) -> MemberStatus {
        self.member(index).status
    }
}

fn document(protocol: ListenerProtocol, members: &[SocketAddr]) -> AmphoraConfig {
    let vip = own_address();
    AmphoraConfig {
        generation: 1,
        amphora_id: id(1),
        load_balancer_id: id(2),
        vips: vec![vip],
        interfaces: Vec::new(),
        vrrp: None,
        listeners: vec![listener(LISTENER, protocol, free_port(vip))],
        pools: vec![Pool {
            id: id(POOL),
            protocol: match protocol {
                ListenerProtocol::Http | ListenerProtocol::Prometheus => PoolProtocol::Http,
                ListenerProtocol::Tcp => PoolProtocol::Tcp,
                ListenerProtocol::Udp => PoolProtocol::Udp,
            },
            algorithm: Algorithm::RoundRobin,
            members: (100..)
                .zip(members)
                .map(|(n, address)| member(n, *address))
                .collect(),
            session_persistence: None,
            health_monitor: None,
            passive_health: None,
            enabled: true,
            tls: None,
        }],
    }
}

/// Makes a listener with the pool of the document.
pub(crate) fn listener(number: u128, protocol: ListenerProtocol, port: u16) -> Listener {
    Listener {
        id: id(number),
        protocol,
        port,
        connection_limit: None,
        default_pool: Some(id(POOL)),
        timeouts: Timeouts {
            client_data_ms: 10_000,
            member_connect_ms: 5_000,
            member_data_ms: 10_000,
            tcp_inspect_ms: 0,
            udp_idle_ms: 10_000,
        },
        insert_headers: InsertHeaders::default(),
        log: None,
        allowed_cidrs: Vec::new(),
        rate_limit: None,
        l7_policies: Vec::new(),
        tls: None,
    }
}

/// Makes a member of weight 1.
pub(crate) fn member(number: u128, address: SocketAddr) -> Member {
    Member {
        id: id(number),
        address: address.ip(),
        port: address.port(),
        weight: 1,
        backup: false,
        slow_start_s: None,
        enabled: true,
        monitor_address: None,
        monitor_port: None,
    }
}

/// Makes a monitor that asks every second, and believes the second answer.
pub(crate) fn monitor(check: octavia_amphora_api::config::Check) -> HealthMonitor {
    HealthMonitor {
        id: id(30),
        check,
        delay_s: 1,
        timeout_s: 1,
        rise: 1,
        fall: 1,
    }
}

/// Returns a loopback address that no other test has, in this run or one beside it.
pub(crate) fn own_address() -> IpAddr {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id() % 4096;
    let bits = 0x7f80_0000 | process << 11 | number & 0x7ff;
    IpAddr::V4(Ipv4Addr::from_bits(bits))
}

/// Returns a port that is free on `address`.
pub(crate) fn free_port(address: IpAddr) -> u16 {
    loop {
        let socket = TcpListener::bind((address, 0)).expect("bind any port");
        let port = socket.local_addr().expect("its address").port();
        // For connections and for datagrams.
        if std::net::UdpSocket::bind((address, port)).is_ok() {
            return port;
        }
    }
}
