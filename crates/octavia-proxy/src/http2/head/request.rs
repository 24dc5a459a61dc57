//! The head of a request.

use super::field::{self, Meaning};
use super::{Head, Kind, Malformed};
use crate::http2::stream::Packing;
use crate::limits;

/// What the RFC counts for a field beside its text.
const OVERHEAD: usize = 32;

/// A head of which more and more fields come. Used for one request after another.
#[derive(Debug, Default)]
pub(in crate::http2) struct RequestHead {
    method: Vec<u8>,
    scheme: Vec<u8>,
    path: Vec<u8>,
    authority: Vec<u8>,
    /// What is left of several fields, joined (RFC 9113 section 8.2.3).
    cookie: Vec<u8>,
    has_regular: bool,
    has_host: bool,
    length: Option<u64>,
    size: usize,
    malformed: Option<Malformed>,
}

impl RequestHead {
    /// Begins anew.
    pub(in crate::http2) fn clear(&mut self) {
        let texts = [
            &mut self.method,
            &mut self.scheme,
            &mut self.path,
            &mut self.authority,
            &mut self.cookie,
        ];
        for text in texts {
            text.clear();
        }
        self.has_regular = false;
        self.has_host = false;
        self.length = None;
        self.size = 0;
        self.malformed = None;
    }

    /// Takes a field; appends what it becomes to `out`. What is malformed is told at the end.
    pub(in crate::http2) fn add(&mut self, name: &[u8], value: &[u8], out: &mut Vec<u8>) {
        self.size += name.len() + value.len() + OVERHEAD;
        if self.is_too_large() || self.malformed.is_some() {
            return;
        }
        let added = match name.strip_prefix(b":") {
            Some(name) => self.add_pseudo(name, value),
            None => self.add_regular(name, value, out),
        };
        self.malformed = added.err();
    }

    fn is_too_large(&self) -> bool {
        self.size > limits::HEAD_BYTES
    }

    fn add_pseudo(&mut self, name: &[u8], value: &[u8]) -> Result<(), Malformed> {
        if self.has_regular {
            return Err("a pseudo-header comes after a field");
        }
        let place = match name {
            b"method" => &mut self.method,
            b"scheme" => &mut self.scheme,
            b"path" => &mut self.path,
            b"authority" => &mut self.authority,
            _ => return Err("a pseudo-header is not known"),
        };
        if !place.is_empty() || value.is_empty() {
            return Err("a pseudo-header is empty, or there twice");
        }
        if !value.iter().all(|byte| field::is_visible(*byte)) {
            return Err("a pseudo-header is not valid");
        }
        place.extend_from_slice(value);
        Ok(())
    }

    fn add_regular(
        &mut self,
        name: &[u8],
        value: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        if !std::mem::replace(&mut self.has_regular, true) {
            self.put_request_line(out)?;
        }
        match field::judge(name, value)? {
            Meaning::Te => {}
            Meaning::Cookie => {
                if !self.cookie.is_empty() {
                    self.cookie.extend_from_slice(b"; ");
                }
                self.cookie.extend_from_slice(value);
            }
            Meaning::Host => self.add_host(value, out)?,
            Meaning::ContentLength(length) => {
                if self.length.replace(length).is_some() {
                    return Err("there are two content-length fields");
                }
                field::put_line(name, value, out);
            }
            Meaning::Plain => field::put_line(name, value, out),
        }
        Ok(())
    }

    /// A host is named once: two that differ could be taken for one another.
    fn add_host(&mut self, value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        if std::mem::replace(&mut self.has_host, true) {
            return Err("there are two host fields");
        }
        if self.authority.is_empty() {
            field::put_line(b"host", value, out);
            return Ok(());
        }
        if self.authority.eq_ignore_ascii_case(value) {
            Ok(())
        } else {
            Err("authority and host differ")
        }
    }

    fn put_request_line(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let target = self.target()?;
        for piece in [&self.method, &b" "[..], target, b" HTTP/1.1\r\n"] {
            out.extend_from_slice(piece);
        }
        if !self.authority.is_empty() {
            field::put_line(b"host", &self.authority, out);
        }
        Ok(())
    }

    fn target(&self) -> Result<&[u8], Malformed> {
        let is_token = self.method.iter().all(|byte| field::is_token_byte(*byte));
        if self.method.is_empty() || !is_token {
            return Err("the method is not valid");
        }
        if self.authority.iter().any(|byte| b"/?#@\\".contains(byte)) {
            return Err("the authority is not valid");
        }
        if self.method == b"CONNECT" {
            // Whatever it asks for is refused by the reader of HTTP/1.1.
            let is_bare = self.scheme.is_empty() && self.path.is_empty();
            return match (is_bare, self.authority.is_empty()) {
                (true, false) => Ok(&self.authority),
                _ => Err("CONNECT names an authority only"),
            };
        }
        if self.scheme != b"https" && self.scheme != b"http" {
            return Err("the scheme is not one of HTTP");
        }
        let is_path = self.path.starts_with(b"/");
        if is_path || (self.path == b"*" && self.method == b"OPTIONS") {
            Ok(&self.path)
        } else {
            Err("the path is not valid")
        }
    }

    /// Ends the head: appends what is left of it.
    pub(in crate::http2) fn finish(
        &mut self,
        ends_stream: bool,
        out: &mut Vec<u8>,
    ) -> Result<Head, Malformed> {
        if let Some(cause) = self.malformed {
            return Err(cause);
        }
        let head = Head {
            length: self.length,
            packing: if self.length.is_none() && !ends_stream {
                Packing::Chunked
            } else {
                Packing::Plain
            },
            is_too_large: self.is_too_large(),
            kind: if self.method == b"HEAD" {
                Kind::HeadRequest
            } else {
                Kind::Request
            },
        };
        if head.is_too_large {
            out.clear();
            return Ok(head);
        }
        if !self.has_regular {
            self.put_request_line(out)?;
        }
        if !self.cookie.is_empty() {
            field::put_line(b"cookie", &self.cookie, out);
        }
        if head.packing == Packing::Chunked {
            field::put_line(b"transfer-encoding", b"chunked", out);
        }
        out.extend_from_slice(b"\r\n");
        Ok(head)
    }
}
