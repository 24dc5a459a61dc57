//! How often one client may ask: a bucket of tokens for each.
//!
//! A bucket is one number, the moment when it will be full again (GCRA). One that is full is as good
//! as none, so that a client that is silent for long enough may be forgotten. Two generations of a
//! bounded size do that, as for clients that stay with their members: whoever asks is young; too
//! many young ones grow old, and the old ones go. Memory is bounded, whoever comes; a client that is
//! forgotten too early has a full bucket.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octavia_amphora_api::config::RateLimit;

use crate::limits;
use crate::runtime::clock::Time;

/// The buckets of a listener's clients, shared by all loops.
#[derive(Debug)]
pub(crate) struct RateLimits {
    wanted: RateLimit,
    /// The nanoseconds that a token takes to come back.
    token: u64,
    /// The nanoseconds that an empty bucket takes to be full.
    bucket: u64,
    hasher: RandomState,
    parts: Box<[Mutex<Generations>]>,
}

/// Clients, with the nanosecond when their bucket is full.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<IpAddr, u64>,
    old: HashMap<IpAddr, u64>,
}

impl RateLimits {
    /// Makes what `wanted` asks for; goes on with the buckets of `before` if that asked for the same.
    pub(crate) fn continued(
        wanted: RateLimit,
        before: Option<&Arc<Self>>,
    ) -> Result<Arc<Self>, String> {
        if let Some(before) = before.filter(|before| before.wanted == wanted) {
            return Ok(Arc::clone(before));
        }
        if wanted.count == 0
            || wanted.period_s == 0
            || wanted.burst == 0
            || wanted.ipv6_prefix > 128
        {
            return Err("a rate limit needs a count, a period and a burst of at least 1, and at most 128 bits".to_owned());
        }
        let period = u64::from(wanted.period_s) * 1_000_000_000;
        let token = (period / u64::from(wanted.count)).max(1);
        Ok(Arc::new(Self {
            wanted,
            token,
            bucket: token.saturating_mul(wanted.burst.into()),
            hasher: RandomState::new(),
            parts: (0..limits::RATED_PARTS).map(|_| Mutex::default()).collect(),
        }))
    }

    /// Takes a token of a client.
    ///
    /// Without one, returns how long the client has to wait for the next.
    pub(crate) fn take(&self, client: IpAddr, now: Time) -> Result<(), Duration> {
        let (client, now) = (self.network(client), now.nanos());
        let part = usize::try_from(self.hasher.hash_one(client)).unwrap_or(0) % self.parts.len();
        let part = self.parts[part].lock();
        let mut generations = part.unwrap_or_else(PoisonError::into_inner);
        let full_at = generations.find(client);
        let then = (*full_at).max(now).saturating_add(self.token);
        let last = now.saturating_add(self.bucket);
        if then > last {
            return Err(Duration::from_nanos(then - last));
        }
        *full_at = then;
        Ok(())
    }

    /// Returns what is counted as one client; mapped IPv4 is that address.
    fn network(&self, client: IpAddr) -> IpAddr {
        match client.to_canonical() {
            IpAddr::V4(client) => client.into(),
            IpAddr::V6(client) => {
                let host = u128::MAX.checked_shr(self.wanted.ipv6_prefix.into());
                Ipv6Addr::from_bits(client.to_bits() & !host.unwrap_or(0)).into()
            }
        }
    }
}

impl Generations {
    fn find(&mut self, client: IpAddr) -> &mut u64 {
        let is_young = self.young.contains_key(&client);
        let known = if is_young {
            0
        } else {
            self.old.remove(&client).unwrap_or(0)
        };
        if !is_young && self.young.len() >= limits::RATED_CLIENTS / limits::RATED_PARTS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.entry(client).or_insert(known)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use octavia_amphora_api::config::RateLimit;
    use proptest::prelude::*;

    use super::RateLimits;
    use crate::limits;
    use crate::runtime::clock::Time;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn limit(count: u32, burst: u32) -> RateLimit {
        RateLimit {
            count,
            period_s: 1,
            burst,
            ipv6_prefix: 64,
        }
    }

    fn limits_of(wanted: RateLimit) -> Arc<RateLimits> {
        RateLimits::continued(wanted, None).expect("a limit")
    }

    fn client(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_burst_empties_the_bucket_and_time_fills_it() {
        let (limits, now) = (limits_of(limit(10, 3)), Time::now());
        let take = |millis: u32| limits.take(client("192.0.2.1"), now.after(millis * MILLISECOND));
        assert_eq!([take(0), take(0), take(0)], [Ok(()); 3]);
        assert_eq!(take(0), Err(100 * MILLISECOND));
        assert_eq!(take(60), Err(40 * MILLISECOND));
        assert_eq!([take(100), take(100)], [Ok(()), Err(100 * MILLISECOND)]);
        assert_eq!([take(900), take(900), take(900)], [Ok(()); 3]);
        assert!(take(900).is_err());
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_network() {
        let (limits, now) = (limits_of(limit(1, 1)), Time::now());
        let take = |text: &str| limits.take(client(text), now).is_ok();
        assert!(take("192.0.2.1") && take("192.0.2.2") && take("2001:db8::1"));
        assert!(take("2001:db8:0:1::1"));
        assert!(!take("::ffff:192.0.2.1") && !take("2001:db8::ffff:2"));
    }

    #[test]
    fn buckets_outlive_documents_that_ask_for_the_same() {
        let (wanted, now) = (limit(1, 1), Time::now());
        let before = limits_of(wanted);
        assert!(before.take(client("::1"), now).is_ok());
        let take = |wanted| {
            let after = RateLimits::continued(wanted, Some(&before)).expect("a limit");
            after.take(client("::1"), now).is_ok()
        };
        assert_eq!([take(wanted), take(limit(2, 1))], [false, true]);
    }

    #[test]
    fn nonsense_is_refused() {
        for wanted in [limit(0, 1), limit(1, 0)] {
            assert!(RateLimits::continued(wanted, None).is_err());
        }
    }

    #[test]
    fn memory_is_bounded() {
        let (limits, now) = (limits_of(limit(1, 1)), Time::now());
        let many = u32::try_from(4 * limits::RATED_CLIENTS).expect("it is small");
        for number in 0..many {
            assert!(limits.take(IpAddr::V4(number.into()), now).is_ok());
        }
        let sizes = limits.parts.iter().map(|part| {
            let part = part.lock().expect("no thread panicked");
            part.young.len() + part.old.len()
        });
        assert!(sizes.sum::<usize>() <= 2 * limits::RATED_CLIENTS);
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_what_came_back(
            count in 1_u32..1000, burst in 1_u32..20, waits in prop::collection::vec(0_u32..50, 1..200),
        ) {
            let (limits, start) = (limits_of(limit(count, burst)), Time::now());
            let (mut passed, mut taken) = (0_u32, 0_u64);
            for wait in waits {
                passed += wait;
                let result = limits.take(client("::1"), start.after(passed * MILLISECOND));
                taken += u64::from(result.is_ok());
                let come_back = u64::from(count) * u64::from(passed) / 1000;
                prop_assert!(taken <= u64::from(burst) + come_back + 1);
            }
        }

        #[test]
        fn whoever_waits_as_told_is_served(count in 1_u32..1000, burst in 1_u32..20) {
            let (limits, mut now) = (limits_of(limit(count, burst)), Time::now());
            for _ in 0..100 {
                if let Err(wait) = limits.take(client("::1"), now) {
                    // The clock has microseconds.
                    now = now.after(wait + Duration::from_micros(1));
                    prop_assert!(limits.take(client("::1"), now).is_ok());
                }
            }
        }
    }
}
