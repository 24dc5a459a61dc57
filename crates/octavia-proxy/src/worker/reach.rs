//! From a client to a connection with a member.

use std::sync::Arc;

use super::account::End;
use super::client::{Client, Phase};
use super::member::{Freshness, Security, Wanted};
use super::{Step, Worker};
use crate::config::Outcome;
use crate::http1::Exchange;
use crate::http1::answer::Refusal;
use crate::limits;
use crate::proxy_protocol::{self, Version};
use crate::runtime::slots::Key;
use crate::runtime::stream::Handshake;
use crate::tally::{Counter, Tally};
use crate::tls::Session;
use octavia_amphora_api::config::ListenerProtocol;

/// How the connection to a member failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It never stood.
    Connect,
    /// It stood, but took nothing of the request.
    Unsent,
    /// It broke, or ended, before the answer was complete.
    Broken,
}

impl Worker {
    /// Chooses a member and takes or opens a connection to it.
    pub(super) fn reach_member(&mut self, key: Key) -> Step {
        loop {
            let Some(client) = self.clients.get_mut(key) else {
                return Step::Close;
            };
            let Some(pool) = client.chosen.as_ref().or(client.listener.pool.as_ref()) else {
                return self.give_up(key, "there is no pool behind this listener");
            };
            if client.attempts.are_exhausted() {
                return self.give_up(key, "no server could be reached");
            }
            let tried = client.attempts.tried();
            let kept = client
                .wish
                .and_then(|wish| pool.keep(wish, tried, self.io.now));
            let chosen = kept.or_else(|| pool.choose(client.address, tried, self.io.now));
            let Some(member) = chosen else {
                return match tried {
                    [] => self.give_up(key, "no server is available"),
                    [..] => self.pause(key),
                };
            };
            let security = pool.tls.as_ref().map(|tls| Security {
                tls: Arc::clone(tls),
                name: client.stream.server_name().cloned(),
                spoken: client.listener.spoken_with(pool),
            });
            let exchange = client.http.exchange.as_ref();
            if let Some(exchange) = exchange.filter(|_| !client.attempts.only_fresh) {
                let freshness = if exchange.may_repeat() {
                    Freshness::Any
                } else {
                    Freshness::Recent
                };
                let wanted = Wanted {
                    security: security.as_ref(),
                    client: key,
                    freshness,
                    now: self.io.now,
                    index: self.index,
                };
                let idle = match pool.header {
                    None => self.members.reuse(member, wanted),
                    Some(_) => self.members.reuse_own(&mut client.own, member, wanted),
                };
                if let Some(member) = idle {
                    client.member = Some(member);
                    return self.send_request(key);
                }
            }
            match self.members.open(member, security, key, &self.io) {
                Ok(member) => {
                    client.member = Some(member);
                    client.phase = Phase::Connecting;
                    client.set_deadline(client.listener.connect_time, &mut self.io);
                    return Step::Again;
                }
                Err(_) => client.attempts.add(member.slot),
            }
        }
    }

    /// Waits before every member is tried once more.
    fn pause(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        client.attempts.forget_members();
        client.phase = Phase::Pause;
        let pause = limits::RETRY_PAUSE.min(client.listener.connect_time);
        client.set_deadline(pause, &mut self.io);
        Step::Wait
    }

    /// Goes on waiting, unless the client is gone.
    pub(super) fn await_pause(&mut self, key: Key) -> Step {
        match self.clients.get_mut(key) {
            Some(client) if !client.stream.is_broken() => Step::Wait,
            Some(_) | None => Step::Close,
        }
    }

    /// Tries again, with the members as they are by now.
    pub(super) fn end_pause(&mut self, key: Key) -> Step {
        self.refresh_listener(key);
        self.refresh_chosen(key);
        self.reach_member(key)
    }

