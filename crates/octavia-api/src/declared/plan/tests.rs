use std::collections::{BTreeMap, BTreeSet};

use octavia_model::{Id, L7PolicyAction, ListenerProtocol, LoadBalancer, PoolProtocol, Weight};
use octavia_testing as build;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

/// A small tree, in a few numbers: small ones meet often.
#[derive(Debug, Clone)]
struct Small {
    /// By name.
    pools: BTreeMap<u8, SmallPool>,
    /// By port.
    listeners: BTreeMap<u8, SmallListener>,
}

#[derive(Debug, Clone)]
struct SmallPool {
    is_tcp: bool,
    /// Weights by port.
    members: BTreeMap<u8, u8>,
    monitor_delay: Option<u8>,
}

#[derive(Debug, Clone)]
struct SmallListener {
    is_tcp: bool,
    name: u8,
    pool: Option<u8>,
    policies: Vec<SmallPolicy>,
}

#[derive(Debug, Clone)]
struct SmallPolicy {
    name: Option<u8>,
    pool: Option<u8>,
    rules: Vec<u8>,
}

fn small() -> impl Strategy<Value = Small> {
    let pool = (
        any::<bool>(),
        btree_map(0..5_u8, 0..3_u8, 0..5),
        option::of(1..3_u8),
    );
    let pool = pool.prop_map(|(is_tcp, members, monitor_delay)| SmallPool {
        is_tcp,
        members,
        monitor_delay,
    });
    let policy = (option::of(0..3_u8), option::of(0..4_u8), vec(0..3_u8, 0..3));
    let policy = policy.prop_map(|(name, pool, rules)| SmallPolicy { name, pool, rules });
    let listener = (
        any::<bool>(),
        0..3_u8,
        option::of(0..4_u8),
        vec(policy, 0..4),
    );
    let listener = listener.prop_map(|(is_tcp, name, pool, policies)| SmallListener {
        is_tcp,
        name,
        pool,
        policies,
    });
    let trees = (
        btree_map(0..4_u8, pool, 0..4),
        btree_map(0..4_u8, listener, 0..4),
    );
    trees.prop_map(|(pools, listeners)| Small { pools, listeners })
}

/// Makes a tree as a request does, with new ids.
fn tree(load_balancer: &LoadBalancer, small: &Small) -> Tree {
    let mut tree = Tree::default();
    let mut ids = BTreeMap::new();
    for (name, small) in &small.pools {
        let branch = pool(load_balancer, *name, small);
        ids.insert(*name, branch.pool.id);
        tree.pools.push(branch);
    }
    for (port, small) in &small.listeners {
        let mut listener = build::listener(load_balancer);
        listener.protocol_port = 80 + u16::from(*port);
        listener.name = Some(format!("listener {}", small.name));
        listener.default_pool_id = small.pool.and_then(|name| ids.get(&name).copied());
        if small.is_tcp {
            listener.protocol = ListenerProtocol::Tcp;
        }
        let policies = policies(&listener, &small.policies, &ids);
        tree.policies.insert(listener.id, policies);
        tree.listeners.push(listener);
    }
    tree
}

fn pool(load_balancer: &LoadBalancer, name: u8, small: &SmallPool) -> PoolTree {
    let mut pool = build::pool(load_balancer);
    pool.name = Some(format!("pool {name}"));
    if small.is_tcp {
        pool.protocol = PoolProtocol::Tcp;
    }
    let members = small.members.iter().map(|(port, weight)| {
        let address = "192.0.2.1".parse().unwrap();
        let mut member = build::member_at(&pool, address, 1000 + u16::from(*port));
        member.weight = Weight::try_from(i64::from(*weight)).ok();
        member
    });
    PoolTree {
        members: members.collect(),
        health_monitor: small.monitor_delay.map(|delay| HealthMonitor {
            delay: delay.into(),
            ..build::health_monitor(&pool)
        }),
        pool,
    }
}

