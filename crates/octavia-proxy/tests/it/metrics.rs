//! PROMETHEUS listeners.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use octavia_amphora_api::config::{Check, ListenerProtocol};

use crate::support::command::run;
use crate::support::config::{free_port, listener, monitor};
use crate::support::datagrams::{Caller, Echo};
use crate::support::pki::{Authority, listener_tls};
use crate::support::{Client, Origin, Setup, get, id, wait_until};

/// Adds a listener that tells what is counted.
fn watched(setup: &mut Setup) {
    let port = free_port(setup.config.vips[0]);
    setup.change(|config| {
        let mut prometheus = listener(99, ListenerProtocol::Prometheus, port);
        prometheus.default_pool = None;
        config.listeners.push(prometheus);
    });
}

/// Returns the text that Prometheus gets.
fn page(setup: &Setup) -> String {
    let port = setup.config.listeners.last().expect("a listener").port;
    let response = get((setup.config.vips[0], port).into(), "/metrics");
    assert_eq!(response.status, 200);
    response.text()
}

/// Returns the samples by name and labels.
fn samples(setup: &Setup) -> BTreeMap<String, String> {
    let page = page(setup);
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a sample");
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// Returns the samples as soon as `key` is `value`: an exchange is counted after its answer left,
/// and the one who asks may be served by another loop.
fn settled(setup: &Setup, key: &str, value: &str) -> BTreeMap<String, String> {
    wait_until(&format!("{key} is {value}"), || {
        samples(setup).get(key).is_some_and(|found| found == value)
    });
    samples(setup)
}

fn of_listener(name: &str) -> String {
    format!("octavia_listener_{name}{{listener=\"{}\"", id(10))
}

fn of_member(name: &str, number: u128) -> String {
    let (pool, listener, member) = (id(20), id(10), id(number));
    format!("octavia_member_{name}{{pool=\"{pool}:{listener}\",member=\"{member}\"")
}

#[test]
fn requests_are_counted_by_listener_pool_and_member() {
    let origin = Origin::serve(|mut connection| {
        while let Some(head) = connection.request() {
            let status = if head.starts_with("GET /missing") {
                "404 Not Found"
            } else {
                "200 OK"
            };
            connection.send(format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nhi"));
        }
    });
    let mut setup = Setup::http(&[origin.address]);
    watched(&mut setup);
    for path in ["/", "/", "/missing"] {
        get(setup.address(), path);
    }
    let histogram = format!(
        "octavia_listener_total_duration_seconds_bucket{{listener=\"{}\",le=\"+Inf\"}}",
        id(10)
    );
    let found = settled(&setup, &histogram, "3");
    let value = |name: String| found[&name].clone();
    let code = |code: &str| format!(",code=\"{code}\"}}");
    let answers = of_listener("http_responses_total");
    assert_eq!(value(answers.clone() + &code("2xx")), "2");
    assert_eq!(value(answers + &code("4xx")), "1");
    let answers = of_member("http_responses_total", 100);
    assert_eq!(value(answers + &code("2xx")), "2");
    assert_eq!(value(of_member("sessions_total", 100) + "}"), "3");
    assert_eq!(value(of_listener("http_requests_total") + "}"), "3");
    assert_eq!(value(of_listener("status") + ",state=\"UP\"}"), "1");
    // Those who ask for the metrics are counted there, too.
    let all: u64 = value("octavia_loadbalancer_requests_total".into())
        .parse()
        .expect("a number");
    assert!(all >= 3, "{all}");
}

#[test]
fn counters_survive_a_change_of_configuration() {
    let origin = Origin::named("a");
    let mut setup = Setup::http(&[origin.address]);
    watched(&mut setup);
    get(setup.address(), "/");
    setup.change(|config| config.pools[0].members[0].weight = 7);
    get(setup.address(), "/");
    let sessions = of_member("sessions_total", 100) + "}";
    let found = settled(&setup, &sessions, "2");
    assert_eq!(found[&(of_member("weight", 100) + "}")], "7");
    let pool = format!(
        "octavia_pool_sessions_total{{pool=\"{}:{}\"}}",
        id(20),
        id(10)
    );
    assert_eq!(found[&pool], "2");
}

#[test]
fn datagrams_and_checks_are_counted_too() {
    let echo = Echo::named("a");
    let mut setup = Setup::new(ListenerProtocol::Udp, &[echo.address], |config| {
        config.pools[0].health_monitor = Some(monitor(Check::UdpConnect));
    });
    watched(&mut setup);
    assert_eq!(Caller::of(setup.address()).ask("four"), "a:four");
    let found = samples(&setup);
    assert_eq!(found[&(of_member("sessions_total", 100) + "}")], "1");
    assert_eq!(found[&(of_member("bytes_in_total", 100) + "}")], "4");
    assert_eq!(found[&(of_listener("bytes_out_total") + "}")], "6");
    drop(echo);
    wait_until("the member is down", || {
        samples(&setup)[&(of_member("status", 100) + ",state=\"DOWN\"}")] == "1"
    });
    let found = samples(&setup);
    assert_eq!(found[&(of_member("check_up_down_total", 100) + "}")], "1");
}

#[test]
fn only_metrics_are_there() {
    let mut setup = Setup::http(&[]);
    watched(&mut setup);
    let port = setup.config.listeners[1].port;
    let response = get((setup.config.vips[0], port).into(), "/");
    assert_eq!(response.status, 404);
}

#[test]
fn every_name_of_upstream_is_answered_or_known_to_be_missing() {
    let mut setup = Setup::http(&[]);
    setup.change(|config| {
        let member = crate::support::config::member(100, ([127, 0, 0, 1], 9).into());
        config.pools[0].members.push(member);
    });
    watched(&mut setup);
    let page = page(&setup);
    let missing: Vec<_> = include_str!("../data/upstream-metrics.txt")
        .lines()
        .filter(|name| !page.contains(&format!("# TYPE {name} ")))
        .collect();
    insta::assert_snapshot!(missing.join("\n"), @r"
    octavia_member_idle_connections_current
    octavia_member_idle_connections_limit
    ");
}

#[test]
fn prometheus_own_parser_reads_the_page() {
    const PARSE: &str = "import sys\n\
        from prometheus_client.parser import text_string_to_metric_families as parse\n\
        print(sum(len(family.samples) for family in parse(sys.stdin.read())))";
    let origin = Origin::named("a");
    let mut setup = Setup::http(&[origin.address]);
    watched(&mut setup);
    get(setup.address(), "/");
    let page = page(&setup);
    let has_parser = Command::new("python3")
        .args(["-c", "import prometheus_client"])
        .stderr(Stdio::null())
        .status();
    if !has_parser.is_ok_and(|status| status.success()) {
        let text =
            "prometheus_own_parser_reads_the_page: skipped, python3 has no prometheus_client";
        return writeln!(std::io::stderr(), "{text}").expect("write");
    }
    let mut parser = Command::new("python3")
        .args(["-c", PARSE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start the parser");
    let mut input = parser.stdin.take().expect("its input");
    input.write_all(page.as_bytes()).expect("write");
    drop(input);
    let output = parser.wait_with_output().expect("its answer");
    let lines = page.lines().filter(|line| !line.starts_with('#')).count();
    let read = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert_eq!(read, lines.to_string());
}

#[test]
fn paces_are_measured_by_the_second() {
    let origin = Origin::named("a");
    let mut setup = Setup::http(&[origin.address]);
    watched(&mut setup);
    let most = |found: &BTreeMap<String, String>, name: String| -> u64 {
        found[&name].parse().expect("a number")
    };
    let mut found = BTreeMap::new();
    wait_until("a second is over", || {
        get(setup.address(), "/");
        found = samples(&setup);
        most(&found, of_listener("http_requests_rate_max") + "}") > 0
    });
    // Every request had a connection of its own, and one member.
    for name in [
        of_listener("max_session_rate") + "}",
        of_member("max_session_rate", 100) + "}",
        of_member("max_sessions", 100) + "}",
    ] {
        assert!(most(&found, name.clone()) > 0, "{name}");
    }
    let all = "octavia_loadbalancer_max_connection_rate".to_owned();
    assert!(most(&found, all) > 0);
    let ago = most(&found, of_member("last_session_seconds", 100) + "}");
    assert!(ago < 60, "{ago}");
    let count = format!(
        "octavia_listener_request_duration_seconds_count{{listener=\"{}\"}}",
        id(10)
    );
    let requests = most(&found, of_listener("http_requests_total") + "}");
    assert_eq!(most(&found, count), requests);
}

#[test]
fn members_that_cannot_be_reached_are_counted_as_others_are_tried() {
    let (gone, good) = (Origin::named("gone"), Origin::named("good"));
    let address = gone.address;
    drop(gone);
    let mut setup = Setup::http(&[address, good.address]);
    watched(&mut setup);
    get(setup.address(), "/");
    get(setup.address(), "/");
    let found = samples(&setup);
    let pool = format!("{{pool=\"{}:{}\"}}", id(20), id(10));
    let others = &found[&format!("octavia_pool_redispatch_warnings_total{pool}")];
    let errors = &found[&(of_member("connection_errors_total", 100) + "}")];
    assert_eq!(others, errors);
    assert!(["1", "2"].contains(&others.as_str()), "{others}");
}

#[test]
fn handshakes_and_the_ends_of_certificates_are_told() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let mut setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        let certificates = vec![
            authority.certify(&["default.example.org"]),
            authority.certify(&["*.example.org"]),
        ];
        config.listeners[0].tls = Some(listener_tls(certificates));
    });
    watched(&mut setup);
    let folder = tempfile::tempdir().expect("a folder");
    let session = folder.path().join("session");
    let session = session.to_str().expect("a path of text");
    let address = setup.address().to_string();
    for way in ["-sess_out", "-sess_in", "-sess_in"] {
        let arguments = ["s_client", "-connect", &address, "-tls1_2", way, session];
        if run("openssl", &arguments).is_none() {
            return;
        }
    }
    let mut broken = Client::connect(setup.address());
    broken.send("no TLS at all");
    broken.is_closed();
    wait_until("the broken one is counted", || {
        setup.counters().request_errors == 1
    });
    let found = samples(&setup);
    let kind = |kind: &str| {
        let name = of_listener("tls_handshakes_total");
        found[&format!("{name},kind=\"{kind}\"}}")].clone()
    };
    assert_eq!(
        [kind("full"), kind("resumed"), kind("failed")],
        ["1", "2", "1"]
    );
    assert_eq!(found["octavia_loadbalancer_ssl_connections_total"], "3");
    assert_eq!(found["octavia_loadbalancer_frontend_ssl_reuse"], "66");
    for name in ["", "default.example.org", "*.example.org"] {
        let of = of_listener("certificate_expiry_seconds");
        let at: u64 = found[&format!("{of},sni=\"{name}\"}}")]
            .parse()
            .expect("a moment");
        assert!(at > 1_700_000_000, "{at}");
    }
}

#[test]
fn a_pool_of_two_listeners_is_told_once_and_each_listener_counts_its_own() {
    let origin = Origin::named("a");
    let mut setup = Setup::http(&[origin.address]);
    let port = free_port(setup.config.vips[0]);
    setup.change(|config| {
        let second = listener(11, ListenerProtocol::Http, port);
        config.listeners.push(second);
    });
    watched(&mut setup);
    get(setup.address(), "/");
    get((setup.config.vips[0], port).into(), "/");
    get((setup.config.vips[0], port).into(), "/");
    let reported = setup.report();
    let connections = reported
        .listeners
        .iter()
        .map(|it| it.counters.total_connections);
    assert_eq!(connections.collect::<Vec<_>>()[..2], [1, 2]);
    let found = samples(&setup);
    let of_pool = |name: &&String| name.starts_with("octavia_pool_sessions_total{");
    let pools: Vec<_> = found.keys().filter(of_pool).collect();
    assert_eq!(pools.len(), 1, "{pools:?}");
    assert_eq!(found[pools[0]], "3");
    assert_eq!(found[&(of_member("sessions_total", 100) + "}")], "3");
}
