use octavia_model::{Amphora, Id, RandomIds};
use serde_json::{Value, json};

use super::network;
use crate::replay::administration;
use crate::replay::break_it;
use crate::replay::matching::Bindings;
use crate::world::World;

const RULE: &str = r#"{"type": "PATH", "compare_type": "EQUAL_TO", "value": "/x"}"#;

const MOST_RULES: usize = 50;

/// Sets the scenery, and returns what the names stand for.
pub(super) async fn set(world: &World) -> Bindings {
    let mut names = Bindings::default();
    for (name, number) in network::NAMES {
        names.bind(name, &network::uuid(number)).unwrap();
    }
    let too_many = vec![RULE; MOST_RULES + 1].join(", ");
    names.bind("<51 rules>", &format!("[{too_many}]")).unwrap();
    let long = format!("http://b/{}", "x".repeat(130));
    names.bind("<long ref>", &long).unwrap();
    for line in include_str!("scenery.txt").lines() {
        if !line.is_empty() && !line.starts_with('#') {
            world.tick();
            step(world, &mut names, line).await;
        }
    }
    names
}

async fn step(world: &World, names: &mut Bindings, line: &str) {
    if let Some(named) = line.strip_prefix('<') {
        let (name, rest) = named.split_once('>').unwrap();
        let rest = names.fill(rest.trim_start());
        let (kind, body) = rest.split_once(' ').unwrap();
        let id = world.make(kind, serde_json::from_str(body).unwrap()).await;
        return names.bind(&format!("<{name}>"), &id).unwrap();
    }
    if let Some(rest) = line.strip_prefix("amphora ") {
        let (name, owner) = rest.split_once("> ").unwrap();
        let id = amphora(world, &names.fill(owner)).await;
        return names.bind(&format!("{name}>"), &id).unwrap();
    }
    let line = names.fill(line);
    match line.split(' ').collect::<Vec<_>>()[..] {
        ["break", kind, id] => break_it(world, kind, id).await,
        ["lock", id] => administration::lock(world, id).await,
        ["fill", policy] => fill(world, policy).await,
        ["limit", project] => limit(world, project).await,
        _ => panic!("nobody knows what to do: {line}"),
    }
}

async fn amphora(world: &World, owner: &str) -> String {
    let mut tx = world.store.begin("test.amphora").await.unwrap();
    let owner = tx.load_balancer(owner.parse().unwrap()).await.unwrap();
    let amphora = Amphora {
        id: Id::new(&RandomIds),
        ..octavia_testing::amphora(&owner.unwrap())
    };
    tx.insert_amphora(&amphora).await.unwrap();
    tx.save_amphora(&amphora).await.unwrap();
    tx.commit().await.unwrap();
    amphora.id.to_string()
}

/// Gives a policy as many rules as it may have.
async fn fill(world: &World, policy: &str) {
    for _ in 0..MOST_RULES {
        let rule = serde_json::from_str(RULE).unwrap();
        world.make(&format!("l7policies/{policy}/rule"), rule).await;
    }
}

/// Lets a project have nothing more.
async fn limit(world: &World, project: &str) {
    let none = [
        "load_balancer",
        "listener",
        "pool",
        "health_monitor",
        "member",
        "l7policy",
        "l7rule",
    ];
    let none: serde_json::Map<_, _> = none
        .map(|kind| (kind.to_owned(), Value::from(0)))
        .into_iter()
        .collect();
    let path = format!("/v2.0/lbaas/quotas/{project}");
    let answer = world.call("PUT", &path, json!({ "quota": none })).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
}
