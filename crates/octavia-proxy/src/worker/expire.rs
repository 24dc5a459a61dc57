//! Deadlines that have passed.

use super::account::End;
use super::client::Phase;
use super::reach::Failure;
use super::{ACCEPTOR, CLIENT, FLOW, MEMBER, PORT, Step, Worker};
use crate::http1::Exchange;
use crate::http1::answer::Refusal;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::Due;
use crate::runtime::slots::Key;

impl Worker {
    /// Handles every deadline that has passed.
    pub(super) fn expire_due(&mut self) {
        while let Some(entry) = self.io.deadlines.next(self.io.now) {
            let (kind, key) = Key::from_token(entry.1);
            match kind {
                ACCEPTOR => self.expire_acceptor(key, entry),
                CLIENT => self.expire_client(key, entry),
                MEMBER => self.members.expire(key, entry, &mut self.io),
                FLOW => self.expire_flow(key, entry),
                PORT => self.expire_port(key, entry),
                _ => {}
            }
        }
    }

    fn expire_client(&mut self, key: Key, entry: (Time, u64)) {
        let Some(client) = self.clients.get_mut(key) else {
            return;
        };
        let (now, deadlines) = (self.io.now, &mut self.io.deadlines);
        if deadlines.check(&mut client.timer, entry, now) == Due::NotYet {
            return;
        }
        if client.cut_at <= now {
            return self.close(key);
        }
        let step = match client.phase {
            Phase::Handshake => self.handshake_failed(key, "it took too long"),
            Phase::Head => self.request_too_slow(key),
            Phase::Connecting => self.member_failed(key, Failure::Connect),
            Phase::Pause => self.end_pause(key),
            Phase::Exchange => self.exchange_too_slow(key),
            Phase::Streams => self.streams_too_slow(key),
            Phase::Tunnel | Phase::Linger => Step::Close,
        };
        match step {
            Step::Close => self.close(key),
            Step::Again | Step::Wait => self.drive(key),
        }
    }

    /// Before the head of the answer it can be said whose fault it was.
    fn exchange_too_slow(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let exchange = client.http.exchange.as_ref();
        match exchange.filter(|exchange| !exchange.is_answered()) {
            Some(exchange) if Exchange::is_request_complete(exchange) => {
                self.refuse(key, Refusal::SlowMember)
            }
            Some(_) => self.refuse(key, Refusal::Slow),
            None => {
                client.shard(self.index).add_error();
                let (cause, end) = if client.stream.has_pending() {
                    ("the client did not read in time", End::Client)
                } else {
                    ("the server did not send the rest in time", End::Member)
                };
                self.account_break(key, cause, end);
                Step::Close
            }
        }
    }
}
