use std::collections::BTreeMap;

use octavia_amphora_api::heartbeat::{ListenerBeat, PoolKey, Traffic};
use octavia_model::PoolTree;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::samples::{LISTENER, MEMBER, POOL, full, id, listener, pool};

/// What upstream made of one heartbeat, recorded.
#[derive(Debug, Deserialize, PartialEq)]
struct Recorded {
    case: String,
    lb: String,
    li: String,
    li2: String,
    po: String,
    po2: String,
    m1: String,
    m2: String,
    amphora_health_touched: bool,
}

/// Two listeners, a pool with two members on the first, and a pool that nothing uses.
fn tree() -> LoadBalancerTree {
    let mut tree = full();
    tree.load_balancer.provisioning_status = ProvisioningStatus::Active;
    tree.listeners.push(listener(2, 81, None));
    tree.pools.push(PoolTree {
        pool: pool(2),
        members: Vec::new(),
        health_monitor: None,
    });
    tree
}

/// Everything works; the unused pool is not told of.
fn all_up() -> Heartbeat {
    let mut heartbeat = Heartbeat {
        amphora_id: uuid::Uuid::nil(),
        seq: 0,
        version: 3,
        listeners: BTreeMap::new(),
        pools: BTreeMap::new(),
        generation: None,
        sent_at: None,
        causes: BTreeMap::new(),
    };
    for n in [1, 2] {
        set_listener(&mut heartbeat, n, ListenerStatus::Open.into());
    }
    let up = Told::from(MemberStatus::Up);
    heartbeat.pools.insert(
        PoolKey {
            pool_id: id::<Pool>(POOL, 1).uuid(),
            listener_id: Some(id::<Listener>(LISTENER, 1).uuid()),
        },
        PoolBeat {
            status: PoolStatus::Up.into(),
            members: [1, 2]
                .map(|n| (id::<Member>(MEMBER, n).uuid(), up.clone()))
                .into(),
        },
    );
    heartbeat
}

fn set_listener(heartbeat: &mut Heartbeat, n: u32, status: Told<ListenerStatus>) {
    let beat = ListenerBeat {
        status,
        statistics: Traffic::default(),
    };
    let listener = id::<Listener>(LISTENER, n).uuid();
    heartbeat.listeners.insert(listener, beat);
}

fn drop_listener(heartbeat: &mut Heartbeat, n: u32) {
    let listener = id::<Listener>(LISTENER, n).uuid();
    heartbeat.listeners.remove(&listener);
}

fn only_pool(heartbeat: &mut Heartbeat) -> &mut PoolBeat {
    heartbeat.pools.values_mut().next().unwrap()
}

fn set_members(heartbeat: &mut Heartbeat, members: &[u32], status: &Told<MemberStatus>) {
    for n in members {
        let member = id::<Member>(MEMBER, *n).uuid();
        only_pool(heartbeat).members.insert(member, status.clone());
    }
}

fn all_down(heartbeat: &mut Heartbeat) {
    only_pool(heartbeat).status = PoolStatus::Down.into();
    set_members(heartbeat, &[1, 2], &MemberStatus::Down.into());
}

/// Returns what a recorded case was made of.
fn case(name: &str) -> (LoadBalancerTree, Heartbeat) {
    let (mut tree, mut heartbeat) = (tree(), all_up());
    let beat = &mut heartbeat;
    let load_balancer = &mut tree.load_balancer;
    let other = |text: &str| Told::<MemberStatus>::Other(text.to_owned());
    match name {
        "all up (po2 unused, not reported)" => {}
        "one member DOWN, pool UP" | "member transitional UP 1/3, DOWN 1/2" => {
            set_members(beat, &[2], &MemberStatus::Down.into());
        }
        "pool DOWN all members DOWN" => all_down(beat),
        "listener FULL" => set_listener(beat, 1, ListenerStatus::Full.into()),
        "member DRAIN" => set_members(beat, &[2], &MemberStatus::Drain.into()),
        "member MAINT" => set_members(beat, &[2], &MemberStatus::Maint.into()),
        "member no check" => set_members(beat, &[1, 2], &MemberStatus::NoCheck.into()),
        "member RESTARTING" => set_members(beat, &[2], &other("RESTARTING")),
        "member unknown string" => set_members(beat, &[2], &other("FROBNICATING")),
        "member missing from report" | "member missing, was NO_MONITOR" => {
            let member = id::<Member>(MEMBER, 2).uuid();
            only_pool(beat).members.remove(&member);
            if name.ends_with("NO_MONITOR") {
                tree.pools[0].members[1].operating_status = OperatingStatus::NoMonitor;
            }
        }
        "listener missing, LB ACTIVE" => drop_listener(beat, 2),
        "listener missing, LB PENDING_UPDATE" => {
            load_balancer.provisioning_status = ProvisioningStatus::PendingUpdate;
            drop_listener(beat, 2);
        }
        "listener missing, LB ERROR" => {
            load_balancer.provisioning_status = ProvisioningStatus::Error;
            drop_listener(beat, 2);
        }
        "listener disabled and missing" => {
            tree.listeners[1].enabled = false;
            drop_listener(beat, 2);
        }
        "LB disabled, nothing reported" => {
            load_balancer.enabled = false;
            beat.listeners.clear();
            beat.pools.clear();
        }
        "LB disabled, everything reported up" => load_balancer.enabled = false,
        "LB disabled, pool DOWN" => {
            load_balancer.enabled = false;
            all_down(beat);
        }
        "pool missing" => beat.pools.clear(),
        "listener FULL and pool DOWN" => {
            set_listener(beat, 1, ListenerStatus::Full.into());
            all_down(beat);
        }
        "pool unknown status" => only_pool(beat).status = Told::Other("NOPE".to_owned()),
        "extra unknown listener" => set_listener(beat, 99, ListenerStatus::Open.into()),
        "pool key without listener suffix" => {
            let pools = std::mem::take(&mut beat.pools).into_iter();
            beat.pools = pools
                .map(|(key, pool)| {
                    (
                        PoolKey {
                            listener_id: None,
                            ..key
                        },
                        pool,
                    )
                })
                .collect();
        }
        other => panic!("no input for the recorded case {other:?}"),
    }
    (tree, heartbeat)
}

