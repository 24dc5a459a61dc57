//! A line for each request, connection and flow, as the operator wants it written.
//!
//! A loop renders lines into a buffer of its own and hands them over once a turn; a thread beside
//! the loops writes them out. Nobody waits for that thread: what it cannot take is dropped and
//! counted.

mod date;
mod entry;
mod format;
mod forwarder;
mod json;
mod messages;
mod queue;
mod sink;
mod trace;

pub(crate) use entry::{Entry, Names};
pub(crate) use format::Format;
pub use forwarder::LogForwarder;
pub(crate) use queue::{Lines, Queue};
pub(crate) use sink::run;
pub use sink::{LogOptions, LogProtocol};
pub(crate) use trace::Traces;
