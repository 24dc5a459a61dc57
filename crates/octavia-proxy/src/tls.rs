//! TLS: what listeners and pools are configured with, and the sessions of their connections.
//!
//! | module | what it is |
//! |---|---|
//! | `session` | one end of a connection: records in and out, no socket |
//! | `server` | how a listener speaks it, compiled |
//! | `certificates` | PEM to what rustls takes, with the cause where it cannot be used |
//! | `sni` | which certificate a client gets |
//! | `suites` | versions and cipher suites |

mod certificates;
mod outgoing;
pub(crate) mod server;
pub(crate) mod session;
mod sni;
mod suites;

pub(crate) use outgoing::Outgoing;
pub(crate) use server::ServerTls;
pub(crate) use session::Session;
