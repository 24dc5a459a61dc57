//! Changes of configuration under traffic.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use octavia_amphora_api::config::ListenerProtocol;
use octavia_proxy::ApplyError;

use crate::support::config::{free_port, listener, member};
use crate::support::{Client, Origin, Setup, get, id, wait_until};

/// Clients that ask all the time, and count what they get.
struct Traffic {
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<()>>,
    served: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
}

/// One of these clients.
struct Asking {
    address: std::net::SocketAddr,
    keeps_alive: bool,
    client: Client,
}

impl Asking {
    fn new(address: std::net::SocketAddr, keeps_alive: bool) -> Self {
        Self {
            address,
            keeps_alive,
            client: Client::connect(address),
        }
    }

    /// Tells whether a request was served.
    fn ask(&mut self) -> bool {
        if !self.keeps_alive {
            self.client = Client::connect(self.address);
        }
        self.client.get("/").status == 200
    }
}

impl Traffic {
    fn start(address: std::net::SocketAddr) -> Self {
        let mut traffic = Self {
            stop: Arc::default(),
            threads: Vec::new(),
            served: Arc::default(),
            failed: Arc::default(),
        };
        for keeps_alive in [true, false] {
            let (stop, served) = (Arc::clone(&traffic.stop), Arc::clone(&traffic.served));
            let failed = Arc::clone(&traffic.failed);
            let mut asking = Asking::new(address, keeps_alive);
            let mut ask = move || {
                let counter = if asking.ask() { &served } else { &failed };
                counter.fetch_add(1, Ordering::SeqCst);
            };
            let ask_all_the_time = move || {
                while !stop.load(Ordering::SeqCst) {
                    ask();
                }
            };
            traffic.threads.push(std::thread::spawn(ask_all_the_time));
        }
        traffic
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }

    /// Stops; returns how many requests failed.
    fn stop(self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().expect("a client had an error");
        }
        self.failed.load(Ordering::SeqCst)
    }
}

