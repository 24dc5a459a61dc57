//! Clients that speak HTTP/2.

use std::sync::Arc;

use super::{News, Trunk};
use crate::http1::answer::Refusal;
use crate::http2::Role;
use crate::limits;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::Timer;
use crate::runtime::lane::Lane;
use crate::runtime::slots::Key;
use crate::runtime::stream::Received;
use crate::runtime::wire::Wire;
use crate::tcp::Tunnel;
use crate::worker::client::{Attempts, Client, Http, Phase};
use crate::worker::record::Record;
use crate::worker::{Step, Worker};

impl Worker {
    /// Begins to serve the streams of a connection whose client chose HTTP/2.
    pub(in crate::worker) fn begin_streams(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        client.phase = Phase::Streams;
        let mut trunk = Trunk::new(Role::Server, client.stream.tls(), self.io.now);
        if client.is_draining() {
            trunk.core.announce_farewell();
        }
        client.trunk = Some(trunk);
        self.list_front(key);
        Step::Again
    }

    /// Reads what came, and hands it to the streams that it is for.
    pub(in crate::worker) fn streams(&mut self, key: Key) -> Step {
        match self
            .clients
            .get_mut(key)
            .map(|client| client.stream.flush())
        {
            Some(Ok(true)) => self.list_front(key),
            // Whoever does not read is not listened to.
            Some(Ok(false)) => return Step::Wait,
            Some(Err(_)) | None => return Step::Close,
        }
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let count = match client.stream.receive(&mut self.io.buffer) {
            Received::Bytes(count) => count,
            Received::Nothing => return Step::Wait,
            Received::End | Received::Broken(_) => return Step::Close,
        };
        self.io.moved += count;
        let Some(trunk) = client.trunk.as_deref_mut() else {
            return Step::Close;
        };
        let before = trunk.core.progress();
        let taken = trunk.core.take(&self.io.buffer[..count], self.io.now);
        let has_moved = trunk.core.progress() != before;
        if let Err(fatal) = taken {
            trunk.core.fail(fatal);
            return self.streams_failed(key, fatal.cause);
        }
        for _ in 0..trunk.core.take_failures() {
            client.listener.state.shards[self.index].add_error();
        }
        if has_moved {
            client.set_deadline(client.listener.client_time, &mut self.io);
        }
        self.deliver_front(key);
        Step::Again
    }

    /// The client does not speak HTTP/2: it is told so, and its streams end.
    fn streams_failed(&mut self, key: Key, cause: &'static str) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        client.shard(self.index).add_error();
        tracing::debug!(
            listener.id = %client.listener.id,
            client = %client.address,
            cause,
            "HTTP/2 with {} ends: {cause}", client.address
        );
        self.pump_front(key);
        self.close_lanes(key);
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        client.trunk = None;
        client.phase = Phase::Linger;
        client.set_deadline(limits::LINGER_TIME, &mut self.io);
        Step::Again
    }

    fn deliver_front(&mut self, key: Key) {
        loop {
            let client = self.clients.get_mut(key);
            let trunk = client.and_then(|client| client.trunk.as_deref_mut());
            let Some(news) = trunk.and_then(Trunk::next_news) else {
                break;
            };
            let (id, owner) = (news.id, news.owner);
            let Some(owner) = owner else {
                self.begin_stream(key, news);
                continue;
            };
            let client = self.clients.get_mut(owner);
            if let Some(lane) = client.and_then(|client| client.stream.lane()) {
                news.deliver(lane);
                self.agenda.ready.push(owner);
            }
            // A window may have opened.
            self.touch_front(key, id);
        }
        self.list_front(key);
    }

