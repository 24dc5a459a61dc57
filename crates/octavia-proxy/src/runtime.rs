//! What an event loop is made of: clock, poller, waker, slots, deadlines, streams.
//!
//! Nothing here knows a protocol.

pub(crate) mod clock;
pub(crate) mod deadlines;
pub(crate) mod poller;
pub(crate) mod slots;
pub(crate) mod stream;
pub(crate) mod waker;
