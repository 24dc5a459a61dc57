//! A law of statuses: whatever is called in whatever order, and however the work ends, every object
//! goes only where its table lets it.

use std::collections::BTreeMap;
use std::time::Duration;

use octavia_model::ProvisioningStatus;
use octavia_store::Settlement;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::world::{Answer, World};

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// A call: what is done, to which kind, to which one of it.
    Call(Verb, Kind, prop::sample::Index),
    /// A worker ends its work, well or not.
    Settle(End),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Create,
    Update,
    Delete,
    Failover,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    LoadBalancer,
    Listener,
    Pool,
    Member,
    HealthMonitor,
    L7Policy,
    L7Rule,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Well,
    Badly(ProvisioningStatus),
}

fn step() -> impl Strategy<Value = Step> {
    use Kind as K;
    let verb = prop::sample::select(vec![
        Verb::Create,
        Verb::Create,
        Verb::Create,
        Verb::Update,
        Verb::Delete,
        Verb::Failover,
    ]);
    let kind = prop::sample::select(vec![
        K::LoadBalancer,
        K::Listener,
        K::Pool,
        K::Member,
        K::HealthMonitor,
        K::L7Policy,
        K::L7Rule,
    ]);
    let end = prop::sample::select(vec![
        End::Well,
        End::Well,
        End::Well,
        End::Badly(ProvisioningStatus::Active),
        End::Badly(ProvisioningStatus::Error),
    ]);
    prop_oneof![
        3 => (verb, kind, any::<prop::sample::Index>())
            .prop_map(|(verb, kind, which)| Step::Call(verb, kind, which)),
        2 => end.prop_map(Step::Settle),
    ]
}

/// The status of every object, by kind and path.
type Statuses = BTreeMap<(Kind, String), ProvisioningStatus>;

#[test]
fn no_order_of_calls_leads_off_the_table() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    let steps = prop::collection::vec(step(), 1..40);
    let done = runner.run(&steps, |steps| {
        runtime.block_on(play(&steps)).map_err(TestCaseError::fail)
    });
    done.unwrap();
}

async fn play(steps: &[Step]) -> Result<(), String> {
    let world = World::new().await;
    let subnet = json!({ "vip_subnet_id": "11111111-1111-1111-1111-111111111111" });
    world.make("loadbalancer", subnet).await;
    let mut before = look(&world).await;
    for (number, step) in steps.iter().enumerate() {
        world.tick();
        let outcome = match step {
            Step::Call(verb, kind, which) => {
                call(&world, &before, (*verb, *kind), which, number).await
            }
            Step::Settle(end) => {
                settle(&world, *end).await;
                None
            }
        };
        let after = look(&world).await;
        let said = match (step, &outcome) {
            (Step::Settle(end), _) => check_end(&before, &after, *end),
            (Step::Call(..), None) => Ok(()),
            (Step::Call(verb, kind, _), Some(answer)) => {
                check_call(&before, &after, (*verb, *kind), answer)
            }
        };
        said.map_err(|said| format!("{step:?}: {said}\nbefore {before:#?}\nafter {after:#?}"))?;
        before = after;
    }
    Ok(())
}

/// What every call must keep to.
fn check_call(
    before: &Statuses,
    after: &Statuses,
    (verb, kind): (Verb, Kind),
    answer: &Answer,
) -> Result<(), String> {
    use ProvisioningStatus as S;
    if answer.status.is_server_error() {
        return Err(format!("{} {}", answer.status, answer.body));
    }
    if !answer.status.is_success() {
        return if before == after {
            Ok(())
        } else {
            Err("a refusal changed something".to_owned())
        };
    }
    if (verb, kind) == (Verb::Create, Kind::LoadBalancer) {
        return Ok(());
    }
    let was = load_balancer(before).ok_or("there was none")?;
    let deletes = (verb, kind) == (Verb::Delete, Kind::LoadBalancer);
    let of_itself = deletes || verb == Verb::Failover;
    if was != S::Active && !(of_itself && was == S::Error) {
        return Err(format!("accepted while the load balancer was {was}"));
    }
    let locked = if deletes {
        S::PendingDelete
    } else {
        S::PendingUpdate
    };
    if load_balancer(after) != Some(locked) {
        return Err("the load balancer is not locked".to_owned());
    }
    for (object, now) in after {
        let fine = match (before.get(object), now) {
            (None, S::PendingCreate)
            | (Some(S::Active | S::Error), S::PendingUpdate | S::PendingDelete) => true,
            (Some(then), now) => then == now,
            (None, _) => false,
        };
        if !fine {
            return Err(format!(
                "{object:?} went from {:?} to {now}",
                before.get(object)
            ));
        }
    }
    let gone = before.keys().find(|object| !after.contains_key(object));
    gone.map_or(Ok(()), |object| {
        Err(format!("{object:?} went without its end"))
    })
}

/// Where everything is when a worker is done.
fn check_end(before: &Statuses, after: &Statuses, end: End) -> Result<(), String> {
    let worked = load_balancer(before).is_some_and(ProvisioningStatus::is_pending);
    let off = after.iter().find(|(_, status)| match status {
        ProvisioningStatus::Active => false,
        ProvisioningStatus::Error => worked && end == End::Well,
        ProvisioningStatus::PendingCreate
        | ProvisioningStatus::PendingUpdate
        | ProvisioningStatus::PendingDelete
        | ProvisioningStatus::Deleted => true,
    });
    off.map_or(Ok(()), |(object, status)| {
        Err(format!("{object:?} ends {status}"))
    })
}

fn load_balancer(statuses: &Statuses) -> Option<ProvisioningStatus> {
    let mut all = statuses.iter();
    all.find(|((kind, _), _)| *kind == Kind::LoadBalancer)
        .map(|(_, status)| *status)
}

