//! Answers of our own.

use std::fmt;
use std::io::Write;

/// Why a request is answered by us and not by a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The client does not speak HTTP/1.1.
    Malformed(&'static str),
    /// The client asks for a tunnel to anywhere.
    Connect,
    /// The client did not finish its request in time.
    Slow,
    /// The request line alone is longer than we read.
    TargetTooLong,
    /// The head is longer, or has more fields, than we read.
    HeadTooLarge,
    /// The body would be longer than some reader can count.
    BodyTooLarge,
    /// The client expects what nobody here knows.
    UnknownExpectation,
    /// The body is coded in a way that we do not know.
    UnknownCoding,
    /// The version is not 1.0 or 1.1.
    UnknownVersion,
    /// A member answered with what is not HTTP, or broke off before its answer.
    BadMember(&'static str),
    /// No member can be reached.
    NoMember(&'static str),
    /// A member did not answer in time.
    SlowMember,
}

impl Refusal {
    /// Returns the status line's code and reason.
    pub(crate) fn status(self) -> (u16, &'static str) {
        match self {
            Self::Malformed(_) => (400, "Bad Request"),
            Self::Connect => (405, "Method Not Allowed"),
            Self::Slow => (408, "Request Timeout"),
            Self::BodyTooLarge => (413, "Content Too Large"),
            Self::TargetTooLong => (414, "URI Too Long"),
            Self::UnknownExpectation => (417, "Expectation Failed"),
            Self::HeadTooLarge => (431, "Request Header Fields Too Large"),
            Self::UnknownCoding => (501, "Not Implemented"),
            Self::UnknownVersion => (505, "HTTP Version Not Supported"),
            Self::BadMember(_) => (502, "Bad Gateway"),
            Self::NoMember(_) => (503, "Service Unavailable"),
            Self::SlowMember => (504, "Gateway Timeout"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause())
    }
}

impl Refusal {
    /// Returns why, in words.
    pub(crate) fn cause(self) -> &'static str {
        match self {
            Self::Malformed(cause) | Self::BadMember(cause) | Self::NoMember(cause) => cause,
            Self::Connect => "this is not a forward proxy",
            Self::Slow => "the request was not complete in time",
            Self::TargetTooLong => "the target of the request is too long",
            Self::BodyTooLarge => "the body of the request is too large",
            Self::UnknownExpectation => "only 100-continue may be expected",
            Self::HeadTooLarge => "the head of the request is too large",
            Self::UnknownCoding => "the transfer coding is not known",
            Self::UnknownVersion => "only HTTP/1.0 and HTTP/1.1 are spoken here",
            Self::SlowMember => "the server did not answer in time",
        }
    }
}

/// Renders the answer that tells `refusal`; the connection closes after it.
pub(crate) fn render(refusal: Refusal, out: &mut Vec<u8>) {
    let (code, reason) = refusal.status();
    let body = format!("<html><body><h1>{code} {reason}</h1>\n{refusal}.\n</body></html>\n");
    let length = body.len();
    let allow = if refusal == Refusal::Connect {
        "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"
    } else {
        ""
    };
    write!(
        out,
        "HTTP/1.1 {code} {reason}\r\nContent-Length: {length}\r\nCache-Control: no-cache\r\n\
         Content-Type: text/html\r\n{allow}Connection: close\r\n\r\n{body}"
    )
    .expect("a vector takes every byte");
}
