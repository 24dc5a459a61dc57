//! UDP listeners.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use octavia_amphora_api::config::{
    Algorithm, AmphoraConfig, Check, ListenerProtocol, SessionPersistence,
};
use octavia_amphora_api::report::MemberStatus;

use crate::support::config::{free_port, listener, member, monitor, own_address};
use crate::support::datagrams::{Caller, Echo};
use crate::support::{Setup, wait_until};

fn udp(members: &[&Echo], edit: impl FnOnce(&mut AmphoraConfig)) -> Setup {
    let addresses: Vec<_> = members.iter().map(|member| member.address).collect();
    Setup::new(ListenerProtocol::Udp, &addresses, edit)
}

/// Waits until a datagram of `caller` is counted as one that nobody gets.
fn expect_dropped(setup: &Setup, caller: &Caller) {
    let before = setup.counters().request_errors;
    caller.0.send(b"anybody?").expect("send");
    wait_until("it is dropped", || {
        setup.counters().request_errors == before + 1
    });
}

/// Who serves a caller.
fn server(caller: &Caller) -> String {
    let answer = caller.ask("who");
    answer.trim_end_matches(":who").to_owned()
}

#[test]
fn a_flow_keeps_its_member_and_flows_take_turns() {
    let (a, b) = (Echo::named("a"), Echo::named("b"));
    let setup = udp(&[&a, &b], |_| {});
    let callers: Vec<_> = (0..4).map(|_| Caller::of(setup.address())).collect();
    let first: Vec<_> = callers.iter().map(server).collect();
    for _ in 0..5 {
        let again: Vec<_> = callers.iter().map(server).collect();
        assert_eq!(again, first);
    }
    assert_eq!(first.iter().filter(|name| *name == "a").count(), 2);
    let counters = setup.counters();
    assert_eq!(counters.total_connections, 4);
    assert_eq!(counters.active_connections, 4);
    assert_eq!(
        (counters.bytes_in, counters.bytes_out),
        (4 * 6 * 3, 4 * 6 * 5)
    );
    assert_eq!(counters.request_errors, 0);
}

#[test]
fn every_datagram_of_many_flows_comes_back_to_its_own() {
    let (a, b) = (Echo::named("a"), Echo::named("b"));
    let setup = udp(&[&a, &b], |_| {});
    let callers: Vec<_> = (0..100).map(|_| Caller::of(setup.address())).collect();
    for round in 0..10 {
        for (index, caller) in callers.iter().enumerate() {
            let question = format!("{index}.{round}");
            caller.0.send(question.as_bytes()).expect("send");
        }
        for (index, caller) in callers.iter().enumerate() {
            let answer = caller.next().expect("an answer");
            assert_eq!(&answer[2..], format!("{index}.{round}"));
        }
    }
}

#[test]
fn datagrams_of_any_size_pass_whole_and_in_order() {
    let echo = Echo::named("a");
    let setup = udp(&[&echo], |_| {});
    let caller = Caller::of(setup.address());
    for size in [0, 1, 1472, 9000, 65_000] {
        let question = "x".repeat(size);
        assert_eq!(caller.ask(&question), format!("a:{question}"));
    }
    (0..50).for_each(|number| drop(caller.0.send(number.to_string().as_bytes())));
    let answers: Vec<_> = (0..50).map(|_| caller.next().expect("an answer")).collect();
    let expected: Vec<_> = (0..50).map(|number| format!("a:{number}")).collect();
    assert_eq!(answers, expected);
}

#[test]
fn a_dead_members_flows_move_at_once() {
    let (a, b) = (Echo::named("a"), Echo::named("b"));
    let setup = udp(&[&a, &b], |config| {
        config.pools[0].health_monitor = Some(monitor(Check::UdpConnect));
    });
    let callers: Vec<_> = (0..6).map(|_| Caller::of(setup.address())).collect();
    let servers: BTreeSet<_> = callers.iter().map(server).collect();
    assert_eq!(servers.len(), 2);
    let address = b.address;
    drop(b);
    wait_until("it is out", || setup.status(1) == MemberStatus::Down);
    assert_eq!(
        setup.member(1).cause.as_deref(),
        Some("udp: connection refused")
    );
    assert!(callers.iter().all(|caller| server(caller) == "a"));
    let _b = Echo::at(address, "b");
    wait_until("it is back", || setup.status(1) == MemberStatus::Up);
    assert!(callers.iter().all(|caller| server(caller) == "a"));
    let new: BTreeSet<_> = (0..2)
        .map(|_| server(&Caller::of(setup.address())))
        .collect();
    assert_eq!(new.len(), 2);
}