    /// Goes on once the connection to the member stands.
    pub(super) fn await_member(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let member = client
            .member
            .and_then(|member| self.members.get_mut(member));
        let Some(member) = member.filter(|_| !client.stream.is_broken()) else {
            return Step::Close;
        };
        if member.stream.is_broken() {
            return self.member_failed(key, Failure::Connect);
        }
        if !member.stream.is_secured() {
            if !member.stream.is_writable() {
                return Step::Wait;
            }
            if let Some(header) = client.listener.header(client.chosen.as_ref()) {
                self.io.out.clear();
                header.write(client.address, client.local, &mut self.io.out);
                if let (Version::Two, Some(version)) = (header, client.stream.tls().version) {
                    let peer = client.peer.as_deref();
                    proxy_protocol::tls::add(&mut self.io.out, version, peer);
                }
                member.stream.hold(&self.io.out);
            }
            if member.secure().is_err() {
                return self.member_failed(key, Failure::Connect);
            }
        }
        match member.stream.handshake() {
            Handshake::Done => {}
            Handshake::Waiting => return Step::Wait,
            Handshake::Failed(cause) => {
                let member = member.state.id;
                tracing::debug!(member.id = %member, cause, "no TLS with member {member}: {cause}");
                return self.member_failed(key, Failure::Connect);
            }
        }
        let is_http2 = member.stream.session().is_some_and(Session::is_http2);
        match client.listener.protocol {
            ListenerProtocol::Http | ListenerProtocol::Prometheus if is_http2 => {
                self.begin_trunk(key)
            }
            ListenerProtocol::Http | ListenerProtocol::Prometheus => self.send_request(key),
            ListenerProtocol::Tcp | ListenerProtocol::Udp => {
                client.note_member(member.state.id);
                client.record.reach(&member.state, self.io.now);
                let pool = client.chosen.as_ref().or(client.listener.pool.as_ref());
                if let Some(pool) = pool {
                    pool.note(&member.state, Outcome::Connected, self.io.now);
                }
                client.phase = Phase::Tunnel;
                Step::Again
            }
        }
    }

    /// Tries another connection where that cannot do harm, and gives up otherwise.
    pub(super) fn member_failed(&mut self, key: Key, failure: Failure) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let member = client
            .member
            .and_then(|member| self.members.get_mut(member));
        let Some(member) = member else {
            return Step::Close;
        };
        let (slot, is_reused) = (member.state.slot, member.is_reused);
        let tally = member.state.tallies.of_loop(self.index);
        match failure {
            Failure::Connect => tally.connection_errors.add(1),
            Failure::Unsent | Failure::Broken => tally.response_errors.add(1),
        }
        if failure == Failure::Connect
            && let Some(pool) = client.chosen.as_ref().or(client.listener.pool.as_ref())
            && pool.note(&member.state, Outcome::Failed, self.io.now)
        {
            self.shared.tell_change();
        }
        let is_wished = client.wish == Some(member.state.id);
        self.drop_member(key);
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let exchange = client.http.exchange.as_mut();
        match (failure, exchange) {
            // A session is worth a moment, if its member is just being restarted.
            (Failure::Connect, _) if is_wished && client.attempts.insist() => {
                count_attempt(client, self.index, |tally| &tally.retries);
                self.pause(key)
            }
            (Failure::Connect, _) => {
                count_attempt(client, self.index, |tally| &tally.redispatches);
                client.attempts.add(slot);
                self.reach_member(key)
            }
            (Failure::Unsent | Failure::Broken, Some(exchange))
                if is_reused && (failure == Failure::Unsent || exchange.may_repeat()) =>
            {
                // The member closed an idle connection in the moment when we took it.
                client.attempts.only_fresh = true;
                *exchange = Exchange::new(exchange.request());
                self.reach_member(key)
            }
            (Failure::Unsent | Failure::Broken, Some(exchange)) if !exchange.is_answered() => {
                let cause = "the server closed the connection before its answer";
                self.refuse(key, Refusal::BadMember(cause))
            }
            (Failure::Unsent | Failure::Broken, _) => {
                client.shard(self.index).add_error();
                self.account_break(key, "the server broke off its answer", End::Member);
                Step::Close
            }
        }
    }

    /// Tells the client that there is no member, as far as its protocol allows.
    fn give_up(&mut self, key: Key, cause: &'static str) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        match client.listener.protocol {
            ListenerProtocol::Http | ListenerProtocol::Prometheus => {
                self.refuse(key, Refusal::NoMember(cause))
            }
            ListenerProtocol::Tcp | ListenerProtocol::Udp => {
                client.shard(self.index).add_error();
                self.account_refusal(key, Refusal::NoMember(cause));
                Step::Close
            }
        }
    }
}

/// Counts, for the pool, that connecting is tried again.
fn count_attempt(client: &Client, index: usize, counter: fn(&Tally) -> &Counter) {
    let pool = client.chosen.as_ref().or(client.listener.pool.as_ref());
    if let Some(pool) = pool {
        counter(pool.tallies.of_loop(index)).add(1);
    }
}
