//! Members and clients that break off, are slow, or are not there.

use octavia_amphora_api::config::ListenerProtocol;

use crate::support::config::{free_port, own_address};
use crate::support::{Client, Origin, Setup, get, wait_until};

fn nobody() -> std::net::SocketAddr {
    let address = own_address();
    (address, free_port(address)).into()
}

#[test]
fn a_member_that_refuses_is_passed_over() {
    let origin = Origin::named("a");
    let setup = Setup::http(&[nobody(), origin.address, nobody()]);
    for _ in 0..9 {
        assert_eq!(get(setup.address(), "/").text(), "a");
    }
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn when_every_member_refuses_the_answer_is_503_with_the_cause() {
    let setup = Setup::http(&[nobody(), nobody()]);
    let response = get(setup.address(), "/");
    assert_eq!(response.status, 503);
    assert!(response.text().contains("no server could be reached"));
    assert_eq!(setup.counters().request_errors, 1);
}

#[test]
fn a_member_that_is_restarted_causes_no_error() {
    let address = nobody();
    let setup = Setup::http(&[address]);
    let mut client = Client::connect(setup.address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_until("the request is there", || setup.counters().bytes_in > 0);
    let _origin = Origin::at(address, "back");
    assert_eq!(client.response().text(), "back");
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn idle_connections_that_members_close_are_no_error() {
    let origin = Origin::named("a");
    let setup = Setup::http(&[origin.address]);
    for _ in 0..20 {
        assert_eq!(get(setup.address(), "/").text(), "a");
        origin.close_connections();
    }
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn a_request_on_a_connection_that_just_died_is_sent_again() {
    // Answers one request on each connection, and closes when the second one comes.
    let origin = Origin::serve(|mut connection| {
        connection.request();
        connection.answer(b"a");
        connection.request();
    });
    let setup = Setup::http(&[origin.address]);
    for _ in 0..10 {
        assert_eq!(get(setup.address(), "/").status, 200);
    }
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn a_request_that_cannot_be_repeated_is_sent_once() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
    });
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
    let response = client.response();
    assert_eq!(response.status, 502);
    assert!(
        response
            .text()
            .contains("closed the connection before its answer")
    );
    assert_eq!(origin.heads().len(), 1);
}

#[test]
fn an_answer_that_is_not_http_is_502() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        connection.send("220 mail.example ESMTP\r\n");
    });
    let setup = Setup::http(&[origin.address]);
    assert_eq!(get(setup.address(), "/").status, 502);
}

#[test]
fn an_answer_that_breaks_off_breaks_off() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome");
    });
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.head().status, 200);
    assert_eq!(client.rest(), b"some");
    assert_eq!(setup.counters().request_errors, 1);
}

#[test]
fn a_member_that_does_not_answer_in_time_is_504() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        connection.rest();
    });
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.listeners[0].timeouts.member_data_ms = 100;
    });
    assert_eq!(get(setup.address(), "/").status, 504);
}

#[test]
fn a_request_that_is_not_finished_in_time_is_408() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        connection.rest();
    });
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.listeners[0].timeouts.client_data_ms = 150;
    });
    let mut client = Client::connect(setup.address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\nA:");
    assert_eq!(client.response().status, 408);
    let mut client = Client::connect(setup.address());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nsome");
    assert_eq!(client.response().status, 408);
    assert!(client.is_closed());
}

#[test]
fn an_idle_client_is_closed_without_a_word() {
    let origin = Origin::named("a");
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.listeners[0].timeouts.client_data_ms = 100;
    });
    let mut client = Client::connect(setup.address());
    assert_eq!(client.rest(), b"");
    let mut client = Client::connect(setup.address());
    client.get("/");
    assert_eq!(client.rest(), b"");
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn a_client_that_breaks_off_frees_its_member() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        let block = vec![0; 1 << 20];
        for _ in 0..900 {
            connection.send(&block);
        }
    });
    let setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    client.head();
    drop(client);
    wait_until("the connection has ended", || {
        setup.counters().active_connections == 0
    });
}
