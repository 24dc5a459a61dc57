//! The end of a request, connection or flow: it is counted.

use super::client::Client;
use super::{Worker, log};
use crate::config::Outcome;
use crate::http1::answer::Refusal;
use crate::runtime::clock::Time;
use crate::runtime::slots::Key;
use crate::tally::Tally;
use octavia_amphora_api::config::ListenerProtocol;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// As it should.
    Complete,
    /// By an answer of ours in place of a member's.
    Intercepted,
    /// By a policy that refuses.
    Denied,
    /// By the client, who went or was too slow.
    Client,
    /// By the member, who went or was too slow.
    Member,
}

impl End {
    /// Tells whose fault a refusal is.
    pub(super) fn of(refusal: Refusal) -> Self {
        match refusal {
            Refusal::BadMember(_) | Refusal::SlowMember | Refusal::NoMember(_) => Self::Member,
            Refusal::Malformed(_)
            | Refusal::Connect
            | Refusal::Slow
            | Refusal::TargetTooLong
            | Refusal::HeadTooLarge
            | Refusal::BodyTooLarge
            | Refusal::UnknownExpectation
            | Refusal::UnknownCoding
            | Refusal::UnknownVersion => Self::Client,
        }
    }

    /// Tells whether no pool had to do with it.
    pub(super) fn is_ours(self, status: u16) -> bool {
        matches!(self, Self::Intercepted | Self::Denied)
            || matches!(status, 400 | 405 | 408 | 431 | 501 | 505)
    }

    /// Returns what the client met at the member that served it, if that tells of the member.
    fn outcome(self, status: u16) -> Option<Outcome> {
        match (self, status) {
            (Self::Complete, 0) => Some(Outcome::Connected),
            (Self::Complete, status) => Some(Outcome::Answered(status)),
            // Where nobody was reached, each that could not be was counted then.
            (Self::Member, status) => Some(Outcome::Failed).filter(|_| status != 503),
            (Self::Intercepted | Self::Denied | Self::Client, _) => None,
        }
    }

    /// Returns HAProxy's letters: who ended it, and in which phase.
    pub(super) fn letters(self, status: u16) -> &'static str {
        match (self, status) {
            (Self::Complete, _) => "--",
            (Self::Intercepted, _) => "LR",
            (Self::Client, 408) => "cR",
            (Self::Client, 400..) | (Self::Denied, _) => "PR",
            (Self::Client, _) => "CD",
            (Self::Member, 503) => "SC",
            (Self::Member, 504) => "sH",
            (Self::Member, 502) => "SH",
            (Self::Member, _) => "SD",
        }
    }
}

impl Worker {
    /// Accounts for what a client's connection carries at present, once.
    pub(super) fn account(&mut self, key: Key, end: End) {
        let (index, now) = (self.index, self.io.now);
        let Some(client) = self.clients.get_mut(key) else {
            return;
        };
        if !std::mem::replace(&mut client.record.is_open, false) {
            return;
        }
        let client = &*client;
        let pool = client.chosen.as_ref().or(client.listener.pool.as_ref());
        let served = client.record.member.as_ref();
        count(
            client,
            client.listener.state.tallies.of_loop(index),
            end,
            now,
        );
        if let Some(pool) = pool {
            count(client, pool.tallies.of_loop(index), end, now);
        }
        if let (Some(pool), Some(member)) = (pool, served)
            && let Some(outcome) = end.outcome(client.record.status)
            && pool.note(member, outcome, now)
        {
            self.shared.tell_change();
        }
        if let Some(member) = served {
            count(client, member.tallies.of_loop(index), end, now);
        }
        if let Some(log) = client
            .listener
            .log
            .as_ref()
            .filter(|_| self.shared.log.is_some())
        {
            log::write(
                log,
                &log::of_client(client, log, end, now),
                &mut self.io.lines,
            );
        }
    }

    /// Accounts for what is answered by us in place of a member.
    pub(super) fn account_refusal(&mut self, key: Key, refusal: Refusal) {
        if let Some(client) = self.clients.get_mut(key) {
            client.record.status = refusal.status().0;
            client.record.cause = Some(refusal.cause());
        }
        self.account(key, End::of(refusal));
    }

    /// Accounts for what broke off after its answer began.
    pub(super) fn account_break(&mut self, key: Key, cause: &'static str, end: End) {
        if let Some(client) = self.clients.get_mut(key) {
            client.record.cause = Some(cause);
        }
        self.account(key, end);
    }
}

fn count(client: &Client, tally: &Tally, end: End, now: Time) {
    let record = &client.record;
    tally.sessions.add(1);
    tally.last.set(now.micros());
    tally.bytes_in.add(record.bytes_in);
    tally.bytes_out.add(record.bytes_out);
    if client.listener.protocol != ListenerProtocol::Tcp {
        tally.requests.add(1);
        tally.request.add(record.head_time);
        tally.add_response(record.status);
    }
    match end {
        End::Complete => {}
        End::Intercepted => tally.intercepted.add(1),
        End::Denied => tally.denied.add(1),
        End::Client => tally.client_aborts.add(1),
        End::Member => tally.member_aborts.add(1),
    }
    let Some(reached) = record.reached else {
        return;
    };
    tally.connect.add(reached.since(record.began));
    if let Some(answered) = record.answered {
        tally.response.add(answered.since(reached));
    }
    tally.total.add(now.since(record.began));
}
