//! The head of a response.

use super::field::{self, Meaning};
use super::{Head, Kind, Malformed, reason};
use crate::http2::stream::Packing;
use crate::limits;

/// A head of which more and more fields come.
#[derive(Debug, Default)]
pub(in crate::http2) struct ResponseHead {
    status: Option<[u8; 3]>,
    length: Option<u64>,
    malformed: Option<Malformed>,
}

impl ResponseHead {
    /// Takes a field; appends what it becomes to `out`. What is malformed is told at the end.
    pub(in crate::http2) fn add(&mut self, name: &[u8], value: &[u8], out: &mut Vec<u8>) {
        if self.malformed.is_some() {
            return;
        }
        let added = match name {
            b":status" => self.add_status(value, out),
            [b':', ..] => Err("a pseudo-header is not known"),
            _ => self.add_regular(name, value, out),
        };
        self.malformed = added.err();
        if out.len() > limits::HEAD_BYTES {
            self.malformed = Some("the head of the answer is too large");
        }
    }

    fn add_status(&mut self, value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let status = <[u8; 3]>::try_from(value).map_err(|_| NO_STATUS)?;
        let is_known = matches!(status[0], b'1'..=b'9') && status.iter().all(u8::is_ascii_digit);
        if !is_known || status == *b"101" || self.status.replace(status).is_some() {
            return Err(NO_STATUS);
        }
        for piece in [
            b"HTTP/1.1 ",
            value,
            b" ",
            reason::of(value).as_bytes(),
            b"\r\n",
        ] {
            out.extend_from_slice(piece);
        }
        Ok(())
    }

    fn add_regular(
        &mut self,
        name: &[u8],
        value: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        if self.status.is_none() {
            return Err(NO_STATUS);
        }
        match field::judge(name, value)? {
            Meaning::Te => return Ok(()),
            Meaning::ContentLength(length) => {
                if self.length.replace(length).is_some() {
                    return Err("there are two content-length fields");
                }
            }
            Meaning::Cookie | Meaning::Host | Meaning::Plain => {}
        }
        field::put_line(name, value, out);
        Ok(())
    }

    /// Ends the head of the answer to a request that `wants_body` or not.
    pub(in crate::http2) fn finish(
        &self,
        wants_body: bool,
        ends_stream: bool,
        out: &mut Vec<u8>,
    ) -> Result<Head, Malformed> {
        if let Some(cause) = self.malformed {
            return Err(cause);
        }
        let status = self.status.ok_or(NO_STATUS)?;
        let kind = if status[0] == b'1' {
            Kind::Interim
        } else {
            Kind::Response
        };
        let has_body = wants_body && kind == Kind::Response && !matches!(&status, b"204" | b"304");
        let (mut length, mut packing) = (self.length.filter(|_| has_body), Packing::Plain);
        if kind == Kind::Interim && ends_stream {
            return Err("an interim response ends the stream");
        }
        if has_body && length.is_none() {
            if ends_stream {
                length = Some(0);
                field::put_line(b"content-length", b"0", out);
            } else {
                packing = Packing::Chunked;
                field::put_line(b"transfer-encoding", b"chunked", out);
            }
        }
        out.extend_from_slice(b"\r\n");
        Ok(Head {
            length,
            packing,
            is_too_large: false,
            kind,
        })
    }
}

const NO_STATUS: Malformed = "there is not one valid status";