/// Ends the work that is wanted, if any.
async fn settle(world: &World, end: End) {
    let End::Badly(load_balancer) = end else {
        return world.settle().await;
    };
    let mut tx = world.store.begin("test.lease").await.unwrap();
    let lease = tx.lease_next("test", Duration::from_mins(1)).await.unwrap();
    let Some(lease) = lease else { return };
    let generation = tx.fence(&lease).await.unwrap().wanted;
    let failed = Settlement::Failed {
        generation,
        load_balancer,
        cause: "it is tried here".to_owned(),
    };
    tx.settle(&lease, &failed).await.unwrap();
    tx.release(&lease, None).await.unwrap();
    tx.commit().await.unwrap();
}

async fn look(world: &World) -> Statuses {
    let mut statuses = Statuses::new();
    for (kind, collection, plural) in [
        (Kind::LoadBalancer, "loadbalancers", "loadbalancers"),
        (Kind::Listener, "listeners", "listeners"),
        (Kind::Pool, "pools", "pools"),
        (Kind::HealthMonitor, "healthmonitors", "healthmonitors"),
        (Kind::L7Policy, "l7policies", "l7policies"),
    ] {
        add(
            world,
            &mut statuses,
            kind,
            &format!("/v2.0/lbaas/{collection}"),
            plural,
        )
        .await;
    }
    for (above, kind, part) in [
        (Kind::Pool, Kind::Member, "members"),
        (Kind::L7Policy, Kind::L7Rule, "rules"),
    ] {
        for path in paths(&statuses, above) {
            add(world, &mut statuses, kind, &format!("{path}/{part}"), part).await;
        }
    }
    statuses
}

async fn add(world: &World, statuses: &mut Statuses, kind: Kind, path: &str, plural: &str) {
    let answer = world.get(path).await;
    for item in answer[plural].as_array().unwrap() {
        let status = item["provisioning_status"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let id = item["id"].as_str().unwrap();
        statuses.insert((kind, format!("{path}/{id}")), status);
    }
}

fn paths(statuses: &Statuses, kind: Kind) -> Vec<String> {
    let of_kind = statuses.keys().filter(|(known, _)| *known == kind);
    of_kind.map(|(_, path)| path.clone()).collect()
}

/// Makes a call; `None` where there is nothing to make it to.
async fn call(
    world: &World,
    before: &Statuses,
    (verb, kind): (Verb, Kind),
    which: &prop::sample::Index,
    number: usize,
) -> Option<Answer> {
    let pick = |kind| {
        let paths = paths(before, kind);
        (!paths.is_empty()).then(|| which.get(&paths).clone())
    };
    let (method, path, body) = match verb {
        Verb::Create => {
            let (path, body) = creation(kind, &pick, number)?;
            ("POST", path, body)
        }
        Verb::Update => (
            "PUT",
            pick(kind)?,
            json!({ root(kind): { "admin_state_up": number.is_multiple_of(2) } }),
        ),
        Verb::Delete if kind == Kind::LoadBalancer => (
            "DELETE",
            format!("{}?cascade={}", pick(kind)?, number.is_multiple_of(2)),
            Value::Null,
        ),
        Verb::Delete => ("DELETE", pick(kind)?, Value::Null),
        Verb::Failover => (
            "PUT",
            format!("{}/failover", pick(Kind::LoadBalancer)?),
            Value::Null,
        ),
    };
    Some(world.call(method, &path, body).await)
}

const fn root(kind: Kind) -> &'static str {
    match kind {
        Kind::LoadBalancer => "loadbalancer",
        Kind::Listener => "listener",
        Kind::Pool => "pool",
        Kind::Member => "member",
        Kind::HealthMonitor => "healthmonitor",
        Kind::L7Policy => "l7policy",
        Kind::L7Rule => "rule",
    }
}

fn creation(
    kind: Kind,
    pick: &dyn Fn(Kind) -> Option<String>,
    number: usize,
) -> Option<(String, Value)> {
    let id = |kind| Some(pick(kind)?.rsplit('/').next()?.to_owned());
    let below = |path: &str| format!("/v2.0/lbaas/{path}");
    let (path, body) = match kind {
        // One is enough: which of several is meant would have to be kept in mind.
        Kind::LoadBalancer => return None,
        Kind::Listener => (
            below("listeners"),
            json!({
                "loadbalancer_id": id(Kind::LoadBalancer)?, "protocol": "HTTP",
                "protocol_port": number + 1,
            }),
        ),
        Kind::Pool if number.is_multiple_of(2) && pick(Kind::Listener).is_some() => (
            below("pools"),
            json!({
                "listener_id": id(Kind::Listener)?, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN",
            }),
        ),
        Kind::Pool => (
            below("pools"),
            json!({
                "loadbalancer_id": id(Kind::LoadBalancer)?, "protocol": "HTTP",
                "lb_algorithm": "ROUND_ROBIN",
            }),
        ),
        Kind::Member => (
            format!("{}/members", pick(Kind::Pool)?),
            json!({
                "address": format!("192.0.2.{number}"), "protocol_port": 80,
            }),
        ),
        Kind::HealthMonitor => (
            below("healthmonitors"),
            json!({
                "pool_id": id(Kind::Pool)?, "type": "HTTP", "delay": 1, "timeout": 1, "max_retries": 1,
            }),
        ),
        Kind::L7Policy => (
            below("l7policies"),
            json!({
                "listener_id": id(Kind::Listener)?, "action": "REJECT",
            }),
        ),
        Kind::L7Rule => (
            format!("{}/rules", pick(Kind::L7Policy)?),
            json!({
                "type": "PATH", "compare_type": "EQUAL_TO", "value": "/",
            }),
        ),
    };
    Some((path, json!({ root(kind): body })))
}
