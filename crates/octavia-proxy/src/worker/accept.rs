//! New connections.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::net::{Shutdown, SocketFlags, acceptfrom_with};

use super::client::{Attempts, Client, Http, Phase};
use super::record::Record;
use super::{ACCEPTOR, CLIENT, Step, Worker};
use crate::config::Listener;
use crate::limits;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::{Due, Timer};
use crate::runtime::slots::Key;
use crate::runtime::stream::Stream;
use crate::runtime::wire::Wire;
use crate::tcp::Tunnel;
use crate::tls::Session;
use octavia_amphora_api::config::ListenerProtocol;

/// A listening socket of this loop.
pub(super) struct Acceptor {
    pub(super) address: SocketAddr,
    /// The sockets of all loops on this address; ours is at the index of the loop.
    pub(super) sockets: Arc<[OwnedFd]>,
    pub(super) listener: Arc<Listener>,
    /// Whether connections may wait because of the limit.
    pub(super) is_blocked: bool,
    /// When it is tried again after the host was short of something.
    pub(super) timer: Timer,
}

/// What an attempt to accept gave.
enum Accepted {
    Connection(OwnedFd, SocketAddr),
    Nothing,
    AtLimit,
    /// Gone again before we came, or refused.
    Skipped,
    /// The process or host is short of something.
    Short(Errno),
}

impl Worker {
    /// Accepts what waits, up to the limit and the patience of others.
    pub(super) fn accept(&mut self, key: Key) {
        for _ in 0..limits::ACCEPTS {
            match self.accept_one(key) {
                Accepted::Connection(socket, peer) => self.welcome(key, socket, peer),
                Accepted::Skipped => {}
                Accepted::Nothing | Accepted::AtLimit => return,
                Accepted::Short(error) => {
                    tracing::warn!(error = %error, "could not accept a connection: {error}");
                    return self.retry_accept_later(key);
                }
            }
        }
        self.acceptable.push(key);
    }

    fn accept_one(&mut self, key: Key) -> Accepted {
        let Some(acceptor) = self.acceptors.get_mut(key) else {
            return Accepted::Nothing;
        };
        let state = &acceptor.listener.state;
        acceptor.is_blocked = !state.enter(acceptor.listener.limit);
        if acceptor.is_blocked {
            state.wait(self.index);
            if state.set_full() {
                self.shared.tell_change();
            }
            // A place may have become free before we were on the list.
            acceptor.is_blocked = !state.enter(acceptor.listener.limit);
        }
        if acceptor.is_blocked {
            return Accepted::AtLimit;
        }
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let accepted = match acceptfrom_with(&acceptor.sockets[self.index], flags) {
            Ok((socket, peer)) => {
                let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
                let allowed = peer.filter(|peer| acceptor.listener.admits(peer.ip(), self.io.now));
                if allowed.is_none() {
                    state.tallies.of_loop(self.index).refused.add(1);
                }
                allowed.map_or(Accepted::Skipped, |peer| Accepted::Connection(socket, peer))
            }
            Err(Errno::AGAIN | Errno::INVAL) => Accepted::Nothing,
            Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)) => {
                Accepted::Short(error)
            }
            Err(_) => Accepted::Skipped,
        };
        if !matches!(accepted, Accepted::Connection(..)) {
            let freed = state.leave();
            self.shared.wake(freed.waiting);
        }
        accepted
    }

    /// No event will tell when descriptors or memory are free again.
    fn retry_accept_later(&mut self, key: Key) {
        if let Some(acceptor) = self.acceptors.get_mut(key) {
            let (io, token) = (&mut self.io, key.token(ACCEPTOR));
            let at = io.now.after(limits::ACCEPT_PAUSE);
            io.deadlines.set(&mut acceptor.timer, token, at, io.now);
        }
    }

    /// Tries again after a pause.
    pub(super) fn expire_acceptor(&mut self, key: Key, entry: (Time, u64)) {
        let Some(acceptor) = self.acceptors.get_mut(key) else {
            return;
        };
        let (io, timer) = (&mut self.io, &mut acceptor.timer);
        if io.deadlines.check(timer, entry, io.now) == Due::Expired {
            self.accept(key);
        }
    }

    /// Tries again where connections may wait because of the limit.
    pub(super) fn unblock(&mut self) {
        for key in self.acceptors.keys() {
            let blocked = self
                .acceptors
                .get_mut(key)
                .filter(|acceptor| acceptor.is_blocked);
            if blocked.is_some() {
                self.acceptable.push(key);
            }
        }
    }

    fn welcome(&mut self, acceptor: Key, socket: OwnedFd, peer: SocketAddr) {
        let Some(acceptor) = self.acceptors.get_mut(acceptor) else {
            return;
        };
        let listener = Arc::clone(&acceptor.listener);
        let local = acceptor.address;
        let key = self.clients.insert(|key| Client {
            key,
            stream: Wire::Socket(Stream::new(socket)),
            phase: Phase::Head,
            address: peer,
            peer: None,
            local,
            listener,
            member: None,
            own: Vec::new(),
            wish: None,
            attempts: Attempts::default(),
            timer: Timer::default(),
            is_bulk: false,
            is_queued: false,
            cut_at: Time::NEVER,
            chosen: None,
            http: Http::default(),
            tunnel: Tunnel::default(),
            trunk: None,
            record: Record::new(),
        });
        let Some(client) = self.clients.get_mut(key) else {
            return;
        };
        let added = match client.stream.socket() {
            Some(stream) => self.io.poller.add_stream(&*stream, key.token(CLIENT)),
            None => Ok(()),
        };
        if let Err(error) = added {
            tracing::warn!(error = %error, "could not watch a connection: {error}");
            return self.close(key);
        }
        client.shard(self.index).add_connection();
        client.set_deadline(client.listener.client_time, &mut self.io);
        let step = match client.listener.tls {
            Some(_) => self.begin_handshake(key),
            None => self.begin_protocol(key),
        };
        match step {
            Step::Close => self.close(key),
            Step::Again | Step::Wait => self.drive(key),
        }
    }

    /// Begins what the listener speaks, now that bytes can be exchanged with the client.
    pub(super) fn begin_protocol(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        client.phase = Phase::Head;
        let is_http2 = client.stream.session().is_some_and(Session::is_http2);
        match client.listener.protocol {
            ListenerProtocol::Http | ListenerProtocol::Prometheus if is_http2 => {
                self.begin_streams(key)
            }
            ListenerProtocol::Http | ListenerProtocol::Prometheus => Step::Again,
            ListenerProtocol::Tcp | ListenerProtocol::Udp => {
                client.find_wish(None);
                client.record.begin(self.io.now);
                self.reach_member(key)
            }
        }
    }

    /// Leaves a socket to the process that has it, too.
    pub(super) fn hand_over(&mut self, key: Key) {
        let Some(acceptor) = self.acceptors.remove(key) else {
            return;
        };
        let socket = &acceptor.sockets[self.index];
        if let Err(error) = self.io.poller.remove(socket) {
            tracing::error!(%error, "could not forget {}: {error}", acceptor.address);
        }
    }

    /// Takes the connections that wait in the queue of a socket, then closes it.
    pub(super) fn retire(&mut self, key: Key) {
        while let Accepted::Connection(socket, peer) = self.accept_one(key) {
            self.welcome(key, socket, peer);
        }
        if let Some(acceptor) = self.acceptors.remove(key) {
            // Snapshots may hold the descriptor for a while; this ends listening at once.
            rustix::net::shutdown(&acceptor.sockets[self.index], Shutdown::Both).ok();
        }
    }
}
