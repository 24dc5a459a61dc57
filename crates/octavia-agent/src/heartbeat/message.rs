//! From the report of the data plane to the parts of a heartbeat.

use std::collections::BTreeMap;

use octavia_amphora_api::Report;
use octavia_amphora_api::heartbeat::{ListenerBeat, PoolBeat, PoolKey, Traffic};
use uuid::Uuid;

pub(super) fn listeners(
    report: &Report,
    counters: &BTreeMap<Uuid, Traffic>,
) -> BTreeMap<Uuid, ListenerBeat> {
    let beat = |id, status| ListenerBeat {
        status,
        statistics: counters.get(id).copied().unwrap_or_default(),
    };
    let listeners = report.listeners.iter();
    listeners
        .map(|listener| (listener.id, beat(&listener.id, listener.status.into())))
        .collect()
}

/// The pools that listeners use. Upstream's amphorae are silent about the others, and controllers
/// understand silence.
pub(super) fn pools(report: &Report) -> BTreeMap<PoolKey, PoolBeat> {
    let used = report
        .pools
        .iter()
        .filter(|pool| pool.listener_id.is_some());
    used.map(|pool| {
        let key = PoolKey {
            pool_id: pool.id,
            listener_id: pool.listener_id,
        };
        let members = pool.members.iter();
        let beat = PoolBeat {
            status: pool.status.into(),
            members: members
                .map(|member| (member.id, member.status.into()))
                .collect(),
        };
        (key, beat)
    })
    .collect()
}

pub(super) fn causes(report: &Report) -> BTreeMap<Uuid, String> {
    let members = report.pools.iter().flat_map(|pool| &pool.members);
    members
        .filter_map(|member| Some((member.id, member.cause.clone()?)))
        .collect()
}
