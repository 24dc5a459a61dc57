//! Connections to members, in use or idle.
//!
//! Idle ones are kept by member, the latest on top: those below grow old and are closed, so that
//! the number follows the need. They are used for any client of the listener's loop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};

use super::{Io, MEMBER};
use crate::config::MemberState;
use crate::limits;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::{Due, Timer};
use crate::runtime::poller::EventFlags;
use crate::runtime::slots::{Key, Slots};
use crate::runtime::stream::Stream;
use crate::runtime::wire::Wire;
use crate::tls::ClientTls;

/// A connection to a member.
pub(super) struct MemberConnection {
    pub(super) stream: Wire,
    pub(super) state: Arc<MemberState>,
    /// How it is secured, or will be as soon as it stands.
    pub(super) security: Option<Security>,
    /// Whom it serves; idle without.
    pub(super) client: Option<Key>,
    /// The part of a head that came so far.
    pub(super) input: Vec<u8>,
    /// Whether it served a request before the present one.
    pub(super) is_reused: bool,
    /// How much is read at once.
    pub(super) window: usize,
    timer: Timer,
    idle_since: Time,
}

/// How a connection to a member is secured.
#[derive(Clone)]
pub(super) struct Security {
    pub(super) tls: Arc<ClientTls>,
    /// The name that its certificate is asked for.
    pub(super) name: Option<Arc<str>>,
}

impl PartialEq for Security {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.tls, &other.tls) && self.name == other.name
    }
}

impl MemberConnection {
    /// Begins to secure the connection, which stands, if it is to be secured.
    pub(super) fn secure(&mut self) -> io::Result<()> {
        let Some(security) = &self.security else {
            return Ok(());
        };
        let name = security.name.as_deref();
        let session = security.tls.session(self.state.address, name);
        self.stream.secure(session.map_err(io::Error::other)?)
    }
}

/// Whether a request may be sent on a connection that has been idle for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// It may be repeated if the member closes the connection in that moment.
    Any,
    /// It may not.
    Recent,
}

/// What an idle connection is wanted for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// How it must be secured.
    pub(super) security: Option<&'a Security>,
    /// Whom it will serve.
    pub(super) client: Key,
    /// How long it may have been idle.
    pub(super) freshness: Freshness,
    /// The time.
    pub(super) now: Time,
    /// The number of the loop.
    pub(super) index: usize,
}

/// The idle connections to one member.
struct Idle {
    state: Arc<MemberState>,
    keys: Vec<Key>,
}

/// All connections of a loop to members.
#[derive(Default)]
pub(super) struct Members {
    connections: Slots<MemberConnection>,
    idle: Vec<Option<Idle>>,
}

impl Members {
    /// Returns the connection that `key` names.
    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut MemberConnection> {
        self.connections.get_mut(key)
    }

    /// Returns the client that a connection serves.
    pub(super) fn client_of(&mut self, key: Key) -> Option<Key> {
        self.connections.get_mut(key)?.client
    }

