//! TLS: what listeners and pools are configured with, and the sessions of their connections.
//!
//! | module | what it is |
//! |---|---|
//! | `session` | one end of a connection: records in and out, no socket |
//! | `server` | how a listener speaks it, compiled |
//! | `client` | how a pool speaks it, compiled; `verifier`: whom it believes |
//! | `certificates` | PEM to what rustls takes, with the cause where it cannot be used |
//! | `tickets` | what sessions are resumed with |
//! | `peer` | what is told of a client's certificate |
//! | `sni` | which certificate a client gets |
//! | `suites`, `alpn` | versions, cipher suites and protocols |

mod alpn;
mod certificates;
mod client;
mod outgoing;
mod peer;
mod server;
mod session;
mod sni;
mod suites;
mod tickets;
mod verifier;

pub(crate) use client::{ClientTls, Spoken};
pub(crate) use outgoing::Outgoing;
pub(crate) use peer::{Peer, PeerHeader, PeerHeaders};
pub(crate) use server::ServerTls;
pub(crate) use session::Session;
