//! The head of a request: read, judged, and rendered for the member.

use std::io::Write;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr};

use httparse::{Header, Request, Status};

use super::answer::Refusal;
use super::body::Framing;
use super::cookie::{OnRequest, Span};
use super::field::{self, ConnectionOptions, Dropped, Field, FramingFields};
use super::target;
use crate::config::snapshot::Headers;
use crate::limits;
use crate::tls::Peer;

/// What must be known of a request after its head is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts, each independent of the others"
)]
pub(crate) struct RequestHead {
    /// How many bytes the head has.
    pub(crate) length: usize,
    /// What follows it.
    pub(crate) body: Framing,
    /// Whether the answer has no body whatever it says (HEAD).
    pub(crate) wants_head_only: bool,
    /// Whether sending it twice is as good as once (RFC 9110 section 9.2.2), body included.
    pub(crate) may_repeat: bool,
    /// Whether the client speaks HTTP/1.1, and not 1.0.
    pub(crate) is_1_1: bool,
    /// Whether the client would go on with this connection.
    pub(crate) keep_alive: bool,
    /// Whether the client would switch to another protocol.
    pub(crate) upgrade: bool,
    /// Where the value of the cookie is that was asked for.
    pub(crate) cookie: Option<Span>,
}

/// What is changed for the member.
#[derive(Clone, Copy)]
pub(crate) struct Forward<'a> {
    /// The headers of the listener.
    pub(crate) headers: &'a Headers,
    /// The client.
    pub(crate) client: IpAddr,
    /// Its certificate, if it showed one.
    pub(crate) peer: Option<&'a Peer>,
    /// The address that the client connected to.
    pub(crate) local: SocketAddr,
    /// What is done with cookies.
    pub(crate) cookies: OnRequest<'a>,
}

/// Reads a head from the start of `bytes` and appends the member's version of it to `out`.
///
/// `None`: it is not complete; nothing was appended.
pub(crate) fn read(
    bytes: &[u8],
    forward: Forward<'_>,
    out: &mut Vec<u8>,
) -> Result<Option<RequestHead>, Refusal> {
    let mut storage = [const { MaybeUninit::uninit() }; limits::HEADERS];
    let mut request = Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut storage) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) if bytes.len() < limits::HEAD_BYTES => return Ok(None),
        Ok(Status::Partial) => return Err(too_large(bytes)),
        Err(error) => return Err(refusal(error, bytes)),
    };
    if length > limits::HEAD_BYTES {
        return Err(too_large(bytes));
    }
    let head = &bytes[..length];
    if !field::has_only_whole_line_ends(head) {
        return Err(Refusal::Malformed("a line does not end with CR LF"));
    }
    let method = request.method.unwrap_or_default();
    let is_1_1 = request.version == Some(1);
    let mut fields = examine(request.headers, forward.headers, is_1_1)?;
    if method == "CONNECT" {
        return Err(Refusal::Connect);
    }
    let target = request.path.unwrap_or_default();
    let authority = target::judge(method, target, fields.host)?;
    let dropped = &mut fields.dropped;
    let cookie = forward.cookies.examine(head, request.headers, dropped);
    for piece in [method, " ", target, " HTTP/1.1\r\n"] {
        out.extend_from_slice(piece.as_bytes());
    }
    field::copy_lines(head, request.headers, fields.dropped, out);
    forward.cookies.add_rest(request.headers, out);
    add_lines(&fields, forward, authority, out);
    let idempotent = matches!(
        method,
        "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE"
    );
    Ok(Some(RequestHead {
        length,
        body: fields.body,
        wants_head_only: method == "HEAD",
        may_repeat: idempotent && fields.body == Framing::None && !fields.upgrade,
        is_1_1,
        keep_alive: fields.keep_alive,
        upgrade: fields.upgrade,
        cookie,
    }))
}

/// Tells what is too large, once it is clear that the head is.
fn too_large(bytes: &[u8]) -> Refusal {
    let line = request_line(bytes);
    match line.len() {
        0 => Refusal::Malformed("there are only empty lines"),
        _ if !line.contains(&b' ') => MALFORMED,
        length if length > limits::HEAD_BYTES / 2 => Refusal::TargetTooLong,
        _ => Refusal::HeadTooLarge,
    }
}

fn refusal(error: httparse::Error, bytes: &[u8]) -> Refusal {
    match error {
        httparse::Error::TooManyHeaders => Refusal::HeadTooLarge,
        httparse::Error::Version if names_a_version(request_line(bytes)) => Refusal::UnknownVersion,
        httparse::Error::HeaderName => Refusal::Malformed("a header name is not valid"),
        httparse::Error::HeaderValue => Refusal::Malformed("a header value is not valid"),
        httparse::Error::NewLine
        | httparse::Error::Status
        | httparse::Error::Token
        | httparse::Error::Version => MALFORMED,
    }
}

