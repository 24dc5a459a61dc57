//! Connections of HTTP/2, whose streams carry exchanges.
//!
//! Each stream is a client of its own, whose bytes go through a lane in place of a socket; a stream
//! to a member is a member connection of its own in the same way. What decides about exchanges
//! knows nothing of it. Here bytes are carried between the socket, the protocol core and the lanes:
//!
//! - what came from the peer is handed to lanes, and their exchanges become ready for a turn;
//! - exchanges that had one have perhaps sent something: their connections are pumped, all streams
//!   of one at once, so that frames of many leave in one write.

mod back;
mod front;
mod pump;

use super::Worker;
use crate::http2::{Connection, Ending, Role, Stream};
use crate::runtime::clock::Time;
use crate::runtime::lane::{Lane, LaneTls};
use crate::runtime::slots::Key;

/// A connection that carries streams, and which of them want to send.
pub(super) struct Trunk {
    pub(super) core: Connection,
    /// Streams whose exchanges had a turn.
    touched: Vec<u32>,
    /// Whether it is in the list of those that are to be pumped.
    is_listed: bool,
    /// Whether it has carried no stream yet.
    is_fresh: bool,
    /// The TLS that it is in.
    tls: LaneTls,
}

/// Where a connection that carries streams goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// To a client.
    Front,
    /// To a member.
    Back,
}

/// What came on a stream.
struct News {
    id: u32,
    owner: Option<Key>,
    inbox: Vec<u8>,
    ending: Ending,
    is_too_large: bool,
}

impl Trunk {
    /// Begins a connection.
    fn new(role: Role, tls: LaneTls, now: Time) -> Box<Self> {
        Box::new(Self {
            core: Connection::new(role, now),
            touched: Vec::new(),
            is_listed: false,
            is_fresh: true,
            tls,
        })
    }

    /// Takes what came on one of the streams.
    fn next_news(&mut self) -> Option<News> {
        let id = self.core.next_news()?;
        let stream = self.core.stream(id)?;
        Some(News {
            id,
            owner: stream.owner,
            inbox: std::mem::take(&mut stream.inbox),
            ending: stream.ending(),
            is_too_large: stream.is_too_large,
        })
    }

    /// Returns the owners of all streams.
    fn owners(&self) -> Vec<Key> {
        let streams = self.core.streams();
        streams.filter_map(|stream: &Stream| stream.owner).collect()
    }
}

impl News {
    /// Hands over what came.
    fn deliver(mut self, lane: &mut Lane) {
        lane.put(&mut self.inbox);
        match self.ending {
            Ending::Open => {}
            Ending::Whole => lane.put_end(),
            Ending::Reset => lane.break_off(),
            Ending::Refused => lane.refuse(),
        }
    }
}

/// Connections that have something to do at the end of a turn.
#[derive(Default)]
pub(super) struct Agenda {
    /// Clients on lanes that have news.
    ready: Vec<Key>,
    /// Connections whose streams want to send.
    trunks: Vec<(Side, Key)>,
    /// Connections with members that may have more than was read.
    unread: Vec<Key>,
}

/// How often exchanges and connections have their turns before others do.
const ROUNDS: usize = 4;

impl Worker {
    /// Tells whether exchanges or connections of HTTP/2 have something to do.
    pub(super) fn has_stream_work(&self) -> bool {
        let agenda = &self.agenda;
        let is_idle = agenda.ready.is_empty() && agenda.trunks.is_empty();
        !is_idle || !agenda.unread.is_empty() || !self.members.left.is_empty()
    }

    /// Lets exchanges on lanes that have news take steps, and sends what came of it.
    pub(super) fn serve_streams(&mut self) {
        for key in std::mem::take(&mut self.agenda.unread) {
            self.drive_trunk(key);
        }
        for _ in 0..ROUNDS {
            for key in std::mem::take(&mut self.members.left) {
                self.list_back(key);
            }
            if self.agenda.ready.is_empty() && self.agenda.trunks.is_empty() {
                return;
            }
            for key in std::mem::take(&mut self.agenda.ready) {
                self.drive_or_queue(key);
            }
            for (side, key) in std::mem::take(&mut self.agenda.trunks) {
                match side {
                    Side::Front => self.pump_front(key),
                    Side::Back => self.pump_back(key),
                }
            }
        }
    }

    /// Notes that the exchange of a client had a turn: its lanes may have something to send.
    pub(super) fn touch_lanes(&mut self, key: Key) {
        let Some(client) = self.clients.get_mut(key) else {
            return;
        };
        let member = client.member;
        if let Some((parent, id)) = client.stream.lane().map(|lane| (lane.parent, lane.id)) {
            self.touch_front(parent, id);
        }
        let member = member.and_then(|member| self.members.get_mut(member));
        let lane = member.and_then(|member| member.stream.lane());
        if let Some((parent, id)) = lane.map(|lane| (lane.parent, lane.id)) {
            self.touch_back(parent, id);
        }
    }

    fn touch_front(&mut self, parent: Key, id: u32) {
        let client = self.clients.get_mut(parent);
        if let Some(trunk) = client.and_then(|client| client.trunk.as_deref_mut()) {
            trunk.touched.push(id);
        }
        self.list_front(parent);
    }

    fn touch_back(&mut self, parent: Key, id: u32) {
        let member = self.members.get_mut(parent);
        if let Some(trunk) = member.and_then(|member| member.trunk.as_deref_mut()) {
            trunk.touched.push(id);
        }
        self.list_back(parent);
    }

    /// Lets a client's connection be pumped at the end of the turn.
    pub(super) fn list_front(&mut self, key: Key) {
        let client = self.clients.get_mut(key);
        let trunk = client.and_then(|client| client.trunk.as_deref_mut());
        if trunk.is_some_and(|trunk| !std::mem::replace(&mut trunk.is_listed, true)) {
            self.agenda.trunks.push((Side::Front, key));
        }
    }

    /// Lets a member's connection be pumped at the end of the turn.
    pub(super) fn list_back(&mut self, key: Key) {
        let member = self.members.get_mut(key);
        let trunk = member.and_then(|member| member.trunk.as_deref_mut());
        if trunk.is_some_and(|trunk| !std::mem::replace(&mut trunk.is_listed, true)) {
            self.agenda.trunks.push((Side::Back, key));
        }
    }
}
