//! Requests that a policy of the listener takes.

use std::sync::Arc;
use std::time::Duration;

use octavia_amphora_api::config::ListenerProtocol;

use super::account::End;
use super::client::Phase;
use super::{Step, Worker};
use crate::http1::body::Framing;
use crate::http1::request::RequestHead;
use crate::l7::Verdict;
use crate::l7::answer::{self, Manner, Response};
use crate::limits;
use crate::metrics;
use crate::runtime::slots::Key;

/// The answer of a policy.
pub(super) enum Reply {
    Refusal,
    Redirection {
        code: u16,
        location: Vec<u8>,
    },
    Fixed(Arc<Response>),
    /// The client asks too often.
    TooMany(Duration),
    Metrics,
    NotFound,
}

impl Reply {
    /// Returns why the request was not served, if it was refused.
    fn cause(&self) -> Option<&'static str> {
        match self {
            Self::Refusal => Some("a policy refuses it"),
            Self::TooMany(_) => Some("its client asks too often"),
            Self::Redirection { .. } | Self::Fixed(_) | Self::Metrics | Self::NotFound => None,
        }
    }
}

impl Worker {
    /// Asks the policies of the listener about the request that `bytes` begin with. What they choose
    /// is noted; what they answer is returned, and given once the request is known to be valid.
    pub(super) fn ask_policies(&mut self, key: Key, bytes: &[u8]) -> Option<Reply> {
        let client = self.clients.get_mut(key)?;
        client.chosen = None;
        if client.listener.protocol == ListenerProtocol::Prometheus {
            return Some(metrics_reply(bytes));
        }
        let policies = client.listener.l7.as_ref()?;
        match policies.decide(bytes, client.peer.as_deref()) {
            Verdict::Pass => None,
            Verdict::Pool(pool) => {
                client.chosen = Some(pool);
                None
            }
            Verdict::Reject => Some(Reply::Refusal),
            Verdict::Respond(response) => Some(Reply::Fixed(response)),
            Verdict::Redirect { code, location } => Some(Reply::Redirection { code, location }),
        }
    }

    /// Takes a token of the client, whose request is whole; answers where it has none.
    pub(super) fn ask_rate(&mut self, key: Key) -> Option<Reply> {
        let client = self.clients.get_mut(key)?;
        let limits = client.listener.rate.as_ref()?;
        let taken = limits.take(client.address.ip(), self.io.now);
        taken.err().map(Reply::TooMany)
    }

    /// Answers in place of a member. The connection goes on where no body is in the way.
    pub(super) fn reply(&mut self, key: Key, head: &RequestHead, reply: &Reply) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let is_bare = head.is_1_1 && head.body == Framing::None && !head.upgrade;
        let manner = Manner {
            head_only: head.wants_head_only,
            keep_alive: head.keep_alive && is_bare && !client.is_draining(),
        };
        let out = &mut self.io.out;
        out.clear();
        let (status, end) = match reply {
            Reply::Refusal => {
                answer::reject(manner, out);
                (403, End::Denied)
            }
            Reply::Redirection { code, location } => {
                answer::redirect(*code, location, manner, out);
                (*code, End::Intercepted)
            }
            Reply::Fixed(response) => {
                answer::fixed(response, manner, out);
                (response.status, End::Intercepted)
            }
            Reply::TooMany(wait) => {
                answer::too_many(*wait, manner, out);
                (429, End::Denied)
            }
            Reply::Metrics => {
                let page = metrics::render(&self.snapshot, &self.shared, self.io.now);
                answer::text(&page, manner, out);
                (200, End::Intercepted)
            }
            Reply::NotFound => {
                answer::not_found(manner, out);
                (404, End::Intercepted)
            }
        };
        client.shard(self.index).add_out(self.io.out.len());
        client.record.bytes_out += self.io.out.len() as u64;
        client.record.status = status;
        client.record.cause = reply.cause();
        if client.stream.send(&self.io.out, &[]).is_err() {
            return Step::Close;
        }
        self.account(key, end);
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        client.http.end_exchange();
        if manner.keep_alive {
            client.phase = Phase::Head;
            client.stream.rest();
            client.set_deadline(client.listener.client_time, &mut self.io);
        } else {
            client.phase = Phase::Linger;
            client.set_deadline(limits::LINGER_TIME, &mut self.io);
        }
        Step::Again
    }

    /// Looks the pool that a policy chose up again, as it is by now.
    pub(super) fn refresh_chosen(&mut self, key: Key) {
        let Some(client) = self.clients.get_mut(key) else {
            return;
        };
        let Some(chosen) = client.chosen.as_mut() else {
            return;
        };
        let mut pools = self.snapshot.pools.iter();
        if let Some(pool) = pools.find(|pool| pool.id == chosen.id) {
            *chosen = Arc::clone(pool);
        }
    }
}

/// What a PROMETHEUS listener answers to the request that `bytes` begin with.
fn metrics_reply(bytes: &[u8]) -> Reply {
    let target = bytes.split(|byte| *byte == b' ').nth(1);
    let path = target.and_then(|target| target.split(|byte| *byte == b'?').next());
    match path {
        Some(b"/metrics") => Reply::Metrics,
        Some(_) | None => Reply::NotFound,
    }
}
