//! Clients that speak HTTP/2 with a listener, written by nobody here.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use bytes::Bytes;
use http::{HeaderMap, Request};
use octavia_amphora_api::config::{
    AmphoraConfig, Hsts, ListenerProtocol, ListenerTls, SessionPersistence, TrafficLog,
};
use octavia_proxy::LogOptions;

use crate::support::command::{Said, run};
use crate::support::http2::{Answer, Session, get};
use crate::support::pki::{Authority, listener_tls};
use crate::support::{Origin, Setup, id, wait_until};

const HOST: &str = "www.example.org";

/// A listener that speaks HTTP/2, and who certified it.
struct Front {
    setup: Setup,
    authority: Authority,
}

fn tls(authority: &Authority) -> ListenerTls {
    ListenerTls {
        alpn: vec!["h2".into(), "http/1.1".into()],
        ..listener_tls(vec![authority.certify(&[HOST])])
    }
}

impl Front {
    fn new(origin: &Origin) -> Self {
        Self::edited(origin, |_| {})
    }

    fn edited(origin: &Origin, edit: impl FnOnce(&mut AmphoraConfig)) -> Self {
        Self::logged(origin, LogOptions::default(), edit)
    }

    fn logged(origin: &Origin, log: LogOptions, edit: impl FnOnce(&mut AmphoraConfig)) -> Self {
        let authority = Authority::new("authority");
        let tls = tls(&authority);
        let protocol = ListenerProtocol::Http;
        let setup = Setup::logged(protocol, &[origin.address], log, |config| {
            config.listeners[0].tls = Some(tls);
            edit(config);
        });
        Self { setup, authority }
    }

    async fn connect(&self) -> Session {
        Session::connect(self.setup.address(), HOST, &self.authority).await
    }

    fn curl(&self, path: &str, more: &[&str]) -> Option<Said> {
        let ca = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(ca.path(), self.authority.pem()).expect("write a file");
        let address = self.setup.address();
        let url = format!("https://{HOST}:{}{path}", address.port());
        let resolve = format!("{HOST}:{}:{}", address.port(), address.ip());
        let ca = ca.path().to_str().expect("a path of text");
        let mut arguments = vec!["-sS", "--http2", "--max-time", "10", "--cacert", ca];
        arguments.extend(["--resolve", &resolve]);
        arguments.extend(more);
        arguments.push(&url);
        run("curl", &arguments)
    }
}

fn length(head: &str) -> usize {
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    length.map_or(0, |length| length.parse().expect("a number"))
}

