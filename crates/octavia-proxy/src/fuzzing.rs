//! Laws of what reads bytes of strangers: each function takes any bytes and panics where a law is
//! broken. Only tests and the fuzz targets of `/fuzz` have them.

#![expect(
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "to panic where a law is broken is all that they do"
)]

mod http2;

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use octavia_amphora_api::AmphoraConfig;
use octavia_amphora_api::config::ListenerTls;

use crate::config::Snapshot;
use crate::config::compile::compile;
use crate::config::snapshot::Headers;
use crate::http1::Exchange;
use crate::http1::answer::Refusal;
use crate::http1::body::{Body, Framing};
use crate::http1::cookie::{OnRequest, OnResponse};
use crate::http1::exchange::{Backward, Persistence};
use crate::http1::request::{self, Forward, RequestHead};
use crate::limits;
use crate::proxy_protocol::Version;
use crate::tls::{Outgoing, ServerTls, Session};

pub use http2::{http2_requests, http2_responses};

const COOKIE: &[u8] = b"SRV";

fn read(bytes: &[u8], cookies: OnRequest<'_>) -> Result<Option<(RequestHead, Vec<u8>)>, Refusal> {
    let headers = Headers::default();
    let forward = Forward {
        headers: &headers,
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        peer: None,
        local: SocketAddr::from(([127, 0, 0, 1], 80)),
        cookies,
    };
    let mut out = Vec::new();
    let head = request::read(bytes, forward, &mut out)?;
    Ok(head.map(|head| (head, out)))
}

/// A head that is read is read the same way by whoever gets our version of it; the start of one is
/// not refused before the rest came.
pub fn request_head(bytes: &[u8]) {
    let Ok(Some((head, out))) = read(bytes, OnRequest::Take(COOKIE)) else {
        return;
    };
    assert!(head.length <= bytes.len(), "more was read than there is");
    assert!(out.ends_with(b"\r\n\r\n"), "the head has no end");
    for cut in [head.length / 3, head.length / 2, head.length - 1] {
        let early = read(&bytes[..cut], OnRequest::Nothing);
        assert!(
            matches!(early, Ok(None)),
            "the start of a valid head is judged"
        );
    }
    match read(&out, OnRequest::Find(COOKIE)) {
        Ok(Some((again, _))) => {
            assert_eq!(again.length, out.len(), "a head ends inside itself");
            assert_eq!(again.body, head.body, "the body is framed otherwise");
            assert_eq!(again.upgrade, head.upgrade);
            assert_eq!(again.cookie, None, "the member sees our cookie");
        }
        // What we add may make it too large.
        Err(Refusal::HeadTooLarge | Refusal::TargetTooLong) => {}
        other => panic!("our version of a head is not valid: {other:?}"),
    }
}

/// An answer is the same for the client, however its bytes come.
pub fn response(bytes: &[u8]) {
    let requests: [&[u8]; 3] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HEAD / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ];
    for request in requests {
        let at_once = answer(request, bytes, bytes.len().max(1));
        assert_eq!(answer(request, bytes, 1), at_once);
        assert_eq!(answer(request, bytes, 7), at_once);
    }
}

/// What the client gets, and what is known of the answer, where its bytes come `step` at a time.
fn answer(request: &[u8], bytes: &[u8], step: usize) -> Option<(Vec<u8>, [bool; 5], u16)> {
    let (head, _) = read(request, OnRequest::Nothing).ok()??;
    let mut exchange = Exchange::new(head);
    let backward = Backward {
        persistence: Persistence::Keep,
        cookies: OnResponse::Own {
            name: COOKIE,
            set: None,
        },
        lines: b"Strict-Transport-Security: max-age=1;\r\n",
    };
    let (mut input, mut client) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(step) {
        input.extend_from_slice(piece);
        let taken = exchange.take_from_member(&input, backward, &mut client);
        let taken = taken.ok()?;
        client.extend_from_slice(&input[taken.forward_from..taken.used]);
        input.drain(..taken.used);
        if exchange.is_response_complete() || exchange.is_switched() {
            break;
        }
    }
    let facts = [
        exchange.is_response_complete(),
        exchange.is_answered(),
        exchange.is_switched(),
        exchange.keeps_client(),
        exchange.keeps_member(),
    ];
    Some((client, facts, exchange.status()))
}