    /// Begins the exchange of a new stream.
    fn begin_stream(&mut self, parent: Key, mut news: News) {
        self.refresh_listener(parent);
        let Some(connection) = self.clients.get_mut(parent) else {
            return;
        };
        let tls = connection.trunk.as_deref().map(|trunk| trunk.tls.clone());
        let tls = tls.unwrap_or_default();
        let mut lane = Lane::new(parent, news.id, tls);
        let mut http = Http::default();
        std::mem::swap(&mut http.input, &mut news.inbox);
        let is_too_large = news.is_too_large;
        let id = news.id;
        news.deliver(&mut lane);
        let (address, local) = (connection.address, connection.local);
        let (peer, cut_at) = (connection.peer.clone(), connection.cut_at);
        let listener = Arc::clone(&connection.listener);
        let own = std::mem::take(&mut connection.own);
        let key = self.clients.insert(|key| Client {
            key,
            stream: Wire::Lane(lane),
            phase: Phase::Head,
            address,
            peer,
            local,
            listener,
            member: None,
            own,
            wish: None,
            attempts: Attempts::default(),
            timer: Timer::default(),
            is_bulk: false,
            is_queued: false,
            cut_at,
            chosen: None,
            http,
            tunnel: Tunnel::default(),
            trunk: None,
            record: Record::new(),
        });
        let connection = self.clients.get_mut(parent);
        let trunk = connection.and_then(|connection| connection.trunk.as_deref_mut());
        if let Some(stream) = trunk.and_then(|trunk| trunk.core.stream(id)) {
            stream.owner = Some(key);
        }
        if is_too_large && let Some(client) = self.clients.get_mut(key) {
            client.record.begin(self.io.now);
            self.refuse(key, Refusal::HeadTooLarge);
        }
        self.agenda.ready.push(key);
    }

    /// Ends the stream of a lane whose exchange is over.
    pub(in crate::worker) fn end_lane(&mut self, lane: &Lane, own: Vec<Key>) {
        let Some(connection) = self.clients.get_mut(lane.parent) else {
            for key in own {
                self.members.close(key);
            }
            return;
        };
        connection.own.extend(own);
        let excess = connection.own.len().saturating_sub(limits::OWN_CONNECTIONS);
        let excess: Vec<Key> = connection.own.drain(..excess).collect();
        if let Some(trunk) = connection.trunk.as_deref_mut() {
            let is_whole = lane.has_said_goodbye() && lane.waiting().is_empty();
            trunk.core.release(lane.id, is_whole);
        }
        for key in excess {
            self.members.close(key);
        }
        self.list_front(lane.parent);
    }

    /// Closes the exchanges of all streams of a connection.
    pub(in crate::worker) fn close_lanes(&mut self, key: Key) {
        let client = self.clients.get_mut(key);
        let trunk = client.and_then(|client| client.trunk.take());
        let Some(trunk) = trunk else { return };
        for owner in trunk.owners() {
            self.close(owner);
        }
    }

    /// Nothing came for long: a connection without streams ends, and so does one that is kept
    /// waiting for the rest of a frame.
    pub(in crate::worker) fn streams_too_slow(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let Some(trunk) = client.trunk.as_deref_mut() else {
            return Step::Close;
        };
        if !trunk.core.is_idle() && !trunk.core.is_amid_frame() {
            // The streams have deadlines of their own.
            client.set_deadline(client.listener.client_time, &mut self.io);
            return Step::Wait;
        }
        let is_idle = trunk.core.is_idle();
        trunk.core.say_farewell();
        self.pump_front(key);
        if is_idle { Step::Again } else { Step::Close }
    }

    /// Ends a connection with the streams that are open.
    pub(in crate::worker) fn drain_streams(&mut self, key: Key, cut_at: Time) {
        let Some(client) = self.clients.get_mut(key) else {
            return;
        };
        client.cut_at = cut_at;
        let drain = self.snapshot.drain;
        client.set_deadline(drain, &mut self.io);
        if let Some(trunk) = client.trunk.as_deref_mut() {
            trunk.core.announce_farewell();
        }
        self.list_front(key);
    }
}