    /// Notes what an event told. Whatever happens to an idle connection ends it: there is nothing
    /// that a member could have to say.
    pub(super) fn note(&mut self, key: Key, flags: EventFlags) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        connection.stream.note(flags);
        let is_news = flags.intersects(EventFlags::IN | EventFlags::RDHUP | EventFlags::HUP);
        if connection.client.is_none() && is_news && !connection.stream.is_silent() {
            self.close(key);
        }
    }

    /// Takes an idle connection to `member` that serves any client.
    pub(super) fn reuse(&mut self, member: &MemberState, wanted: Wanted<'_>) -> Option<Key> {
        let Self { connections, idle } = self;
        let keys = &idle.get(member.slot)?.as_ref()?.keys;
        let mut fits = |key: &Key| {
            let connection = connections.get_mut(*key);
            connection.is_some_and(|connection| connection.security.as_ref() == wanted.security)
        };
        let at = keys.iter().rposition(&mut fits)?;
        let key = keys[at];
        let key = self.take(key, wanted)?;
        self.idle.get_mut(member.slot)?.as_mut()?.keys.remove(at);
        Some(key)
    }

    /// Gives an idle connection a client, if it has not been idle for too long.
    pub(super) fn take(&mut self, key: Key, wanted: Wanted<'_>) -> Option<Key> {
        let connection = self.connections.get_mut(key)?;
        let age = wanted.now.since(connection.idle_since);
        if wanted.freshness == Freshness::Recent && age > limits::IDLE_TIME_UNREPEATABLE {
            return None;
        }
        connection.client = Some(wanted.client);
        connection.is_reused = true;
        connection.state.begin();
        connection.state.tallies.of_loop(wanted.index).reuses.add(1);
        Some(key)
    }

    /// Starts to connect to `member` for `client`.
    pub(super) fn open(
        &mut self,
        member: &Arc<MemberState>,
        security: Option<Security>,
        client: Key,
        io: &Io,
    ) -> io::Result<Key> {
        let (socket, connected) = connect(member.address)?;
        let key = self.connections.insert(|_| MemberConnection {
            stream: Wire::Socket(if connected {
                Stream::new(socket)
            } else {
                Stream::connecting(socket)
            }),
            state: Arc::clone(member),
            security,
            client: Some(client),
            input: Vec::new(),
            is_reused: false,
            window: limits::FIRST_READ_BYTES,
            timer: Timer::default(),
            idle_since: Time::NEVER,
        });
        member.begin();
        member.tallies.of_loop(io.index).attempts.add(1);
        let connection = self.connections.get_mut(key);
        let added = match connection.and_then(|connection| connection.stream.socket()) {
            Some(stream) => io.poller.add_stream(&*stream, key.token(MEMBER)),
            None => Ok(()),
        };
        if let Err(error) = added {
            self.close(key);
            return Err(error);
        }
        Ok(key)
    }

    /// Takes a connection back into the pool, or closes it if there is no place for it.
    pub(super) fn release(&mut self, key: Key, io: &mut Io) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let idle = self.idle.get_mut(connection.state.slot);
        let idle = idle.and_then(Option::as_mut).filter(|idle| {
            Arc::ptr_eq(&idle.state, &connection.state)
                && idle.keys.len() < limits::IDLE_CONNECTIONS
        });
        let Some(idle) = idle else {
            return self.close(key);
        };
        idle.keys.push(key);
        self.rest(key, io);
    }

    /// Lets a connection be idle, for a while.
    pub(super) fn rest(&mut self, key: Key, io: &mut Io) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        connection.client = None;
        connection.stream.rest();
        connection.idle_since = io.now;
        connection.state.end();
        let at = io.now.after(limits::IDLE_TIME);
        let token = key.token(MEMBER);
        io.deadlines.set(&mut connection.timer, token, at, io.now);
    }

    /// Closes a connection, in use or idle.
    pub(super) fn close(&mut self, key: Key) {
        let Some(connection) = self.connections.remove(key) else {
            return;
        };
        if connection.client.is_some() {
            connection.state.end();
            return;
        }
        let idle = self.idle.get_mut(connection.state.slot);
        if let Some(idle) = idle.and_then(Option::as_mut) {
            idle.keys.retain(|other| *other != key);
        }
    }

    /// Closes a connection that has been idle for too long.
    pub(super) fn expire(&mut self, key: Key, entry: (Time, u64), io: &mut Io) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let due = io.deadlines.check(&mut connection.timer, entry, io.now);
        if due == Due::Expired && connection.client.is_none() {
            self.close(key);
        }
    }

    /// Keeps idle connections only to the members of `table`, which has them by slot.
    pub(super) fn retain(&mut self, table: &[Option<Arc<MemberState>>]) {
        let mut before = std::mem::take(&mut self.idle);
        before.resize_with(before.len().max(table.len()), || None);
        for (slot, idle) in before.into_iter().enumerate() {
            let state = table.get(slot).and_then(Option::as_ref);
            let stays = |idle: &Idle| state.is_some_and(|state| Arc::ptr_eq(state, &idle.state));
            let (kept, gone) = match idle {
                Some(idle) if stays(&idle) => (Some(idle), Vec::new()),
                Some(idle) => (None, idle.keys),
                None => (None, Vec::new()),
            };
            for key in gone {
                self.connections.remove(key);
            }
            let new = || state.map(Idle::new);
            self.idle.push(kept.or_else(new));
        }
        self.idle.truncate(table.len());
    }
}

impl Idle {
    fn new(state: &Arc<MemberState>) -> Self {
        Self {
            state: Arc::clone(state),
            keys: Vec::new(),
        }
    }
}

/// Starts a connection; tells whether it stands already.
pub(crate) fn connect(address: SocketAddr) -> io::Result<(std::os::fd::OwnedFd, bool)> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) => Ok((socket, true)),
        Err(Errno::INPROGRESS) => Ok((socket, false)),
        Err(error) => Err(error.into()),
    }
}