const MALFORMED: Refusal = Refusal::Malformed("the request is not valid");

/// Returns the first line that is not empty, as far as it came.
fn request_line(bytes: &[u8]) -> &[u8] {
    let start = bytes.trim_ascii_start();
    let end = memchr::memchr2(b'\r', b'\n', start);
    &start[..end.unwrap_or(start.len())]
}

/// Tells whether a request line ends with a version, whichever.
fn names_a_version(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    let version = words.nth(2).filter(|_| words.next().is_none());
    let numbers = version.and_then(|version| version.strip_prefix(b"HTTP/"));
    matches!(numbers, Some([major, b'.', minor]) if major.is_ascii_digit() && minor.is_ascii_digit())
}

const NOT_ONE_HOST: Refusal = Refusal::Malformed("there must be one Host field");

/// What the fields of a request say.
struct Fields<'a> {
    dropped: Dropped,
    body: Framing,
    keep_alive: bool,
    upgrade: bool,
    host: Option<&'a [u8]>,
}

fn examine<'a>(
    headers: &[Header<'a>],
    insert: &Headers,
    is_1_1: bool,
) -> Result<Fields<'a>, Refusal> {
    let mut dropped = Dropped::default();
    let mut framing = FramingFields::default();
    let mut options = ConnectionOptions::default();
    let mut upgrade = None;
    let mut host = None;
    for (index, header) in headers.iter().enumerate() {
        let drop_it = match Field::of(header.name.as_bytes()) {
            Field::Other | Field::StrictTransportSecurity => continue,
            Field::FramingLookAlike => {
                return Err(Refusal::Malformed(
                    "a header name is not what it looks like",
                ));
            }
            Field::Expect if !header.value.eq_ignore_ascii_case(b"100-continue") => {
                return Err(Refusal::UnknownExpectation);
            }
            Field::Expect => false,
            Field::Host => {
                add_host(header.value, &mut host)?;
                false
            }
            Field::ContentLength => {
                framing.add_length(header.value)?;
                false
            }
            Field::TransferEncoding => {
                framing.add_coding(header.value)?;
                false
            }
            Field::Connection => {
                options.add(header.value);
                dropped.drop_named(header.value, headers);
                true
            }
            Field::Upgrade => {
                upgrade = Some((index, header.value));
                false
            }
            Field::HopByHop => true,
            Field::ForwardedPort => insert.forwarded_port,
            Field::ForwardedProto => insert.forwarded_proto,
            Field::Peer(header) => insert.peer.contains(header),
        };
        if drop_it {
            dropped.drop_field(index);
        }
    }
    if host.is_none() && is_1_1 {
        return Err(NOT_ONE_HOST);
    }
    if !is_1_1 && framing.has_coding() {
        return Err(Refusal::Malformed("HTTP/1.0 has no Transfer-Encoding"));
    }
    // A switch to HTTP/2 would carry requests past us that we never see.
    let may_upgrade = |value: &[u8]| !field::tokens(value).any(|token| token.starts_with(b"h2c"));
    let upgrades =
        is_1_1 && options.upgrade && upgrade.is_some_and(|(_, value)| may_upgrade(value));
    if let Some((index, _)) = upgrade.filter(|_| !upgrades) {
        dropped.drop_field(index);
    }
    Ok(Fields {
        dropped,
        body: framing.framing(Framing::None)?,
        keep_alive: !options.close && (is_1_1 || options.keep_alive),
        upgrade: upgrades,
        host,
    })
}

fn add_host<'a>(value: &'a [u8], host: &mut Option<&'a [u8]>) -> Result<(), Refusal> {
    if !target::is_host(value) {
        return Err(Refusal::Malformed("the Host field is not a host"));
    }
    match host.replace(value) {
        None => Ok(()),
        Some(_) => Err(NOT_ONE_HOST),
    }
}

fn add_lines(
    fields: &Fields<'_>,
    forward: Forward<'_>,
    authority: Option<&str>,
    out: &mut Vec<u8>,
) {
    let written = |result: std::io::Result<()>| result.expect("a vector takes every byte");
    out.extend_from_slice(&forward.headers.lines);
    forward.headers.peer.write(forward.peer, out);
    if forward.headers.forwarded_for {
        let client = forward.client.to_canonical();
        written(write!(out, "X-Forwarded-For: {client}\r\n"));
    }
    if fields.host.is_none() {
        // We speak HTTP/1.1 to the member, and that must have one.
        match authority {
            Some(authority) => written(write!(out, "Host: {authority}\r\n")),
            None => written(write!(out, "Host: {}\r\n", forward.local)),
        }
    }
    if fields.upgrade {
        out.extend_from_slice(b"Connection: upgrade\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
