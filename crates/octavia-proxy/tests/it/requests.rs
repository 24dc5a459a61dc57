//! Requests and the connections that carry them.

use octavia_amphora_api::config::ListenerProtocol;

use crate::support::config::free_port;
use crate::support::{Client, Origin, Setup, get};

#[test]
fn a_connection_carries_many_requests() {
    let origin = Origin::named("a");
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    for _ in 0..5 {
        assert_eq!(client.get("/").text(), "a");
    }
    assert_eq!(setup.counters().total_connections, 1);
}

#[test]
fn connections_to_members_are_shared_by_clients() {
    let origin = Origin::named("a");
    let setup = Setup::http(&[origin.address]);
    let clients = 10;
    for _ in 0..clients {
        assert_eq!(get(setup.address(), "/").text(), "a");
    }
    // Each of the two loops has a pool of its own.
    assert!(origin.accepted() <= 2, "{} connections", origin.accepted());
}

#[test]
fn forwarding_headers_tell_the_member_who_asks() {
    let origin = Origin::named("a");
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        let headers = &mut config.listeners[0].insert_headers;
        headers.x_forwarded_for = true;
        headers.x_forwarded_port = true;
        headers.x_forwarded_proto = true;
    });
    get(setup.address(), "/path");
    let port = setup.address().port();
    let expected = format!(
        "GET /path HTTP/1.1\nHost: x\nX-Forwarded-Port: {port}\nX-Forwarded-Proto: http\n\
         X-Forwarded-For: 127.0.0.1\n\n"
    );
    assert_eq!(origin.heads(), [expected]);
}

#[test]
fn ipv6_is_spoken_on_both_sides() {
    let local = std::net::IpAddr::from(std::net::Ipv6Addr::LOCALHOST);
    let origin = Origin::at((local, 0).into(), "a");
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.vips.push(local);
        config.listeners[0].port = free_port(local);
        config.listeners[0].insert_headers.x_forwarded_for = true;
    });
    let address = (local, setup.address().port()).into();
    assert_eq!(get(address, "/").text(), "a");
    assert!(origin.heads()[0].contains("X-Forwarded-For: ::1\n"));
    assert_eq!(get(setup.address(), "/").text(), "a");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::serve(|mut connection| {
        while let Some(head) = connection.request() {
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            connection.answer(path.as_bytes());
        }
    });
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    let request = |number| format!("GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n");
    let requests: Vec<_> = (0..20).map(request).collect();
    client.send(requests.concat());
    for number in 0..20 {
        assert_eq!(client.response().text(), format!("/{number}"));
    }
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let origin = Origin::named("a");
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    for byte in b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n" {
        client.send([*byte]);
    }
    assert_eq!(client.response().text(), "a");
    assert_eq!(origin.heads(), ["GET / HTTP/1.1\nHost: x\nA: b\n\n"]);
}

#[test]
fn a_client_that_says_close_is_closed() {
    let origin = Origin::named("a");
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let response = client.response();
    assert_eq!(response.header("connection"), Some("close"));
    assert_eq!(response.text(), "a");
    assert!(client.is_closed());
}

#[test]
fn a_client_that_ends_its_side_gets_its_answer() {
    let origin = Origin::named("a");
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.end();
    assert_eq!(client.response().text(), "a");
    assert!(client.is_closed());
}

#[test]
fn a_malformed_request_is_refused_and_counted() {
    let origin = Origin::named("a");
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send(
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    let response = client.response();
    assert_eq!(response.status, 400);
    assert!(
        response
            .text()
            .contains("both Content-Length and Transfer-Encoding")
    );
    assert!(client.is_closed());
    assert_eq!(setup.counters().request_errors, 1);
    assert_eq!(origin.accepted(), 0);
}

#[test]
fn an_upgrade_becomes_a_tunnel() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        connection.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello",
        );
        let rest = connection.rest();
        connection.send(rest);
    });
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ");
    assert_eq!(client.head().status, 101);
    client.send("and late");
    client.end();
    assert_eq!(client.rest(), b"helloearly and late");
}

#[test]
fn counters_tell_bytes_and_connections() {
    let origin = Origin::named("a");
    let setup = Setup::http(&[origin.address]);
    let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut client = Client::connect(setup.address());
    client.get("/");
    let counters = setup.counters();
    assert_eq!(counters.bytes_in, request.len() as u64);
    assert_eq!(
        counters.bytes_out,
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na".len() as u64
    );
    assert_eq!(
        (counters.active_connections, counters.total_connections),
        (1, 1)
    );
    drop(client);
    crate::support::wait_until("the connection has ended", || {
        setup.counters().active_connections == 0
    });
    assert_eq!(setup.counters().request_errors, 0);
}
