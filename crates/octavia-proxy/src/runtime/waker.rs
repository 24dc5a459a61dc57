//! Wakes a loop from another thread.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{EventfdFlags, eventfd};

/// An eventfd: any number of wakes before a look are one.
pub(crate) struct Waker {
    event: OwnedFd,
}

impl Waker {
    /// Makes a waker.
    pub(crate) fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Self { event })
    }

    /// Makes the loop look.
    pub(crate) fn wake(&self) {
        // It can only fail when 2^64 wakes are waiting already, and then the loop looks anyway.
        rustix::io::write(&self.event, &1_u64.to_ne_bytes()).ok();
    }

    /// Takes the wakes that came so far.
    pub(crate) fn clear(&self) {
        // Nothing to read means that no wake came.
        rustix::io::read(&self.event, &mut [0_u8; 8]).ok();
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}
