//! A law of lists: whatever the order and the size of pages, their links lead to each row once.

use octavia_testing::TestDatabase;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::openapi::Document;
use crate::world::{World, impatient};

/// How many of each kind there are.
const ROWS: usize = 7;

const SUBNET: &str = "11111111-1111-1111-1111-111111111111";

/// A list: its path, the keys of its items and of their names, and the fields that order it.
#[derive(Debug, Clone)]
struct List {
    path: String,
    plural: String,
    key: &'static str,
    fields: Vec<String>,
    rows: usize,
}

/// How a list is asked for.
#[derive(Debug, Clone)]
struct Asked {
    list: prop::sample::Index,
    sort: Vec<(prop::sample::Index, bool)>,
    limit: usize,
    marker: prop::sample::Index,
}

fn asked() -> impl Strategy<Value = Asked> {
    let key = any::<(prop::sample::Index, bool)>();
    let sort = prop::collection::vec(key, 0..3);
    let indices = any::<(prop::sample::Index, prop::sample::Index)>();
    (indices, sort, 1..=ROWS + 1).prop_map(|((list, marker), sort, limit)| Asked {
        list,
        sort,
        limit,
        marker,
    })
}

#[test]
fn pages_lead_to_each_row_once_on_sqlite() {
    holds(|| Box::pin(async { Some(TestDatabase::sqlite().await) }));
}

#[test]
fn pages_lead_to_each_row_once_on_mariadb() {
    holds(|| Box::pin(TestDatabase::mysql()));
}

type Opened = std::pin::Pin<Box<dyn Future<Output = Option<TestDatabase>>>>;

fn holds(database: impl Fn() -> Opened) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let Some((world, lists)) = runtime.block_on(async {
        let world = World::on(database().await?, impatient()).await;
        let lists = fill(&world).await;
        Some((world, lists))
    }) else {
        return;
    };
    let mut runner = TestRunner::new(Config {
        cases: 120,
        failure_persistence: None,
        ..Config::default()
    });
    let done = runner.run(&asked(), |asked| {
        runtime
            .block_on(walk(&world, &lists, &asked))
            .map_err(TestCaseError::fail)
    });
    done.unwrap();
}

async fn walk(world: &World, lists: &[List], asked: &Asked) -> Result<(), String> {
    let list = asked.list.get(lists);
    let direction = |down: bool| if down { "desc" } else { "asc" };
    let sort: Vec<_> = asked
        .sort
        .iter()
        .map(|(field, down)| format!("{}:{}", field.get(&list.fields), direction(*down)))
        .collect();
    let order = if sort.is_empty() {
        String::new()
    } else {
        format!("&sort={}", sort.join(","))
    };
    let path = &list.path;
    let all = page(world, list, &format!("{path}?limit=infinite{order}")).await?;
    let all = keys(list, &all);
    if all.len() != list.rows || has_twice(&all) {
        return Err(format!("{path}{order}: {all:?}"));
    }
    let forward = follow(world, list, &order, asked.limit).await?;
    if forward != all {
        return Err(format!(
            "{path}{order} by {}: {forward:?} instead of {all:?}",
            asked.limit
        ));
    }
    // What lies before a marker, the marker, and what lies behind it are all there is.
    let at = asked.marker.index(all.len());
    let marker = &all[at];
    let side =
        |reverse| format!("{path}?limit=infinite&marker={marker}{order}&page_reverse={reverse}");
    let before = keys(list, &page(world, list, &side("True")).await?);
    let behind = keys(list, &page(world, list, &side("False")).await?);
    if before != all[..at] || behind != all[at + 1..] {
        return Err(format!(
            "{path}{order} around {marker}: {before:?} and {behind:?} of {all:?}"
        ));
    }
    Ok(())
}

/// Walks from page to page, as the links say where items have ids.
async fn follow(
    world: &World,
    list: &List,
    order: &str,
    limit: usize,
) -> Result<Vec<String>, String> {
    let mut seen = Vec::new();
    let mut next = Some(format!("{}?limit={limit}{order}", list.path));
    while let Some(path) = next.take() {
        let answer = page(world, list, &path).await?;
        let keys = keys(list, &answer);
        if seen.len() > list.rows {
            return Err(format!("{path}: never ends: {seen:?}"));
        }
        if keys.len() == limit {
            let marker = keys.last().cloned().unwrap_or_default();
            let made = format!("{}?limit={limit}{order}&marker={marker}", list.path);
            next = Some(if list.key == "id" {
                linked(list, &answer)?
            } else {
                made
            });
        }
        seen.extend(keys);
    }
    Ok(seen)
}

fn linked(list: &List, answer: &Value) -> Result<String, String> {
    let links = answer
        .as_object()
        .and_then(|answer| answer.iter().find(|(key, _)| key.ends_with("_links")))
        .and_then(|(_, links)| links.as_array());
    let next = links.and_then(|links| links.iter().find(|link| link["rel"] == "next"));
    let href = next.and_then(|link| link["href"].as_str());
    let path = href.and_then(|href| href.strip_prefix("http://api.example"));
    path.map(ToOwned::to_owned)
        .ok_or_else(|| format!("{}: no link: {answer}", list.path))
}

