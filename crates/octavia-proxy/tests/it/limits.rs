//! Who may connect, and how many.

use std::time::Duration;

use octavia_amphora_api::config::ListenerProtocol;
use octavia_amphora_api::report::ListenerStatus;

use crate::support::{Client, Origin, Setup, get, wait_until};

#[test]
fn clients_over_the_limit_wait_for_a_place() {
    let origin = Origin::named("a");
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.listeners[0].connection_limit = Some(2);
    });
    let mut served = [
        Client::connect(setup.address()),
        Client::connect(setup.address()),
    ];
    assert!(
        served
            .iter_mut()
            .all(|client| client.get("/").status == 200)
    );
    assert_eq!(setup.report().listeners[0].status, ListenerStatus::Full);
    let mut waiting = Client::connect(setup.address());
    waiting.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let short = Some(Duration::from_millis(100));
    waiting
        .stream
        .get_ref()
        .set_read_timeout(short)
        .expect("set a limit");
    assert!(
        std::io::BufRead::fill_buf(&mut waiting.stream).is_err(),
        "served over the limit"
    );
    wait_until("the change is told", || {
        *setup.changes.lock().expect("no thread panicked") > 0
    });
    let [first, _second] = served;
    drop(first);
    let patience = Some(crate::support::PATIENCE);
    waiting
        .stream
        .get_ref()
        .set_read_timeout(patience)
        .expect("set a limit");
    assert_eq!(waiting.response().status, 200);
    assert_eq!(setup.counters().total_connections, 3);
}

#[test]
fn a_raised_limit_lets_in_who_waits() {
    let origin = Origin::named("a");
    let mut setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.listeners[0].connection_limit = Some(1);
    });
    let mut served = Client::connect(setup.address());
    served.get("/");
    let mut waiting: Vec<_> = (0..8).map(|_| Client::connect(setup.address())).collect();
    setup.change(|config| config.listeners[0].connection_limit = None);
    assert!(
        waiting
            .iter_mut()
            .all(|client| client.get("/").status == 200)
    );
    assert_eq!(setup.report().listeners[0].status, ListenerStatus::Open);
}

#[test]
fn only_allowed_clients_are_served() {
    let origin = Origin::named("a");
    let mut setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.listeners[0].allowed_cidrs = vec!["192.0.2.0/24".parse().expect("a network")];
    });
    let mut refused = Client::connect(setup.address());
    assert!(refused.is_closed());
    assert_eq!(setup.counters().total_connections, 0);
    setup.change(|config| {
        let cidr = "127.0.0.0/8".parse().expect("a network");
        config.listeners[0].allowed_cidrs.push(cidr);
    });
    assert_eq!(get(setup.address(), "/").status, 200);
}
