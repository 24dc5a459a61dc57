//! A server behind both: it answers as the path says, and remembers what it saw.

use std::fmt::Write as _;
use std::io::{BufRead, Read};
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use super::adapt::Keys;
use crate::support::Origin;
use crate::support::config::own_address;
use crate::support::nginx::Nginx;
use crate::support::origin::Connection;

/// What was seen: by which member, and its bytes.
type Seen = Arc<Mutex<Vec<(&'static str, Vec<u8>)>>>;

/// The members of one load balancer.
pub(super) struct Members {
    origins: Vec<(&'static str, Origin)>,
    secured: Vec<(&'static str, Nginx)>,
    seen: Seen,
}

/// The members as upstream wrote them.
const ADDRESSES: [&str; 6] = [
    "10.252.0.11",
    "10.252.0.12",
    "10.252.0.13",
    "10.252.0.14",
    "fd00:252::15",
    "10.252.0.99",
];

impl Members {
    /// Starts them, inside TLS if they have `keys`.
    pub(super) fn start(keys: Option<&Keys>) -> Option<Self> {
        let secured = keys.map_or_else(|| Some(Vec::new()), secured)?;
        let seen = Seen::default();
        let start = |name: &'static str| {
            let seen = Arc::clone(&seen);
            let ip = if name.contains(':') {
                Ipv6Addr::LOCALHOST.into()
            } else {
                own_address()
            };
            let serve = move |connection: Connection| serve(connection, name, &seen);
            (name, Origin::serve_at(SocketAddr::new(ip, 0), serve))
        };
        Some(Self {
            origins: ADDRESSES.into_iter().map(start).collect(),
            secured,
            seen,
        })
    }

    /// Returns where the member is that upstream had at `address`.
    pub(super) fn find(&self, address: &str) -> Option<SocketAddr> {
        let nginx = self.secured.iter().find(|(name, _)| *name == address);
        let origin = self.origins.iter().find(|(name, _)| *name == address);
        let nginx = nginx.map(|(_, nginx)| nginx.address);
        nginx.or(origin.map(|(_, origin)| origin.address))
    }

    /// Takes what was seen so far.
    pub(super) fn take(&self) -> Vec<(&'static str, Vec<u8>)> {
        std::mem::take(&mut *self.seen.lock().expect("no thread panicked"))
    }
}

/// nginx tells in its answers what it sees.
fn secured(keys: &Keys) -> Option<Vec<(&'static str, Nginx)>> {
    let (authority, server) = (keys.authority.pem(), &keys.server);
    let files = [
        ("chain.pem", server.chain.as_str()),
        ("key.pem", server.key.reveal()),
        ("ca.pem", authority.as_str()),
    ];
    let lines = "ssl_certificate chain.pem; ssl_certificate_key key.pem; \
                 ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client optional; ssl_client_certificate ca.pem;";
    let start = |name| Some((name, Nginx::start(&files, lines)?));
    ADDRESSES[..2].iter().copied().map(start).collect()
}

fn serve(mut connection: Connection, name: &'static str, seen: &Seen) {
    let mut bytes = proxy_header(&mut connection).unwrap_or_default();
    while let Some(head) = connection.request() {
        bytes.extend_from_slice(head.replace('\n', "\r\n").as_bytes());
        let lower = head.to_ascii_lowercase();
        if lower.contains("\nexpect: 100-continue") {
            connection.send("HTTP/1.1 100 Continue\r\n\r\n");
        }
        bytes.extend(body(&mut connection, &lower));
        let path = head.split(' ').nth(1).unwrap_or_default();
        // Before the answer: whoever gets it may look.
        let note = |bytes| seen.lock().expect("no thread panicked").push((name, bytes));
        note(std::mem::take(&mut bytes));
        let ends = answer(&mut connection, path);
        if path == "/upgrade" {
            note(connection.read(4));
            connection.send("pong");
        }
        if ends {
            return;
        }
    }
}

/// Answers; tells whether the connection ends with it.
fn answer(connection: &mut Connection, path: &str) -> bool {
    let with = |fields: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{fields}\r\nok");
    if let Some(status) = path.strip_prefix("/status/") {
        let length = if status == "204" {
            ""
        } else {
            "Content-Length: 0\r\n"
        };
        connection.send(format!("HTTP/1.1 {status} Said\r\n{length}X-A: b\r\n\r\n"));
        return false;
    }
    let (text, ends) = match path {
        "/chunked" => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n";
            (format!("{head}\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"), false)
        }
        "/old" => ("HTTP/1.0 200 OK\r\nX-A: b\r\n\r\nok".into(), true),
        "/early" => {
            let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n";
            (early.to_owned() + &with(""), false)
        }
        "/none" => (String::new(), true),
        "/garbage" => ("garbage\r\n\r\n".into(), true),
        "/short" => (
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok".into(),
            true,
        ),
        "/lengths" => (with("Content-Length: 5\r\n"), true),
        "/hop" => (
            with("Connection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"),
            false,
        ),
        "/hsts" => (with("Strict-Transport-Security: max-age=1\r\n"), false),
        "/cookie" => (
            with(
                "Set-Cookie: JSESSIONID=s-11; Path=/\r\nSet-Cookie: SRV=theirs\r\nSet-Cookie: a=b\r\n",
            ),
            false,
        ),
        "/cached" => (with("Cache-Control: public, max-age=60\r\n"), false),
        "/upgrade" => (
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
                .into(),
            true,
        ),
        _ => (with("Server: member\r\nX-A: b\r\n"), false),
    };
    connection.send(text);
    ends
}

fn body(connection: &mut Connection, head: &str) -> Vec<u8> {
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    if let Some(length) = length.and_then(|length| length.parse().ok()) {
        return connection.read(length);
    }
    let mut body = Vec::new();
    if head.contains("\ntransfer-encoding: chunked") {
        let mut line = Vec::new();
        let mut is_last = false;
        // Chunks and trailers are taken as lines: those of the probes have no others.
        while !(is_last && line == b"\r\n") {
            is_last |= line == b"0\r\n";
            line.clear();
            match connection.stream.read_until(b'\n', &mut line) {
                Ok(1..) => body.extend_from_slice(&line),
                Ok(_) | Err(_) => break,
            }
        }
    }
    body
}

/// Reads a header of the PROXY protocol, if one comes first, and tells what is in it.
fn proxy_header(connection: &mut Connection) -> Option<Vec<u8>> {
    let start = connection.stream.fill_buf().ok()?;
    if !start.starts_with(b"\r\n\r\n\0\r\nQUIT\n") {
        return None;
    }
    let head: [u8; 16] = connection.read(16).try_into().ok()?;
    let length = u16::from_be_bytes([head[14], head[15]]);
    let mut rest = vec![0; length.into()];
    connection.stream.read_exact(&mut rest).ok()?;
    let mut text = format!("PROXY2 {:02x} {:02x}\r\n", head[12], head[13]);
    let mut values = &rest[12..];
    while let [kind, high, low, after @ ..] = values {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, more) = after.split_at(length.min(after.len()));
        let value = value.escape_ascii();
        write!(text, "PROXY2 value {kind:02x}: {value}\r\n").expect("a string grows");
        values = more;
    }
    Some(text.into_bytes())
}
