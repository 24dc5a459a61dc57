//! The nine bytes before each payload (RFC 9113 section 4.1).

/// How many bytes are before each payload.
pub(super) const HEAD: usize = 9;
/// The largest payload that both ends take unless they say otherwise, and that we take.
pub(super) const PAYLOAD: usize = 16 * 1024;
/// What a client sends first.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;
pub(super) const PRIORITIZED: u8 = 0x20;

/// What a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Frame {
    /// Reads the head of a frame, if it is whole.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (head, _) = bytes.split_first_chunk::<HEAD>()?;
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = *head;
        Some(Self {
            length: usize::from(l0) << 16 | usize::from(l1) << 8 | usize::from(l2),
            kind,
            flags,
            stream: u32::from_be_bytes([s0, s1, s2, s3]) & STREAM_BITS,
        })
    }

    /// Returns the head.
    pub(super) fn bytes(self) -> [u8; HEAD] {
        let length = u32::try_from(self.length).unwrap_or(u32::MAX);
        let [_, l0, l1, l2] = length.to_be_bytes();
        let [s0, s1, s2, s3] = self.stream.to_be_bytes();
        [l0, l1, l2, self.kind, self.flags, s0, s1, s2, s3]
    }

    /// Tells whether a flag is set.
    pub(super) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// The bits of a number that name a stream, or are a window.
pub(super) const STREAM_BITS: u32 = (1 << 31) - 1;

/// Appends a frame.
pub(super) fn write(kind: u8, flags: u8, stream: u32, payload: &[u8], out: &mut Vec<u8>) {
    let frame = Frame {
        length: payload.len(),
        kind,
        flags,
        stream,
    };
    out.extend_from_slice(&frame.bytes());
    out.extend_from_slice(payload);
}

/// Appends a header block as one frame, or several where it is long.
pub(super) fn write_block(flags: u8, stream: u32, block: &[u8], out: &mut Vec<u8>) {
    let mut kind = HEADERS;
    let mut flags = flags;
    let mut rest = block;
    loop {
        let (payload, after) = rest.split_at(rest.len().min(PAYLOAD));
        let last = if after.is_empty() { END_HEADERS } else { 0 };
        write(kind, flags | last, stream, payload, out);
        if after.is_empty() {
            return;
        }
        (kind, flags, rest) = (CONTINUATION, 0, after);
    }
}

/// Reads four bytes.
pub(super) fn number(payload: &[u8]) -> Option<u32> {
    payload
        .first_chunk::<4>()
        .map(|bytes| u32::from_be_bytes(*bytes))
}

/// Why a stream or connection ends (RFC 9113 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    No = 0,
    Protocol = 1,
    Internal = 2,
    FlowControl = 3,
    StreamClosed = 5,
    FrameSize = 6,
    Refused = 7,
    Cancel = 8,
    Compression = 9,
    EnhanceYourCalm = 11,
}

impl Code {
    /// Tells whether the number that a peer sent is this code.
    pub(super) fn is(self, number: u32) -> bool {
        self as u32 == number
    }

    /// Returns the payload that tells it.
    pub(super) fn bytes(self) -> [u8; 4] {
        (self as u32).to_be_bytes()
    }
}
