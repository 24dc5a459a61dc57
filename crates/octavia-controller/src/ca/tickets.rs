//! Keys for the session tickets of listeners: the same for amphorae that stand in for each other, and
//! others every half day.
//!
//! They are derived from the key of the authority, which all controllers have and nobody else: so
//! nothing is stored, any controller sends the same, and nothing needs to be agreed on.

use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use chrono::{DateTime, Utc};
use octavia_amphora_api::SecretText;
use octavia_model::{Id, Listener};

use super::Authority;

/// Who uses what is derived, so that nothing else derives the same.
const PURPOSE: &[u8] = b"octavia: session tickets of listeners";
/// How long a key seals tickets, in seconds: as long as a ticket may be used, so that the key before
/// opens all that may still come.
const PERIOD: i64 = 12 * 60 * 60;

/// What keys are derived from, at some moment.
pub struct Tickets {
    root: Prk,
    period: i64,
}

/// Returns which period it is.
pub(crate) fn period(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(PERIOD)
}

impl Authority {
    /// Returns what the keys of this moment are derived from.
    pub fn tickets(&self, now: DateTime<Utc>) -> Tickets {
        let salt = Salt::new(HKDF_SHA256, PURPOSE);
        Tickets {
            root: salt.extract(&self.issuer.key().serialize_der()),
            period: period(now),
        }
    }
}

impl Tickets {
    /// Returns the keys of a listener: the one that seals, the one before, and the next one, which
    /// another amphora may have got already.
    pub(crate) fn keys(&self, listener: Id<Listener>) -> Vec<SecretText> {
        let periods = [self.period, self.period - 1, self.period + 1];
        let keys = periods
            .iter()
            .filter_map(|period| self.key(listener, *period));
        keys.collect()
    }

    fn key(&self, listener: Id<Listener>, period: i64) -> Option<SecretText> {
        let info = format!("{listener} {period}");
        let mut key = [0; 32];
        let info = [info.as_bytes()];
        let derived = self.root.expand(&info, HKDF_SHA256).ok()?;
        derived.fill(&mut key).ok()?;
        let digits = key.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
        Some(SecretText::new(digits.collect::<String>()))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use octavia_model::Id;
    use uuid::Uuid;

    use super::{Authority, PERIOD};
    use crate::config::CertificateConfig;

    fn authority(directory: &std::path::Path) -> Authority {
        let config = CertificateConfig::Own(directory.to_owned());
        Authority::open(&config, DateTime::UNIX_EPOCH).unwrap()
    }

    fn keys(authority: &Authority, listener: u128, now: DateTime<Utc>) -> Vec<String> {
        let keys = authority
            .tickets(now)
            .keys(Id::from_uuid(Uuid::from_u128(listener)));
        keys.iter().map(|key| key.reveal().to_owned()).collect()
    }

    #[test]
    fn every_controller_derives_the_same_and_no_two_listeners_have_one_key() {
        let directory = tempfile::tempdir().unwrap();
        let [one, other] = [0, 1].map(|_| authority(directory.path()));
        let now = DateTime::UNIX_EPOCH;
        let mut all = keys(&one, 1, now);
        assert_eq!(all, keys(&other, 1, now));
        assert!(all.iter().all(|key| key.len() == 64));
        all.extend(keys(&one, 2, now));
        all.extend(keys(
            &authority(tempfile::tempdir().unwrap().path()),
            1,
            now,
        ));
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!((all.len(), count), (9, 9));
    }

    #[test]
    fn a_key_opens_for_one_period_more_than_it_seals() {
        let directory = tempfile::tempdir().unwrap();
        let authority = authority(directory.path());
        let at = |periods: i64| {
            let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(periods * PERIOD);
            keys(&authority, 1, now)
        };
        let [now, next, later] = [at(10), at(11), at(12)];
        assert_eq!(next[0], now[2], "it is known before it seals");
        assert_eq!(next[1], now[0], "it opens when it seals no more");
        assert!(!later.contains(&now[0]), "then it is gone");
    }
}
