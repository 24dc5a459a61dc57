//! Lines about traffic, in a file and at syslog servers.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

use octavia_amphora_api::config::{ListenerProtocol, TrafficLog};
use octavia_proxy::{LogOptions, LogProtocol};

use crate::support::config::own_address;
use crate::support::datagrams::{Caller, Echo};
use crate::support::{Client, Origin, PATIENCE, Setup, get, id, wait_until};

/// Upstream's default.
const DEFAULT: &str = "{{ project_id }} {{ lb_id }} %f %ci %cp %t %{+Q}r %ST %B %U \
     %[ssl_c_verify] %{+Q}[ssl_c_s_dn] %b %s %Tt %tsc";
/// What does not change from run to run.
const STEADY: &str = "%{+Q}r %ST %U %b %s %tsc";

fn logged(
    protocol: ListenerProtocol,
    members: &[SocketAddr],
    (log, format): (LogOptions, &str),
) -> Setup {
    Setup::logged(protocol, members, log, |config| {
        config.listeners[0].timeouts.udp_idle_ms = 50;
        config.listeners[0].log = Some(TrafficLog {
            project_id: "a1b2".into(),
            load_balancer_id: id(2),
            format: format.into(),
        });
    })
}

fn to_file(path: &Path) -> LogOptions {
    LogOptions {
        file: Some(path.to_owned()),
        ..LogOptions::default()
    }
}

/// Waits for so many lines, and returns them with short ids.
fn lines(path: &Path, count: usize) -> String {
    let text = || std::fs::read_to_string(path).unwrap_or_default();
    wait_until("the lines are written", || text().lines().count() >= count);
    text().replace("00000000-0000-0000-0000-0000000000", "")
}

#[test]
fn each_request_has_a_line_that_says_how_it_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("traffic.log");
    let origin = Origin::serve(|mut connection| {
        while let Some(head) = connection.request() {
            if head.starts_with("GET /nonsense") {
                return connection.send("what?");
            }
            connection.answer(b"hi");
        }
    });
    let log = (to_file(&file), STEADY);
    let setup = logged(ListenerProtocol::Http, &[origin.address], log);
    get(setup.address(), "/a?b=1");
    get(setup.address(), "/nonsense");
    let mut client = Client::connect(setup.address());
    client.send("GARBAGE\r\n\r\n");
    client.rest();
    insta::assert_snapshot!(lines(&file, 3), @r#"
    "GET /a?b=1 HTTP/1.1" 200 32 14:0a 64 ----
    "GET /nonsense HTTP/1.1" 502 35 14:0a 64 SH--
    "<BADREQ>" 400 0 0a <NOSRV> PR--
    "#);
}

#[test]
fn connections_and_flows_have_lines_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("traffic.log");
    let origin = Origin::serve(|mut connection| {
        let all = connection.rest();
        connection.send(all);
    });
    let tcp = logged(
        ListenerProtocol::Tcp,
        &[origin.address],
        (to_file(&file), STEADY),
    );
    let mut client = Client::connect(tcp.address());
    client.send("hello");
    client.end();
    assert_eq!(client.rest(), b"hello");
    lines(&file, 1);
    drop(tcp);
    let echo = Echo::named("a");
    let udp = logged(
        ListenerProtocol::Udp,
        &[echo.address],
        (to_file(&file), STEADY),
    );
    assert_eq!(Caller::of(udp.address()).ask("four"), "a:four");
    insta::assert_snapshot!(lines(&file, 2), @r"
    - - 5 14:0a 64 ----
    - - 4 14:0a 64 ----
    ");
}

#[test]
fn syslog_gets_upstreams_default_by_udp() {
    let server = UdpSocket::bind((own_address(), 0)).expect("bind a server");
    server
        .set_read_timeout(Some(PATIENCE))
        .expect("set a limit");
    let options = LogOptions {
        targets: vec![server.local_addr().expect("its address")],
        facility: 3,
        ..LogOptions::default()
    };
    let origin = Origin::named("a");
    let setup = logged(
        ListenerProtocol::Http,
        &[origin.address],
        (options, DEFAULT),
    );
    get(setup.address(), "/");
    let mut buffer = [0; 2048];
    let length = server.recv(&mut buffer).expect("a line");
    let line = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(line.starts_with("<158>20"), "{line}");
    assert!(line.contains(" amphora octavia-proxy["), "{line}");
    let (start, listener) = (format!("]: a1b2 {} {} 127.", id(2), id(10)), id(10));
    assert!(line.contains(&start), "{line}");
    let end = format!(" - \"\" {}:{listener} {} ", id(20), id(100));
    assert!(line.contains(&end) && line.ends_with(" ----"), "{line}");
}

