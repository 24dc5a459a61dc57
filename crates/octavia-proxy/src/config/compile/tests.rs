use std::sync::Arc;

use octavia_amphora_api::config::{
    Algorithm, AmphoraConfig, InsertHeaders, Listener, ListenerProtocol, Member, Pool,
    PoolProtocol, Timeouts,
};
use uuid::Uuid;

use super::compile;
use crate::config::Snapshot;
use crate::proxy::ApplyError;
use crate::runtime::clock::Time;

const LOOPS: usize = 2;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn member(number: u128) -> Member {
    Member {
        id: id(number),
        address: "192.0.2.1".parse().expect("an address"),
        port: 80,
        weight: 1,
        backup: false,
        slow_start_s: None,
        enabled: true,
        monitor_address: None,
        monitor_port: None,
    }
}

fn listener(number: u128, port: u16) -> Listener {
    Listener {
        id: id(number),
        protocol: ListenerProtocol::Http,
        port,
        connection_limit: None,
        default_pool: Some(id(20)),
        timeouts: Timeouts::default(),
        insert_headers: InsertHeaders::default(),
        log: None,
        allowed_cidrs: Vec::new(),
        rate_limit: None,
        l7_policies: Vec::new(),
        tls: None,
    }
}

/// A document without addresses, so that nothing is bound.
fn document(members: &[u128]) -> AmphoraConfig {
    AmphoraConfig {
        generation: 1,
        amphora_id: id(1),
        load_balancer_id: id(2),
        vips: Vec::new(),
        interfaces: Vec::new(),
        vrrp: None,
        listeners: vec![listener(10, 80)],
        pools: vec![Pool {
            id: id(20),
            protocol: PoolProtocol::Http,
            algorithm: Algorithm::RoundRobin,
            members: members.iter().copied().map(member).collect(),
            session_persistence: None,
            health_monitor: None,
            passive_health: None,
            enabled: true,
            tls: None,
        }],
    }
}

fn after(before: &Snapshot, config: &AmphoraConfig) -> Snapshot {
    compile(config, before, LOOPS).expect("a valid document")
}

fn first(config: &AmphoraConfig) -> Snapshot {
    after(&Snapshot::empty(0), config)
}

fn slots(snapshot: &Snapshot) -> Vec<usize> {
    let members = snapshot.pools[0].members.iter();
    members.map(|member| member.state.slot).collect()
}

#[test]
fn what_stays_keeps_its_state() {
    let before = first(&document(&[1, 2]));
    before.pools[0].members[1].state.set_down(true);
    let mut config = document(&[2, 3]);
    config.pools[0].members[0].weight = 7;
    let after = after(&before, &config);
    let (old, new) = (&before.pools[0].members[1], &after.pools[0].members[0]);
    assert!(Arc::ptr_eq(&old.state, &new.state));
    assert!(new.state.is_down() && new.weight == 7);
    assert!(Arc::ptr_eq(
        &before.listeners[0].state,
        &after.listeners[0].state
    ));
    assert_eq!((before.version, after.version), (1, 2));
}

#[test]
fn a_member_at_another_address_is_another_member() {
    let before = first(&document(&[1]));
    let mut config = document(&[1]);
    config.pools[0].members[0].port = 81;
    let after = after(&before, &config);
    let (old, new) = (&before.pools[0].members[0], &after.pools[0].members[0]);
    assert!(!Arc::ptr_eq(&old.state, &new.state));
}

#[test]
fn slots_are_used_again_but_never_twice_at_once() {
    let one = first(&document(&[1, 2, 3]));
    assert_eq!(slots(&one), [0, 1, 2]);
    let two = after(&one, &document(&[2, 3]));
    assert_eq!(slots(&two), [1, 2]);
    let three = after(&two, &document(&[4, 2, 5, 3]));
    assert_eq!(slots(&three), [0, 1, 3, 2]);
    let states = three.members.iter().flatten();
    assert!(states.enumerate().all(|(slot, state)| state.slot == slot));
}

#[test]
fn turns_go_on_where_they_were() {
    let client = "198.51.100.1:4711".parse().expect("an address");
    let before = first(&document(&[1, 2]));
    let chosen = before.pools[0]
        .choose(client, &[], Time::now())
        .map(|state| state.id);
    assert_eq!(chosen, Some(id(1)));
    let after = after(&before, &document(&[1, 2]));
    let chosen = after.pools[0]
        .choose(client, &[], Time::now())
        .map(|state| state.id);
    assert_eq!(chosen, Some(id(2)));
}

#[test]
fn a_disabled_pool_is_behind_no_listener() {
    let mut config = document(&[1]);
    config.pools[0].enabled = false;
    assert!(first(&config).listeners[0].pool.is_none());
}

#[test]
fn contradictions_are_named() {
    let refused = |edit: fn(&mut AmphoraConfig)| {
        let mut config = document(&[1]);
        edit(&mut config);
        match compile(&config, &Snapshot::empty(0), LOOPS) {
            Err(error @ ApplyError::Invalid(_)) => error.to_string(),
            Err(_) | Ok(_) => "accepted".into(),
        }
    };
    insta::assert_snapshot!(refused(|config| config.pools.clear()), @"read the configuration: listener 00000000-0000-0000-0000-00000000000a: its pool 00000000-0000-0000-0000-000000000014 is missing");
    insta::assert_snapshot!(refused(|config| config.listeners.push(listener(11, 80))), @"read the configuration: listener 00000000-0000-0000-0000-00000000000b: another listener has port 80");
    insta::assert_snapshot!(refused(|config| config.listeners.push(listener(10, 81))), @"read the configuration: listener 00000000-0000-0000-0000-00000000000a is there twice");
    insta::assert_snapshot!(refused(|config| config.pools.push(document(&[]).pools.remove(0))), @"read the configuration: pool 00000000-0000-0000-0000-000000000014 is there twice");
}
