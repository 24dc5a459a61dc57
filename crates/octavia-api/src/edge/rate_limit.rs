use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::Clock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::Origin;
use crate::RateLimit;
use crate::error::{Error, Result};
use crate::policy::Credentials;

/// After how many requests those are forgotten who have not asked for long.
const SWEEP: u32 = 1024;

/// Holds projects back that ask too often, each for itself. Calls without a project count for the
/// address they come from.
pub(super) struct Limiter {
    limiter: RateLimiter<String, HashMapStateStore<String>, TokioClock>,
    since_sweep: AtomicU32,
}

impl Limiter {
    /// Makes one; `None` where nobody is held back.
    pub(super) fn new(limit: RateLimit) -> Option<Self> {
        let rate = NonZeroU32::new(limit.per_second)?;
        let burst = NonZeroU32::new(limit.burst).unwrap_or(rate);
        let quota = Quota::per_second(rate).allow_burst(burst);
        Some(Self {
            limiter: RateLimiter::new(quota, HashMapStateStore::default(), TokioClock),
            since_sweep: AtomicU32::new(0),
        })
    }

    /// Lets a request pass, or says when it may come again.
    pub(super) fn check(&self, caller: &Credentials, origin: Option<&Origin>) -> Result<()> {
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            self.limiter.retain_recent();
        }
        let address = || Some(origin?.client?.to_string());
        let who = caller.project_id.clone().or_else(address);
        self.limiter
            .check_key(&who.unwrap_or_default())
            .map_err(|refused| {
                let wait = refused.wait_time_from(TokioClock.now());
                Error::TooManyRequests(wait.as_secs() + 1)
            })
    }
}

/// The clock that tests can pause.
#[derive(Debug, Clone, Copy)]
struct TokioClock;

impl Clock for TokioClock {
    type Instant = std::time::Instant;

    fn now(&self) -> Self::Instant {
        tokio::time::Instant::now().into_std()
    }
}
