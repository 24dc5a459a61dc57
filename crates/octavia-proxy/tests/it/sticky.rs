//! Clients that stay with their member.

use std::net::SocketAddr;

use octavia_amphora_api::config::{Check, ListenerProtocol, SessionPersistence};
use octavia_amphora_api::report::MemberStatus;

use crate::support::config::{free_port, id, member, monitor, own_address};
use crate::support::{Client, Origin, Response, Setup, get, wait_until};

fn app_cookie() -> SessionPersistence {
    SessionPersistence::AppCookie {
        cookie_name: "SID".into(),
    }
}

fn sticky(persistence: SessionPersistence, members: &[SocketAddr]) -> Setup {
    Setup::new(ListenerProtocol::Http, members, |config| {
        config.pools[0].session_persistence = Some(persistence);
    })
}

/// Two members that tell their name and set what the path says.
fn two() -> [Origin; 2] {
    ["a", "b"].map(|name| {
        Origin::serve(move |mut connection| {
            while let Some(head) = connection.request() {
                let path = head.split(' ').nth(1).unwrap_or_default();
                let line = path.strip_prefix("/set?").map(|line| format!("{line}\r\n"));
                let line = line.unwrap_or_default().replace("%20", " ");
                connection.send(format!(
                    "HTTP/1.1 200 OK\r\n{line}Content-Length: 1\r\n\r\n{name}"
                ));
            }
        })
    })
}

fn addresses(origins: &[Origin; 2]) -> [SocketAddr; 2] {
    origins.each_ref().map(|origin| origin.address)
}

fn ask(setup: &Setup, path: &str, cookie: &str) -> Response {
    let mut client = Client::connect(setup.address());
    let cookie = match cookie {
        "" => String::new(),
        cookie => format!("Cookie: {cookie}\r\n"),
    };
    client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n{cookie}\r\n"));
    client.response()
}

fn srv(number: u128) -> String {
    format!("SRV={}", id(number))
}

#[test]
fn a_client_without_our_cookie_gets_one_and_one_with_it_stays() {
    let origins = two();
    let setup = sticky(SessionPersistence::HttpCookie, &addresses(&origins));
    for (name, number) in [("a", 100), ("b", 101)] {
        let response = ask(&setup, "/", "");
        let expected = format!("{}; path=/", srv(number));
        assert_eq!(response.header("set-cookie"), Some(&*expected));
        assert_eq!(response.text(), name);
    }
    for _ in 0..3 {
        let response = ask(&setup, "/", &format!("x=1; {}; y=2", srv(101)));
        assert_eq!(response.text(), "b");
        assert_eq!(response.header("set-cookie"), None);
    }
    let head = origins[1].heads().pop().expect("a request");
    assert_eq!(head, "GET / HTTP/1.1\nHost: x\nCookie: x=1; y=2\n\n");
}

#[test]
fn each_request_of_a_connection_has_its_own_cookie() {
    let origins = two();
    let setup = sticky(SessionPersistence::HttpCookie, &addresses(&origins));
    let mut client = Client::connect(setup.address());
    for (name, number) in [("b", 101), ("a", 100), ("b", 101)] {
        let cookie = srv(number);
        client.send(format!(
            "GET / HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n"
        ));
        assert_eq!(client.response().text(), name);
    }
    assert!(client.get("/").header("set-cookie").is_some());
}

#[test]
fn a_cookie_that_names_no_member_is_replaced() {
    let origins = two();
    let setup = sticky(SessionPersistence::HttpCookie, &addresses(&origins));
    for cookie in [srv(999), "SRV=nonsense".into()] {
        let response = ask(&setup, "/", &cookie);
        let set = response.header("set-cookie").expect("a cookie");
        assert!(set.starts_with("SRV=00000000-"), "{set}");
    }
    let heads = origins.each_ref().map(Origin::heads).concat();
    assert!(heads.iter().all(|head| !head.contains("Cookie")));
}

