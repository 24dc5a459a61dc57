//! HTTP/1.1 without sockets: bytes in, bytes and facts out.
//!
//! Strict where leniency lets a client speak past us to a member (RFC 9112 sections 6.3 and 11.2):
//! what two readers could understand differently is refused, never repaired.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod cookie;
pub(crate) mod exchange;
mod field;
pub(crate) mod request;
mod response;
mod target;

pub(crate) use exchange::Exchange;
