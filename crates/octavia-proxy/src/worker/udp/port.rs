//! The addresses of listeners that take datagrams.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::errno::Errno;

use super::super::{PORT, Worker};
use crate::config::Listener;
use crate::config::snapshot::Binding;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::{Due, Timer};
use crate::runtime::slots::Key;

/// A socket of this loop that takes datagrams of clients.
pub(super) struct Port {
    pub(super) address: SocketAddr,
    /// The sockets of all loops on this address; ours is at the index of the loop.
    pub(super) sockets: Arc<[OwnedFd]>,
    pub(super) listener: Arc<Listener>,
    /// How many flows there are.
    pub(super) flows: usize,
    /// Whether the listener is gone, and only its flows go on.
    pub(super) is_leaving: bool,
    /// Whether we receive what comes.
    is_watched: bool,
    /// When they end at the latest.
    timer: Timer,
}

impl Worker {
    /// Hands datagrams of clients on; those that are left make another event.
    pub(in crate::worker) fn receive_datagrams(&mut self, key: Key) {
        let Some(port) = self.udp.ports.get_mut(key) else {
            return;
        };
        let socket = &port.sockets[self.index];
        match self.udp.inbox.receive(socket, port.address) {
            Ok(count) => (0..count).for_each(|index| self.forward(key, index)),
            // An ICMP error that an answer met: its client is gone.
            Err(Errno::EAGAIN) => {}
            Err(error) => tracing::debug!(%error, "could not receive datagrams: {error}"),
        }
    }

    /// Sends what waits for clients.
    pub(in crate::worker) fn send_datagrams(&mut self) {
        let sender = self.udp.sender.take();
        let Some(port) = sender.and_then(|key| self.udp.ports.get_mut(key)) else {
            return;
        };
        let lost = self.udp.outbox.send(&port.sockets[self.index]);
        let shard = &port.listener.state.shards[self.index];
        (0..lost).for_each(|_| shard.add_error());
    }

    /// Keeps the sockets of addresses that stay, whosever they are now, and the flows whose members
    /// may go on with them.
    pub(in crate::worker) fn take_over_ports(&mut self) {
        let snapshot = Arc::clone(&self.snapshot);
        let mut known = HashSet::new();
        for key in self.udp.ports.keys() {
            let Some(port) = self.udp.ports.get_mut(key) else {
                continue;
            };
            let same = |binding: &&Binding| binding.address == port.address;
            match snapshot.ports.iter().find(same) {
                Some(binding) => {
                    port.listener = Arc::clone(&binding.listener);
                    port.is_leaving = false;
                    known.insert(port.address);
                }
                None => self.leave_port(key),
            }
        }
        self.review_flows();
        for binding in &snapshot.ports {
            if !known.contains(&binding.address) {
                self.add_port(binding);
            }
        }
    }

    /// Takes no new clients at a port; those that are there have a while.
    fn leave_port(&mut self, key: Key) {
        let Some(port) = self.udp.ports.get_mut(key) else {
            return;
        };
        if port.flows == 0 {
            return self.close_port(key);
        }
        if !port.is_leaving || self.snapshot.stopping {
            port.is_leaving = true;
            if self.snapshot.is_handed_over {
                // Another process receives; we send what members still answer.
                port.is_watched = false;
                if let Err(error) = self.io.poller.remove(&port.sockets[self.index]) {
                    tracing::error!(%error, "could not forget {}: {error}", port.address);
                }
            }
            let (io, token) = (&mut self.io, key.token(PORT));
            let at = io.now.after(self.snapshot.drain);
            io.deadlines.set(&mut port.timer, token, at, io.now);
        }
    }

    /// Ends the flows of a port whose time is up.
    pub(in crate::worker) fn expire_port(&mut self, key: Key, entry: (Time, u64)) {
        let Some(port) = self.udp.ports.get_mut(key) else {
            return;
        };
        let (now, deadlines) = (self.io.now, &mut self.io.deadlines);
        if deadlines.check(&mut port.timer, entry, now) == Due::Expired && port.is_leaving {
            self.end_flows_of(key);
            self.close_port(key);
        }
    }

    /// Closes a port, for this loop: the sockets close when all loops have done so.
    pub(super) fn close_port(&mut self, key: Key) {
        if self.udp.sender == Some(key) {
            self.send_datagrams();
        }
        let Some(port) = self.udp.ports.remove(key) else {
            return;
        };
        if !port.is_watched {
            return;
        }
        if let Err(error) = self.io.poller.remove(&port.sockets[self.index]) {
            tracing::error!(%error, "could not forget {}: {error}", port.address);
        }
    }

    fn add_port(&mut self, binding: &Binding) {
        let key = self.udp.ports.insert(|_| Port {
            address: binding.address,
            sockets: Arc::clone(&binding.sockets),
            listener: Arc::clone(&binding.listener),
            flows: 0,
            is_leaving: false,
            is_watched: true,
            timer: Timer::default(),
        });
        let socket = &binding.sockets[self.index];
        let added = self.io.poller.add_datagrams(socket, key.token(PORT));
        if let Err(error) = added {
            tracing::error!(error = %error, "could not watch {}", binding.address);
        }
    }
}
