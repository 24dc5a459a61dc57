//! Where a body ends.

use std::ops::Range;

use super::field;
use crate::limits;

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    None,
    /// After so many bytes.
    Length(u64),
    /// After the last chunk and its trailers.
    Chunked,
    /// When the connection ends. Responses only.
    UntilClose,
}

/// The chunks of a body are not as RFC 9112 section 7.1 has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadChunk;

/// A body on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Body(State);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Done,
    Length(u64),
    UntilClose,
    /// In the size; with the number of its digits so far.
    Size(u64, u8),
    /// In the extension of a chunk; with how many of its bytes are left to tolerate.
    Extension(u64, u32),
    SizeEnd(u64),
    Data(u64),
    DataCr,
    DataLf,
    /// At the start of a trailer line; with how many bytes of trailers are left to tolerate.
    LineStart(u32),
    /// In the name of a trailer field; with its hash so far.
    Name(u32, u64),
    Line(u32),
    LineEnd(u32),
    LastLf,
}

impl Body {
    /// Starts a body.
    pub(crate) fn new(framing: Framing) -> Self {
        Self(match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size(0, 0),
            Framing::UntilClose => State::UntilClose,
        })
    }

    /// Tells whether nothing more belongs to it.
    pub(crate) fn is_done(&self) -> bool {
        self.0 == State::Done
    }

    /// Takes the end of the connection; tells whether the body may end there.
    pub(crate) fn end(&mut self) -> bool {
        let ends = matches!(self.0, State::UntilClose | State::Done);
        self.0 = State::Done;
        ends
    }

    /// Takes bytes; returns how many belong to the body, packed as they are.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<usize, BadChunk> {
        self.walk(bytes, |_| {})
    }

    /// Takes bytes as [`Body::take`] does, and appends the data without chunks to `out`.
    pub(crate) fn unpack(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, BadChunk> {
        self.walk(bytes, |data| out.extend_from_slice(data))
    }

    /// Takes bytes up to the end of the first run of data, of which at most `limit`, or to where the
    /// trailers begin. Returns how many were used, and where among them the data is.
    pub(crate) fn piece(
        &mut self,
        bytes: &[u8],
        limit: usize,
    ) -> Result<(usize, Range<usize>), BadChunk> {
        let mut at = 0;
        while at < bytes.len() && !self.is_done() && !self.is_in_trailers() {
            let left = match self.0 {
                State::Length(left) | State::Data(left) => usize::try_from(left).ok(),
                State::UntilClose => None,
                State::Done
                | State::Size(..)
                | State::Extension(..)
                | State::SizeEnd(_)
                | State::DataCr
                | State::DataLf
                | State::LineStart(_)
                | State::Name(..)
                | State::Line(_)
                | State::LineEnd(_)
                | State::LastLf => {
                    self.0 = self.0.after(bytes[at])?;
                    at += 1;
                    continue;
                }
            };
            let most = left.unwrap_or(usize::MAX).min(limit);
            let count = self.take(&bytes[at..bytes.len().min(at.saturating_add(most))])?;
            return Ok((at + count, at..at + count));
        }
        Ok((at, at..at))
    }

    /// Tells whether what comes next is behind the last chunk.
    pub(crate) fn is_in_trailers(&self) -> bool {
        matches!(
            self.0,
            State::LineStart(_)
                | State::Name(..)
                | State::Line(_)
                | State::LineEnd(_)
                | State::LastLf
        )
    }

    fn walk(&mut self, bytes: &[u8], mut data: impl FnMut(&[u8])) -> Result<usize, BadChunk> {
        let mut at = 0;
        while at < bytes.len() {
            match self.0 {
                State::Done => break,
                State::UntilClose => {
                    data(&bytes[at..]);
                    at = bytes.len();
                }
                State::Length(left) | State::Data(left) => {
                    let count = (bytes.len() - at).min(usize::try_from(left).unwrap_or(usize::MAX));
                    data(&bytes[at..at + count]);
                    at += count;
                    self.0 = self.0.after_data(left - count as u64);
                }
                State::Size(..)
                | State::Extension(..)
                | State::SizeEnd(_)
                | State::DataCr
                | State::DataLf
                | State::LineStart(_)
                | State::Name(..)
                | State::Line(_)
                | State::LineEnd(_)
                | State::LastLf => {
                    self.0 = self.0.after(bytes[at])?;
                    at += 1;
                }
            }
        }
        Ok(at)
    }
}