/// A chunked body ends at the same byte, however its bytes come; packed and unpacked.
pub fn chunked(bytes: &[u8]) {
    let walk = |step: usize| {
        let mut body = Body::new(Framing::Chunked);
        let (mut used, mut data) = (0, Vec::new());
        for piece in bytes.chunks(step) {
            used += body.unpack(piece, &mut data).ok()?;
        }
        Some((used, data, body.is_done()))
    };
    let at_once = walk(bytes.len().max(1));
    assert_eq!(walk(1), at_once);
    assert_eq!(walk(3), at_once);
    let mut packed = Body::new(Framing::Chunked);
    let used = packed.take(bytes).ok();
    assert_eq!(used, at_once.map(|(used, _, _)| used));
}

/// The cookie that is ours never reaches the member, and takes no other one with it.
pub fn cookies(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).replace(['\r', '\n'], " ");
    let mut request = "GET / HTTP/1.1\r\nHost: x\r\n".to_owned();
    for value in text.split('\x01') {
        write!(request, "Cookie: {value}\r\n").expect("a string grows");
    }
    request += "Cookie: SRV=a; kept=1\r\n\r\n";
    let Ok(Some((head, out))) = read(request.as_bytes(), OnRequest::Take(COOKIE)) else {
        return;
    };
    assert!(head.cookie.is_some(), "a cookie was not found");
    let kept = out.windows(8).any(|part| part == b" kept=1\r");
    assert!(kept, "another cookie was taken");
    if let Ok(again) = read(&out, OnRequest::Find(COOKIE)) {
        let (again, _) = again.expect("a whole head");
        assert_eq!(again.cookie, None, "the member sees our cookie");
    }
}

/// What a member reads in a header of the PROXY protocol is what was written.
pub fn proxy_header(bytes: &[u8]) {
    let Some((one, two)) = bytes.split_first_chunk().and_then(|(one, rest)| {
        let (two, _) = rest.split_first_chunk()?;
        Some((address(*one), address(*two)))
    }) else {
        return;
    };
    let mut line = Vec::new();
    Version::One.write(one, two, &mut line);
    let text = String::from_utf8(line).expect("text");
    assert!(text.len() <= 107, "a line is at most 107 bytes long");
    let words: Vec<_> = text.trim_end_matches("\r\n").split(' ').collect();
    let [_, _, from, to, from_port, to_port] = words[..] else {
        panic!("not six words: {text}");
    };
    let same = |word: &str, address: SocketAddr| {
        let read: IpAddr = word.parse().expect("an address");
        read.to_canonical() == address.ip().to_canonical()
    };
    assert!(same(from, one) && same(to, two));
    assert_eq!(
        (from_port, to_port),
        (&*one.port().to_string(), &*two.port().to_string())
    );
    let mut structure = Vec::new();
    Version::Two.write(one, two, &mut structure);
    let length = usize::from(u16::from_be_bytes([structure[14], structure[15]]));
    assert_eq!(structure.len(), 16 + length, "the length is what follows");
    assert!(structure.ends_with(&two.port().to_be_bytes()));
}

/// An address of either family.
fn address(bytes: [u8; 19]) -> SocketAddr {
    let [family, high, low, ip @ ..] = bytes;
    let port = u16::from_be_bytes([high, low]);
    if family & 1 == 0 {
        let [a, b, c, d, ..] = ip;
        return SocketAddr::from(([a, b, c, d], port));
    }
    SocketAddr::from((ip, port))
}

/// A document is refused with a cause, or compiled; no text of a tenant is a panic. Nothing is bound.
pub fn configuration(mut config: AmphoraConfig) {
    config.vips.clear();
    if let Ok(first) = compile(&config, &Snapshot::empty(1), 1) {
        compile(&config, &first, 1).expect("the same document once more");
    }
}

/// Serves TLS to strangers.
pub struct TlsServer(Arc<ServerTls>);

impl TlsServer {
    /// Begins with the certificates of a listener.
    pub fn new(wanted: &ListenerTls) -> Result<Self, String> {
        ServerTls::compile(wanted, None).map(Self)
    }

    /// Whatever a client begins with is refused, or waited for; what is kept of it is bounded.
    pub fn client_hello(&self, bytes: &[u8]) {
        let mut session = Session::server(&self.0.config).expect("a session begins");
        let (mut space, mut plain) = (Vec::new(), [0; 1024]);
        for piece in bytes.chunks(600) {
            let range = session.prepare(&mut space, piece.len());
            let end = range.start + piece.len();
            space[range.start..end].copy_from_slice(piece);
            let mut out = Outgoing::default();
            let opened = session.open(&mut space[..end], &mut plain, &mut out);
            if opened.is_err() {
                return;
            }
            assert!(!session.is_established(), "nobody can know the keys");
            let kept = session.prepare(&mut space, 0).start;
            assert!(kept <= limits::TLS_MESSAGE_BYTES);
        }
    }
}

#[cfg(test)]
mod tests;
