//! What a line tells.

use std::net::SocketAddr;
use std::time::Duration;

use uuid::Uuid;

/// What the lines of a listener have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// The project that owns it.
    pub(crate) project: String,
    /// Its load balancer.
    pub(crate) load_balancer: Uuid,
    /// Itself.
    pub(crate) listener: Uuid,
}

/// A request, connection or flow that has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) names: &'a Names,
    /// When it began, in microseconds since 1970.
    pub(crate) began: u64,
    pub(crate) client: SocketAddr,
    /// Where the client connected to.
    pub(crate) local: SocketAddr,
    /// The first line of the request; `None` where no HTTP is spoken, empty where it was not HTTP.
    pub(crate) line: Option<&'a [u8]>,
    /// The status of the answer.
    pub(crate) status: u16,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) pool: Option<Uuid>,
    pub(crate) member: Option<(Uuid, SocketAddr)>,
    /// Until the connection to the member stood.
    pub(crate) connect: Option<Duration>,
    /// From there to the first byte of the answer.
    pub(crate) response: Option<Duration>,
    pub(crate) total: Duration,
    /// How it ended, as HAProxy's two letters.
    pub(crate) state: &'static str,
    /// Why it was not served, in words, if it was not.
    pub(crate) cause: Option<&'static str>,
    /// Names the request, in lower-case hex; 128 bits.
    pub(crate) trace: Option<u128>,
}
