//! The answers that policies give.

use std::io::Write;

const FORBIDDEN: &str = "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n";

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