#[test]
fn a_removed_members_flows_move_and_a_drained_ones_stay() {
    let (a, b) = (Echo::named("a"), Echo::named("b"));
    let mut setup = udp(&[&a, &b], |_| {});
    let callers: Vec<_> = (0..4).map(|_| Caller::of(setup.address())).collect();
    let first: Vec<_> = callers.iter().map(server).collect();
    setup.change(|config| config.pools[0].members[1].weight = 0);
    let drained: Vec<_> = callers.iter().map(server).collect();
    assert_eq!(drained, first);
    assert!((0..4).all(|_| server(&Caller::of(setup.address())) == "a"));
    setup.change(|config| config.pools[0].members.truncate(1));
    assert!(callers.iter().all(|caller| server(caller) == "a"));
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn a_flow_that_is_silent_ends() {
    let echo = Echo::named("a");
    let setup = udp(&[&echo], |config| {
        config.listeners[0].timeouts.udp_idle_ms = 50;
    });
    let caller = Caller::of(setup.address());
    assert_eq!(server(&caller), "a");
    wait_until("the flow has ended", || {
        setup.counters().active_connections == 0
    });
    assert_eq!(server(&caller), "a");
    assert_eq!(setup.counters().total_connections, 2);
}

#[test]
fn a_member_takes_as_many_flows_as_the_limit_says() {
    let (a, b) = (Echo::named("a"), Echo::named("b"));
    let setup = udp(&[&a, &b], |config| {
        config.listeners[0].connection_limit = Some(1);
    });
    let callers: Vec<_> = (0..3).map(|_| Caller::of(setup.address())).collect();
    let servers: BTreeSet<_> = callers[..2].iter().map(server).collect();
    assert_eq!(servers.len(), 2);
    expect_dropped(&setup, &callers[2]);
}

#[test]
fn clients_of_one_network_stay_together_across_flows() {
    let (a, b) = (Echo::named("a"), Echo::named("b"));
    let setup = udp(&[&a, &b], |config| {
        config.listeners[0].timeouts.udp_idle_ms = 50;
        config.pools[0].session_persistence = Some(SessionPersistence::SourceNetwork {
            timeout_s: 60,
            ipv4_prefix: 24,
            ipv6_prefix: 128,
        });
    });
    let call = |own: [u8; 4]| server(&Caller::from(IpAddr::from(own), setup.address()));
    let (one, two) = (call([127, 7, 1, 1]), call([127, 7, 2, 1]));
    assert_ne!(one, two);
    wait_until("the flows have ended", || {
        setup.counters().active_connections == 0
    });
    for host in 2..6 {
        assert_eq!(call([127, 7, 1, host]), one);
        assert_eq!(call([127, 7, 2, host]), two);
    }
}

#[test]
fn a_source_keeps_its_member_by_its_hash() {
    let (a, b) = (Echo::named("a"), Echo::named("b"));
    let setup = udp(&[&a, &b], |config| {
        config.pools[0].algorithm = Algorithm::SourceIp;
    });
    let servers: BTreeSet<_> = (0..6)
        .map(|_| server(&Caller::of(setup.address())))
        .collect();
    assert_eq!(servers.len(), 1);
}

#[test]
fn only_those_who_are_allowed_are_served() {
    let echo = Echo::named("a");
    let mut setup = udp(&[&echo], |_| {});
    let caller = Caller::of(setup.address());
    assert_eq!(server(&caller), "a");
    setup.change(|config| {
        config.listeners[0].allowed_cidrs = vec!["127.9.0.0/16".parse().expect("a network")];
    });
    expect_dropped(&setup, &caller);
    assert_eq!(
        server(&Caller::from(IpAddr::from([127, 9, 0, 1]), setup.address())),
        "a"
    );
}

#[test]
fn either_side_may_be_ipv6() {
    let v4 = Echo::named("four");
    let v6 = Echo::at("[::1]:0".parse().expect("an address"), "six");
    let setup = udp(&[&v4, &v6], |config| {
        let loopback: IpAddr = "::1".parse().expect("an address");
        config.vips.push(loopback);
        config.listeners[0].port = free_port(loopback);
    });
    let port = setup.config.listeners[0].port;
    let vips = setup.config.vips.clone();
    for vip in vips {
        let call = || server(&Caller::of(SocketAddr::new(vip, port)));
        let servers: BTreeSet<_> = (0..2).map(|_| call()).collect();
        assert_eq!(servers, BTreeSet::from(["four".into(), "six".into()]));
    }
}

#[test]
fn one_port_may_serve_tcp_and_udp() {
    let echo = Echo::named("a");
    let setup = udp(&[&echo], |config| {
        let port = config.listeners[0].port;
        config
            .listeners
            .push(listener(11, ListenerProtocol::Tcp, port));
    });
    assert_eq!(server(&Caller::of(setup.address())), "a");
    assert!(std::net::TcpStream::connect(setup.address()).is_ok());
}

#[test]
fn a_removed_listener_is_silent_and_its_port_free_once_its_flows_are() {
    let echo = Echo::named("a");
    let mut setup = udp(&[&echo], |config| {
        config.listeners[0].timeouts.udp_idle_ms = 50;
    });
    let address = setup.address();
    assert_eq!(server(&Caller::of(address)), "a");
    let removed = setup.config.listeners[0].clone();
    setup.change(|config| config.listeners.clear());
    let mut other = None;
    wait_until("the port is free", || {
        other = std::net::UdpSocket::bind(address).ok();
        other.is_some()
    });
    setup
        .try_change(|config| config.listeners.push(removed.clone()))
        .expect_err("the port is taken");
    drop(other);
    setup.change(|_| {});
    assert_eq!(server(&Caller::of(address)), "a");
}

#[test]
fn the_flows_of_a_removed_listener_go_on_and_nobody_else_is_served() {
    let echo = Echo::named("a");
    let mut setup = udp(&[&echo], |_| {});
    let (known, stranger) = (Caller::of(setup.address()), Caller::of(setup.address()));
    assert_eq!(server(&known), "a");
    let removed = setup.config.listeners.clone();
    setup.change(|config| config.listeners.clear());
    assert_eq!(server(&known), "a");
    stranger.0.send(b"too late").expect("send");
    assert_eq!(server(&known), "a");
    stranger.0.set_nonblocking(true).expect("set nonblocking");
    assert!(stranger.next().is_err(), "nobody answers a stranger");
    // One that is made there anew has the port at once, and the client another flow.
    setup.change(|config| config.listeners = removed);
    assert_eq!(server(&Caller::of(setup.address())), "a");
    assert_eq!(server(&known), "a");
    assert!(setup.counters().total_connections >= 2);
}

#[test]
fn a_removed_member_may_still_answer() {
    let late = std::net::UdpSocket::bind((own_address(), 0)).expect("bind a member");
    let address = late.local_addr().expect("its address");
    let mut setup = Setup::new(ListenerProtocol::Udp, &[address], |_| {});
    let caller = Caller::of(setup.address());
    caller.0.send(b"question").expect("send");
    let (_, proxy) = late.recv_from(&mut [0; 100]).expect("the question");
    let other = Echo::named("b");
    setup.change(|config| config.pools[0].members = vec![member(200, other.address)]);
    late.send_to(b"answer", proxy).expect("send");
    assert_eq!(caller.next().expect("an answer"), "answer");
    assert_eq!(server(&caller), "b");
}

#[test]
fn a_change_elsewhere_moves_no_flow() {
    let (a, b, c) = (Echo::named("a"), Echo::named("b"), Echo::named("c"));
    let mut setup = udp(&[&a, &b], |_| {});
    let callers: Vec<_> = (0..8).map(|_| Caller::of(setup.address())).collect();
    let first: Vec<_> = callers.iter().map(server).collect();
    for number in 0..5 {
        let address = c.address;
        setup.change(|config| config.pools[0].members.push(member(200 + number, address)));
        let again: Vec<_> = callers.iter().map(server).collect();
        assert_eq!(again, first);
    }
    assert_eq!(setup.counters().total_connections, 8);
}

#[test]
fn a_pool_without_members_answers_nothing() {
    let setup = udp(&[], |_| {});
    expect_dropped(&setup, &Caller::of(setup.address()));
}

#[test]
fn a_host_is_asked_by_ping() {
    let echo = Echo::named("a");
    let setup = udp(&[&echo], |config| {
        config.pools[0].health_monitor = Some(monitor(Check::Ping));
    });
    wait_until("it was asked", || {
        setup.member(0).check_duration_us.is_some()
    });
    let cause = setup.member(0).cause;
    if cause
        .as_deref()
        .is_some_and(|cause| cause.contains("not permitted"))
    {
        let text = "a_host_is_asked_by_ping: skipped, this host lets nobody ping";
        return writeln!(std::io::stderr(), "{text}").expect("write");
    }
    assert_eq!((cause, setup.status(0)), (None, MemberStatus::Up));
}
