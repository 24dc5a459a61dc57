//! From the document to what the loops read: checked, resolved, and tied to what lives on.
//!
//! A [`Snapshot`] is built whole for each document and never changed. What outlives documents
//! (counters, health, sockets, turns) is in shared state, found again by id, or by address for
//! sockets.

pub(crate) mod bind;
pub(crate) mod compile;
mod outcome;
mod slow_start;
pub(crate) mod snapshot;
pub(crate) mod state;

pub(crate) use outcome::Outcome;
pub(crate) use snapshot::{Listener, Pool, Snapshot};
pub(crate) use state::MemberState;
