//! Datagrams of clients, received many at a time.

use std::cell::RefCell;
use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};

use super::socket;
use crate::limits;

/// The distance of two datagrams: room for the longest, and an odd number of cache lines, so that
/// the starts of all do not compete for the same lines.
const STRIDE: usize = limits::DATAGRAM_BYTES + 5 * 64;

thread_local! {
    /// What the kernel fills in, for each family: it shortens the room for an address to the length
    /// of the last. Holds pointers, and so belongs to the thread and not to the loop, which is made
    /// on another.
    static HEADERS: RefCell<[MultiHeaders<SockaddrStorage>; 2]> = RefCell::new([
        MultiHeaders::preallocate(limits::DATAGRAMS, None),
        MultiHeaders::preallocate(limits::DATAGRAMS, None),
    ]);
}

/// The datagrams of the latest call.
pub(crate) struct Inbox {
    bytes: Box<[u8]>,
    /// From whom each is, and how long.
    found: Vec<(SocketAddr, usize)>,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            // Zeroed pages are not there before they are used.
            bytes: vec![0; limits::DATAGRAMS * STRIDE].into_boxed_slice(),
            found: Vec::with_capacity(limits::DATAGRAMS),
        }
    }
}

impl Inbox {
    /// Receives what waits at `socket`, which is bound to `local`; returns how many there are.
    pub(crate) fn receive(&mut self, socket: &OwnedFd, local: SocketAddr) -> Result<usize, Errno> {
        self.found.clear();
        HEADERS.with_borrow_mut(|headers| {
            let headers = &mut headers[usize::from(local.is_ipv6())];
            let places = self.bytes.chunks_exact_mut(STRIDE);
            let mut places: Vec<_> = places
                .map(|place| [IoSliceMut::new(&mut place[..limits::DATAGRAM_BYTES])])
                .collect();
            let flags = MsgFlags::MSG_DONTWAIT;
            let descriptor = socket.as_raw_fd();
            for message in recvmmsg(descriptor, headers, places.iter_mut(), flags, None)? {
                let sender = message.address.as_ref().and_then(socket::from_storage);
                // A datagram without a sender cannot be answered; port 0 is nobody.
                let sender = sender.unwrap_or_else(|| SocketAddr::new(local.ip(), 0));
                self.found.push((sender, message.bytes));
            }
            Ok(self.found.len())
        })
    }

    /// Returns datagram `index` of the latest call, and from whom it is.
    pub(crate) fn datagram(&self, index: usize) -> (SocketAddr, &[u8]) {
        let (sender, length) = self.found[index];
        let start = index * STRIDE;
        (sender, &self.bytes[start..start + length])
    }
}