impl State {
    fn after_data(self, left: u64) -> Self {
        match (self, left) {
            (Self::Data(_), 0) => Self::DataCr,
            (Self::Data(_), left) => Self::Data(left),
            (_, 0) => Self::Done,
            (_, left) => Self::Length(left),
        }
    }

    /// Returns the state after one byte of what surrounds the data of chunks.
    fn after(self, byte: u8) -> Result<Self, BadChunk> {
        Ok(match (self, byte) {
            (Self::Size(size, digits), _) if byte.is_ascii_hexdigit() && digits < 15 => {
                Self::Size(size << 4 | hex(byte), digits + 1)
            }
            (Self::Size(size, 1..) | Self::Extension(size, _), b'\r') => Self::SizeEnd(size),
            (Self::Size(size, 1..), b';') => Self::Extension(size, limits::CHUNK_EXTENSION_BYTES),
            (Self::Extension(size, left @ 1..), _) if is_text(byte) => {
                Self::Extension(size, left - 1)
            }
            (Self::SizeEnd(0), b'\n') => Self::LineStart(limits::TRAILER_BYTES),
            (Self::SizeEnd(size), b'\n') => Self::Data(size),
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => Self::Size(0, 0),
            (Self::LineStart(_), b'\r') => Self::LastLf,
            (Self::LastLf, b'\n') => Self::Done,
            (Self::Line(left), b'\r') => Self::LineEnd(left),
            (Self::LineEnd(left), b'\n') => Self::LineStart(left),
            (Self::LineStart(left @ 1..), _) if field::is_in_name(byte) => {
                Self::Name(left - 1, hashed(EMPTY_NAME, byte))
            }
            (Self::Name(left @ 1.., name), _) if field::is_in_name(byte) => {
                Self::Name(left - 1, hashed(name, byte))
            }
            (Self::Name(left @ 1.., name), b':') if !NO_TRAILERS.contains(&name) => {
                Self::Line(left - 1)
            }
            (Self::Line(left @ 1..), _) if is_text(byte) => Self::Line(left - 1),
            _ => return Err(BadChunk),
        })
    }
}

/// Fields that frame, route or authorise a request, or tell of its client. They have come too late
/// in a trailer, and a member that takes them for fields of the head would believe whoever wrote them
/// (RFC 9110 section 6.5.1). Kept as hashes, so that no name need be kept while it comes.
const NO_TRAILERS: [u64; 23] = [
    name(b"authorization"),
    name(b"connection"),
    name(b"content-encoding"),
    name(b"content-length"),
    name(b"content-range"),
    name(b"content-type"),
    name(b"cookie"),
    name(b"expect"),
    name(b"forwarded"),
    name(b"host"),
    name(b"te"),
    name(b"trailer"),
    name(b"transfer-encoding"),
    name(b"upgrade"),
    name(b"x-forwarded-for"),
    name(b"x-forwarded-port"),
    name(b"x-forwarded-proto"),
    name(b"x-ssl-client-cn"),
    name(b"x-ssl-client-dn"),
    name(b"x-ssl-client-has-cert"),
    name(b"x-ssl-client-sha1"),
    name(b"x-ssl-client-verify"),
    name(b"x-ssl-issuer"),
];

/// FNV-1a, in lower case.
const EMPTY_NAME: u64 = 0xcbf2_9ce4_8422_2325;

/// Tells whether a field of that name may come after a body.
pub(crate) fn may_trail(field: &[u8]) -> bool {
    !NO_TRAILERS.contains(&name(field))
}

const fn hashed(name: u64, byte: u8) -> u64 {
    (name ^ byte.to_ascii_lowercase() as u64).wrapping_mul(0x0100_0000_01b3)
}

const fn name(text: &[u8]) -> u64 {
    let (mut hash, mut at) = (EMPTY_NAME, 0);
    while at < text.len() {
        hash = hashed(hash, text[at]);
        at += 1;
    }
    hash
}

fn hex(digit: u8) -> u64 {
    let value = char::from(digit).to_digit(16);
    u64::from(value.unwrap_or(0))
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests;