fn judge(case_name: &str) -> Recorded {
    let (tree, heartbeat) = case(case_name);
    let judgement = statuses(&tree, &heartbeat);
    let listener = |n: usize| {
        let listener = &tree.listeners[n];
        let status = judgement.listeners.get(&listener.id);
        status.unwrap_or(&listener.operating_status).to_string()
    };
    let pool = |n: usize| {
        let pool = &tree.pools[n].pool;
        let status = judgement.pools.get(&pool.id);
        status.unwrap_or(&pool.operating_status).to_string()
    };
    let member = |n: usize| {
        let member = &tree.pools[0].members[n];
        let status = judgement.members.get(&member.id);
        status.unwrap_or(&member.operating_status).to_string()
    };
    let load_balancer = judgement.load_balancer;
    Recorded {
        case: case_name.to_owned(),
        lb: load_balancer
            .unwrap_or(tree.load_balancer.operating_status)
            .to_string(),
        li: listener(0),
        li2: listener(1),
        po: pool(0),
        po2: pool(1),
        m1: member(0),
        m2: member(1),
        amphora_health_touched: judgement.is_sign_of_life,
    }
}

#[test]
fn every_recorded_heartbeat_is_judged_as_upstream_judged_it() {
    let recorded: Vec<Recorded> = serde_json::from_str(include_str!("heartbeats.json")).unwrap();
    assert_eq!(recorded.len(), 25);
    for recorded in recorded {
        // The store finds no load balancer for such a heartbeat, so nobody judges it.
        if recorded.case != "LB DELETED" {
            assert_eq!(judge(&recorded.case), recorded);
        }
    }
}

#[test]
fn a_pool_that_two_listeners_use_is_judged_by_its_first_entry() {
    let (mut tree, mut heartbeat) = (tree(), all_up());
    tree.listeners[1].default_pool_id = Some(id(POOL, 1));
    let mut second = only_pool(&mut heartbeat).clone();
    second.status = PoolStatus::Down.into();
    heartbeat.pools.insert(
        PoolKey {
            pool_id: id::<Pool>(POOL, 1).uuid(),
            listener_id: Some(id::<Listener>(LISTENER, 2).uuid()),
        },
        second,
    );
    let judgement = statuses(&tree, &heartbeat);
    assert_eq!(
        judgement.pools.get(&id(POOL, 1)),
        Some(&OperatingStatus::Online)
    );
}

#[test]
fn senders_without_a_version_do_not_tell_of_udp_listeners_without_members() {
    let (mut tree, mut heartbeat) = (tree(), all_up());
    tree.listeners[1].protocol = ListenerProtocol::Udp;
    drop_listener(&mut heartbeat, 2);
    assert!(!statuses(&tree, &heartbeat).is_sign_of_life);
    heartbeat.version = 0;
    assert!(statuses(&tree, &heartbeat).is_sign_of_life);
}

fn member_status() -> impl Strategy<Value = Option<Told<MemberStatus>>> {
    prop::option::of(prop_oneof![
        Just(Told::Known(MemberStatus::Up)),
        Just(Told::Known(MemberStatus::Down)),
        Just(Told::Known(MemberStatus::Drain)),
        Just(Told::Known(MemberStatus::Maint)),
        Just(Told::Known(MemberStatus::NoCheck)),
        Just(Told::Other("RESTARTING".to_owned())),
    ])
}

proptest! {
    /// What was judged once changes nothing when it is told again.
    #[test]
    fn the_same_heartbeat_twice_changes_nothing_more(
        members in prop::array::uniform2(member_status()),
        is_up in any::<bool>(),
        is_full in any::<bool>(),
    ) {
        let (mut tree, mut heartbeat) = (tree(), all_up());
        if !is_up {
            only_pool(&mut heartbeat).status = PoolStatus::Down.into();
        }
        if is_full {
            set_listener(&mut heartbeat, 1, ListenerStatus::Full.into());
        }
        only_pool(&mut heartbeat).members.clear();
        for (n, status) in [1, 2].into_iter().zip(&members) {
            if let Some(status) = status {
                set_members(&mut heartbeat, &[n], status);
            }
        }
        apply(&mut tree, &heartbeat);
        let again = statuses(&tree, &heartbeat);
        prop_assert!(again.is_unchanged(), "{again:?}");
    }
}

fn apply(tree: &mut LoadBalancerTree, heartbeat: &Heartbeat) {
    let judgement = statuses(tree, heartbeat);
    if let Some(status) = judgement.load_balancer {
        tree.load_balancer.operating_status = status;
    }
    for listener in &mut tree.listeners {
        if let Some(status) = judgement.listeners.get(&listener.id) {
            listener.operating_status = *status;
        }
    }
    for pool in &mut tree.pools {
        if let Some(status) = judgement.pools.get(&pool.pool.id) {
            pool.pool.operating_status = *status;
        }
        for member in &mut pool.members {
            if let Some(status) = judgement.members.get(&member.id) {
                member.operating_status = *status;
            }
        }
    }
}
