//! Heads and trailers, as header blocks.

use httparse::{Header, Status};

use super::{BadMessage, Message, WrittenHead};
use crate::http1::body::Framing;
use crate::http2::frame;
use crate::http2::hpack::encoder;
use crate::limits;

/// Writes the head at the start of `bytes`. `None`: it is not whole.
pub(super) fn write(
    bytes: &[u8],
    message: Message,
    stream: u32,
    out: &mut Vec<u8>,
) -> Result<Option<WrittenHead>, BadMessage> {
    match message {
        Message::Request => write_request(bytes, stream, out),
        Message::Response => write_response(bytes, Wants::Body, stream, out),
        Message::HeadResponse => write_response(bytes, Wants::Head, stream, out),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    Body,
    Head,
}

fn write_response(
    bytes: &[u8],
    wants: Wants,
    stream: u32,
    out: &mut Vec<u8>,
) -> Result<Option<WrittenHead>, BadMessage> {
    let mut storage = [const { std::mem::MaybeUninit::uninit() }; limits::WRITTEN_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let parser = httparse::ParserConfig::default();
    let parsed = parser.parse_response_with_uninit_headers(&mut response, bytes, &mut storage);
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(_) => return Err(BadMessage),
    };
    let code = response.code.ok_or(BadMessage)?;
    let block = Block::begin(stream, out);
    let digits = [code / 100, code / 10 % 10, code % 10];
    encoder::status(&digits.map(digit), out);
    let declared = write_fields(response.headers, out);
    let is_interim = code < 200;
    let body = if wants == Wants::Head || matches!(code, 204 | 304) {
        Framing::None
    } else {
        declared.unwrap_or(Framing::UntilClose)
    };
    block.end(is_interim || body != Framing::None, out);
    Ok(Some(WrittenHead {
        length,
        body: (!is_interim).then_some(body),
        wants_head_only: false,
    }))
}

fn digit(value: u16) -> u8 {
    b'0' + u8::try_from(value).unwrap_or(0)
}

fn write_request(
    bytes: &[u8],
    stream: u32,
    out: &mut Vec<u8>,
) -> Result<Option<WrittenHead>, BadMessage> {
    let mut storage = [const { std::mem::MaybeUninit::uninit() }; limits::WRITTEN_HEADERS];
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut storage) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(_) => return Err(BadMessage),
    };
    let method = request.method.ok_or(BadMessage)?;
    let target = request.path.ok_or(BadMessage)?;
    let mut headers = request.headers.iter();
    let host = headers.find(|header| header.name.eq_ignore_ascii_case("host"));
    let authority = host.map_or(&b""[..], |host| host.value);
    let block = Block::begin(stream, out);
    encoder::request(method.as_bytes(), path(target), authority, out);
    let declared = write_fields(request.headers, out);
    // Whatever the client understands: what comes after a body is passed on where it can be.
    encoder::field(b"te", b"trailers", out);
    let body = declared.unwrap_or(Framing::None);
    block.end(body != Framing::None, out);
    Ok(Some(WrittenHead {
        length,
        body: Some(body),
        wants_head_only: method == "HEAD",
    }))
}

/// Leaves out scheme and authority, which other fields name.
fn path(target: &str) -> &[u8] {
    let absolute = target
        .split_once("://")
        .filter(|_| !target.starts_with('/'));
    let Some((_, rest)) = absolute else {
        return target.as_bytes();
    };
    let at = rest.find(['/', '?']);
    match at.map(|at| &rest[at..]) {
        Some(path) if path.starts_with('/') => path.as_bytes(),
        Some(_) | None => b"/",
    }
}

/// Writes fields but those that concern a connection; tells how they frame the body.
fn write_fields(headers: &[Header<'_>], out: &mut Vec<u8>) -> Option<Framing> {
    let mut framing = None;
    for header in headers {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        match header.name.len() {
            2 if is("te") => continue,
            4 if is("host") => continue,
            7 if is("upgrade") => continue,
            10 if is("connection") || is("keep-alive") => continue,
            14 if is("content-length") => {
                let text = std::str::from_utf8(header.value).ok();
                let length = text.and_then(|text| text.parse().ok()).unwrap_or(0);
                framing = Some(match length {
                    0 => Framing::None,
                    length => Framing::Length(length),
                });
            }
            16 if is("proxy-connection") || is("http2-settings") => continue,
            17 if is("transfer-encoding") => {
                framing = Some(Framing::Chunked);
                continue;
            }
            _ => {}
        }
        encoder::field(header.name.as_bytes(), header.value, out);
    }
    framing
}

/// Writes the lines of trailers, with the empty one at their end.
pub(super) fn write_trailers(
    lines: &[u8],
    stream: u32,
    out: &mut Vec<u8>,
) -> Result<(), BadMessage> {
    let mut storage = [httparse::EMPTY_HEADER; limits::WRITTEN_HEADERS];
    let Ok(Status::Complete((_, headers))) = httparse::parse_headers(lines, &mut storage) else {
        return Err(BadMessage);
    };
    let block = Block::begin(stream, out);
    for header in headers {
        encoder::field(header.name.as_bytes(), header.value, out);
    }
    block.end(false, out);
    Ok(())
}

/// A header block that is being written where its frame will be.
struct Block {
    start: usize,
    stream: u32,
}

impl Block {
    fn begin(stream: u32, out: &mut Vec<u8>) -> Self {
        let start = out.len();
        out.extend_from_slice(&[0; frame::HEAD]);
        Self { start, stream }
    }

    fn end(self, goes_on: bool, out: &mut Vec<u8>) {
        let flags = if goes_on { 0 } else { frame::END_STREAM };
        let length = out.len() - self.start - frame::HEAD;
        if length > frame::PAYLOAD {
            let block = out.split_off(self.start + frame::HEAD);
            out.truncate(self.start);
            return frame::write_block(flags, self.stream, &block, out);
        }
        let frame = frame::Frame {
            length,
            kind: frame::HEADERS,
            flags: flags | frame::END_HEADERS,
            stream: self.stream,
        };
        out[self.start..self.start + frame::HEAD].copy_from_slice(&frame.bytes());
    }
}
