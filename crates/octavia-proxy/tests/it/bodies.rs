//! Bodies, both ways, large and slow.

use std::io::Read;

use crate::support::{Client, Origin, Setup};

/// More than every buffer on the way holds.
const LARGE: usize = 24 << 20;

/// A period of 251 lies across every power of two.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    let period: Vec<u8> = (0..251).collect();
    let mut bytes = period.repeat(length / period.len() + 1);
    bytes.truncate(length);
    bytes
}

#[test]
fn a_large_body_reaches_the_member() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        let is_same = connection.read(LARGE) == pattern(LARGE);
        connection.answer(if is_same { b"same" } else { b"different" });
    });
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {LARGE}\r\n\r\n"
    ));
    client.send(pattern(LARGE));
    assert_eq!(client.response().text(), "same");
    assert!(setup.counters().bytes_in > LARGE as u64);
}

#[test]
fn a_large_body_reaches_a_slow_client_and_the_connection_goes_on() {
    let origin = Origin::serve(|mut connection| {
        while connection.request().is_some() {
            connection.answer(&pattern(LARGE));
        }
    });
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let length: usize = client
        .head()
        .header("content-length")
        .unwrap()
        .parse()
        .unwrap();
    let mut body = vec![0; length];
    // Reads little at a time, so that everything on the way fills up.
    for piece in body.chunks_mut(50_000) {
        client.stream.read_exact(piece).expect("a piece");
    }
    assert!(body == pattern(LARGE));
    assert!(client.get("/").body == pattern(LARGE));
}

#[test]
fn chunks_pass_both_ways() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        let request = b"4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\nX-Sum: 1\r\n\r\n";
        assert_eq!(connection.read(request.len()), request);
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        connection.send("2\r\nde\r\n0\r\n\r\n");
        connection.request();
        connection.answer(b"next");
    });
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWi");
    client.send("ki\r\n5;x=y\r\npedia\r\n0\r\nX-Sum: 1\r\n\r\n");
    assert_eq!(client.response().text(), "abcde");
    assert_eq!(client.get("/").text(), "next");
    assert_eq!(origin.accepted(), 1);
}

#[test]
fn a_body_without_length_ends_with_the_connection() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\n\r\n");
        connection.send(pattern(LARGE));
    });
    let setup = Setup::http(&[origin.address]);
    let response = crate::support::get(setup.address(), "/");
    assert_eq!(response.header("connection"), Some("close"));
    assert!(response.body == pattern(LARGE));
}

#[test]
fn the_member_decides_whether_the_body_is_wanted() {
    let origin = Origin::serve(|mut connection| {
        let head = connection.request().unwrap_or_default();
        assert!(head.contains("Expect: 100-continue"));
        connection.send("HTTP/1.1 100 Continue\r\n\r\n");
        let body = connection.read(5);
        connection.answer(&body);
    });
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.head().status, 100);
    client.send("hello");
    assert_eq!(client.response().text(), "hello");
}

#[test]
fn an_answer_before_the_end_of_the_body_is_passed_on() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        connection.read(1000);
    });
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nsome");
    let response = client.head();
    assert_eq!(response.status, 413);
    assert_eq!(response.header("connection"), Some("close"));
    assert!(client.is_closed());
}

#[test]
fn long_transfers_and_short_requests_all_end() {
    const LENGTH: usize = 4 << 20;
    let origin = Origin::serve(|mut connection| {
        while let Some(head) = connection.request() {
            let is_long = head.starts_with("GET /long ");
            connection.answer(&pattern(if is_long { LENGTH } else { 5 }));
        }
    });
    let setup = Setup::http(&[origin.address]);
    let address = setup.address();
    let download = move || {
        let mut client = Client::connect(address);
        (0..3).all(|_| client.get("/long").body == pattern(LENGTH))
    };
    let downloads: Vec<_> = (0..12).map(|_| std::thread::spawn(download)).collect();
    let mut client = Client::connect(address);
    while !downloads.iter().all(std::thread::JoinHandle::is_finished) {
        assert_eq!(client.get("/short").body, pattern(5));
    }
    for download in downloads {
        assert!(download.join().expect("a download had an error"));
    }
    assert_eq!(setup.counters().request_errors, 0);
}
