//! The JSON of a heartbeat, in every version.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    DecodeError, Heartbeat, ListenerBeat, Malformation, PoolBeat, PoolKey, Told, Traffic, VERSION,
};
use crate::report::{ListenerStatus, MemberStatus, PoolStatus};

#[derive(Serialize, Deserialize)]
struct Message {
    id: Uuid,
    seq: u64,
    listeners: BTreeMap<Uuid, Listener>,
    #[serde(default)]
    pools: BTreeMap<String, Pool>,
    #[serde(default)]
    ver: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent_at: Option<i64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    causes: BTreeMap<Uuid, String>,
}

#[derive(Serialize, Deserialize)]
struct Listener {
    status: String,
    #[serde(default)]
    stats: Stats,
    /// Where pools were before version 2.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pools: BTreeMap<String, Pool>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Stats {
    tx: u64,
    rx: u64,
    conns: u64,
    totconns: u64,
    ereq: u64,
}

#[derive(Serialize, Deserialize)]
struct Pool {
    status: String,
    #[serde(default)]
    members: BTreeMap<Uuid, String>,
}

pub(super) fn to_json(heartbeat: &Heartbeat) -> Vec<u8> {
    let message = Message {
        id: heartbeat.amphora_id,
        seq: heartbeat.seq,
        listeners: map(&heartbeat.listeners, |id, beat| (*id, beat.into())),
        pools: map(&heartbeat.pools, |key, beat| (key.to_string(), beat.into())),
        ver: VERSION,
        generation: heartbeat.generation,
        sent_at: heartbeat.sent_at.map(|moment| moment.timestamp_millis()),
        causes: heartbeat.causes.clone(),
    };
    serde_json::to_vec(&message).expect("every key of the message is a string")
}

pub(super) fn from_json(text: &[u8]) -> Result<Heartbeat, DecodeError> {
    parse(text).map_err(DecodeError::Malformed)
}

fn parse(text: &[u8]) -> Result<Heartbeat, Malformation> {
    let message: Message = serde_json::from_slice(text).map_err(Malformation::Json)?;
    if message.ver > VERSION {
        return Err(Malformation::Version(message.ver));
    }
    Ok(Heartbeat {
        amphora_id: message.id,
        seq: message.seq,
        version: message.ver,
        pools: pools(&message)?,
        listeners: map(&message.listeners, |id, listener| (*id, listener.into())),
        generation: message.generation,
        sent_at: message
            .sent_at
            .and_then(DateTime::<Utc>::from_timestamp_millis),
        causes: message.causes,
    })
}

fn pools(message: &Message) -> Result<BTreeMap<PoolKey, PoolBeat>, Malformation> {
    if message.ver >= 2 {
        return message
            .pools
            .iter()
            .map(|(key, pool)| Ok((pool_key(key)?, pool.into())))
            .collect();
    }
    let nested = message
        .listeners
        .iter()
        .flat_map(|(listener_id, listener)| {
            let with_listener = |pool| (*listener_id, pool);
            listener.pools.iter().map(with_listener)
        });
    nested
        .map(|(listener_id, (key, pool))| {
            let key = PoolKey {
                listener_id: Some(listener_id),
                ..pool_key(key)?
            };
            Ok((key, pool.into()))
        })
        .collect()
}

/// Cuts at the last colon, as upstream does.
fn pool_key(text: &str) -> Result<PoolKey, Malformation> {
    let (pool, listener) = match text.rsplit_once(':') {
        Some((pool, listener)) => (pool, Some(id(listener)?)),
        None => (text, None),
    };
    Ok(PoolKey {
        pool_id: id(pool)?,
        listener_id: listener,
    })
}

fn id(text: &str) -> Result<Uuid, Malformation> {
    let refused = |_| serde::de::Error::custom(format!("{text:?} is not the id of a pool"));
    Uuid::parse_str(text)
        .map_err(refused)
        .map_err(Malformation::Json)
}

fn map<K, V, L, W>(from: &BTreeMap<K, V>, each: impl Fn(&K, &V) -> (L, W)) -> BTreeMap<L, W>
where
    L: Ord,
{
    from.iter().map(|(key, value)| each(key, value)).collect()
}

impl From<&ListenerBeat> for Listener {
    fn from(beat: &ListenerBeat) -> Self {
        Self {
            status: beat.status.text(|status| match status {
                ListenerStatus::Open => "OPEN",
                ListenerStatus::Full => "FULL",
            }),
            stats: Stats {
                tx: beat.statistics.bytes_out,
                rx: beat.statistics.bytes_in,
                conns: beat.statistics.active_connections,
                totconns: beat.statistics.total_connections,
                ereq: beat.statistics.request_errors,
            },
            pools: BTreeMap::new(),
        }
    }
}

impl From<&Listener> for ListenerBeat {
    fn from(listener: &Listener) -> Self {
        Self {
            status: match listener.status.as_str() {
                "OPEN" => ListenerStatus::Open.into(),
                "FULL" => ListenerStatus::Full.into(),
                other => Told::Other(other.to_owned()),
            },
            statistics: Traffic {
                bytes_in: listener.stats.rx,
                bytes_out: listener.stats.tx,
                active_connections: listener.stats.conns,
                total_connections: listener.stats.totconns,
                request_errors: listener.stats.ereq,
            },
        }
    }
}

impl From<&PoolBeat> for Pool {
    fn from(beat: &PoolBeat) -> Self {
        Self {
            status: beat.status.text(|status| match status {
                PoolStatus::Up => "UP",
                PoolStatus::Down => "DOWN",
            }),
            members: map(&beat.members, |id, status| (*id, status.text(member_text))),
        }
    }
}

impl From<&Pool> for PoolBeat {
    fn from(pool: &Pool) -> Self {
        Self {
            status: match pool.status.as_str() {
                "UP" => PoolStatus::Up.into(),
                "DOWN" => PoolStatus::Down.into(),
                other => Told::Other(other.to_owned()),
            },
            members: map(&pool.members, |id, text| (*id, member_status(text))),
        }
    }
}

const fn member_text(status: MemberStatus) -> &'static str {
    match status {
        MemberStatus::Up => "UP",
        MemberStatus::Down => "DOWN",
        MemberStatus::Drain => "DRAIN",
        MemberStatus::Maint => "MAINT",
        MemberStatus::NoCheck => "no check",
    }
}

/// `UP 1/2` and `DOWN 1/3` say how far a member is on its way to the other.
fn member_status(text: &str) -> Told<MemberStatus> {
    match text {
        "DRAIN" => MemberStatus::Drain.into(),
        "MAINT" => MemberStatus::Maint.into(),
        "no check" => MemberStatus::NoCheck.into(),
        _ if text.starts_with("UP") => MemberStatus::Up.into(),
        _ if text.starts_with("DOWN") => MemberStatus::Down.into(),
        _ => Told::Other(text.to_owned()),
    }
}

impl<T: Copy> Told<T> {
    fn text(&self, known: impl Fn(T) -> &'static str) -> String {
        match self {
            Self::Known(status) => known(*status).to_owned(),
            Self::Other(text) => text.clone(),
        }
    }
}
