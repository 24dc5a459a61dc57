//! A proxy that takes the place of another, at the same sockets.

use octavia_amphora_api::config::{Check, ListenerProtocol};
use octavia_amphora_api::report::MemberStatus;

use crate::support::config::{free_port, listener, monitor, own_address};
use crate::support::datagrams::{Caller, Echo};
use crate::support::{Client, Origin, Setup, get, wait_until};

#[test]
fn a_kept_connection_is_served_once_more_and_told_to_come_again() {
    let origin = Origin::named("a");
    let mut setup = Setup::http(&[origin.address]);
    let mut client = Client::connect(setup.address());
    assert_eq!(client.get("/").header("connection"), None);
    let old = setup.upgrade();
    let last = client.get("/");
    assert_eq!(
        (last.status, last.header("connection")),
        (200, Some("close"))
    );
    assert!(client.is_closed());
    wait_until("the old one has ended", || old.is_over());
    assert_eq!(get(setup.address(), "/").text(), "a");
}

#[test]
fn a_tunnel_lives_until_its_end_and_counters_go_on() {
    let origin = Origin::serve(|mut connection| {
        let line = connection.read(4);
        connection.send(line);
        let rest = connection.rest();
        connection.send(rest);
    });
    let mut setup = Setup::tcp(&[origin.address]);
    let mut client = Client::connect(setup.address());
    client.send("ping");
    let mut answer = [0; 4];
    std::io::Read::read_exact(&mut client.stream, &mut answer).expect("an answer");
    wait_until("it is counted", || setup.counters().bytes_out == 4);
    let before = setup.counters();
    let old = setup.upgrade();
    assert_eq!(setup.counters(), before);
    assert!(!old.is_over());
    client.send("the rest");
    client.end();
    assert_eq!(client.rest(), b"the rest");
    wait_until("the old one has ended", || old.is_over());
    setup.proxy.inherit(&old.counted().ended());
    let after = setup.counters();
    assert_eq!(after.bytes_in, before.bytes_in + 8);
    assert_eq!((after.active_connections, after.total_connections), (0, 1));
}

#[test]
fn connections_that_nobody_took_yet_are_not_lost() {
    let origin = Origin::named("a");
    let mut setup = Setup::http(&[origin.address]);
    for _ in 0..5 {
        let mut clients: Vec<_> = (0..20).map(|_| Client::connect(setup.address())).collect();
        let old = setup.upgrade();
        clients.extend((0..20).map(|_| Client::connect(setup.address())));
        assert!(
            clients
                .iter_mut()
                .all(|client| client.get("/").status == 200)
        );
        drop(clients);
        wait_until("the old one has ended", || old.is_over());
    }
    assert_eq!(setup.counters().total_connections, 200);
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn datagrams_are_answered_by_either() {
    let late = std::net::UdpSocket::bind((own_address(), 0));
    let late = late.expect("bind a member");
    let member = late.local_addr().expect("its address");
    let mut setup = Setup::new(ListenerProtocol::Udp, &[member], |config| {
        config.listeners[0].timeouts.udp_idle_ms = 200;
    });
    let caller = Caller::of(setup.address());
    caller.0.send(b"question").expect("send");
    let (_, proxy) = late.recv_from(&mut [0; 100]).expect("the question");
    let old = setup.upgrade();
    late.send_to(b"answer", proxy).expect("send");
    assert_eq!(caller.next().expect("an answer"), "answer");
    drop(late);
    let _echo = Echo::at(member, "a");
    assert_eq!(caller.ask("who"), "a:who");
    wait_until("the old one has ended", || old.is_over());
    assert_eq!(caller.ask("who"), "a:who");
}

#[test]
fn a_port_that_the_next_one_closes_is_free_though_the_old_one_lives() {
    let web = Origin::serve(|mut connection| {
        let line = connection.read(4);
        connection.send(line);
        connection.rest();
    });
    let mut setup = Setup::tcp(&[web.address]);
    let (vip, port) = (setup.address().ip(), free_port(setup.address().ip()));
    setup.change(|config| {
        config
            .listeners
            .push(listener(11, ListenerProtocol::Udp, port));
    });
    let mut client = Client::connect(setup.address());
    client.send("ping");
    let old = setup.upgrade();
    setup.change(|config| config.listeners.truncate(1));
    wait_until("the port is free", || {
        std::net::UdpSocket::bind((vip, port)).is_ok()
    });
    assert!(!old.is_over());
}

#[test]
fn a_member_that_is_down_stays_so() {
    let origin = Origin::named("a");
    let nobody = std::net::SocketAddr::new(own_address(), 9);
    let mut setup = Setup::new(
        ListenerProtocol::Http,
        &[nobody, origin.address],
        |config| {
            config.pools[0].health_monitor = Some(monitor(Check::Tcp));
        },
    );
    wait_until("it is down", || setup.status(0) == MemberStatus::Down);
    let _old = setup.upgrade();
    assert_eq!(setup.status(0), MemberStatus::Down);
}
