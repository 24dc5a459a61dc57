//! A connection as a loop sees it: a socket, what may be done with it, and what waits to be sent.
//!
//! Where it is secured, the same methods carry plain bytes in and out of a TLS session; only a test
//! of a pointer tells the two apart.

mod secure;

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown};

use super::poller::EventFlags;
use crate::limits;
use crate::tls::Session;

pub(crate) use secure::Handshake;

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// So many bytes.
    Bytes(usize),
    /// Nothing yet; an event will tell.
    Nothing,
    /// The peer has sent its last byte.
    End,
    /// The connection is broken.
    Broken(Errno),
}

/// A non-blocking socket with the readiness that its edge-triggered events told.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the kernel reports each of them alone"
)]
pub(crate) struct Stream {
    socket: OwnedFd,
    readable: bool,
    writable: bool,
    /// The peer has sent its last byte, though some may be unread.
    ended: bool,
    /// Nothing is unread, and nothing comes.
    is_drained: bool,
    broken: bool,
    shut: bool,
    has_said_goodbye: bool,
    pending: Vec<u8>,
    sent: usize,
    tls: Option<Box<Session>>,
}

impl Stream {
    /// Takes a socket; a first try tells whether it may be read or written.
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            readable: true,
            writable: true,
            ended: false,
            is_drained: false,
            broken: false,
            shut: false,
            has_said_goodbye: false,
            pending: Vec::new(),
            sent: 0,
            tls: None,
        }
    }

    /// Takes a socket that is being connected: nothing to try before an event.
    pub(crate) fn connecting(socket: OwnedFd) -> Self {
        Self {
            readable: false,
            writable: false,
            ..Self::new(socket)
        }
    }

    /// Notes what an event told.
    pub(crate) fn note(&mut self, flags: EventFlags) {
        let broken = flags.intersects(EventFlags::ERR | EventFlags::HUP);
        self.ended |= flags.contains(EventFlags::RDHUP);
        self.broken |= broken;
        self.readable |= broken || flags.intersects(EventFlags::IN | EventFlags::RDHUP);
        self.writable |= broken || flags.contains(EventFlags::OUT);
    }

    /// Tells whether a read is worth a try.
    pub(crate) fn is_readable(&self) -> bool {
        self.readable
    }

    /// Tells whether a write is worth a try.
    pub(crate) fn is_writable(&self) -> bool {
        self.writable
    }

    /// Tells whether the peer has ended or broken the connection.
    pub(crate) fn is_ending(&self) -> bool {
        self.ended || self.broken
    }

    /// Tells whether both directions are gone.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Tells whether bytes wait to be sent.
    pub(crate) fn has_pending(&self) -> bool {
        self.sent < self.pending.len()
    }

    /// Reads into `buffer`.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Received {
        match self.tls {
            None => self.receive_raw(buffer),
            Some(_) => self.receive_secured(buffer),
        }
    }

    fn receive_raw(&mut self, buffer: &mut [u8]) -> Received {
        if self.is_drained {
            return Received::End;
        }
        if !self.readable {
            return Received::Nothing;
        }
        match retry_on_intr(|| rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::empty())) {
            Ok((_, 0)) => {
                self.ended = true;
                Received::End
            }
            Ok((_, count)) => {
                // A short read emptied the socket: whatever comes next makes a new edge. Only
                // the end, told by an earlier edge, would not; nothing comes before it any more.
                if count < buffer.len() {
                    self.readable = self.is_ending();
                    self.is_drained = self.ended && !self.broken;
                }
                Received::Bytes(count)
            }
            Err(Errno::AGAIN) => {
                self.readable = false;
                Received::Nothing
            }
            Err(error) => {
                self.broken = true;
                Received::Broken(error)
            }
        }
    }

    /// Lets bytes wait as they are, secured or not, so that they leave with what is sent next, or
    /// with the next flush.
    pub(crate) fn hold(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// Sends two pieces in order; keeps what the kernel does not take.
    pub(crate) fn send(&mut self, first: &[u8], second: &[u8]) -> io::Result<()> {
        match self.tls {
            None => self.send_raw(first, second),
            Some(_) => self.send_secured(first, second),
        }
    }

    fn send_raw(&mut self, first: &[u8], second: &[u8]) -> io::Result<()> {
        let mut count = 0;
        if !self.has_pending() && self.writable {
            count = match self.try_send(first, second) {
                Ok(count) => count,
                Err(Errno::AGAIN) => 0,
                Err(error) => {
                    self.broken = true;
                    return Err(error.into());
                }
            };
            // The kernel takes less only when it is full, and tells when it is not any more.
            self.writable = count == first.len() + second.len();
        }
        if count < first.len() + second.len() {
            let of_first = count.min(first.len());
            self.pending.extend_from_slice(&first[of_first..]);
            self.pending.extend_from_slice(&second[count - of_first..]);
        }
        Ok(())
    }

    fn try_send(&self, first: &[u8], second: &[u8]) -> Result<usize, Errno> {
        let flags = SendFlags::NOSIGNAL;
        if second.is_empty() {
            return retry_on_intr(|| rustix::net::send(&self.socket, first, flags));
        }
        if first.is_empty() {
            return retry_on_intr(|| rustix::net::send(&self.socket, second, flags));
        }
        let pieces = [IoSlice::new(first), IoSlice::new(second)];
        let mut control = SendAncillaryBuffer::default();
        retry_on_intr(|| rustix::net::sendmsg(&self.socket, &pieces, &mut control, flags))
    }

    /// Sends what waits, as far as the kernel takes it; tells whether nothing waits any more.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        while self.has_pending() && self.writable {
            match self.try_send(&self.pending[self.sent..], &[]) {
                Ok(count) => self.sent += count,
                Err(Errno::AGAIN) => self.writable = false,
                Err(error) => {
                    self.broken = true;
                    return Err(error.into());
                }
            }
        }
        if self.has_pending() {
            return Ok(false);
        }
        self.sent = 0;
        self.pending.clear();
        self.keep_at_most(limits::KEEP_PENDING_BYTES);
        Ok(true)
    }

    /// Gives back the memory that a connection without work does not need.
    pub(crate) fn rest(&mut self) {
        self.keep_at_most(limits::KEEP_BUFFER_BYTES);
    }

    fn keep_at_most(&mut self, size: usize) {
        if self.pending.is_empty() && self.pending.capacity() > size {
            self.pending = Vec::new();
        }
    }

    /// Tells the peer that nothing more comes. Once.
    pub(crate) fn shut(&mut self) {
        if !self.shut {
            self.say_goodbye();
            self.shut = true;
            // A peer that is gone already needs not be told.
            rustix::net::shutdown(&self.socket, Shutdown::Write).ok();
        }
    }

    /// Notes that the socket takes no more for now.
    pub(crate) fn set_full(&mut self) {
        self.writable = false;
    }

    /// Notes that the socket has no more for now.
    pub(crate) fn set_empty(&mut self) {
        self.readable = false;
    }

    /// Returns the address of this side.
    pub(crate) fn own_address(&self) -> io::Result<SocketAddr> {
        let address = rustix::net::getsockname(&self.socket)?;
        Ok(SocketAddr::try_from(address)?)
    }

    /// Returns why connecting failed, if it did.
    pub(crate) fn connect_error(&self) -> Option<Errno> {
        match rustix::net::sockopt::socket_error(&self.socket) {
            Ok(Ok(())) => None,
            Ok(Err(error)) | Err(error) => Some(error),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
