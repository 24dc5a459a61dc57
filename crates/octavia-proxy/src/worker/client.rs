//! A client's connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::account::End;
use super::record::Record;
use super::streams::Trunk;
use super::{CLIENT, Io, Step, Worker};
use crate::config::Listener;
use crate::config::snapshot::Pool;
use crate::config::state::Shard;
use crate::http1::Exchange;
use crate::http1::answer::{self, Refusal};
use crate::limits;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::Timer;
use crate::runtime::slots::Key;
use crate::runtime::stream::Received;
use crate::runtime::wire::Wire;
use crate::tcp::Tunnel;
use crate::tls::Peer;

/// A client's connection and what it waits for.
pub(super) struct Client {
    pub(super) key: Key,
    pub(super) stream: Wire,
    pub(super) phase: Phase,
    /// The address that it comes from.
    pub(super) address: SocketAddr,
    /// The address that it connected to.
    pub(super) local: SocketAddr,
    /// The certificate that it showed.
    pub(super) peer: Option<Arc<Peer>>,
    /// As of the snapshot when its connection or latest request began.
    pub(super) listener: Arc<Listener>,
    /// The pool that a policy of the listener chose for the present request.
    pub(super) chosen: Option<Arc<Pool>>,
    /// The connection to a member that serves it.
    pub(super) member: Option<Key>,
    /// Idle connections to members that carry its address, and serve nobody else.
    pub(super) own: Vec<Key>,
    /// The member that it, or its latest request, asks to stay with.
    pub(super) wish: Option<Uuid>,
    pub(super) attempts: Attempts,
    pub(super) timer: Timer,
    /// Whether it moved much in its latest turn.
    pub(super) is_bulk: bool,
    /// Whether it waits in the queue of its loop.
    pub(super) is_queued: bool,
    /// When it is cut, because its listener is gone; then it does not take another request either.
    pub(super) cut_at: Time,
    pub(super) http: Http,
    pub(super) tunnel: Tunnel,
    /// What a connection of HTTP/2 holds.
    pub(super) trunk: Option<Box<Trunk>>,
    /// What is to be accounted for at the end.
    pub(super) record: Record,
}

/// What a client's connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its TLS handshake is not complete.
    Handshake,
    /// It waits for a request.
    Head,
    /// It waits for the connection to a member.
    Connecting,
    /// Every member was tried, and will be once more.
    Pause,
    /// A request and its response are on their way.
    Exchange,
    /// Bytes go both ways.
    Tunnel,
    /// Its streams carry requests.
    Streams,
    /// It was told why it is closed; what it still sends is thrown away.
    Linger,
}

/// What an HTTP connection holds.
#[derive(Default)]
pub(super) struct Http {
    /// Received and not used yet: part of a head, the start of a body, further requests.
    pub(super) input: Vec<u8>,
    /// When the first byte of a head came that is not whole yet.
    pub(super) head_since: Option<Time>,
    /// The head of the request as the member gets it, kept in case it is sent again.
    pub(super) request: Vec<u8>,
    pub(super) exchange: Option<Exchange>,
}

impl Http {
    /// Ends an exchange; a large buffer is not kept for what comes next.
    pub(super) fn end_exchange(&mut self) -> Option<Exchange> {
        self.request.clear();
        for buffer in [&mut self.request, &mut self.input] {
            if buffer.capacity() > limits::KEEP_BUFFER_BYTES {
                buffer.shrink_to(buffer.len());
            }
        }
        self.exchange.take()
    }
}

/// What was tried for the present request or connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attempts {
    /// The members that failed since the last pause.
    slots: [usize; limits::TRIES],
    failed: usize,
    tries: usize,
    /// Whether a pooled connection failed: the next one is fresh.
    pub(super) only_fresh: bool,
}

impl Attempts {
    /// Returns the slots of the members that failed.
    pub(super) fn tried(&self) -> &[usize] {
        &self.slots[..self.failed]
    }

    /// Notes that a member failed.
    pub(super) fn add(&mut self, slot: usize) {
        self.tries += 1;
        if let Some(free) = self.slots.get_mut(self.failed) {
            *free = slot;
            self.failed += 1;
        }
    }

