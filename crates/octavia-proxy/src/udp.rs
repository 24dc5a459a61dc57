//! Datagrams: what their flows are made of, without the loop.
//!
//! A flow is one client's address and port at one address of a listener. It has a socket of its
//! own, connected to its member, so that the kernel sorts the answers and tells of members that
//! nobody listens at. `worker::udp` moves the datagrams.

pub(crate) mod flows;
pub(crate) mod inbox;
pub(crate) mod outbox;
pub(crate) mod socket;
