//! Header fields: which of them concern a proxy, and how the rest is copied.

use httparse::Header;

use super::answer::Refusal;
use super::body::Framing;
use crate::tls::PeerHeader;

/// A field that a proxy acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Connection,
    ContentLength,
    Expect,
    ForwardedPort,
    ForwardedProto,
    Host,
    /// Meant for the next hop only, and of no use to us.
    HopByHop,
    /// What servers that know no `-` in names take for a field that frames the body.
    FramingLookAlike,
    /// What is said of the client's certificate.
    Peer(PeerHeader),
    StrictTransportSecurity,
    TransferEncoding,
    Upgrade,
    Other,
}

impl Field {
    /// Finds what `name` is; the length tells most names apart.
    pub(super) fn of(name: &[u8]) -> Self {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        match name.len() {
            2 if is("te") => Self::HopByHop,
            4 if is("host") => Self::Host,
            6 if is("expect") => Self::Expect,
            7 if is("upgrade") => Self::Upgrade,
            10 if is("connection") => Self::Connection,
            10 if is("keep-alive") => Self::HopByHop,
            14 if is("content-length") => Self::ContentLength,
            14 if is("content_length") => Self::FramingLookAlike,
            16 if is("proxy-connection") => Self::HopByHop,
            16 if is("x-forwarded-port") => Self::ForwardedPort,
            17 if is("transfer-encoding") => Self::TransferEncoding,
            17 if is("transfer_encoding") => Self::FramingLookAlike,
            17 if is("x-forwarded-proto") => Self::ForwardedProto,
            25 if is("strict-transport-security") => Self::StrictTransportSecurity,
            12..=24 if name[..6].eq_ignore_ascii_case(b"x-ssl-") => {
                PeerHeader::named(name).map_or(Self::Other, Self::Peer)
            }
            _ => Self::Other,
        }
    }
}

/// Fields of a head that are not copied: one bit each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Dropped(u128);

impl Dropped {
    pub(super) fn drop_field(&mut self, index: usize) {
        self.0 |= 1 << index;
    }

    fn contains(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    /// Drops the fields that the Connection field with `value` names, except those that frame or
    /// route the message: nobody may have them removed.
    pub(super) fn drop_named(&mut self, value: &[u8], headers: &[Header<'_>]) {
        for token in tokens(value).filter(|token| !is_option(token)) {
            let named = |header: &Header<'_>| header.name.as_bytes().eq_ignore_ascii_case(token);
            for (index, header) in headers.iter().enumerate() {
                if named(header) && Field::of(token) == Field::Other {
                    self.drop_field(index);
                }
            }
        }
    }
}

fn is_option(token: &[u8]) -> bool {
    ["close", "keep-alive", "upgrade"]
        .iter()
        .any(|option| token.eq_ignore_ascii_case(option.as_bytes()))
}

/// Splits a comma-separated list.
pub(super) fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let tokens = value.split(|byte| *byte == b',');
    tokens
        .map(<[u8]>::trim_ascii)
        .filter(|token| !token.is_empty())
}

/// What the Connection fields of a head ask for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ConnectionOptions {
    pub(super) close: bool,
    pub(super) keep_alive: bool,
    pub(super) upgrade: bool,
}

impl ConnectionOptions {
    pub(super) fn add(&mut self, value: &[u8]) {
        for token in tokens(value) {
            self.close |= token.eq_ignore_ascii_case(b"close");
            self.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
            self.upgrade |= token.eq_ignore_ascii_case(b"upgrade");
        }
    }
}

/// Collects what frames the body. Anything said twice is refused.
#[derive(Debug, Default)]
pub(super) struct FramingFields<'a> {
    length: Option<u64>,
    coding: Option<&'a [u8]>,
}

/// Why the framing cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadFraming {
    Malformed(&'static str),
    TooLarge,
    UnknownCoding,
}

impl From<BadFraming> for Refusal {
    fn from(bad: BadFraming) -> Self {
        match bad {
            BadFraming::Malformed(cause) => Self::Malformed(cause),
            BadFraming::TooLarge => Self::BodyTooLarge,
            BadFraming::UnknownCoding => Self::UnknownCoding,
        }
    }
}

/// The longest body that every reader can count.
const LONGEST: u64 = u64::MAX >> 1;

impl<'a> FramingFields<'a> {
    pub(super) fn add_length(&mut self, value: &[u8]) -> Result<(), BadFraming> {
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(value).ok().filter(|_| digits);
        let text = text.ok_or(BadFraming::Malformed("the Content-Length is not a number"))?;
        // Readers that hold it in a signed number would see a negative one.
        let length = text.parse().ok().filter(|length| *length <= LONGEST);
        let length = length.ok_or(BadFraming::TooLarge)?;
        match self.length.replace(length) {
            None => Ok(()),
            Some(_) => Err(BadFraming::Malformed("there are two Content-Length fields")),
        }
    }

    pub(super) fn add_coding(&mut self, value: &'a [u8]) -> Result<(), BadFraming> {
        match self.coding.replace(value) {
            None => Ok(()),
            Some(_) => Err(BadFraming::Malformed(
                "there are two Transfer-Encoding fields",
            )),
        }
    }

    /// Returns the framing that the fields agree on; `otherwise` without any.
    pub(super) fn framing(&self, otherwise: Framing) -> Result<Framing, BadFraming> {
        match (self.length, self.coding) {
            (None, None) => Ok(otherwise),
            (Some(0), None) => Ok(Framing::None),
            (Some(length), None) => Ok(Framing::Length(length)),
            (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
            (None, Some(_)) => Err(BadFraming::UnknownCoding),
            (Some(_), Some(_)) => Err(BadFraming::Malformed(
                "there are both Content-Length and Transfer-Encoding",
            )),
        }
    }

    /// Tells whether a transfer coding is named.
    pub(super) fn has_coding(&self) -> bool {
        self.coding.is_some()
    }
}

/// Tells whether the name of a field may have `byte` (RFC 9110 section 5.6.2).
pub(super) fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Tells whether every line of `head` ends with CR LF. A lone LF is where readers disagree.
pub(super) fn has_only_whole_line_ends(head: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', head).all(|at| at > 0 && head[at - 1] == b'\r')
}

/// Copies the lines of `headers` that are not dropped, in as few pieces as can be.
///
/// `head` is the whole head with the empty line at its end; the headers are slices of it.
pub(super) fn copy_lines(head: &[u8], headers: &[Header<'_>], dropped: Dropped, out: &mut Vec<u8>) {
    let start_of = |header: &Header<'_>| header.name.as_ptr().addr() - head.as_ptr().addr();
    let end = head.len() - 2;
    let mut kept = headers.first().map_or(end, start_of);
    for (index, header) in headers.iter().enumerate() {
        if dropped.contains(index) {
            out.extend_from_slice(&head[kept..start_of(header)]);
            kept = headers.get(index + 1).map_or(end, start_of);
        }
    }
    out.extend_from_slice(&head[kept..end]);
}