#[test]
fn a_member_cannot_set_our_cookie_and_caches_do_not_share_it() {
    let origins = two();
    let setup = sticky(SessionPersistence::HttpCookie, &addresses(&origins));
    let response = ask(&setup, "/set?Set-Cookie:%20SRV=mine", &srv(100));
    assert_eq!(response.header("set-cookie"), None);
    let response = ask(&setup, "/set?Cache-Control:%20max-age=9", "");
    let lines: Vec<_> = response.head.lines().collect();
    let expected = [
        "HTTP/1.1 200 OK",
        "Cache-Control: max-age=9",
        "Content-Length: 1",
        &format!("Set-Cookie: {}; path=/", srv(100)),
        "Cache-Control: private",
        "",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_draining_member_keeps_its_clients_and_a_disabled_one_loses_them() {
    let origins = two();
    let mut setup = sticky(SessionPersistence::HttpCookie, &addresses(&origins));
    setup.change(|config| config.pools[0].members[1].weight = 0);
    assert_eq!(ask(&setup, "/", &srv(101)).text(), "b");
    assert_eq!(ask(&setup, "/", "").text(), "a");
    setup.change(|config| config.pools[0].members[1].enabled = false);
    let response = ask(&setup, "/", &srv(101));
    assert_eq!(response.text(), "a");
    let expected = format!("{}; path=/", srv(100));
    assert_eq!(response.header("set-cookie"), Some(&*expected));
}

#[test]
fn a_member_that_is_down_loses_its_clients() {
    let origin = Origin::named("a");
    let address = own_address();
    let nobody = (address, free_port(address)).into();
    let mut setup = sticky(SessionPersistence::HttpCookie, &[origin.address, nobody]);
    setup.change(|config| config.pools[0].health_monitor = Some(monitor(Check::Tcp)));
    wait_until("it is out", || setup.status(1) == MemberStatus::Down);
    assert_eq!(ask(&setup, "/", &srv(101)).text(), "a");
}

#[test]
fn a_client_waits_a_moment_for_a_member_that_is_restarted() {
    let origins = two();
    let [a, b] = origins;
    let setup = sticky(SessionPersistence::HttpCookie, &[a.address, b.address]);
    let address = b.address;
    drop(b);
    let mut client = Client::connect(setup.address());
    let cookie = srv(101);
    client.send(format!(
        "GET / HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n"
    ));
    wait_until("it is there", || setup.counters().bytes_in > 0);
    let _b = Origin::at(address, "b");
    let response = client.response();
    assert_eq!(response.text(), "b");
    assert_eq!(response.header("set-cookie"), None);
}

#[test]
fn a_member_that_stays_away_loses_the_client_and_no_request_fails() {
    let origin = Origin::named("a");
    let address = own_address();
    let nobody = (address, free_port(address)).into();
    let setup = sticky(SessionPersistence::HttpCookie, &[origin.address, nobody]);
    let response = ask(&setup, "/", &srv(101));
    assert_eq!(response.text(), "a");
    let expected = format!("{}; path=/", srv(100));
    assert_eq!(response.header("set-cookie"), Some(&*expected));
}

#[test]
fn a_client_stays_by_its_address_through_changes() {
    let origins = two();
    let mut setup = sticky(SessionPersistence::SourceIp, &addresses(&origins));
    let first = get(setup.address(), "/").text();
    let stays = |setup: &Setup| (0..4).all(|_| get(setup.address(), "/").text() == first);
    assert!(stays(&setup));
    setup.change(|config| {
        config.pools[0]
            .members
            .push(member(200, origins[0].address));
    });
    assert!(stays(&setup));
    setup.change(|config| {
        let gone = usize::from(first == "b");
        config.pools[0].members.remove(gone);
        config.pools[0].members.truncate(1);
    });
    assert_ne!(get(setup.address(), "/").text(), first);
}

#[test]
fn tcp_connections_of_a_client_stay_by_its_address() {
    let origins = ["a", "b"].map(|name| Origin::serve(move |mut connection| connection.send(name)));
    let setup = Setup::new(ListenerProtocol::Tcp, &addresses(&origins), |config| {
        config.pools[0].session_persistence = Some(SessionPersistence::SourceIp);
    });
    let names: Vec<_> = (0..6)
        .map(|_| Client::connect(setup.address()).rest())
        .collect();
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
}

#[test]
fn a_cookie_of_the_application_leads_to_the_member_that_set_it() {
    let origins = two();
    let mut setup = sticky(app_cookie(), &addresses(&origins));
    let response = ask(&setup, "/set?Set-Cookie:%20SID=one;%20Path=/", "");
    assert_eq!(response.header("set-cookie"), Some("SID=one; Path=/"));
    let first = response.text();
    let stays = |setup: &Setup| (0..3).all(|_| ask(setup, "/", "x=1; SID=one").text() == first);
    assert!(stays(&setup));
    let name = if first == "a" {
        &origins[0]
    } else {
        &origins[1]
    };
    let head = name.heads().pop().expect("a request");
    assert!(head.contains("Cookie: x=1; SID=one\n"), "{head}");
    setup.change(|config| config.generation += 1);
    assert!(stays(&setup));
}

#[test]
fn a_cookie_that_no_member_set_leads_nowhere() {
    let origins = two();
    let setup = sticky(app_cookie(), &addresses(&origins));
    let order: String = (0..4).map(|_| ask(&setup, "/", "SID=x").text()).collect();
    assert_eq!(order, "abab");
}