fn policies(
    listener: &Listener,
    small: &[SmallPolicy],
    pools: &BTreeMap<u8, Id<Pool>>,
) -> Vec<L7Policy> {
    let mut names = BTreeSet::new();
    let distinct = small
        .iter()
        .filter(|policy| policy.name.is_none_or(|name| names.insert(name)));
    (1..)
        .zip(distinct)
        .map(|(position, small)| {
            let mut policy = build::l7_policy(listener);
            policy.name = small.name.map(|name| format!("policy {name}"));
            policy.position = position;
            policy.redirect_pool_id = small.pool.and_then(|name| pools.get(&name).copied());
            policy.action = match policy.redirect_pool_id {
                Some(_) => L7PolicyAction::RedirectToPool,
                None => L7PolicyAction::Reject,
            };
            policy.rules = small
                .rules
                .iter()
                .map(|value| rule(&policy, *value))
                .collect();
            policy
        })
        .collect()
}

fn rule(policy: &L7Policy, value: u8) -> L7Rule {
    L7Rule {
        value: format!("/{value}"),
        ..build::l7_rule(policy)
    }
}

/// Returns what is there once a tree is made.
fn there(load_balancer: &LoadBalancer, tree: &Tree) -> LoadBalancerTree {
    LoadBalancerTree {
        load_balancer: load_balancer.clone(),
        listeners: tree.listeners.clone(),
        l7_policies: tree.policies.values().flatten().cloned().collect(),
        pools: tree.pools.clone(),
        amphorae: Vec::new(),
    }
}

/// Returns what is there once a plan is done.
fn applied(present: &LoadBalancerTree, plan: &Plan) -> LoadBalancerTree {
    let policies: Vec<_> = present.l7_policies.iter().collect();
    let rules = policies.iter().flat_map(|policy| &policy.rules);
    let rules = after(rules.collect(), &plan.l7_rules);
    let mut policies = after(policies, &plan.l7_policies);
    policies.sort_by_key(|policy| (policy.listener_id, policy.position));
    for policy in &mut policies {
        let own = rules.iter().filter(|rule| rule.l7_policy_id == policy.id);
        policy.rules = own.cloned().collect();
    }
    let members = present.pools.iter().flat_map(|branch| &branch.members);
    let members = after(members.collect(), &plan.members);
    let monitors = present
        .pools
        .iter()
        .filter_map(|branch| branch.health_monitor.as_ref());
    let monitors = after(monitors.collect(), &plan.health_monitors);
    let pools = present.pools.iter().map(|branch| &branch.pool).collect();
    let branch = |pool: Pool| PoolTree {
        members: members
            .iter()
            .filter(|m| m.pool_id == pool.id)
            .cloned()
            .collect(),
        health_monitor: monitors.iter().find(|m| m.pool_id == pool.id).cloned(),
        pool,
    };
    LoadBalancerTree {
        listeners: after(present.listeners.iter().collect(), &plan.listeners),
        l7_policies: policies,
        pools: after(pools, &plan.pools).into_iter().map(branch).collect(),
        ..present.clone()
    }
}

fn after<T: Row>(rows: Vec<&T>, changes: &Changes<T>) -> Vec<T> {
    let stays = |row: &&T| changes.deleted.iter().all(|gone| gone.id() != row.id());
    let change = |row: &T| {
        let mut staying = changes.changed.iter();
        let found = staying.find(|change| change.before.id() == row.id());
        found.map_or_else(|| row.clone(), |change| change.after.clone())
    };
    let kept = rows.into_iter().filter(stays).map(change);
    kept.chain(changes.created.iter().map(|new| new.row.clone()))
        .collect()
}

/// Writes down what a tree says, without ids.
fn said(tree: &LoadBalancerTree) -> BTreeSet<String> {
    let names: BTreeMap<_, _> = tree
        .pools
        .iter()
        .map(|branch| (branch.pool.id, branch.pool.name.clone()))
        .collect();
    let name = |id: Option<Id<Pool>>| id.map(|id| names[&id].clone());
    let pools = tree.pools.iter().map(|branch| {
        let members = branch.members.iter();
        let members: BTreeSet<_> = members.map(|m| (m.protocol_port, m.weight)).collect();
        let delay = branch.health_monitor.as_ref().map(|monitor| monitor.delay);
        let pool = &branch.pool;
        format!("{:?} {} {members:?} {delay:?}", pool.name, pool.protocol)
    });
    let listeners = tree.listeners.iter().map(|listener| {
        let policies = tree.l7_policies.iter();
        let policies: Vec<_> = policies
            .filter(|policy| policy.listener_id == listener.id)
            .map(|policy| {
                let mut rules: Vec<_> = policy.rules.iter().map(|rule| &rule.value).collect();
                rules.sort();
                let target = name(policy.redirect_pool_id);
                format!("{:?} {} {target:?} {rules:?}", policy.name, policy.position)
            })
            .collect();
        let (pool, label) = (name(listener.default_pool_id), &listener.name);
        let (protocol, port) = (listener.protocol, listener.protocol_port);
        format!("{protocol} {port} {label:?} {pool:?} {policies:?}")
    });
    pools.chain(listeners).collect()
}