async fn page(world: &World, list: &List, path: &str) -> Result<Value, String> {
    let answer = world.call("GET", path, Value::Null).await;
    if answer.status == 200 && answer.body[&list.plural].is_array() {
        Ok(answer.body)
    } else {
        Err(format!("{path}: {} {}", answer.status, answer.body))
    }
}

fn keys(list: &List, answer: &Value) -> Vec<String> {
    let items = answer[&list.plural].as_array().unwrap();
    items
        .iter()
        .map(|item| item[list.key].as_str().unwrap().to_owned())
        .collect()
}

fn has_twice(keys: &[String]) -> bool {
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    distinct.len() != keys.len()
}

/// Makes some of each kind, many of them alike, and returns the lists of the document.
async fn fill(world: &World) -> Vec<List> {
    let mut parents = (String::new(), String::new());
    for number in 0..ROWS {
        if number % 3 == 0 {
            world.tick();
        }
        parents = one_of_each(world, number).await;
    }
    for number in 0..ROWS - 1 {
        let member = json!({
            "address": format!("192.0.2.{number}"), "protocol_port": 80, "weight": number % 2,
        });
        world
            .make(&format!("pools/{}/member", parents.0), member)
            .await;
        let rule = json!({
            "type": "PATH", "compare_type": "EQUAL_TO", "value": format!("/{}", number % 2),
        });
        world
            .make(&format!("l7policies/{}/rule", parents.1), rule)
            .await;
    }
    lists(&Document::of(world).await, &parents)
}

/// Makes a tree and an offer, and returns the ids of the pool and the policy.
async fn one_of_each(world: &World, number: usize) -> (String, String) {
    // Some have no name, and some differ only in case.
    let name = [Value::Null, "same".into(), "Same".into(), "z".into()][number % 4].clone();
    let lb = json!({ "vip_subnet_id": SUBNET, "name": name, "description": name });
    let lb = world.make("loadbalancer", lb).await;
    let pool = json!({
        "loadbalancer_id": lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "name": name,
    });
    let pool = world.make("pool", pool).await;
    let member = json!({ "address": "192.0.2.99", "protocol_port": 80 });
    world.make(&format!("pools/{pool}/member"), member).await;
    if number.is_multiple_of(2) || number == 1 {
        let monitor = json!({
            "pool_id": pool, "type": "HTTP", "delay": 1, "timeout": 1, "max_retries": 1,
        });
        world.make("healthmonitor", monitor).await;
    }
    let listener = json!({ "loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": 80 });
    let listener = world.make("listener", listener).await;
    let policy = json!({ "listener_id": listener, "action": "REJECT", "name": name });
    let policy = world.make("l7policy", policy).await;
    let rule = json!({ "type": "PATH", "compare_type": "EQUAL_TO", "value": "/" });
    world.make(&format!("l7policies/{policy}/rule"), rule).await;
    offer(world, number).await;
    let quota = json!({ "quota": { "pool": number % 3 } });
    let path = format!("/v2.0/lbaas/quotas/project{number}");
    assert_eq!(world.call("PUT", &path, quota).await.status, 202);
    (pool, policy)
}

async fn offer(world: &World, number: usize) {
    let profile = json!({ "name": "p", "provider_name": "amphora", "flavor_data": "{}" });
    let profile = world.make("flavorprofile", profile).await;
    let flavor = json!({ "name": format!("f{number}"), "flavor_profile_id": profile });
    world.make("flavor", flavor).await;
    let profile =
        json!({ "name": "p", "provider_name": "amphora", "availability_zone_data": "{}" });
    let profile = world.make("availability_zone_profile", profile).await;
    let zone = json!({ "name": format!("z{number}"), "availability_zone_profile_id": profile });
    world.make("availability_zone", zone).await;
}

/// Returns the lists of the document that have pages.
fn lists(document: &Document, (pool, policy): &(String, String)) -> Vec<List> {
    let mut lists = Vec::new();
    for (method, path) in document.calls() {
        let operation = document.operation(method, path).unwrap();
        let parameters = operation["parameters"].as_array();
        let names: Vec<_> = parameters
            .into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        let fields = names.iter().skip_while(|name| **name != "fields").skip(1);
        // There is no order by what is a list itself.
        let fields = fields.filter(|name| !name.contains("tags") && **name != "vip_sg_ids");
        let fields: Vec<_> = fields.map(|name| (*name).to_owned()).collect();
        if !names.contains(&"page_reverse") || fields.len() < 3 {
            continue;
        }
        let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        let plural = answer["properties"]
            .as_object()
            .unwrap()
            .keys()
            .next()
            .unwrap();
        let monitors = (0..ROWS)
            .filter(|number| number.is_multiple_of(2) || *number == 1)
            .count();
        let (key, rows) = match plural.as_str() {
            "quotas" => ("project_id", ROWS),
            "availability_zones" => ("name", ROWS),
            "healthmonitors" => ("id", monitors),
            _ => ("id", ROWS),
        };
        lists.push(List {
            path: path
                .replace("{pool_id}", pool)
                .replace("{l7policy_id}", policy),
            plural: plural.clone(),
            key,
            fields,
            rows,
        });
    }
    lists.retain(|list| list.plural != "amphorae");
    assert_eq!(lists.len(), 12, "{lists:#?}");
    lists
}
