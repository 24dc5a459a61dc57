//! From one snapshot to the next.

use std::collections::HashSet;
use std::sync::Arc;

use super::accept::Acceptor;
use super::client::Phase;
use super::{ACCEPTOR, Worker};
use crate::config::snapshot::Binding;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::Timer;

impl Worker {
    /// Serves the current snapshot, if that is another than before.
    pub(super) fn look_at_snapshot(&mut self) {
        if self.shared.current.load().version == self.snapshot.version {
            return;
        }
        self.snapshot = self.shared.current.load_full();
        self.take_over_sockets();
        self.take_over_ports();
        self.members.retain(&self.snapshot.members);
        self.drain_clients();
        if self.snapshot.stopping {
            self.stop_at = Some(self.io.now.after(self.snapshot.drain));
        }
        self.unblock();
        self.shared.set_served(self.index, self.snapshot.version);
    }

    /// Keeps the sockets of addresses that stay, whosever they are now.
    fn take_over_sockets(&mut self) {
        let snapshot = Arc::clone(&self.snapshot);
        let mut known = HashSet::new();
        for key in self.acceptors.keys() {
            let Some(acceptor) = self.acceptors.get_mut(key) else {
                continue;
            };
            let same = |binding: &&Binding| binding.address == acceptor.address;
            match snapshot.bindings.iter().find(same) {
                Some(binding) => {
                    acceptor.listener = Arc::clone(&binding.listener);
                    known.insert(acceptor.address);
                }
                None if snapshot.is_handed_over => self.hand_over(key),
                None => self.retire(key),
            }
        }
        for binding in &snapshot.bindings {
            if !known.contains(&binding.address) {
                self.add_acceptor(binding);
            }
        }
    }

    fn add_acceptor(&mut self, binding: &Binding) {
        let key = self.acceptors.insert(|_| Acceptor {
            address: binding.address,
            sockets: Arc::clone(&binding.sockets),
            listener: Arc::clone(&binding.listener),
            is_blocked: false,
            timer: Timer::default(),
        });
        let socket = &binding.sockets[self.index];
        let added = self.io.poller.add_source(socket, key.token(ACCEPTOR));
        if let Err(error) = added {
            tracing::error!(error = %error, "could not watch {}", binding.address);
        }
        // What came before the registration makes no edge.
        self.acceptable.push(key);
    }

    /// Connections whose listener is gone end with their present request, or at the latest when
    /// their time is up.
    fn drain_clients(&mut self) {
        let listeners: HashSet<_> = self.snapshot.listeners.iter().map(|l| l.id).collect();
        let cut_at = self.io.now.after(self.snapshot.drain);
        for key in self.clients.keys() {
            let Some(client) = self.clients.get_mut(key) else {
                continue;
            };
            if listeners.contains(&client.listener.id) {
                continue;
            }
            let is_socket = client.stream.socket().is_some();
            let is_idle = client.phase == Phase::Head && client.http.input.is_empty() && is_socket;
            let is_uncut = client.cut_at == Time::NEVER || self.snapshot.stopping;
            if is_uncut && client.phase == Phase::Streams {
                self.drain_streams(key, cut_at);
            } else if is_idle && self.snapshot.is_handed_over {
                // Its next request may be on its way already; that one will be its last.
                client.cut_at = cut_at;
                client.set_deadline(client.listener.client_time, &mut self.io);
            } else if is_idle {
                client.stream.say_goodbye();
                self.close(key);
            } else if is_uncut {
                client.cut_at = cut_at;
                client.set_deadline(self.snapshot.drain, &mut self.io);
            }
        }
    }
}