#[test]
fn curl_gets_an_answer() {
    let origin = Origin::named("here");
    let front = Front::new(&origin);
    let Some(said) = front.curl("/a?b=c", &["-w", " %{http_version} %{response_code}"]) else {
        return;
    };
    assert_eq!(said.output, "here 2 200", "{}", said.errors);
    let port = front.setup.address().port();
    let head = origin.heads().remove(0).replace(&port.to_string(), "PORT");
    let lines = head.lines();
    let head: Vec<_> = lines.filter(|l| !l.starts_with("user-agent")).collect();
    insta::assert_snapshot!(head.join("\n"), @r"
    GET /a?b=c HTTP/1.1
    host: www.example.org:PORT
    accept: */*
    ");
}

#[test]
fn curl_gets_a_large_answer_and_sends_a_large_body() {
    let origin = Origin::serve(|mut connection| {
        while let Some(head) = connection.request() {
            let body = connection.read(length(&head));
            connection.answer(&[&body[..], &vec![b'x'; 3_000_000]].concat());
        }
    });
    let front = Front::new(&origin);
    let body = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(body.path(), vec![b'y'; 2_000_000]).expect("write a file");
    let data = format!("@{}", body.path().display());
    let format = "-w%{http_version} %{size_upload} %{size_download}";
    let arguments = ["--data-binary", &data, "-o", "/dev/null", format];
    let Some(said) = front.curl("/", &arguments) else {
        return;
    };
    assert_eq!(said.output, "2 2000000 5000000", "{}", said.errors);
}

#[test]
fn h2load_is_answered_on_many_streams_at_once() {
    let origin = Origin::named("here");
    let front = Front::new(&origin);
    let url = format!("https://{}/", front.setup.address());
    let Some(said) = run("h2load", &["-n", "2000", "-c", "4", "-m", "100", &url]) else {
        return;
    };
    let expected = "2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed";
    assert!(said.output.contains(expected), "{}", said.output);
    assert_eq!(front.setup.counters().total_connections, 4);
}

#[test]
fn a_client_without_it_speaks_http_1_1() {
    let origin = Origin::named("here");
    let front = Front::new(&origin);
    let Some(said) = front.curl("/", &["--http1.1", "-w", " %{http_version}"]) else {
        return;
    };
    assert_eq!(said.output, "here 1.1", "{}", said.errors);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_trailers_go_both_ways() {
    let origin = Origin::serve(|mut connection| {
        connection.request();
        let body = connection.read(b"3\r\nabc\r\n2\r\nde\r\n0\r\ndigest: x\r\n\r\n".len());
        connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: after\r\n\r\n");
        let length = body.len();
        connection.send([format!("{length:x}\r\n").as_bytes(), &body, b"\r\n"].concat());
        connection.send("0\r\nafter: all\r\n\r\n");
    });
    let front = Front::new(&origin);
    let mut session = front.connect().await;
    let (response, mut body) = session.begin(get("/")).await;
    body.send_data(Bytes::from("abc"), false).expect("send");
    body.send_data(Bytes::from("de"), false).expect("send");
    let mut trailers = HeaderMap::new();
    trailers.insert("digest", "x".parse().expect("a value"));
    trailers.insert("content-length", "7".parse().expect("a value"));
    body.send_trailers(trailers).expect("send");
    let answer = Answer::read(response.await.expect("an answer")).await;
    let answer = answer.expect("an answer");
    let expected = "3\r\nabc\r\n2\r\nde\r\n0\r\ndigest: x\r\n\r\n";
    assert_eq!(answer.text(), expected);
    assert_eq!(answer.header("transfer-encoding"), None);
    let trailers = answer.trailers.expect("trailers");
    assert_eq!(trailers.get("after").expect("one"), "all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_stream_closes_the_connection_to_its_member_and_no_other() {
    let is_gone = Arc::new(AtomicBool::new(false));
    let at_origin = Arc::clone(&is_gone);
    let origin = Origin::serve(move |mut connection| {
        while let Some(head) = connection.request() {
            if head.contains("/silent") {
                connection.rest();
                return at_origin.store(true, Ordering::SeqCst);
            }
            connection.answer(b"hi");
        }
    });
    let front = Front::new(&origin);
    let mut session = front.connect().await;
    let (response, mut body) = session.begin(get("/silent")).await;
    wait_until("the member has the request", || origin.heads().len() == 1);
    body.send_reset(h2::Reason::CANCEL);
    drop(response);
    wait_until("the member sees the end", || is_gone.load(Ordering::SeqCst));
    assert_eq!(session.get("/").await.text(), "hi");
    assert_eq!(front.setup.counters().total_connections, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_read_holds_up_nobody() {
    let origin = Origin::serve(|mut connection| {
        while let Some(head) = connection.request() {
            if head.contains("/large") {
                connection.answer(&vec![b'x'; 10_000_000]);
            } else {
                connection.answer(b"hi");
            }
        }
    });
    let front = Front::new(&origin);
    let mut session = front.connect().await;
    let (unread, mut body) = session.begin(get("/large")).await;
    body.send_data(Bytes::new(), true).expect("send");
    let unread = unread.await.expect("a head");
    // All of the connection's window is not one stream's.
    for _ in 0..3 {
        assert_eq!(session.get("/").await.text(), "hi");
    }
    let answer = Answer::read(unread).await.expect("the rest");
    assert_eq!(answer.body.len(), 10_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_listener_says_farewell_and_lets_streams_end() {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let origin = Origin::serve(move |mut connection| {
        while connection.request().is_some() {
            let gate = gate.lock().expect("no thread panicked");
            gate.recv().expect_err("nothing is sent");
            connection.answer(b"late");
        }
    });
    let mut front = Front::new(&origin);
    let mut session = front.connect().await;
    let (response, mut body) = session.begin(get("/")).await;
    body.send_data(Bytes::new(), true).expect("send");
    wait_until("the member has the request", || origin.heads().len() == 1);
    front.setup.change(|config| config.listeners.clear());
    drop(open);
    let answer = Answer::read(response.await.expect("a head")).await;
    assert_eq!(answer.expect("the answer").text(), "late");
    let ended = session.tasks.join_next().await;
    assert!(matches!(ended, Some(Ok(Ok(())))), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_too_large_are_answered_so() {
    let origin = Origin::named("here");
    let front = Front::new(&origin);
    let mut session = front.connect().await;
    let mut request = get("/");
    let value = "x".repeat(9_000);
    for name in ["a", "b"] {
        let headers = request.headers_mut();
        headers.insert(name, value.parse().expect("a value"));
    }
    let answer = session.send(request).await.expect("an answer");
    assert_eq!(answer.head.status, 431);
    assert_eq!(session.get("/").await.text(), "here");
    assert_eq!(origin.heads().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_stays_with_its_member_by_a_crumb_of_its_cookies() {
    let origin = Origin::named("here");
    let front = Front::edited(&origin, |config| {
        config.pools[0].session_persistence = Some(SessionPersistence::HttpCookie);
    });
    let mut session = front.connect().await;
    let answer = session.get("/").await;
    let cookie = answer.header("set-cookie").expect("a cookie");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let mut request = get("/");
    for crumb in ["a=1", &cookie, "b=2"] {
        let value = crumb.parse().expect("a value");
        request.headers_mut().append("cookie", value);
    }
    let answer = session.send(request).await.expect("an answer");
    assert_eq!(answer.header("set-cookie"), None);
    assert!(origin.heads()[1].contains("Cookie: a=1; b=2\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_listener_adds_is_added() {
    let origin = Origin::named("here");
    let front = Front::edited(&origin, |config| {
        let listener = &mut config.listeners[0];
        listener.insert_headers.x_forwarded_for = true;
        listener.insert_headers.x_forwarded_proto = true;
        listener.tls.as_mut().expect("it has TLS").hsts = Some(Hsts {
            max_age_s: 60,
            include_subdomains: false,
            preload: false,
        });
    });
    let mut session = front.connect().await;
    let mut request = get("/");
    let headers = request.headers_mut();
    headers.insert("x-forwarded-proto", "forged".parse().expect("a value"));
    let answer = session.send(request).await.expect("an answer");
    let hsts = answer.header("strict-transport-security");
    assert_eq!(hsts, Some("max-age=60;"));
    insta::assert_snapshot!(origin.heads()[0], @r"
    GET / HTTP/1.1
    host: www.example.org
    X-Forwarded-Proto: https
    X-Forwarded-For: 127.0.0.1
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_and_its_like_end_without_a_body() {
    let origin = Origin::serve(|mut connection| {
        while let Some(head) = connection.request() {
            if head.starts_with("HEAD") {
                connection.send("HTTP/1.1 200 OK\r\ncontent-length: 77\r\n\r\n");
            } else {
                connection.send("HTTP/1.1 204 No Content\r\n\r\n");
            }
        }
    });
    let front = Front::new(&origin);
    let mut session = front.connect().await;
    let mut request = get("/");
    *request.method_mut() = http::Method::HEAD;
    let answer = session.send(request).await.expect("an answer");
    assert_eq!(answer.header("content-length"), Some("77"));
    assert_eq!(session.get("/").await.head.status, 204);
    assert_eq!(origin.accepted(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_resets_its_stream_only() {
    let origin = Origin::serve(|mut connection| {
        while let Some(head) = connection.request() {
            if head.contains("/broken") {
                return connection.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
            }
            if head.contains("/until-close") {
                return connection.send("HTTP/1.1 200 OK\r\n\r\nall");
            }
            if head.contains("/nonsense") {
                return connection.send("what?");
            }
            connection.answer(b"hi");
        }
    });
    let front = Front::new(&origin);
    let mut session = front.connect().await;
    let error = session.send(get("/broken")).await.expect_err("a reset");
    assert_eq!(error.reason(), Some(h2::Reason::INTERNAL_ERROR));
    assert_eq!(session.get("/until-close").await.text(), "all");
    assert_eq!(session.get("/nonsense").await.head.status, 502);
    assert_eq!(session.get("/").await.text(), "hi");
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_is_refused() {
    let origin = Origin::named("here");
    let front = Front::new(&origin);
    let mut session = front.connect().await;
    let request = Request::connect("www.example.org:443");
    let request = request.body(()).expect("a request");
    let answer = session.send(request).await.expect("an answer");
    assert_eq!(answer.head.status, 405);
    assert!(origin.heads().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_stream_has_a_line_in_the_traffic_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("traffic.log");
    let log = LogOptions {
        file: Some(file.clone()),
        ..LogOptions::default()
    };
    let origin = Origin::named("here");
    let front = Front::logged(&origin, log, |config| {
        config.listeners[0].log = Some(TrafficLog {
            project_id: "a1b2".into(),
            load_balancer_id: id(2),
            format: "%{+Q}r %ST %tsc".into(),
        });
    });
    let mut session = front.connect().await;
    session.get("/a").await;
    session.get("/b").await;
    let text = || std::fs::read_to_string(&file).unwrap_or_default();
    wait_until("the lines are written", || text().lines().count() == 2);
    insta::assert_snapshot!(text(), @r#"
    "GET /a HTTP/2.0" 200 ----
    "GET /b HTTP/2.0" 200 ----
    "#);
}

/// What is sent as HTTP/1.1 to a listener whose client chose HTTP/2 is not served.
#[test]
fn what_is_not_http2_is_told_so_and_cut_off() {
    let origin = Origin::named("here");
    let front = Front::new(&origin);
    let address = front.setup.address().to_string();
    let command = format!(
        "printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' | \
         openssl s_client -quiet -alpn h2 -connect {address} 2>/dev/null | od -An -c"
    );
    let Some(said) = run("timeout", &["10", "sh", "-c", &command]) else {
        return;
    };
    let text: String = said.output.split_whitespace().collect();
    if text.is_empty() {
        let mut stderr = std::io::stderr();
        return writeln!(stderr, "SKIPPED: openssl or od cannot be run").expect("say so");
    }
    assert!(text.contains("thisisnotHTTP/2"), "{text}");
    assert!(origin.heads().is_empty());
}
