//! A stream of an HTTP/2 connection, as the exchange that it carries sees it: HTTP/1.1 in, HTTP/1.1
//! out, in memory. Its connection fills the one side and empties the other.

use std::sync::Arc;

use rustix::io::Errno;

use super::slots::Key;
use super::stream::Received;
use crate::limits;

/// One end of a stream, the one that looks like a connection of its own.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts, each independent of the others"
)]
pub(crate) struct Lane {
    /// The connection that carries it.
    pub(crate) parent: Key,
    /// The number of its stream.
    pub(crate) id: u32,
    /// The TLS of its connection.
    pub(crate) tls: LaneTls,
    inbox: Vec<u8>,
    taken: usize,
    has_ended: bool,
    outbox: Vec<u8>,
    sent: usize,
    /// How much its connection would take at once.
    credit: usize,
    is_broken: bool,
    is_refused: bool,
    has_said_goodbye: bool,
}

/// What is known of the TLS of the connection that carries a lane.
#[derive(Clone, Default)]
pub(crate) struct LaneTls {
    /// The name that the client asked for.
    pub(crate) server_name: Option<Arc<str>>,
    /// What OpenSSL calls the version.
    pub(crate) version: Option<&'static str>,
}

impl Lane {
    /// Makes a lane of stream `id` of the connection `parent`.
    pub(crate) fn new(parent: Key, id: u32, tls: LaneTls) -> Self {
        Self {
            parent,
            id,
            tls,
            inbox: Vec::new(),
            taken: 0,
            has_ended: false,
            outbox: Vec::new(),
            sent: 0,
            credit: limits::FIRST_READ_BYTES,
            is_broken: false,
            is_refused: false,
            has_said_goodbye: false,
        }
    }

    /// Takes over what came for the exchange, and leaves `bytes` empty.
    pub(crate) fn put(&mut self, bytes: &mut Vec<u8>) {
        if self.taken == self.inbox.len() {
            self.inbox.clear();
            self.taken = 0;
            std::mem::swap(&mut self.inbox, bytes);
        } else {
            self.inbox.append(bytes);
        }
    }

    /// Notes that nothing more comes.
    pub(crate) fn put_end(&mut self) {
        self.has_ended = true;
    }

    /// Notes that the stream is gone in both directions.
    pub(crate) fn break_off(&mut self) {
        self.is_broken = true;
    }

    /// Notes that the stream is gone, and that nobody has looked at what was sent on it.
    pub(crate) fn refuse(&mut self) {
        self.is_broken = true;
        self.is_refused = true;
    }

    /// Tells whether the peer has looked at nothing of what was sent.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// Tells whether everything that was put in was taken out.
    pub(crate) fn is_used_up(&self) -> bool {
        self.taken == self.inbox.len()
    }

    /// Returns what waits to be sent.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.outbox[self.sent..]
    }

    /// Forgets the first `count` bytes of what waits, and notes how much more would be taken.
    pub(crate) fn sent(&mut self, count: usize, credit: usize) {
        self.sent += count;
        self.credit = credit;
        if self.sent == self.outbox.len() {
            self.outbox.clear();
            self.sent = 0;
        }
    }

    /// Tells whether nothing more will be sent, and that what was sent is whole.
    pub(crate) fn has_said_goodbye(&self) -> bool {
        self.has_said_goodbye
    }

    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Received {
        let rest = &self.inbox[self.taken..];
        if rest.is_empty() {
            return match (self.is_broken, self.has_ended) {
                (true, _) => Received::Broken(Errno::CONNRESET),
                (false, true) => Received::End,
                (false, false) => Received::Nothing,
            };
        }
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Received::Bytes(count)
    }

    pub(super) fn send(&mut self, first: &[u8], second: &[u8]) {
        self.outbox.extend_from_slice(first);
        self.outbox.extend_from_slice(second);
    }

    pub(super) fn say_goodbye(&mut self) {
        self.has_said_goodbye = true;
    }

    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    pub(super) fn is_ending(&self) -> bool {
        self.is_broken || self.has_ended
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.waiting().is_empty()
    }

    pub(super) fn is_slow(&self) -> bool {
        self.waiting().len() > self.credit
    }

    pub(super) fn has_unread(&self) -> bool {
        self.taken < self.inbox.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::slots::{Key, Slots};
    use super::{Lane, LaneTls, Received};

    fn parent() -> Key {
        Slots::default().insert(|_| ())
    }

    #[test]
    fn bytes_come_in_order_and_then_the_end() {
        let mut lane = Lane::new(parent(), 1, LaneTls::default());
        let mut buffer = [0; 3];
        assert_eq!(lane.receive(&mut buffer), Received::Nothing);
        lane.put(&mut b"abcd".to_vec());
        assert_eq!(lane.receive(&mut buffer), Received::Bytes(3));
        lane.put(&mut b"ef".to_vec());
        lane.put_end();
        assert_eq!(lane.receive(&mut buffer), Received::Bytes(3));
        assert_eq!(&buffer, b"def");
        assert_eq!(lane.receive(&mut buffer), Received::End);
    }

    #[test]
    fn what_waits_is_slow_once_it_is_more_than_would_be_taken() {
        let mut lane = Lane::new(parent(), 1, LaneTls::default());
        lane.send(b"abc", b"def");
        assert!(!lane.is_slow());
        lane.sent(2, 3);
        assert_eq!(lane.waiting(), b"cdef");
        assert!(lane.is_slow());
        lane.sent(4, 0);
        assert!(!lane.is_slow() && !lane.has_pending());
    }
}
