//! What the exchanges of a connection have sent becomes frames, as far as its windows and its socket
//! take them.

use super::Trunk;
use crate::limits;
use crate::runtime::lane::Lane;
use crate::runtime::slots::Key;
use crate::runtime::wire::Wire;
use crate::worker::client::Phase;
use crate::worker::{Io, Worker};

impl Worker {
    /// Sends what the streams of a client's connection have for it.
    pub(super) fn pump_front(&mut self, key: Key) {
        let Some(mut trunk) = self.take_front(key) else {
            return;
        };
        trunk.is_listed = false;
        let is_pending = match self
            .clients
            .get_mut(key)
            .map(|client| client.stream.flush())
        {
            Some(Ok(is_flushed)) => !is_flushed,
            Some(Err(_)) | None => return self.put_front(key, trunk),
        };
        if is_pending {
            return self.put_front(key, trunk);
        }
        let mut out = std::mem::take(&mut self.io.frames);
        out.clear();
        trunk.core.take_output(&mut out);
        for id in std::mem::take(&mut trunk.touched) {
            let Some(owner) = trunk.core.stream(id).and_then(|stream| stream.owner) else {
                continue;
            };
            let client = self.clients.get_mut(owner);
            let Some(lane) = client.and_then(|client| client.stream.lane()) else {
                continue;
            };
            if pump_lane(&mut trunk, lane, &mut out) {
                self.agenda.ready.push(owner);
            }
        }
        trunk.core.take_output(&mut out);
        let is_over = trunk.core.is_over();
        self.put_front(key, trunk);
        let client = self.clients.get_mut(key);
        let is_sent = client.is_some_and(|client| send(&mut client.stream, &out));
        self.io.frames = out;
        shrink(&mut self.io);
        if !is_sent {
            self.close(key);
        } else if is_over {
            self.linger_after_streams(key);
        }
    }

    /// Ends a connection whose streams are done. What the client still sends, windows mostly, must
    /// not cause a reset that overtakes the last answer.
    fn linger_after_streams(&mut self, key: Key) {
        if let Some(client) = self.clients.get_mut(key) {
            client.trunk = None;
            client.phase = Phase::Linger;
            let patience = if client.stream.has_pending() {
                client.listener.client_time
            } else {
                limits::LINGER_TIME
            };
            client.set_deadline(patience, &mut self.io);
            self.agenda.ready.push(key);
        }
    }

    fn take_front(&mut self, key: Key) -> Option<Box<Trunk>> {
        self.clients.get_mut(key)?.trunk.take()
    }

    fn put_front(&mut self, key: Key, trunk: Box<Trunk>) {
        if let Some(client) = self.clients.get_mut(key) {
            client.trunk = Some(trunk);
        }
    }

    /// Sends what the streams of a member's connection have for it.
    pub(super) fn pump_back(&mut self, key: Key) {
        let Some(connection) = self.members.get_mut(key) else {
            return;
        };
        let Some(mut trunk) = connection.trunk.take() else {
            return;
        };
        trunk.is_listed = false;
        if !matches!(connection.stream.flush(), Ok(true)) {
            connection.trunk = Some(trunk);
            return;
        }
        let mut out = std::mem::take(&mut self.io.frames);
        out.clear();
        trunk.core.take_output(&mut out);
        for id in std::mem::take(&mut trunk.touched) {
            let Some(owner) = trunk.core.stream(id).and_then(|stream| stream.owner) else {
                continue;
            };
            let Some(member) = self.members.get_mut(owner) else {
                continue;
            };
            let client = member.client;
            if let Some(lane) = member.stream.lane()
                && pump_lane(&mut trunk, lane, &mut out)
            {
                self.agenda.ready.extend(client);
            }
        }
        trunk.core.take_output(&mut out);
        let (is_over, is_idle) = (trunk.core.is_over(), trunk.core.is_idle());
        let Some(connection) = self.members.get_mut(key) else {
            return;
        };
        connection.trunk = Some(trunk);
        let is_sent = send(&mut connection.stream, &out);
        self.io.frames = out;
        shrink(&mut self.io);
        if !is_sent || is_over {
            self.trunk_ended(key);
        } else if is_idle {
            self.members.set_idle_deadline(key, &mut self.io);
        }
    }
}

/// Writes what a lane has; tells whether its exchange may go on with more.
fn pump_lane(trunk: &mut Trunk, lane: &mut Lane, out: &mut Vec<u8>) -> bool {
    let had_pending = !lane.waiting().is_empty();
    let taken = trunk.core.write(lane.id, lane.waiting(), out);
    lane.sent(taken.used, taken.credit);
    if lane.is_used_up() {
        trunk.core.note_used(lane.id);
    }
    had_pending && lane.waiting().is_empty()
}

/// Sends frames, if there are any; tells whether the connection still stands.
fn send(stream: &mut Wire, out: &[u8]) -> bool {
    out.is_empty() || stream.send(out, &[]).is_ok()
}

/// Gives back what was needed for much at once.
fn shrink(io: &mut Io) {
    const KEPT: usize = 1 << 20;
    if io.frames.capacity() > KEPT {
        io.frames = Vec::new();
    }
}
