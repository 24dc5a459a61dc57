//! The answers that policies give.

use std::io::Write;
use std::time::Duration;

use crate::limits;

const FORBIDDEN: &str = "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n";

const TOO_MANY: &str =
    "<html><body><h1>429 Too Many Requests</h1>\nThis client asks too often.\n</body></html>\n";

/// What a policy answers in place of a member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    /// The status.
    pub(crate) status: u16,
    /// The media type of the body.
    pub(super) content_type: String,
    /// The body.
    pub(super) body: String,
}

impl Response {
    /// Returns why it cannot be given, if so.
    pub(super) fn problem(&self) -> Option<String> {
        let has_no_body = matches!(self.status, 204 | 205 | 304);
        if !(200..=599).contains(&self.status) {
            Some(format!("{} is not the status of an answer", self.status))
        } else if has_no_body && !self.body.is_empty() {
            Some(format!("an answer {} has no body", self.status))
        } else if self.content_type.contains(char::is_control) {
            Some("its content type has control characters".to_owned())
        } else if self.body.len() > limits::RESPONSE_BYTES {
            Some(format!(
                "its body is longer than {} bytes",
                limits::RESPONSE_BYTES
            ))
        } else {
            None
        }
    }
}

/// What the answer depends on beside the policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// Whether the request wants no body (HEAD).
    pub(crate) head_only: bool,
    /// Whether the connection goes on.
    pub(crate) keep_alive: bool,
}

impl Manner {
    fn connection(self) -> &'static str {
        if self.keep_alive {
            ""
        } else {
            "Connection: close\r\n"
        }
    }
}

/// Returns the reason of a status that redirects.
pub(super) fn reason(code: u16) -> Option<&'static str> {
    match code {
        301 => Some("Moved Permanently"),
        302 => Some("Found"),
        303 => Some("See Other"),
        307 => Some("Temporary Redirect"),
        308 => Some("Permanent Redirect"),
        _ => None,
    }
}

/// Renders a refusal.
pub(crate) fn reject(manner: Manner, out: &mut Vec<u8>) {
    let connection = manner.connection();
    let length = FORBIDDEN.len();
    let body = if manner.head_only { "" } else { FORBIDDEN };
    write!(
        out,
        "HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\nCache-Control: no-cache\r\n\
         Content-Type: text/html\r\n{connection}\r\n{body}"
    )
    .expect("a vector takes every byte");
}

/// Renders what a policy answers.
pub(crate) fn fixed(response: &Response, manner: Manner, out: &mut Vec<u8>) {
    let (status, reason) = (response.status, phrase(response.status));
    let connection = manner.connection();
    write!(out, "HTTP/1.1 {status} {reason}\r\n{connection}").expect("a vector takes every byte");
    if !matches!(status, 204 | 304) {
        write!(out, "Content-Length: {}\r\n", response.body.len())
            .expect("a vector takes every byte");
    }
    if !response.content_type.is_empty() {
        write!(out, "Content-Type: {}\r\n", response.content_type)
            .expect("a vector takes every byte");
    }
    out.extend_from_slice(b"\r\n");
    if !manner.head_only {
        out.extend_from_slice(response.body.as_bytes());
    }
}

/// Returns the reason that goes with a status (RFC 9110); it may be empty.
fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        410 => "Gone",
        418 => "I'm a teapot",
        429 => "Too Many Requests",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => reason(status).unwrap_or_default(),
    }
}

/// Renders that a client asks too often, and when it may ask again.
pub(crate) fn too_many(wait: Duration, manner: Manner, out: &mut Vec<u8>) {
    let connection = manner.connection();
    let length = TOO_MANY.len();
    let body = if manner.head_only { "" } else { TOO_MANY };
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    write!(
        out,
        "HTTP/1.1 429 Too Many Requests\r\nContent-Length: {length}\r\nCache-Control: no-cache\r\n\
         Content-Type: text/html\r\nRetry-After: {seconds}\r\n{connection}\r\n{body}"
    )
    .expect("a vector takes every byte");
}

/// Renders a text for Prometheus.
pub(crate) fn text(body: &str, manner: Manner, out: &mut Vec<u8>) {
    let connection = manner.connection();
    let length = body.len();
    let body = if manner.head_only { "" } else { body };
    write!(
        out,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nCache-Control: no-cache\r\n\
         Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n{connection}\r\n{body}"
    )
    .expect("a vector takes every byte");
}

/// Renders that there is nothing.
pub(crate) fn not_found(manner: Manner, out: &mut Vec<u8>) {
    let connection = manner.connection();
    write!(
        out,
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n{connection}\r\n"
    )
    .expect("a vector takes every byte");
}

/// Renders a redirection. Only the permanent ones may be cached.
pub(crate) fn redirect(code: u16, location: &[u8], manner: Manner, out: &mut Vec<u8>) {
    let reason = reason(code).unwrap_or("Found");
    let cache = if matches!(code, 301 | 308) {
        ""
    } else {
        "Cache-Control: no-cache\r\n"
    };
    let connection = manner.connection();
    write!(
        out,
        "HTTP/1.1 {code} {reason}\r\nContent-Length: 0\r\n{cache}{connection}Location: "
    )
    .expect("a vector takes every byte");
    out.extend_from_slice(location);
    out.extend_from_slice(b"\r\n\r\n");
}
