//! What protects members, and from whom.

use std::net::SocketAddr;

use octavia_amphora_api::config::{
    AmphoraConfig, L7Action, L7Compare, L7Policy, L7Rule, L7Subject, ListenerProtocol,
    PassiveHealth, RateLimit,
};
use octavia_amphora_api::report::MemberStatus;

use crate::support::config::{id, member, own_address};
use crate::support::datagrams::{Caller, Echo};
use crate::support::{Client, Origin, Setup, get, wait_until};

/// So many at once, and nothing comes back while a test runs.
fn limited(config: &mut AmphoraConfig, burst: u32) {
    config.listeners[0].rate_limit = Some(RateLimit {
        count: 1,
        period_s: 3600,
        burst,
        ipv6_prefix: 64,
    });
}

#[test]
fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let origin = Origin::named("a");
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        limited(config, 3);
    });
    let mut client = Client::connect(setup.address());
    let statuses = [(); 4].map(|()| client.get("/").status);
    assert_eq!(statuses, [200, 200, 200, 429]);
    let refused = client.get("/");
    let wait: u64 = refused
        .header("retry-after")
        .and_then(|wait| wait.parse().ok())
        .expect("a number");
    assert!((3500..=3600).contains(&wait), "{wait}");
    assert_eq!(get(setup.address(), "/").status, 429);
    let mut other = Client::connect_from(own_address(), setup.address());
    assert_eq!(other.get("/").status, 200);
    assert_eq!(origin.heads().len(), 4);
}

#[test]
fn a_request_in_many_pieces_is_one_request() {
    let origin = Origin::named("a");
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        limited(config, 1);
    });
    let mut client = Client::connect(setup.address());
    let mut sent = 0;
    for piece in ["GET / HT", "TP/1.1\r\n", "Host: x\r\n"] {
        client.send(piece);
        sent += piece.len() as u64;
        wait_until("it is read", || setup.counters().bytes_in == sent);
    }
    client.send("\r\n");
    assert_eq!(client.response().status, 200);
    assert_eq!(client.get("/").status, 429);
}

#[test]
fn a_limit_outlives_other_changes_and_can_be_lifted() {
    let origin = Origin::named("a");
    let mut setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        limited(config, 1);
    });
    assert_eq!(get(setup.address(), "/").status, 200);
    setup.change(|config| config.pools[0].members[0].weight = 2);
    assert_eq!(get(setup.address(), "/").status, 429);
    setup.change(|config| config.listeners[0].rate_limit = None);
    assert_eq!(get(setup.address(), "/").status, 200);
}

#[test]
fn a_connection_too_many_is_closed() {
    let origin = Origin::named("a");
    let setup = Setup::new(ListenerProtocol::Tcp, &[origin.address], |config| {
        limited(config, 2);
    });
    let mut kept = [(); 2].map(|()| Client::connect(setup.address()));
    assert!(kept.iter_mut().all(|client| client.get("/").status == 200));
    assert!(Client::connect(setup.address()).is_closed());
    assert_eq!(kept[0].get("/").status, 200);
    assert_eq!(setup.counters().total_connections, 2);
    let mut other = Client::connect_from(own_address(), setup.address());
    assert_eq!(other.get("/").status, 200);
}

#[test]
fn a_flow_too_many_is_not_served() {
    let echo = Echo::named("a");
    let setup = Setup::new(ListenerProtocol::Udp, &[echo.address], |config| {
        limited(config, 1);
    });
    let (first, second) = (Caller::of(setup.address()), Caller::of(setup.address()));
    assert_eq!(first.ask("x"), "a:x");
    second.0.send(b"x").expect("send");
    wait_until("it is dropped", || setup.counters().request_errors == 1);
    assert_eq!(first.ask("y"), "a:y");
}

