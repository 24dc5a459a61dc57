//! Heartbeats: what an amphora tells the controllers over UDP.
//!
//! The datagram is upstream's, so that health managers and amphorae of both kinds understand
//! each other: a zlib stream of JSON, followed by its HMAC-SHA256 in 64 lower-case hex digits.
//! Fields of our own (`generation`, `sent_at`, `causes`) are ignored by upstream.
//!
//! Nothing of a datagram is believed, not even inflated, before its code has been checked.

mod packet;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::report::{ListenerStatus, MemberStatus, PoolStatus};

pub use packet::{Key, MAX_DATAGRAM};

/// The version that we send.
pub const VERSION: u8 = 3;

/// The state of an amphora, as it tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// The amphora.
    pub amphora_id: Uuid,
    /// Counts heartbeats since the sender started.
    pub seq: u64,
    /// The version of the message; 0 for senders that name none.
    pub version: u8,
    /// The listeners that are bound; disabled ones are absent.
    pub listeners: BTreeMap<Uuid, ListenerBeat>,
    /// The pools, once for each listener that uses them.
    pub pools: BTreeMap<PoolKey, PoolBeat>,
    /// The generation of the configuration that is served; ours only.
    pub generation: Option<u64>,
    /// When it was sent, to the millisecond; ours only.
    pub sent_at: Option<DateTime<Utc>>,
    /// Why members are as they are, for people; ours only.
    pub causes: BTreeMap<Uuid, String>,
}

impl Heartbeat {
    /// Tells what the counters of its listeners mean.
    pub fn counting(&self) -> Counting {
        if self.version >= 3 {
            Counting::SinceLastHeartbeat
        } else {
            Counting::SinceStart
        }
    }

    /// Returns the datagram, always in version [`VERSION`].
    pub fn encode(&self, key: &Key) -> Result<Vec<u8>, EncodeError> {
        let json = wire::to_json(self);
        let datagram = packet::seal(&json, key);
        if datagram.len() > MAX_DATAGRAM {
            return Err(EncodeError::TooLarge(datagram.len()));
        }
        Ok(datagram)
    }

    /// Reads what a sender with the key might say; whatever is understood can be said again, and means
    /// the same.
    ///
    /// # Panics
    ///
    /// Where a law is broken, which is all that this is for.
    #[cfg(any(test, feature = "fuzzing"))]
    pub fn hold_to_laws(text: &[u8], key: &Key) {
        assert!(
            Self::decode(text, key).is_err(),
            "nobody can guess the code"
        );
        let Ok(heartbeat) = Self::decode(&packet::seal(text, key), key) else {
            return;
        };
        let Ok(datagram) = heartbeat.encode(key) else {
            return;
        };
        let again = Self::decode(&datagram, key).expect("what we wrote is read");
        let current = Self {
            version: VERSION,
            ..heartbeat
        };
        assert_eq!(again, current);
    }

    /// Reads a datagram of any version up to [`VERSION`], if its code is right.
    pub fn decode(datagram: &[u8], key: &Key) -> Result<Self, DecodeError> {
        wire::from_json(&packet::open(datagram, key)?)
    }
}

/// What the counters of a heartbeat mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// To be added to what is known.
    SinceLastHeartbeat,
    /// To replace what is known.
    SinceStart,
}

/// A listener in a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerBeat {
    /// Whether it is at its connection limit.
    pub status: Told<ListenerStatus>,
    /// Its counters.
    pub statistics: Traffic,
}

/// Counters of a listener. All but `active_connections` are read as [`Counting`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients.
    pub bytes_out: u64,
    /// Connections open now.
    pub active_connections: u64,
    /// Connections accepted.
    pub total_connections: u64,
    /// Requests that could not be served.
    pub request_errors: u64,
}

/// A pool, as one listener uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolKey {
    /// The pool.
    pub pool_id: Uuid,
    /// The listener; UDP pools and unused ones name none.
    pub listener_id: Option<Uuid>,
}

/// A pool in a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolBeat {
    /// Whether any member can serve.
    pub status: Told<PoolStatus>,
    /// Its members.
    pub members: BTreeMap<Uuid, Told<MemberStatus>>,
}

/// A status that was told: one that has a meaning, or the text of one that has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<T> {
    /// The status.
    Known(T),
    /// A text that changes nothing, such as `RESTARTING` of a UDP member.
    Other(String),
}

impl<T> From<T> for Told<T> {
    fn from(status: T) -> Self {
        Self::Known(status)
    }
}

/// Why a heartbeat cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// It does not fit; fewer causes may help.
    #[error("the heartbeat has {0} bytes, and a datagram holds {MAX_DATAGRAM}")]
    TooLarge(usize),
}

/// Why a datagram is no heartbeat.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The code does not match: another key, or a damaged datagram.
    #[error("the datagram does not carry the code of our heartbeat key")]
    Unauthentic,
    /// The code is right and the content is not: a faulty sender.
    #[error("the heartbeat is malformed: {0}")]
    Malformed(Malformation),
}

/// What is wrong in a datagram whose code is right.
#[derive(Debug, thiserror::Error)]
pub enum Malformation {
    /// No zlib stream.
    #[error("inflate: {0}")]
    Stream(std::io::Error),
    /// More text than any amphora has to tell.
    #[error("it inflates to more than {0} bytes")]
    TooLong(u64),
    /// Not the JSON of a heartbeat.
    #[error("{0}")]
    Json(serde_json::Error),
    /// A version that we do not know.
    #[error("version {0} is not known, the newest is {VERSION}")]
    Version(u8),
}

impl fmt::Display for PoolKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.listener_id {
            Some(listener) => write!(f, "{}:{listener}", self.pool_id),
            None => write!(f, "{}", self.pool_id),
        }
    }
}
