//! What an event loop is made of: clock, poller, waker, slots, deadlines, streams.
//!
//! Nothing here knows a protocol, but that a stream can be secured, or be shared by many lanes.

pub(crate) mod clock;
pub(crate) mod deadlines;
pub(crate) mod lane;
pub(crate) mod poller;
pub(crate) mod slots;
pub(crate) mod stream;
pub(crate) mod waker;
pub(crate) mod wire;
