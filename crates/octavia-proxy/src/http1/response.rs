//! The head of a response: read, judged, and rendered for the client.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};

use super::body::Framing;
use super::cookie::{OnResponse, Span};
use super::field::{self, ConnectionOptions, Dropped, Field, FramingFields};
use super::request::RequestHead;
use crate::limits;

/// What must be known of a response after its head is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResponseHead {
    /// How many bytes the head has.
    pub(super) length: usize,
    /// Its status.
    pub(super) status: u16,
    /// What it is.
    pub(super) kind: Kind,
    /// What follows it.
    pub(super) body: Framing,
    /// Whether the member would go on with this connection.
    pub(super) keep_member: bool,
    /// Whether the client may go on with its connection.
    pub(super) keep_client: bool,
    /// Where the value of the cookie is that was asked for.
    pub(super) cookie: Option<Span>,
}

/// What a response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One before the answer (1xx).
    Interim,
    /// The member speaks another protocol from here on (101).
    Switch,
    /// The answer.
    Final,
}

/// Whether the client's connection may outlive the response, as far as we are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// It may.
    Keep,
    /// It closes: its listener is gone, or the proxy stops.
    Close,
}

/// How a response is changed for the client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backward<'a> {
    /// Whether the client's connection goes on.
    pub(crate) persistence: Persistence,
    /// What is done with cookies.
    pub(crate) cookies: OnResponse<'a>,
    /// The lines that are added; they replace what the member says of the same.
    pub(crate) lines: &'a [u8],
}

impl Backward<'_> {
    /// Tells whether a line of that name is added.
    fn adds(&self, name: &str) -> bool {
        memchr::memmem::find(self.lines, name.as_bytes()).is_some()
    }
}

/// Reads a head from the start of `bytes` and appends the client's version of it to `out`.
///
/// `None`: it is not complete; nothing was appended.
pub(super) fn read(
    bytes: &[u8],
    request: &RequestHead,
    backward: Backward<'_>,
    out: &mut Vec<u8>,
) -> Result<Option<ResponseHead>, &'static str> {
    let mut storage = [const { MaybeUninit::uninit() }; limits::HEADERS];
    let mut response = Response::new(&mut []);
    let parser = ParserConfig::default();
    let length = match parser.parse_response_with_uninit_headers(&mut response, bytes, &mut storage)
    {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) if bytes.len() < limits::HEAD_BYTES => return Ok(None),
        Ok(Status::Partial) => return Err("the head of the server's answer is too large"),
        Err(_) => return Err("the server's answer is not HTTP/1.1"),
    };
    let head = &bytes[..length];
    if length > limits::HEAD_BYTES {
        return Err("the head of the server's answer is too large");
    }
    if !field::has_only_whole_line_ends(head) {
        return Err("a line of the server's answer does not end with CR LF");
    }
    let code = response.code.unwrap_or_default();
    let is_1_1 = response.version == Some(1);
    let mut facts = judge(code, is_1_1, response.headers, (request, backward))?;
    let cookies = match facts.kind {
        Kind::Interim => OnResponse::Nothing,
        Kind::Switch | Kind::Final => backward.cookies,
    };
    let cookie = cookies.examine(head, response.headers, &mut facts.dropped);
    let keep_client = facts.may_keep_client && backward.persistence == Persistence::Keep;
    let answer = ResponseHead {
        length,
        status: code,
        kind: facts.kind,
        body: facts.body,
        keep_member: facts.keep_member,
        keep_client,
        cookie,
    };
    if facts.kind != Kind::Interim || request.is_1_1 {
        out.extend_from_slice(b"HTTP/1.1 ");
        out.extend_from_slice(status_and_reason(head));
        field::copy_lines(head, response.headers, facts.dropped, out);
        cookies.add_lines(response.headers, out);
        if facts.kind != Kind::Interim {
            out.extend_from_slice(backward.lines);
        }
        out.extend_from_slice(connection_line(&answer, request));
        out.extend_from_slice(b"\r\n");
    }
    Ok(Some(answer))
}

/// Returns the status line without its version, with its end.
fn status_and_reason(head: &[u8]) -> &[u8] {
    // Empty lines before the status line are skipped by the parser.
    let head = head.trim_ascii_start();
    let end = memchr::memchr(b'\n', head).map_or(head.len(), |end| end + 1);
    &head["HTTP/1.1 ".len().min(end)..end]
}

fn connection_line(answer: &ResponseHead, request: &RequestHead) -> &'static [u8] {
    match answer.kind {
        Kind::Switch => b"Connection: upgrade\r\n",
        Kind::Final if !answer.keep_client => b"Connection: close\r\n",
        Kind::Final if !request.is_1_1 => b"Connection: keep-alive\r\n",
        Kind::Interim | Kind::Final => b"",
    }
}

struct Facts {
    kind: Kind,
    dropped: Dropped,
    body: Framing,
    keep_member: bool,
    may_keep_client: bool,
}

fn judge(
    code: u16,
    is_1_1: bool,
    headers: &[Header<'_>],
    (request, backward): (&RequestHead, Backward<'_>),
) -> Result<Facts, &'static str> {
    let kind = match code {
        101 => Kind::Switch,
        100..=199 => Kind::Interim,
        _ => Kind::Final,
    };
    if kind == Kind::Switch && !request.upgrade {
        return Err("the server switched protocols unasked");
    }
    let mut dropped = Dropped::default();
    let mut framing = FramingFields::default();
    let mut options = ConnectionOptions::default();
    let framed = |result: Result<(), _>| result.map_err(|_| BAD_FRAMING);
    for (index, header) in headers.iter().enumerate() {
        let drop_it = match Field::of(header.name.as_bytes()) {
            Field::Other
            | Field::Expect
            | Field::FramingLookAlike
            | Field::Host
            | Field::ForwardedPort
            | Field::ForwardedProto
            | Field::Peer(_) => continue,
            Field::StrictTransportSecurity => backward.adds("Strict-Transport-Security"),
            Field::ContentLength => {
                framed(framing.add_length(header.value))?;
                false
            }
            Field::TransferEncoding => {
                framed(framing.add_coding(header.value))?;
                // HTTP/1.0 knows no chunks: its body is unpacked.
                !request.is_1_1
            }
            Field::Connection => {
                options.add(header.value);
                dropped.drop_named(header.value, headers);
                true
            }
            Field::HopByHop => true,
            // 426 names what to upgrade to.
            Field::Upgrade => kind == Kind::Final && code != 426,
        };
        if drop_it {
            dropped.drop_field(index);
        }
    }
    if framing.has_coding() && !is_1_1 {
        return Err(BAD_FRAMING);
    }
    let declared = framing.framing(Framing::UntilClose);
    let declared = declared.map_err(|_| BAD_FRAMING)?;
    let has_none = request.wants_head_only || kind != Kind::Final || matches!(code, 204 | 304);
    let body = if has_none { Framing::None } else { declared };
    let unpacked = body == Framing::Chunked && !request.is_1_1;
    Ok(Facts {
        kind,
        dropped,
        body,
        keep_member: body != Framing::UntilClose
            && !options.close
            && (is_1_1 || options.keep_alive),
        may_keep_client: request.keep_alive && body != Framing::UntilClose && !unpacked,
    })
}

const BAD_FRAMING: &str = "the length of the server's answer is not clear";
