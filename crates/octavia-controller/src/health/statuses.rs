//! What operating statuses follow from a heartbeat. Pure; each heartbeat is judged alone.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use octavia_amphora_api::heartbeat::{Heartbeat, PoolBeat, Told};
use octavia_amphora_api::report::{ListenerStatus, MemberStatus, PoolStatus};
use octavia_model::{
    Id, Listener, ListenerProtocol, LoadBalancerTree, Member, OperatingStatus, Pool, PoolTree,
    ProvisioningStatus,
};

/// What a heartbeat means.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// The load balancer's new status, if it differs.
    pub load_balancer: Option<OperatingStatus>,
    /// The listeners whose status differs.
    pub listeners: BTreeMap<Id<Listener>, OperatingStatus>,
    /// The pools whose status differs.
    pub pools: BTreeMap<Id<Pool>, OperatingStatus>,
    /// The members whose status differs.
    pub members: BTreeMap<Id<Member>, OperatingStatus>,
    /// Whether the amphora does what it should, so that it counts as alive.
    pub is_sign_of_life: bool,
}

impl Judgement {
    /// Tells whether no status changes.
    pub fn is_unchanged(&self) -> bool {
        self.load_balancer.is_none()
            && self.listeners.is_empty()
            && self.pools.is_empty()
            && self.members.is_empty()
    }
}

/// Returns what a heartbeat means for a load balancer.
pub fn statuses(tree: &LoadBalancerTree, heartbeat: &Heartbeat) -> Judgement {
    let mut judge = Judge {
        tree,
        heartbeat,
        load_balancer: if tree.load_balancer.enabled {
            OperatingStatus::Online
        } else {
            OperatingStatus::Offline
        },
        judgement: Judgement {
            is_sign_of_life: is_sign_of_life(tree, heartbeat),
            ..Judgement::default()
        },
    };
    for listener in &tree.listeners {
        judge.listener(listener);
    }
    for pool in &tree.pools {
        judge.pool(pool);
    }
    let status = judge.load_balancer;
    judge.judgement.load_balancer =
        (status != tree.load_balancer.operating_status).then_some(status);
    judge.judgement
}

struct Judge<'a> {
    tree: &'a LoadBalancerTree,
    heartbeat: &'a Heartbeat,
    load_balancer: OperatingStatus,
    judgement: Judgement,
}

impl Judge<'_> {
    fn listener(&mut self, listener: &Listener) {
        let beat = self.heartbeat.listeners.get(&listener.id.uuid());
        let status = match beat.map(|beat| &beat.status) {
            Some(Told::Known(ListenerStatus::Open)) => OperatingStatus::Online,
            Some(Told::Known(ListenerStatus::Full)) => {
                self.degrade_load_balancer();
                OperatingStatus::Degraded
            }
            Some(Told::Other(_)) => return,
            None if listener.enabled && self.is_active() => OperatingStatus::Error,
            None => OperatingStatus::Offline,
        };
        if status != listener.operating_status {
            self.judgement.listeners.insert(listener.id, status);
        }
    }

    fn pool(&mut self, tree: &PoolTree) {
        let pool = &tree.pool;
        // A pool that two listeners use is told twice; the first counts, as upstream's does.
        let mut beats = self.heartbeat.pools.iter();
        let beat = beats.find(|(key, _)| key.pool_id == pool.id.uuid());
        let status = match beat {
            None => Some(OperatingStatus::Offline),
            Some((_, beat)) => self.reported_pool(tree, beat),
        };
        if let Some(status) = status
            && status != pool.operating_status
        {
            self.judgement.pools.insert(pool.id, status);
        }
    }

    fn reported_pool(&mut self, tree: &PoolTree, beat: &PoolBeat) -> Option<OperatingStatus> {
        let mut status = match &beat.status {
            Told::Known(PoolStatus::Up) => Some(OperatingStatus::Online),
            Told::Known(PoolStatus::Down) => {
                self.load_balancer = OperatingStatus::Error;
                Some(OperatingStatus::Error)
            }
            Told::Other(_) => None,
        };
        for member in &tree.members {
            let told = beat.members.get(&member.id.uuid());
            if told == Some(&Told::Known(MemberStatus::Down))
                && status == Some(OperatingStatus::Online)
            {
                status = Some(OperatingStatus::Degraded);
                self.degrade_load_balancer();
            }
            self.member(member, told);
        }
        status
    }

    fn member(&mut self, member: &Member, told: Option<&Told<MemberStatus>>) {
        let status = match told {
            Some(Told::Known(MemberStatus::Up)) => OperatingStatus::Online,
            Some(Told::Known(MemberStatus::Down)) => OperatingStatus::Error,
            Some(Told::Known(MemberStatus::Drain)) => OperatingStatus::Draining,
            Some(Told::Known(MemberStatus::Maint)) => OperatingStatus::Offline,
            Some(Told::Known(MemberStatus::NoCheck)) => OperatingStatus::NoMonitor,
            None if member.operating_status != OperatingStatus::NoMonitor => {
                OperatingStatus::Offline
            }
            None | Some(Told::Other(_)) => return,
        };
        if status != member.operating_status {
            self.judgement.members.insert(member.id, status);
        }
    }

    fn degrade_load_balancer(&mut self) {
        if self.load_balancer == OperatingStatus::Online {
            self.load_balancer = OperatingStatus::Degraded;
        }
    }

    fn is_active(&self) -> bool {
        self.tree.load_balancer.provisioning_status == ProvisioningStatus::Active
    }
}

/// Tells whether the amphora serves as many listeners as it should. The number means nothing while
/// the load balancer changes or is disabled.
fn is_sign_of_life(tree: &LoadBalancerTree, heartbeat: &Heartbeat) -> bool {
    let load_balancer = &tree.load_balancer;
    if load_balancer.provisioning_status.is_pending() || !load_balancer.enabled {
        return true;
    }
    let expected = tree
        .listeners
        .iter()
        .filter(|listener| listener.enabled && is_told_of(tree, listener, heartbeat))
        .count();
    heartbeat.listeners.len() == expected
}

/// Senders of messages without a version do not tell of UDP listeners that have no member.
fn is_told_of(tree: &LoadBalancerTree, listener: &Listener, heartbeat: &Heartbeat) -> bool {
    if heartbeat.version > 0 || listener.protocol != ListenerProtocol::Udp {
        return true;
    }
    tree.pools
        .iter()
        .filter(|pool| Some(pool.pool.id) == listener.default_pool_id)
        .flat_map(|pool| &pool.members)
        .any(|member| member.enabled)
}