fn ids(tree: &LoadBalancerTree) -> BTreeSet<Uuid> {
    let policies = tree.l7_policies.iter().flat_map(|policy| {
        let rules = policy.rules.iter().map(|rule| rule.id.uuid());
        rules.chain([policy.id.uuid()])
    });
    let pools = tree.pools.iter().flat_map(|branch| {
        let members = branch.members.iter().map(|member| member.id.uuid());
        let monitor = branch
            .health_monitor
            .iter()
            .map(|monitor| monitor.id.uuid());
        members.chain(monitor).chain([branch.pool.id.uuid()])
    });
    let listeners = tree.listeners.iter().map(|listener| listener.id.uuid());
    listeners.chain(policies).chain(pools).collect()
}

/// How many are created, changed, deleted and untouched.
fn counts(plan: &Plan) -> [usize; 4] {
    fn of<T>(changes: &Changes<T>) -> [usize; 4] {
        let listed = [
            changes.created.len(),
            changes.changed.len(),
            changes.deleted.len(),
        ];
        [listed[0], listed[1], listed[2], changes.untouched]
    }
    let kinds = [
        of(&plan.listeners),
        of(&plan.pools),
        of(&plan.members),
        of(&plan.health_monitors),
        of(&plan.l7_policies),
        of(&plan.l7_rules),
    ];
    std::array::from_fn(|column| kinds.iter().map(|kind| kind[column]).sum())
}

proptest! {
    #[test]
    fn a_plan_that_is_done_gives_what_is_wanted_and_leaves_nothing_to_do(
        before in small(), wanted in small(),
    ) {
        let lb = build::load_balancer();
        let present = there(&lb, &tree(&lb, &before));
        let wanted = tree(&lb, &wanted);
        let made = plan(&present, &lb, &wanted).unwrap();
        let done = applied(&present, &made);
        prop_assert_eq!(said(&done), said(&there(&lb, &wanted)));
        let again = plan(&done, &lb, &wanted).unwrap();
        prop_assert!(again.is_empty(), "{again:?}");
    }

    #[test]
    fn every_row_stays_changes_or_goes_and_what_stays_keeps_its_id(
        before in small(), wanted in small(),
    ) {
        let lb = build::load_balancer();
        let present = there(&lb, &tree(&lb, &before));
        let wanted = tree(&lb, &wanted);
        let made = plan(&present, &lb, &wanted).unwrap();
        let [created, changed, deleted, untouched] = counts(&made);
        let (old, new) = (ids(&present), ids(&applied(&present, &made)));
        prop_assert_eq!(changed + deleted + untouched, old.len());
        prop_assert_eq!(changed + created + untouched, new.len());
        prop_assert_eq!(old.intersection(&new).count(), changed + untouched);
        prop_assert_eq!(made.is_empty(), created + changed + deleted == 0);
    }

    #[test]
    fn the_same_tree_changes_nothing(same in small()) {
        let lb = build::load_balancer();
        let present = there(&lb, &tree(&lb, &same));
        let made = plan(&present, &lb, &tree(&lb, &same)).unwrap();
        prop_assert!(made.is_empty(), "{made:?}");
    }
}

#[test]
fn a_pool_that_cannot_be_found_again_is_refused() {
    let lb = build::load_balancer();
    let mut wanted = Tree::default();
    wanted.pools.push(PoolTree {
        pool: Pool {
            name: None,
            ..build::pool(&lb)
        },
        members: Vec::new(),
        health_monitor: None,
    });
    let present = there(&lb, &Tree::default());
    let refused = plan(&present, &lb, &wanted).unwrap_err();
    insta::assert_snapshot!(
        refused,
        @"Validation failure: A pool needs a name or an id here, by which it is found again."
    );
}
