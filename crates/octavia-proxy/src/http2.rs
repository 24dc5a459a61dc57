//! HTTP/2 without sockets (RFC 9113): bytes in, bytes and streams out.
//!
//! A stream carries an exchange as HTTP/1.1, in memory: what a client asks comes out as a head and a
//! body that the same strict reader judges as those of HTTP/1.1, and what a member answers goes in
//! as HTTP/1.1. There is one code path that decides about requests, whatever carried them, and
//! nothing can reach a member past it.
//!
//! | module | what it is |
//! |---|---|
//! | `connection` | one end of a connection: frames in, frames out, streams between |
//! | `stream` | what is known of a stream |
//! | `head` | fields that came, as the head of an HTTP/1.1 message |
//! | `writer` | an HTTP/1.1 message, as frames |
//! | `hpack` | header compression |
//! | `frame` | the nine bytes before each payload |
//! | `settings` | what the peer has declared |
//! | `budget` | how much nonsense a peer may send |

mod budget;
mod connection;
mod frame;
mod head;
mod hpack;
mod settings;
mod stream;
mod writer;

pub(crate) use connection::{Connection, Role};
pub(crate) use stream::{Ending, Stream};
