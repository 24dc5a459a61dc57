//! Members that learn by the PROXY protocol who their client is.

use std::net::SocketAddr;

use octavia_amphora_api::config::{Check, ListenerProtocol, PoolProtocol};
use octavia_amphora_api::report::MemberStatus;

use crate::support::config::{free_port, monitor, own_address};
use crate::support::{Client, Origin, Setup, wait_until};

fn setup(listener: ListenerProtocol, pool: PoolProtocol, members: &[SocketAddr]) -> Setup {
    Setup::new(listener, members, |config| {
        config.pools[0].protocol = pool;
    })
}

fn own(client: &Client) -> SocketAddr {
    let stream = client.stream.get_ref();
    stream.local_addr().expect("its address")
}

fn line(from: SocketAddr, to: SocketAddr) -> String {
    let (from_port, to_port) = (from.port(), to.port());
    format!(
        "PROXY TCP4 {} {} {from_port} {to_port}\n",
        from.ip(),
        to.ip()
    )
}

#[test]
fn a_connection_with_a_header_serves_one_client_and_all_its_requests() {
    let origin = Origin::named("a");
    let members = [origin.address];
    let setup = setup(ListenerProtocol::Http, PoolProtocol::Proxy, &members);
    let request = "GET / HTTP/1.1\nHost: x\n\n";
    let mut expected = Vec::new();
    for _ in 0..4 {
        let mut client = Client::connect(setup.address());
        expected.push(line(own(&client), setup.address()) + request);
        for _ in 0..3 {
            assert_eq!(client.get("/").text(), "a");
        }
        expected.extend([request.to_owned(), request.to_owned()]);
    }
    assert_eq!(origin.heads(), expected);
    assert_eq!(origin.accepted(), 4);
}

#[test]
fn a_client_keeps_a_connection_to_each_of_a_few_members() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let members = origins.each_ref().map(|origin| origin.address);
    let setup = setup(ListenerProtocol::Http, PoolProtocol::Proxy, &members);
    let mut client = Client::connect(setup.address());
    let order: String = (0..6).map(|_| client.get("/").text()).collect();
    assert_eq!(order, "ababab");
    assert_eq!(origins.each_ref().map(Origin::accepted), [1, 1]);
}

#[test]
fn a_member_that_closed_its_connection_gets_the_header_again() {
    let origin = Origin::named("a");
    let members = [origin.address];
    let setup = setup(ListenerProtocol::Http, PoolProtocol::Proxy, &members);
    let mut client = Client::connect(setup.address());
    client.get("/");
    origin.close_connections();
    assert_eq!(client.get("/").text(), "a");
    let line = line(own(&client), setup.address());
    assert!(origin.heads().iter().all(|head| head.starts_with(&line)));
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn a_tcp_connection_begins_with_a_structure() {
    let origin = Origin::serve(|mut connection| {
        let all = connection.rest();
        connection.send(all);
    });
    let members = [origin.address];
    let setup = setup(ListenerProtocol::Tcp, PoolProtocol::ProxyV2, &members);
    let mut client = Client::connect(setup.address());
    let (from, to) = (own(&client), setup.address());
    let (SocketAddr::V4(from), SocketAddr::V4(to)) = (from, to) else {
        panic!("addresses of another family");
    };
    client.send("hello");
    client.end();
    let expected = [
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c",
        &from.ip().octets()[..],
        &to.ip().octets()[..],
        &from.port().to_be_bytes()[..],
        &to.port().to_be_bytes()[..],
        b"hello",
    ];
    assert_eq!(client.rest(), expected.concat());
}

#[test]
fn a_member_that_speaks_first_is_told_before() {
    let origin = Origin::serve(|mut connection| {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut connection.stream, &mut line).expect("a line");
        connection.send(format!("220 {line}"));
    });
    let members = [origin.address];
    let setup = setup(ListenerProtocol::Tcp, PoolProtocol::Proxy, &members);
    let mut client = Client::connect(setup.address());
    let expected = format!("220 {}", line(own(&client), setup.address()));
    let greeting = String::from_utf8(client.rest()).expect("text");
    assert_eq!(greeting.replace('\r', ""), expected);
}

#[test]
fn a_member_that_refuses_is_passed_over_and_another_gets_the_header() {
    let address = own_address();
    let nobody = (address, free_port(address)).into();
    let origin = Origin::named("a");
    let members = [nobody, origin.address];
    let setup = setup(ListenerProtocol::Http, PoolProtocol::Proxy, &members);
    let mut client = Client::connect(setup.address());
    assert_eq!(client.get("/").text(), "a");
    assert!(origin.heads()[0].starts_with(&line(own(&client), setup.address())));
}

fn http_check() -> Check {
    Check::Http {
        method: "GET".into(),
        path: "/".into(),
        expected_codes: vec![(200, 200)],
        version: "1.0".into(),
        host: None,
        over_tls: false,
    }
}

#[test]
fn a_check_sends_a_header_of_its_own() {
    let origin = Origin::named("a");
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.pools[0].protocol = PoolProtocol::Proxy;
        config.pools[0].health_monitor = Some(monitor(http_check()));
    });
    wait_until("it was asked", || {
        setup.member(0).check_duration_us.is_some()
    });
    assert_eq!(setup.status(0), MemberStatus::Up);
    let head = &origin.heads()[0];
    let (ip, port) = (origin.address.ip(), origin.address.port());
    assert!(head.starts_with("PROXY TCP4 127.0.0.1 "), "{head}");
    let rest = format!(" {port}\nGET / HTTP/1.0\nHost: {ip}:{port}\nConnection: close\n\n");
    assert!(head.ends_with(&rest), "{head}");
}

#[test]
fn a_check_elsewhere_sends_no_header() {
    let (origin, elsewhere) = (Origin::named("a"), Origin::named("elsewhere"));
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        let pool = &mut config.pools[0];
        pool.protocol = PoolProtocol::ProxyV2;
        pool.health_monitor = Some(monitor(http_check()));
        pool.members[0].monitor_address = Some(elsewhere.address.ip());
        pool.members[0].monitor_port = Some(elsewhere.address.port());
    });
    wait_until("it was asked", || {
        setup.member(0).check_duration_us.is_some()
    });
    assert!(elsewhere.heads()[0].starts_with("GET / "));
}