    /// Tells whether the member that a client stays with is worth another try; counts it if so. The
    /// last try is for others, as HAProxy has it.
    pub(super) fn insist(&mut self) -> bool {
        let is_worth_it = self.tries + 2 < limits::TRIES;
        self.tries += usize::from(is_worth_it);
        is_worth_it
    }

    /// Lets all members be tried again.
    pub(super) fn forget_members(&mut self) {
        self.failed = 0;
    }

    /// Tells whether another try is worth it.
    pub(super) fn are_exhausted(&self) -> bool {
        self.tries >= limits::TRIES
    }
}

impl Client {
    /// Returns the counters that the loop `index` writes.
    pub(super) fn shard(&self, index: usize) -> &Shard {
        &self.listener.state.shards[index]
    }

    /// Finds the member that it asks to stay with, by its address or a cookie.
    pub(super) fn find_wish(&mut self, cookie: Option<&[u8]>) {
        let stickiness = self.listener.stickiness(self.chosen.as_ref());
        self.wish = stickiness.and_then(|stickiness| stickiness.wish(self.address.ip(), cookie));
    }

    /// Remembers that `member` serves it.
    pub(super) fn note_member(&self, member: Uuid) {
        if let Some(stickiness) = self.listener.stickiness(self.chosen.as_ref())
            && self.wish != Some(member)
        {
            stickiness.note_client(self.address.ip(), member);
        }
    }

    /// Tells whether its listener is gone.
    pub(super) fn is_draining(&self) -> bool {
        self.cut_at != Time::NEVER
    }

    /// Sets when it is to be looked at, if nothing happens.
    pub(super) fn set_deadline(&mut self, patience: Duration, io: &mut Io) {
        let at = io.now.after(patience).min(self.cut_at);
        let token = self.key.token(CLIENT);
        io.deadlines.set(&mut self.timer, token, at, io.now);
    }
}

impl Worker {
    /// Answers in place of a member, and ends the connection.
    pub(super) fn refuse(&mut self, key: Key, refusal: Refusal) -> Step {
        self.account_refusal(key, refusal);
        self.drop_member(key);
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        client.shard(self.index).add_error();
        self.io.out.clear();
        answer::render(refusal, &mut self.io.out);
        client.shard(self.index).add_out(self.io.out.len());
        if client.stream.send(&self.io.out, &[]).is_err() {
            return Step::Close;
        }
        client.phase = Phase::Linger;
        client.set_deadline(limits::LINGER_TIME, &mut self.io);
        Step::Again
    }

    /// Closes gently: a reset, which the kernel sends where bytes are left unread, could overtake
    /// the answer.
    pub(super) fn linger(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        match client.stream.flush() {
            Ok(true) => client.stream.shut(),
            Ok(false) => return Step::Wait,
            Err(_) => return Step::Close,
        }
        if client.stream.lane().is_some() {
            return Step::Close;
        }
        match client.stream.receive(&mut self.io.buffer) {
            Received::Bytes(count) => {
                client.shard(self.index).add_in(count);
                Step::Again
            }
            Received::Nothing => Step::Wait,
            Received::End | Received::Broken(_) => Step::Close,
        }
    }

    /// Closes a connection and that of its member.
    pub(super) fn close(&mut self, key: Key) {
        self.account(key, End::Client);
        self.drop_member(key);
        self.close_lanes(key);
        let Some(mut client) = self.clients.remove(key) else {
            return;
        };
        if let Some(lane) = client.stream.lane() {
            return self.end_lane(lane, client.own);
        }
        client.tunnel.recycle(&mut self.io.pipes);
        for own in client.own {
            self.members.close(own);
        }
        let freed = client.listener.state.leave();
        self.shared.wake(freed.waiting);
        if freed.opened {
            self.shared.tell_change();
        }
    }

    /// Closes the connection to the member of a client, if it has one.
    pub(super) fn drop_member(&mut self, key: Key) {
        let client = self.clients.get_mut(key);
        if let Some(member) = client.and_then(|client| client.member.take()) {
            self.members.close(member);
        }
    }
}