#[test]
fn members_come_and_go_without_a_failed_request() {
    let origins = [Origin::named("a"), Origin::named("b"), Origin::named("c")];
    let mut setup = Setup::http(&[origins[0].address]);
    let traffic = Traffic::start(setup.address());
    for round in 0..60 {
        let before = traffic.served();
        setup.change(|config| {
            let count = 1 + round % 3;
            let members = origins.iter().take(count).enumerate();
            let make =
                |(number, origin): (usize, &Origin)| member(100 + number as u128, origin.address);
            config.pools[0].members = members.map(make).collect();
            config.pools[0].members[0].weight = 1 + u16::try_from(round % 5).unwrap();
            config.listeners[0].insert_headers.x_forwarded_for = round % 2 == 0;
        });
        wait_until("some requests were served", || {
            traffic.served() > before + 5
        });
    }
    assert_eq!(traffic.stop(), 0);
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn a_change_closes_no_connection_that_it_does_not_concern() {
    let (web, echo) = (Origin::named("a"), Origin::named("b"));
    let mut setup = Setup::http(&[web.address]);
    let mut client = Client::connect(setup.address());
    client.get("/");
    let port = free_port(setup.address().ip());
    setup.change(|config| {
        config
            .listeners
            .push(listener(11, ListenerProtocol::Tcp, port));
        config.pools[0].members.push(member(101, echo.address));
    });
    assert_eq!(get((setup.address().ip(), port).into(), "/").status, 200);
    assert_eq!(client.get("/").status, 200);
    setup.change(|config| config.listeners.truncate(1));
    assert_eq!(client.get("/").status, 200);
    assert_eq!(
        setup.counters().total_connections,
        1,
        "its counters went on"
    );
}

#[test]
fn a_change_counts_from_the_next_request_on_an_open_connection() {
    let (a, b) = (Origin::named("a"), Origin::named("b"));
    let mut setup = Setup::http(&[a.address]);
    let mut client = Client::connect(setup.address());
    assert_eq!(client.get("/").text(), "a");
    setup.change(|config| config.pools[0].members = vec![member(200, b.address)]);
    assert_eq!(client.get("/").text(), "b");
}

#[test]
fn the_idle_connections_of_a_removed_member_close_and_its_request_ends() {
    let release = Arc::new(AtomicBool::new(false));
    let released = Arc::clone(&release);
    let slow = Origin::serve(move |mut connection| {
        connection.request();
        wait_until("the member is removed", || released.load(Ordering::SeqCst));
        connection.answer(b"late");
        assert_eq!(connection.request(), None);
    });
    let mut setup = Setup::http(&[slow.address]);
    let mut client = Client::connect(setup.address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_until("the member is asked", || slow.heads().len() == 1);
    setup.change(|config| config.pools[0].members.clear());
    release.store(true, Ordering::SeqCst);
    assert_eq!(client.response().text(), "late");
    assert_eq!(client.get("/").status, 503);
}

#[test]
fn a_removed_listener_refuses_and_its_connections_end_after_their_request() {
    let release = Arc::new(AtomicBool::new(false));
    let released = Arc::clone(&release);
    let origin = Origin::serve(move |mut connection| {
        while connection.request().is_some() {
            wait_until("it may answer", || released.load(Ordering::SeqCst));
            connection.answer(b"a");
        }
    });
    let mut setup = Setup::http(&[origin.address]);
    let address = setup.address();
    let mut busy = Client::connect(address);
    busy.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut idle = Client::connect(address);
    wait_until("both are there", || {
        setup.counters().active_connections == 2
    });
    wait_until("the member is asked", || origin.heads().len() == 1);
    setup.change(|config| config.listeners.clear());
    assert!(std::net::TcpStream::connect(address).is_err());
    assert!(idle.is_closed());
    release.store(true, Ordering::SeqCst);
    let response = busy.response();
    assert_eq!(response.text(), "a");
    assert_eq!(response.header("connection"), Some("close"));
    assert!(busy.is_closed());
}

#[test]
fn an_address_in_use_changes_nothing_and_is_named() {
    let origin = Origin::named("a");
    let mut setup = Setup::http(&[origin.address]);
    let before = setup.config.clone();
    let taken = TcpListener::bind((setup.address().ip(), 0)).expect("any port");
    let port = taken.local_addr().expect("its address").port();
    let free = free_port(setup.address().ip());
    let error = setup.try_change(|config| {
        config
            .listeners
            .push(listener(11, ListenerProtocol::Http, free));
        config
            .listeners
            .push(listener(12, ListenerProtocol::Http, port));
        config.pools[0].members.clear();
    });
    let error = error.expect_err("a port is in use");
    assert!(error.may_retry());
    let ApplyError::Bind {
        listener,
        address,
        source,
    } = error
    else {
        panic!("another error: {error}");
    };
    assert_eq!((listener, address.port()), (id(12), port));
    assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
    assert_eq!(setup.report().generation, Some(before.generation));
    assert_eq!(get(setup.address(), "/").status, 200);
    assert!(std::net::TcpStream::connect((setup.address().ip(), free)).is_err());
}

#[test]
fn a_document_that_contradicts_itself_is_refused() {
    let origin = Origin::named("a");
    let mut setup = Setup::http(&[origin.address]);
    let error = setup.try_change(|config| config.listeners[0].default_pool = Some(id(999)));
    let error = error.expect_err("there is no such pool");
    assert!(!error.may_retry());
    assert!(error.to_string().contains("is missing"), "{error}");
    assert_eq!(get(setup.address(), "/").status, 200);
}

#[test]
fn another_listener_may_take_over_a_port() {
    let origin = Origin::named("a");
    let mut setup = Setup::http(&[origin.address]);
    assert_eq!(get(setup.address(), "/").status, 200);
    setup.change(|config| config.listeners[0].id = id(77));
    assert_eq!(get(setup.address(), "/").status, 200);
    assert_eq!(setup.report().listeners[0].id, id(77));
    assert_eq!(setup.counters().total_connections, 1);
}

#[test]
fn a_listener_that_is_made_anew_counts_anew() {
    let release = Arc::new(AtomicBool::new(false));
    let released = Arc::clone(&release);
    let origin = Origin::serve(move |mut connection| {
        while connection.request().is_some() {
            wait_until("it may answer", || released.load(Ordering::SeqCst));
            connection.answer(b"a");
        }
    });
    let mut setup = Setup::http(&[origin.address]);
    let mut old = Client::connect(setup.address());
    old.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2));
    wait_until("the member is asked", || origin.heads().len() == 1);
    let listeners = setup.config.listeners.clone();
    setup.change(|config| config.listeners.clear());
    setup.change(|config| config.listeners = listeners);
    release.store(true, Ordering::SeqCst);
    assert_eq!(old.response().text(), "a");
    assert!(old.is_closed());
    assert_eq!(get(setup.address(), "/").text(), "a");
    wait_until("all connections have ended", || {
        setup.counters().active_connections == 0
    });
    assert_eq!(setup.counters().total_connections, 1);
}

#[test]
fn shutdown_lets_a_request_end() {
    let release = Arc::new(AtomicBool::new(false));
    let released = Arc::clone(&release);
    let origin = Origin::serve(move |mut connection| {
        connection.request();
        wait_until("it may answer", || released.load(Ordering::SeqCst));
        connection.answer(b"late");
    });
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_until("the member is asked", || origin.heads().len() == 1);
    let (address, proxy) = (setup.address(), setup.proxy);
    let stopping = std::thread::spawn(move || proxy.shutdown(crate::support::PATIENCE));
    wait_until("nobody listens", || {
        std::net::TcpStream::connect(address).is_err()
    });
    release.store(true, Ordering::SeqCst);
    assert_eq!(client.response().text(), "late");
    stopping.join().expect("it stops");
}
