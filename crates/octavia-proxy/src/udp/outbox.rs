//! Datagrams to clients, sent many at a time.

use std::cell::RefCell;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};

use crate::limits;

thread_local! {
    /// What the kernel reads. Holds pointers, and so belongs to the thread.
    static HEADERS: RefCell<MultiHeaders<SockaddrStorage>> =
        RefCell::new(MultiHeaders::preallocate(limits::DATAGRAMS, None));
}

const NO_CONTROL: [ControlMessage<'static>; 0] = [];

/// Datagrams that leave from the same socket.
pub(crate) struct Outbox {
    bytes: Box<[u8]>,
    used: usize,
    receivers: Vec<Option<SockaddrStorage>>,
    pieces: Vec<Range<usize>>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            bytes: vec![0; limits::OUTBOX_BYTES].into_boxed_slice(),
            used: 0,
            receivers: Vec::with_capacity(limits::DATAGRAMS),
            pieces: Vec::with_capacity(limits::DATAGRAMS),
        }
    }
}

impl Outbox {
    /// Tells whether another datagram may not find room.
    pub(crate) fn is_full(&self) -> bool {
        self.pieces.len() >= limits::DATAGRAMS
            || self.used + limits::DATAGRAM_BYTES > self.bytes.len()
    }

    /// Returns the room for the next datagram, unless full.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.used..]
    }

    /// Takes the `length` bytes that were put into the room as a datagram for `receiver`.
    pub(crate) fn push(&mut self, receiver: SocketAddr, length: usize) {
        self.pieces.push(self.used..self.used + length);
        self.receivers.push(Some(receiver.into()));
        self.used += length;
    }

    /// Sends everything from `socket`; what the kernel does not take is lost, as datagrams may be.
    /// Returns how many that were.
    pub(crate) fn send(&mut self, socket: &OwnedFd) -> usize {
        let letters: Vec<_> = self
            .pieces
            .iter()
            .map(|piece| [IoSlice::new(&self.bytes[piece.clone()])])
            .collect();
        let (mut done, mut lost) = (0, 0);
        while done < letters.len() {
            match send_some(socket, &letters[done..], &self.receivers[done..]) {
                Ok(sent) if sent > 0 => done += sent,
                Err(Errno::EAGAIN) => {
                    lost += letters.len() - done;
                    break;
                }
                // It concerns the first one alone, or is an ICMP error about an earlier one.
                Ok(_) | Err(_) => {
                    done += 1;
                    lost += 1;
                }
            }
        }
        self.used = 0;
        self.pieces.clear();
        self.receivers.clear();
        lost
    }
}

fn send_some(
    socket: &OwnedFd,
    letters: &[[IoSlice<'_>; 1]],
    receivers: &[Option<SockaddrStorage>],
) -> Result<usize, Errno> {
    HEADERS.with_borrow_mut(|headers| {
        let flags = MsgFlags::MSG_DONTWAIT;
        let descriptor = socket.as_raw_fd();
        let sent = sendmmsg(descriptor, headers, letters, receivers, NO_CONTROL, flags)?;
        Ok(sent.count())
    })
}
