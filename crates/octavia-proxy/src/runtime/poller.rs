//! Edge-triggered epoll with one registration a descriptor.
//!
//! A descriptor is registered once, for everything, and never changed: the owner remembers what it
//! may still read and write. Closing the descriptor ends the registration.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use crate::limits;

pub(crate) use rustix::event::epoll::{Event, EventFlags};

/// Waits for events of the descriptors that were added.
pub(crate) struct Poller {
    epoll: OwnedFd,
}

impl Poller {
    /// Makes a poller without descriptors.
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll })
    }

    /// Adds a connection: both directions, edge-triggered.
    pub(crate) fn add_stream(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        self.add(socket, token, flags)
    }

    /// Adds what is only read: a listening socket, a waker.
    pub(crate) fn add_source(&self, source: impl AsFd, token: u64) -> io::Result<()> {
        self.add(source, token, EventFlags::IN | EventFlags::ET)
    }

    /// Adds what carries datagrams. Level-triggered: one call cannot tell that there is no other
    /// datagram, and being told again is cheaper than asking for one that is not there.
    pub(crate) fn add_datagrams(&self, socket: impl AsFd, token: u64) -> io::Result<()> {
        self.add(socket, token, EventFlags::IN)
    }

    /// Forgets a descriptor that stays open.
    pub(crate) fn remove(&self, source: impl AsFd) -> io::Result<()> {
        epoll::delete(&self.epoll, source)?;
        Ok(())
    }

    fn add(&self, source: impl AsFd, token: u64, flags: EventFlags) -> io::Result<()> {
        epoll::add(&self.epoll, source, epoll::EventData::new_u64(token), flags)?;
        Ok(())
    }

    /// Waits at most `timeout` (for ever without one) and replaces `events` by what happened.
    pub(crate) fn wait(
        &self,
        events: &mut Vec<Event>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        events.clear();
        events.reserve(limits::EVENTS);
        let timeout = timeout.map(|timeout| {
            Timespec::try_from(timeout).unwrap_or(Timespec {
                tv_sec: 1,
                tv_nsec: 0,
            })
        });
        match epoll::wait(&self.epoll, spare_capacity(events), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
