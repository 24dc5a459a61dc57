//! Connections to members, in use or idle.
//!
//! Idle ones are kept by member, the latest on top: those below grow old and are closed, so that
//! the number follows the need. They are used for any client of the listener's loop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};

use super::streams::Trunk;
use super::{Io, MEMBER};
use crate::config::MemberState;
use crate::limits;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::{Due, Timer};
use crate::runtime::poller::EventFlags;
use crate::runtime::slots::{Key, Slots};
use crate::runtime::stream::Stream;
use crate::runtime::wire::Wire;
use crate::tls::{ClientTls, Spoken};

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
    /// What a connection of HTTP/2 holds.
    pub(super) trunk: Option<Box<Trunk>>,
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
    /// What may be spoken.
    pub(super) spoken: Spoken,
}

impl PartialEq for Security {
    fn eq(&self, other: &Self) -> bool {
        let is_same = self.name == other.name && self.spoken == other.spoken;
        is_same && Arc::ptr_eq(&self.tls, &other.tls)
    }
}

impl MemberConnection {
    /// Begins to secure the connection, which stands, if it is to be secured.
    pub(super) fn secure(&mut self) -> io::Result<()> {
        let Some(security) = &self.security else {
            return Ok(());
        };
        let name = security.name.as_deref();
        let session = security
            .tls
            .session(self.state.address, name, security.spoken);
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

/// What a stream of a shared connection has from it.
pub(super) struct LaneOf {
    pub(super) state: Arc<MemberState>,
    pub(super) security: Option<Security>,
    pub(super) is_reused: bool,
}

/// The idle connections to one member.
struct Idle {
    state: Arc<MemberState>,
    keys: Vec<Key>,
    /// Those that many share, at work or not.
    shared: Vec<Key>,
}

/// All connections of a loop to members.
#[derive(Default)]
pub(super) struct Members {
    connections: Slots<MemberConnection>,
    idle: Vec<Option<Idle>>,
    /// Shared connections that a stream has left.
    pub(super) left: Vec<Key>,
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
        if connection.trunk.is_some() {
            return;
        }
        let is_news = flags.intersects(EventFlags::IN | EventFlags::RDHUP | EventFlags::HUP);
        if connection.client.is_none() && is_news && !connection.stream.is_silent() {
            self.close(key);
        }
    }

    /// Takes an idle connection to `member` that serves any client.
    pub(super) fn reuse(&mut self, member: &MemberState, wanted: Wanted<'_>) -> Option<Key> {
        if let Some(key) = self.reuse_shared(member, wanted) {
            return Some(key);
        }
        let Self {
            connections, idle, ..
        } = self;
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
            trunk: None,
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
        if connection.stream.lane().is_some() {
            return self.close(key);
        }
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
        self.set_idle_deadline(key, io);
    }

    /// Lets a connection be closed once it has been idle for too long.
    pub(super) fn set_idle_deadline(&mut self, key: Key, io: &mut Io) {
        if let Some(connection) = self.connections.get_mut(key) {
            let at = io.now.after(limits::IDLE_TIME);
            let token = key.token(MEMBER);
            io.deadlines.set(&mut connection.timer, token, at, io.now);
        }
    }

    /// Adds a stream of a shared connection, which serves a client and may not be the first.
    pub(super) fn insert_lane(&mut self, stream: Wire, like: LaneOf, client: Key) -> Key {
        self.connections.insert(|_| MemberConnection {
            stream,
            state: like.state,
            security: like.security,
            client: Some(client),
            input: Vec::new(),
            trunk: None,
            is_reused: like.is_reused,
            window: limits::FIRST_READ_BYTES,
            timer: Timer::default(),
            idle_since: Time::NEVER,
        })
    }

    /// Notes that a connection to `member` is shared.
    pub(super) fn add_shared(&mut self, member: &MemberState, key: Key) {
        let idle = self.idle.get_mut(member.slot).and_then(Option::as_mut);
        if let Some(idle) = idle {
            idle.shared.push(key);
        }
    }

    /// Opens a stream on a shared connection to `member`, if one takes it.
    fn reuse_shared(&mut self, member: &MemberState, wanted: Wanted<'_>) -> Option<Key> {
        let idle = self.idle.get(member.slot)?.as_ref()?;
        for at in 0..idle.shared.len() {
            let key = self.idle.get(member.slot)?.as_ref()?.shared[at];
            let connection = self.connections.get_mut(key)?;
            if connection.security.as_ref() != wanted.security {
                continue;
            }
            if let Some(lane) = self.open_lane(key, wanted.client) {
                member.tallies.of_loop(wanted.index).reuses.add(1);
                return Some(lane);
            }
        }
        None
    }

    /// Closes a connection, in use or idle.
    pub(super) fn close(&mut self, key: Key) {
        let Some(mut connection) = self.connections.remove(key) else {
            return;
        };
        if let Some(lane) = connection.stream.lane() {
            self.end_lane(lane);
        }
        if connection.client.is_some() {
            connection.state.end();
            return;
        }
        let idle = self.idle.get_mut(connection.state.slot);
        if let Some(idle) = idle.and_then(Option::as_mut) {
            idle.keys.retain(|other| *other != key);
            idle.shared.retain(|other| *other != key);
        }
    }

    /// Closes a connection that has been idle for too long.
    pub(super) fn expire(&mut self, key: Key, entry: (Time, u64), io: &mut Io) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let due = io.deadlines.check(&mut connection.timer, entry, io.now);
        let trunk = connection.trunk.as_deref();
        let is_idle = trunk.is_none_or(|trunk| trunk.core.is_idle());
        if due == Due::Expired && connection.client.is_none() && is_idle {
            connection.stream.say_goodbye();
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
                Some(idle) if stays(&idle) => (Some(idle), None),
                idle => (None, idle),
            };
            if let Some(gone) = gone {
                for key in gone.keys {
                    self.connections.remove(key);
                }
                self.retire_shared(gone.shared);
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
            shared: Vec::new(),
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
