//! TCP listeners.

use std::io::Write;

use crate::support::config::{free_port, own_address};
use crate::support::{Client, Origin, Setup, wait_until};
use octavia_amphora_api::config::ListenerProtocol;

/// Enough to be spliced, in both directions.
const LARGE: usize = 32 << 20;

fn echo() -> Origin {
    Origin::serve(|mut connection| {
        let mut writer = connection
            .stream
            .get_ref()
            .try_clone()
            .expect("a second handle");
        std::io::copy(&mut connection.stream, &mut writer).ok();
    })
}

#[test]
fn bytes_pass_both_ways_and_each_side_may_end_first() {
    let origin = Origin::serve(|mut connection| {
        let all = connection.rest();
        connection.send(all);
    });
    let setup = Setup::tcp(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("hello");
    client.end();
    assert_eq!(client.rest(), b"hello");
    wait_until("the connection has ended", || {
        setup.counters().active_connections == 0
    });
    let counters = setup.counters();
    assert_eq!((counters.bytes_in, counters.bytes_out), (5, 5));
}

#[test]
fn long_streams_pass_unchanged() {
    let origin = echo();
    let setup = Setup::tcp(&[origin.address]);
    let mut client = Client::connect(setup.address());
    let bytes = crate::bodies::pattern(LARGE);
    let mut writer = client
        .stream
        .get_ref()
        .try_clone()
        .expect("a second handle");
    let sent = bytes.clone();
    let sending = std::thread::spawn(move || {
        writer.write_all(&sent).expect("send");
        writer
            .shutdown(std::net::Shutdown::Write)
            .expect("shut down");
    });
    assert!(client.rest() == bytes);
    sending.join().expect("everything was sent");
    let counters = setup.counters();
    assert_eq!(
        (counters.bytes_in, counters.bytes_out),
        (LARGE as u64, LARGE as u64)
    );
}

#[test]
fn a_member_that_refuses_is_passed_over() {
    let address = own_address();
    let nobody = (address, free_port(address)).into();
    let origin = echo();
    let setup = Setup::tcp(&[nobody, origin.address]);
    for _ in 0..4 {
        let mut client = Client::connect(setup.address());
        client.send("x");
        client.end();
        assert_eq!(client.rest(), b"x");
    }
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn without_a_member_the_connection_closes() {
    let setup = Setup::tcp(&[]);
    let mut client = Client::connect(setup.address());
    assert!(client.is_closed());
    wait_until("it is counted", || setup.counters().request_errors == 1);
}

#[test]
fn a_silent_connection_is_closed() {
    let origin = echo();
    let setup = Setup::new(ListenerProtocol::Tcp, &[origin.address], |config| {
        config.listeners[0].timeouts.client_data_ms = 100;
    });
    let mut client = Client::connect(setup.address());
    assert!(client.is_closed());
}
