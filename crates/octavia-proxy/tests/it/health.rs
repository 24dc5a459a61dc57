//! Health monitors.

use octavia_amphora_api::config::{Check, ListenerProtocol};
use octavia_amphora_api::report::{MemberStatus, PoolStatus};

use crate::support::config::{free_port, monitor, own_address};
use crate::support::{Client, Origin, Setup, get, wait_until};

fn http_check(path: &str) -> Check {
    Check::Http {
        method: "GET".into(),
        path: path.into(),
        expected_codes: vec![(200, 200)],
        version: "1.0".into(),
        host: None,
        over_tls: false,
    }
}

fn monitored(members: &[std::net::SocketAddr], check: Check) -> Setup {
    Setup::new(ListenerProtocol::Http, members, |config| {
        config.pools[0].health_monitor = Some(monitor(check));
    })
}

#[test]
fn a_member_leaves_with_its_cause_and_comes_back() {
    let (a, b) = (Origin::named("a"), Origin::named("b"));
    let setup = monitored(&[a.address, b.address], Check::Tcp);
    wait_until("it was asked", || {
        setup.member(1).check_duration_us.is_some()
    });
    assert_eq!(setup.status(1), MemberStatus::Up);
    let address = b.address;
    drop(b);
    wait_until("it is out", || setup.status(1) == MemberStatus::Down);
    assert_eq!(
        setup.member(1).cause.as_deref(),
        Some("connect: connection refused")
    );
    assert!(*setup.changes.lock().expect("no thread panicked") > 0);
    let all_a = (0..4).all(|_| get(setup.address(), "/").text() == "a");
    assert!(all_a);
    let _b = Origin::at(address, "b");
    wait_until("it is back", || setup.status(1) == MemberStatus::Up);
    assert_eq!(setup.member(1).cause, None);
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn an_unexpected_code_takes_a_member_out() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        connection.send("HTTP/1.0 503 Not Yet\r\n\r\n");
    });
    let setup = monitored(&[origin.address], http_check("/ready"));
    wait_until("it is out", || setup.status(0) == MemberStatus::Down);
    assert_eq!(setup.member(0).cause.as_deref(), Some("http: status 503"));
    assert_eq!(setup.report().pools[0].status, PoolStatus::Down);
    let head = format!(
        "GET /ready HTTP/1.0\nHost: {}\nConnection: close\n\n",
        origin.address
    );
    assert_eq!(origin.heads()[0], head);
    assert_eq!(get(setup.address(), "/").status, 503);
}

#[test]
fn a_member_that_does_not_answer_is_out_when_the_time_is_up() {
    let origin = Origin::serve(|mut connection| {
        connection.rest();
    });
    let setup = monitored(&[origin.address], http_check("/"));
    wait_until("it is out", || setup.status(0) == MemberStatus::Down);
    assert_eq!(setup.member(0).cause.as_deref(), Some("http: timed out"));
}

#[test]
fn a_monitor_may_ask_elsewhere() {
    let (origin, elsewhere) = (Origin::named("a"), own_address());
    let port = free_port(elsewhere);
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.pools[0].health_monitor = Some(monitor(Check::Tcp));
        config.pools[0].members[0].monitor_address = Some(elsewhere);
        config.pools[0].members[0].monitor_port = Some(port);
    });
    wait_until("it is out", || setup.status(0) == MemberStatus::Down);
    let _there = Origin::at((elsewhere, port).into(), "there");
    wait_until("it is back", || setup.status(0) == MemberStatus::Up);
}

#[test]
fn without_its_monitor_a_member_serves_again() {
    let address = own_address();
    let nobody = (address, free_port(address)).into();
    let mut setup = monitored(&[nobody], Check::Tcp);
    wait_until("it is out", || setup.status(0) == MemberStatus::Down);
    setup.change(|config| config.pools[0].health_monitor = None);
    assert_eq!(setup.status(0), MemberStatus::NoCheck);
    let _origin = Origin::at(nobody, "a");
    assert_eq!(get(setup.address(), "/").text(), "a");
}

#[test]
fn health_outlives_a_change_of_configuration() {
    let address = own_address();
    let nobody = (address, free_port(address)).into();
    let origin = Origin::named("a");
    let mut setup = monitored(&[nobody, origin.address], Check::Tcp);
    wait_until("it is out", || setup.status(0) == MemberStatus::Down);
    setup.change(|config| config.pools[0].members[0].weight = 5);
    assert_eq!(setup.status(0), MemberStatus::Down);
    setup.change(|config| config.pools[0].members[0].enabled = false);
    assert_eq!(setup.status(0), MemberStatus::Maint);
}

#[test]
fn tcp_connections_to_a_member_that_leaves_stay() {
    let origin = Origin::serve(|mut connection| {
        let mut writer = connection
            .stream
            .get_ref()
            .try_clone()
            .expect("a second handle");
        std::io::copy(&mut connection.stream, &mut writer).ok();
    });
    let elsewhere = own_address();
    let port = free_port(elsewhere);
    let mut setup = Setup::tcp(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("one");
    let mut bytes = [0; 3];
    std::io::Read::read_exact(&mut client.stream, &mut bytes).expect("an echo");
    setup.change(|config| {
        config.pools[0].health_monitor = Some(monitor(Check::Tcp));
        config.pools[0].members[0].monitor_address = Some(elsewhere);
        config.pools[0].members[0].monitor_port = Some(port);
    });
    wait_until("it is out", || setup.status(0) == MemberStatus::Down);
    client.send("two");
    std::io::Read::read_exact(&mut client.stream, &mut bytes).expect("an echo");
    assert_eq!(&bytes, b"two");
    assert!(Client::connect(setup.address()).is_closed());
}
