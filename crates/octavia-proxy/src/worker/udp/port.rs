//! The addresses of listeners that take datagrams.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::errno::Errno;

use super::super::{PORT, Worker};
use crate::config::Listener;
use crate::config::snapshot::Binding;
use crate::runtime::slots::Key;

/// A socket of this loop that takes datagrams of clients.
pub(super) struct Port {
    pub(super) address: SocketAddr,
    /// The sockets of all loops on this address; ours is at the index of the loop.
    pub(super) sockets: Arc<[OwnedFd]>,
    pub(super) listener: Arc<Listener>,
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
                    known.insert(port.address);
                }
                None => drop(self.udp.ports.remove(key)),
            }
        }
        self.review_flows();
        for binding in &snapshot.ports {
            if !known.contains(&binding.address) {
                self.add_port(binding);
            }
        }
    }

    fn add_port(&mut self, binding: &Binding) {
        let key = self.udp.ports.insert(|_| Port {
            address: binding.address,
            sockets: Arc::clone(&binding.sockets),
            listener: Arc::clone(&binding.listener),
        });
        let socket = &binding.sockets[self.index];
        let added = self.io.poller.add_datagrams(socket, key.token(PORT));
        if let Err(error) = added {
            tracing::error!(error = %error, "could not watch {}", binding.address);
        }
    }
}