/// Answers with this status.
fn answering(status: &'static str) -> Origin {
    Origin::serve(move |mut connection| {
        while connection.request().is_some() {
            connection.send(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"));
        }
    })
}

fn watched(config: &mut AmphoraConfig, ejection_ms: u64) {
    config.pools[0].passive_health = Some(PassiveHealth {
        failures: 2,
        counts_answers: true,
        ejection_ms,
        floor_percent: 50,
    });
}

#[test]
fn a_member_that_fails_is_left_alone_and_comes_back() {
    let (bad, good) = (answering("503 Broken"), Origin::named("good"));
    let members = [bad.address, good.address];
    let setup = Setup::new(ListenerProtocol::Http, &members, |config| {
        watched(config, 400);
    });
    let asked = || bad.heads().len();
    let statuses = [(); 6].map(|()| get(setup.address(), "/").status);
    assert_eq!(statuses, [503, 200, 503, 200, 200, 200]);
    assert_eq!(asked(), 2);
    let report = setup.member(0);
    assert_eq!(report.status, MemberStatus::Down);
    assert!(report.cause.expect("a cause").contains("failures in a row"));
    wait_until("it is back", || setup.status(0) == MemberStatus::NoCheck);
    wait_until("it is asked again", || {
        get(setup.address(), "/");
        asked() > 2
    });
}

#[test]
fn a_member_that_cannot_be_reached_costs_few_attempts() {
    let gone = SocketAddr::new(own_address(), 1);
    let good = Origin::named("good");
    let setup = Setup::new(ListenerProtocol::Http, &[gone, good.address], |config| {
        watched(config, 60_000);
    });
    for _ in 0..20 {
        assert_eq!(get(setup.address(), "/").text(), "good");
    }
    assert_eq!(setup.status(0), MemberStatus::Down);
    assert_eq!(setup.status(1), MemberStatus::NoCheck);
    assert!(*setup.changes.lock().expect("no thread panicked") > 0);
}

#[test]
fn the_last_members_are_never_ejected() {
    let bad = [answering("500 Bad"), answering("500 Bad")];
    let members = bad.each_ref().map(|origin| origin.address);
    let setup = Setup::new(ListenerProtocol::Http, &members, |config| {
        watched(config, 60_000);
    });
    assert!((0..20).all(|_| get(setup.address(), "/").status == 500));
    let down = [0, 1].map(|index| setup.status(index) == MemberStatus::Down);
    assert_eq!(down.into_iter().filter(|down| *down).count(), 1);
}

#[test]
fn a_member_that_is_added_begins_slowly() {
    let (old, new) = (Origin::named("old"), Origin::named("new"));
    let mut setup = Setup::http(&[old.address]);
    get(setup.address(), "/");
    setup.change(|config| {
        let mut member = member(101, new.address);
        member.slow_start_s = Some(3600);
        config.pools[0].members.push(member);
    });
    let served = |count| {
        let answers = (0..count).map(|_| get(setup.address(), "/").text());
        answers.filter(|name| name == "new").count()
    };
    assert!(served(60) <= 2);
}

#[test]
fn all_members_of_a_new_pool_begin_at_once() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let members = origins.each_ref().map(|origin| origin.address);
    let setup = Setup::new(ListenerProtocol::Http, &members, |config| {
        config.pools[0].members[1].slow_start_s = Some(3600);
    });
    let order: String = (0..6).map(|_| get(setup.address(), "/").text()).collect();
    assert_eq!(order, "ababab");
}

fn fixed(status: u16, body: &str) -> L7Policy {
    L7Policy {
        id: id(1),
        action: L7Action::FixedResponse {
            status,
            content_type: "application/json".to_owned(),
            body: body.to_owned(),
        },
        rules: vec![L7Rule {
            subject: L7Subject::Path,
            compare: L7Compare::StartsWith,
            value: "/fixed".to_owned(),
            invert: false,
        }],
    }
}

#[test]
fn a_policy_answers_with_what_was_written_before() {
    let origin = Origin::named("a");
    let mut setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.listeners[0].l7_policies = vec![fixed(503, "{\"busy\":true}")];
    });
    let mut client = Client::connect(setup.address());
    let answer = client.get("/fixed/x");
    assert_eq!(
        (answer.status, answer.text()),
        (503, "{\"busy\":true}".to_owned())
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
    client.send("HEAD /fixed HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.head().header("content-length"), Some("13"));
    assert_eq!(client.get("/").text(), "a");
    setup.change(|config| config.listeners[0].l7_policies = vec![fixed(204, "")]);
    client.send("GET /fixed HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = client.head();
    assert_eq!((head.status, head.header("content-length")), (204, None));
    assert_eq!(client.get("/").text(), "a");
    assert_eq!(origin.heads().len(), 2);
}

#[test]
fn a_rate_limit_that_makes_no_sense_changes_nothing() {
    let origin = Origin::named("a");
    let mut setup = Setup::http(&[origin.address]);
    assert!(setup.try_change(|config| limited(config, 0)).is_err());
    assert_eq!(get(setup.address(), "/").status, 200);
}
