//! What is known of a stream.

use super::frame::Code;
use super::head::Head;
use super::writer::Writer;
use crate::limits;
use crate::runtime::slots::Key;

/// A stream that somebody cares for.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(super) id: u32,
    /// Who carries out its exchange; nobody before its head was told.
    pub(crate) owner: Option<Key>,
    /// What came for the exchange, as HTTP/1.1, since the owner last took it.
    pub(crate) inbox: Vec<u8>,
    /// Whether the head of a request is too large to be carried out.
    pub(crate) is_too_large: bool,
    pub(super) reading: Reading,
    /// How the body is packed into the inbox.
    pub(super) packing: Packing,
    /// How much of the body, as its head declared it, is to come.
    pub(super) declared: Option<u64>,
    /// How much the peer may still send.
    pub(super) room: i64,
    /// How much was sent by the peer, and is not given back to it.
    pub(super) owed: u32,
    pub(super) writer: Writer,
    /// How much the peer takes.
    pub(super) window: i64,
    /// Whether something waits for a window.
    pub(super) is_blocked: bool,
    /// Whether it is in the list of streams with news.
    pub(super) has_news: bool,
    pub(super) ending: Ending,
}

/// How far the peer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Its head is to come.
    Head,
    /// Its body is.
    Body,
    /// Nothing more is.
    Done,
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// As it is.
    Plain,
    /// In chunks.
    Chunked,
}

/// How a stream ends on the side of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It goes on.
    Open,
    /// Nothing more comes.
    Whole,
    /// It was broken off, in both directions.
    Reset,
    /// It was broken off, and nobody has looked at what was asked.
    Refused,
}

impl Stream {
    /// Begins a stream.
    pub(super) fn new(id: u32, writer: Writer, window: u32) -> Self {
        Self {
            id,
            owner: None,
            inbox: Vec::new(),
            is_too_large: false,
            reading: Reading::Head,
            packing: Packing::Plain,
            declared: None,
            room: i64::from(limits::STREAM_WINDOW_BYTES),
            owed: 0,
            writer,
            window: i64::from(window),
            is_blocked: false,
            has_news: false,
            ending: Ending::Open,
        }
    }

    /// Tells how it ends.
    pub(crate) fn ending(&self) -> Ending {
        self.ending
    }

    /// Notes what its head says of what follows.
    pub(super) fn begin_body(&mut self, head: &Head, ends: bool) -> Result<(), Code> {
        self.declared = head.length;
        self.packing = head.packing;
        self.reading = Reading::Body;
        if ends { self.end(&[]) } else { Ok(()) }
    }

    /// Takes a part of the body.
    pub(super) fn take_body(&mut self, data: &[u8]) -> Result<(), Code> {
        if let Some(left) = &mut self.declared {
            *left = left.checked_sub(data.len() as u64).ok_or(Code::Protocol)?;
        }
        if data.is_empty() {
            return Ok(());
        }
        match self.packing {
            Packing::Plain => self.inbox.extend_from_slice(data),
            Packing::Chunked => {
                put_hex(data.len(), &mut self.inbox);
                self.inbox.extend_from_slice(b"\r\n");
                self.inbox.extend_from_slice(data);
                self.inbox.extend_from_slice(b"\r\n");
            }
        }
        Ok(())
    }

    /// Takes the end of the body, with the lines of its trailers.
    pub(super) fn end(&mut self, trailers: &[u8]) -> Result<(), Code> {
        if self.declared.is_some_and(|left| left > 0) {
            return Err(Code::Protocol);
        }
        if self.packing == Packing::Chunked {
            self.inbox.extend_from_slice(b"0\r\n");
            self.inbox.extend_from_slice(trailers);
            self.inbox.extend_from_slice(b"\r\n");
        }
        self.reading = Reading::Done;
        if self.ending == Ending::Open {
            self.ending = Ending::Whole;
        }
        Ok(())
    }
}

fn put_hex(number: usize, out: &mut Vec<u8>) {
    let digits = (usize::BITS - number.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        out.push(b"0123456789abcdef"[number >> (4 * digit) & 0xf]);
    }
}

#[cfg(test)]
mod tests {
    use super::put_hex;

    #[test]
    fn sizes_of_chunks_are_hexadecimal() {
        let mut out = Vec::new();
        for number in [0, 9, 0x10, 0xabc, 16384] {
            put_hex(number, &mut out);
            out.push(b' ');
        }
        assert_eq!(out, b"0 9 10 abc 4000 ");
    }
}
