//! Members that speak HTTP/2.

use super::Trunk;
use crate::http2::Role;
use crate::limits;
use crate::runtime::lane::{Lane, LaneTls};
use crate::runtime::slots::Key;
use crate::runtime::stream::Received;
use crate::runtime::wire::Wire;
use crate::worker::member::{LaneOf, Members};
use crate::worker::{Step, Worker};

impl Worker {
    /// Makes the connection that a client waited for one that many share, and sends the request on
    /// its first stream.
    pub(in crate::worker) fn begin_trunk(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let Some(parent) = client.member.take() else {
            return Step::Close;
        };
        let now = self.io.now;
        client.member = self.members.share(
            parent,
            Trunk::new(Role::Client, LaneTls::default(), now),
            key,
        );
        self.list_back(parent);
        self.send_request(key)
    }

    /// Reads what came from a member, and hands it to the streams that it is for.
    pub(in crate::worker) fn drive_trunk(&mut self, key: Key) {
        let connection = self.members.get_mut(key);
        if connection.is_none_or(|connection| connection.trunk.is_none()) {
            return;
        }
        // It may take what waits by now.
        self.list_back(key);
        for _ in 0..limits::STEPS {
            match self.receive_trunk(key) {
                Step::Again => {}
                Step::Wait => return,
                Step::Close => return self.trunk_ended(key),
            }
        }
        // There may be more, of which no event will tell.
        self.agenda.unread.push(key);
    }

    fn receive_trunk(&mut self, key: Key) -> Step {
        let Some(connection) = self.members.get_mut(key) else {
            return Step::Wait;
        };
        if connection.stream.flush().is_err() {
            return Step::Close;
        }
        let count = match connection.stream.receive(&mut self.io.buffer) {
            Received::Bytes(count) => count,
            Received::Nothing => return Step::Wait,
            Received::End | Received::Broken(_) => return Step::Close,
        };
        let Some(trunk) = connection.trunk.as_deref_mut() else {
            return Step::Close;
        };
        if let Err(fatal) = trunk.core.take(&self.io.buffer[..count], self.io.now) {
            let (member, cause) = (connection.state.id, fatal.cause);
            trunk.core.fail(fatal);
            tracing::debug!(member.id = %member, cause, "HTTP/2 with member {member} ends: {cause}");
            self.pump_back(key);
            return Step::Close;
        }
        self.deliver_back(key);
        Step::Again
    }

    fn deliver_back(&mut self, key: Key) {
        loop {
            let connection = self.members.get_mut(key);
            let trunk = connection.and_then(|connection| connection.trunk.as_deref_mut());
            let Some(news) = trunk.and_then(Trunk::next_news) else {
                break;
            };
            let id = news.id;
            let owner = news.owner.and_then(|owner| self.members.get_mut(owner));
            if let Some(member) = owner {
                let client = member.client;
                if let Some(lane) = member.stream.lane() {
                    news.deliver(lane);
                    self.agenda.ready.extend(client);
                }
            }
            self.touch_back(key, id);
        }
        self.list_back(key);
    }

    /// Closes a shared connection; the exchanges that it carries learn that it is gone.
    pub(super) fn trunk_ended(&mut self, key: Key) {
        let connection = self.members.get_mut(key);
        let Some(trunk) = connection.and_then(|connection| connection.trunk.take()) else {
            return;
        };
        for owner in trunk.owners() {
            if let Some(member) = self.members.get_mut(owner) {
                let client = member.client;
                if let Some(lane) = member.stream.lane() {
                    lane.break_off();
                }
                self.agenda.ready.extend(client);
            }
        }
        self.members.close(key);
    }
}

impl Members {
    /// Makes a connection one that many share; returns the first stream, which serves `client`.
    fn share(&mut self, key: Key, trunk: Box<Trunk>, client: Key) -> Option<Key> {
        let connection = self.get_mut(key)?;
        connection.trunk = Some(trunk);
        connection.client = None;
        let state = std::sync::Arc::clone(&connection.state);
        // The stream counts, and not what carries it.
        state.end();
        self.add_shared(&state, key);
        self.open_lane(key, client)
    }

    /// Opens a stream of a shared connection, if it takes another one.
    pub(in crate::worker) fn open_lane(&mut self, parent: Key, client: Key) -> Option<Key> {
        let connection = self.get_mut(parent)?;
        let is_open = !connection.stream.is_ending();
        let trunk = connection.trunk.as_deref_mut();
        let trunk = trunk.filter(|trunk| is_open && trunk.core.has_room())?;
        let is_reused = !std::mem::replace(&mut trunk.is_fresh, false);
        let state = std::sync::Arc::clone(&connection.state);
        let security = connection.security.clone();
        state.begin();
        let lane = |id| Wire::Lane(Lane::new(parent, id, LaneTls::default()));
        let like = LaneOf {
            state,
            security,
            is_reused,
        };
        let key = self.insert_lane(lane(0), like, client);
        let trunk = self.get_mut(parent)?.trunk.as_deref_mut()?;
        let id = trunk.core.open(key)?;
        self.get_mut(key)?.stream = lane(id);
        Some(key)
    }

    /// Ends the stream of a lane whose exchange is over.
    pub(in crate::worker) fn end_lane(&mut self, lane: &Lane) {
        let connection = self.get_mut(lane.parent);
        if let Some(trunk) = connection.and_then(|connection| connection.trunk.as_deref_mut()) {
            trunk.core.release(lane.id, false);
            self.left.push(lane.parent);
        }
    }

    /// Lets shared connections to a member that is gone end with their streams.
    pub(in crate::worker) fn retire_shared(&mut self, keys: Vec<Key>) {
        for key in keys {
            let connection = self.get_mut(key);
            if let Some(trunk) = connection.and_then(|connection| connection.trunk.as_deref_mut()) {
                trunk.core.say_farewell();
                self.left.push(key);
            }
        }
    }
}