#[test]
fn syslog_gets_lines_by_tcp_from_the_first_server_that_listens() {
    let server = TcpListener::bind((own_address(), 0)).expect("bind a server");
    let gone = TcpListener::bind((own_address(), 0)).expect("bind a server");
    let address = |server: &TcpListener| server.local_addr().expect("its address");
    let options = LogOptions {
        targets: vec![address(&gone), address(&server)],
        protocol: LogProtocol::Tcp,
        ..LogOptions::default()
    };
    drop(gone);
    let origin = Origin::named("a");
    let setup = logged(
        ListenerProtocol::Http,
        &[origin.address],
        (options, "%HP %ST"),
    );
    get(setup.address(), "/one");
    let (stream, _) = server.accept().expect("a connection");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("set a limit");
    let mut reader = BufReader::new(stream);
    get(setup.address(), "/two");
    for path in ["/one", "/two"] {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        assert!(line.ends_with(&format!("]: {path} 200\n")), "{line}");
    }
}

#[test]
fn a_server_that_reads_nothing_slows_nobody() {
    // It accepts connections, and never reads.
    let server = TcpListener::bind((own_address(), 0)).expect("bind a server");
    let options = LogOptions {
        targets: vec![server.local_addr().expect("its address")],
        protocol: LogProtocol::Tcp,
        queue_size: 10,
        ..LogOptions::default()
    };
    let origin = Origin::named("a");
    let long = "x".repeat(64 * 1024);
    let setup = logged(ListenerProtocol::Http, &[origin.address], (options, &long));
    for _ in 0..200 {
        assert_eq!(get(setup.address(), "/").status, 200);
    }
    wait_until("every request is counted", || {
        setup.counters().total_connections == 200
    });
    assert_eq!(setup.counters().request_errors, 0);
}

/// Listens at an address where nobody did a moment ago.
fn listen(address: SocketAddr) -> TcpListener {
    let mut listener = None;
    wait_until("the address is free", || {
        listener = TcpListener::bind(address).ok();
        listener.is_some()
    });
    listener.expect("a listener")
}

fn accept(server: &TcpListener) -> BufReader<TcpStream> {
    let (stream, _) = server.accept().expect("a connection");
    let patience = Some(PATIENCE);
    stream.set_read_timeout(patience).expect("set a limit");
    BufReader::new(stream)
}

fn line(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).expect("a line");
    let (_, text) = line.split_once("]: ").expect("a head");
    text.trim_end().to_owned()
}

#[test]
fn lines_wait_for_a_server_that_comes_later() {
    let reserved = TcpListener::bind((own_address(), 0)).expect("bind a server");
    let address = reserved.local_addr().expect("its address");
    drop(reserved);
    let options = LogOptions {
        targets: vec![address],
        protocol: LogProtocol::Tcp,
        retries: None,
        retry_interval: Duration::from_millis(20),
        ..LogOptions::default()
    };
    let origin = Origin::named("a");
    let log = (options, "%HP %ST");
    let setup = logged(ListenerProtocol::Http, &[origin.address], log);
    get(setup.address(), "/early");
    let server = listen(address);
    get(setup.address(), "/late");
    let mut reader = accept(&server);
    assert_eq!(
        [line(&mut reader), line(&mut reader)],
        ["/early 200", "/late 200"]
    );
}

#[test]
fn the_first_server_has_its_lines_back_when_it_is_back() {
    let first = TcpListener::bind((own_address(), 0)).expect("bind a server");
    let other = TcpListener::bind((own_address(), 0)).expect("bind a server");
    let addresses = [&first, &other].map(|server| server.local_addr().expect("its address"));
    drop(first);
    let options = LogOptions {
        targets: addresses.to_vec(),
        protocol: LogProtocol::Tcp,
        retry_interval: Duration::from_millis(20),
        ..LogOptions::default()
    };
    let origin = Origin::named("a");
    let log = (options, "%HP %ST");
    let setup = logged(ListenerProtocol::Http, &[origin.address], log);
    get(setup.address(), "/one");
    assert_eq!(line(&mut accept(&other)), "/one 200");
    let first = listen(addresses[0]);
    first.set_nonblocking(true).expect("do not wait");
    wait_until("the first server is tried again", || {
        get(setup.address(), "/more");
        first.accept().is_ok()
    });
}

#[test]
fn lines_say_why_a_request_was_not_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("traffic.log");
    let origin = Origin::serve(|mut connection| {
        while let Some(head) = connection.request() {
            if head.starts_with("GET /half") {
                return connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
            }
            if head.starts_with("GET /nothing") {
                return;
            }
            connection.answer(b"hi");
        }
    });
    let log = (to_file(&file), "%HP %ST %ts %{+Q}[cause]");
    let mut setup = logged(ListenerProtocol::Http, &[origin.address], log);
    get(setup.address(), "/");
    for path in ["/half", "/nothing"] {
        let mut client = Client::connect(setup.address());
        client.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        client.rest();
    }
    setup.change(|config| config.pools[0].members[0].enabled = false);
    get(setup.address(), "/");
    insta::assert_snapshot!(lines(&file, 4), @r#"
    / 200 -- ""
    /half 200 SD "the server broke off its answer"
    /nothing 502 SH "the server closed the connection before its answer"
    / 503 SC "no server is available"
    "#);
    setup.change(|config| {
        let log = config.listeners[0].log.as_mut().expect("a log");
        log.format = "json".to_owned();
    });
    get(setup.address(), "/");
    let text = lines(&file, 5);
    assert!(
        text.contains("\"cause\":\"no server is available\""),
        "{text}"
    );
}
