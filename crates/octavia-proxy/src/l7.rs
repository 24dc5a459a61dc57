//! What a listener does with certain requests: policies, compiled, and matched without sockets.
//!
//! Meant as HAProxy means the same configuration: what rejects comes before what redirects, and
//! that before what chooses a pool.

pub(crate) mod answer;
mod condition;
mod dictionary;
mod index;
mod matcher;
mod request;

use std::collections::HashMap;
use std::sync::Arc;

use octavia_amphora_api::config;
use uuid::Uuid;

use crate::config::snapshot::Pool;
use crate::limits;
use crate::tls::Peer;
use answer::Response;
pub(crate) use matcher::BadPolicy;
use matcher::{Action, Matcher};
use request::Request;

/// The policies of a listener, and the pools that they choose.
pub(crate) struct Policies {
    matcher: Arc<Matcher>,
    pools: HashMap<Uuid, Arc<Pool>>,
}

/// What becomes of a request.
pub(crate) enum Verdict {
    /// No policy takes it.
    Pass,
    /// It is refused.
    Reject,
    /// The client is sent elsewhere.
    Redirect {
        /// The status of the answer.
        code: u16,
        /// Where.
        location: Vec<u8>,
    },
    /// It is answered with what was written before.
    Respond(Arc<Response>),
    /// A pool serves it.
    Pool(Arc<Pool>),
}

impl Policies {
    /// Compiles the policies of a listener; what was compiled before and is the same is kept.
    pub(crate) fn compile(
        policies: &[config::L7Policy],
        pools: &[Arc<Pool>],
        before: Option<&Self>,
    ) -> Result<Option<Self>, BadPolicy> {
        if policies.is_empty() {
            return Ok(None);
        }
        let same = before.filter(|before| before.matcher.is_of(policies));
        let matcher = match same {
            Some(before) => Arc::clone(&before.matcher),
            None => Arc::new(Matcher::compile(policies)?),
        };
        let pools = pools
            .iter()
            .filter(|pool| pool.enabled && matcher.chooses(pool.id))
            .map(|pool| (pool.id, Arc::clone(pool)))
            .collect();
        Ok(Some(Self { matcher, pools }))
    }

    /// Tells whether a policy chooses that pool.
    pub(crate) fn chooses(&self, pool: Uuid) -> bool {
        self.pools.contains_key(&pool)
    }

    /// Decides on the request that `bytes` begin with, from a client that showed the certificate
    /// `peer`; passes a head that is not whole, or none.
    pub(crate) fn decide(&self, bytes: &[u8], peer: Option<&Peer>) -> Verdict {
        let mut storage = [httparse::EMPTY_HEADER; limits::HEADERS];
        let Some(mut request) = Request::read(bytes, &mut storage) else {
            return Verdict::Pass;
        };
        request.peer = peer;
        match self.matcher.decide(&request, |id| self.chooses(id)) {
            None => Verdict::Pass,
            Some(Action::Reject) => Verdict::Reject,
            Some(Action::Redirect(redirect)) => Verdict::Redirect {
                code: redirect.code,
                location: redirect.location(&request),
            },
            Some(Action::Respond(response)) => Verdict::Respond(Arc::clone(response)),
            Some(Action::Pool(id)) => {
                let pool = self.pools.get(id).map(Arc::clone);
                pool.map_or(Verdict::Pass, Verdict::Pool)
            }
        }
    }
}

#[cfg(test)]
mod tests;
