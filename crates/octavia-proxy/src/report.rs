//! Statuses and counters for the agent.

use std::sync::Arc;

use octavia_amphora_api::config::ListenerProtocol;
use octavia_amphora_api::report::{
    ListenerReport, ListenerStatus, MemberReport, MemberStatus, PoolReport, PoolStatus, Report,
};
use uuid::Uuid;

use crate::config::snapshot::Member;
use crate::config::state::LastCheck;
use crate::config::{Listener, Pool, Snapshot};
use crate::runtime::clock::Time;

/// Why a member is down that was ejected.
const EJECTED: &str = "it is left alone for a while: clients met failures in a row there";

/// Reports on what `snapshot` serves.
pub(crate) fn report(snapshot: &Snapshot) -> Report {
    let listeners = snapshot.listeners.iter();
    let now = Time::now();
    Report {
        generation: snapshot.generation,
        listeners: listeners
            .map(|listener| listener_report(listener))
            .collect(),
        pools: snapshot
            .pools
            .iter()
            .filter(|pool| pool.enabled)
            .flat_map(|pool| pool_reports(pool, snapshot, now))
            .collect(),
    }
}

fn listener_report(listener: &Listener) -> ListenerReport {
    ListenerReport {
        id: listener.id,
        // The limit of flows is one of members.
        status: if listener.protocol != ListenerProtocol::Udp
            && listener.state.open() >= listener.limit
        {
            ListenerStatus::Full
        } else {
            ListenerStatus::Open
        },
        counters: listener.state.counters(),
    }
}

/// Returns the listeners that use a pool.
pub(crate) fn users(pool: &Pool, snapshot: &Snapshot) -> Vec<Uuid> {
    let serves = |listener: &&Arc<Listener>| {
        let default = listener.pool.as_ref();
        let l7 = listener.l7.as_ref();
        default.is_some_and(|used| used.id == pool.id) || l7.is_some_and(|l7| l7.chooses(pool.id))
    };
    let users = snapshot.listeners.iter().filter(serves);
    users.map(|listener| listener.id).collect()
}

/// One for each listener that uses the pool; one without, if none does.
fn pool_reports(pool: &Pool, snapshot: &Snapshot, now: Time) -> Vec<PoolReport> {
    let users = users(pool, snapshot);
    if users.is_empty() {
        return vec![pool_report(pool, None, now)];
    }
    users
        .into_iter()
        .map(|listener| pool_report(pool, Some(listener), now))
        .collect()
}

fn pool_report(pool: &Pool, listener_id: Option<Uuid>, now: Time) -> PoolReport {
    // As HAProxy has it: a pool without members is not down, it is empty.
    let can_serve = pool.members.is_empty()
        || pool
            .members
            .iter()
            .any(|member| pool.takes_traffic(member, now));
    PoolReport {
        id: pool.id,
        listener_id,
        status: if can_serve {
            PoolStatus::Up
        } else {
            PoolStatus::Down
        },
        members: pool
            .members
            .iter()
            .map(|member| member_report(pool, member, now))
            .collect(),
    }
}

fn member_report(pool: &Pool, member: &Member, now: Time) -> MemberReport {
    let is_checked = pool.monitor.is_some() && member.enabled;
    let last = if is_checked {
        member.state.last_check()
    } else {
        LastCheck::default()
    };
    let ejected = || pool.is_ejected(member, now).then(|| EJECTED.to_owned());
    let micros = |duration: std::time::Duration| u64::try_from(duration.as_micros()).ok();
    MemberReport {
        id: member.state.id,
        status: member_status(pool, member, now),
        cause: last.cause.or_else(ejected),
        check_duration_us: last.duration.and_then(micros),
    }
}

/// The most serious thing to say: a member that is disabled is not asked, one that fails its checks
/// does not drain.
pub(crate) fn member_status(pool: &Pool, member: &Member, now: Time) -> MemberStatus {
    if !member.enabled {
        MemberStatus::Maint
    } else if pool.is_ejected(member, now) || (pool.monitor.is_some() && member.state.is_down()) {
        MemberStatus::Down
    } else if member.weight == 0 {
        MemberStatus::Drain
    } else if pool.monitor.is_none() {
        MemberStatus::NoCheck
    } else {
        MemberStatus::Up
    }
}
