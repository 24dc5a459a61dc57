//! No path is without a rule.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use axum::body::Body;
use http::{Request, StatusCode};
use octavia_api::Auth;
use octavia_api::policy::{Operation, defaults};
use serde_json::{Value, json};

use super::{OWN, policy};
use crate::openapi::Document;
use crate::world::{Answer, World, send};

/// Paths that no rule of upstream's table names, and why that is right.
const WITHOUT_A_RULE: [(&str, &str); 17] = [
    ("/", "says which versions there are"),
    ("/healthcheck", "for probes, which have no token"),
    ("/v2.0", "says which version this is"),
    ("/v2.0/lbaas", "says which version this is"),
    ("/v2.0/octavia", "says which version this is"),
    (
        "/v2.0/lbaas/loadbalancers/{}/statuses",
        "the older name of status, with its rule",
    ),
    (
        "/v2.0/lbaas/loadbalancers/{}/config",
        "ours, with the rules of the single calls that do the same",
    ),
    (
        "/v2.0/lbaas/loadbalancers/{}/{}",
        "says that there is no such path",
    ),
    (
        "/v2.0/lbaas/providers/{}",
        "says that there is no such method",
    ),
    (
        "/v2.0/extensions",
        "an empty list, for clients of the Network API",
    ),
    (
        "/v2.0/openapi",
        "says what the source says, to whom it may concern",
    ),
    ("/v2.0/networks", "ours, with rule load-balancer:read"),
    ("/v2.0/networks/{}", "ours, with rule load-balancer:read"),
    ("/v2.0/subnets", "ours, with rule load-balancer:read"),
    ("/v2.0/subnets/{}", "ours, with rule load-balancer:read"),
    ("/v2.0/ports", "ours, with rule load-balancer:admin"),
    ("/v2.0/ports/{}", "ours, with rule load-balancer:admin"),
];

#[tokio::test]
async fn every_path_has_a_rule() {
    let with_rule: BTreeSet<_> = operations().iter().map(|call| plain(&call.path)).collect();
    let excused = |path: &String| WITHOUT_A_RULE.iter().any(|(known, _)| known == path);
    let mut paths = paths();
    assert!(paths.len() > 20, "the paths were not found: {paths:?}");
    let document = Document::of(&World::new().await).await;
    paths.extend(document.calls().iter().map(|(_, path)| plain(path)));
    let missed: Vec<_> = paths
        .iter()
        .filter(|path| !with_rule.contains(*path) && !excused(path))
        .collect();
    assert_eq!(missed, Vec::<&String>::new(), "paths without a rule");
}

#[tokio::test]
async fn when_no_rule_holds_no_call_is_allowed() {
    let world = World::new().await;
    let ids = objects(&world).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    let nobody: BTreeMap<_, _> = defaults().iter().map(|rule| (&rule.name, "!")).collect();
    std::fs::write(&file, json!(nobody).to_string()).unwrap();
    let policy = policy(file.to_str().unwrap(), true);
    let router = world.router_asking(Auth::Headers(policy));

    let mut refused = BTreeSet::new();
    let mut let_through = Vec::new();
    for call in operations().into_iter().chain(own_operations()) {
        let path = with_ids(&plain(&call.path), &call.path, &ids);
        let request = Request::builder()
            .method(call.method.as_str())
            .uri(&path)
            .header("content-type", "application/json")
            .header("x-project-id", OWN)
            .header("x-roles", "admin,member,reader,service");
        let body = body(&call, &ids);
        let answer = send(&router, request.body(Body::from(body)).unwrap()).await;
        let shown = format!("{} {path}", call.method);
        match answer.status {
            StatusCode::FORBIDDEN => drop(refused.insert(shown)),
            _ if comes_later(&answer) => {}
            status => let_through.push(format!("{shown}: {status} {}", answer.body)),
        }
    }
    assert_eq!(let_through, Vec::<String>::new());
    assert!(refused.len() >= 48, "{}: {refused:#?}", refused.len());
}

/// The calls of all rules.
fn operations() -> Vec<Operation> {
    defaults()
        .iter()
        .flat_map(|rule| rule.operations.iter().cloned())
        .collect()
}

/// The calls that are not in upstream's table, and have a rule all the same.
fn own_operations() -> impl Iterator<Item = Operation> {
    let with_rule = WITHOUT_A_RULE
        .iter()
        .filter(|(_, why)| why.contains("rule load-balancer:"));
    let older = "/v2.0/lbaas/loadbalancers/{loadbalancer_id}/statuses";
    let batch = ("PUT", "/v2.0/lbaas/pools/{pool_id}/members");
    let whole = "/v2.0/lbaas/loadbalancers/{loadbalancer_id}/config";
    with_rule
        .map(|(path, _)| ("GET", *path))
        .chain([("GET", older), batch, ("PUT", whole)])
        .map(|(method, path)| Operation {
            method: method.to_owned(),
            path: path.to_owned(),
        })
}

/// Tells whether the service does not have the call, or not the object: then it lets nobody through.
fn comes_later(answer: &Answer) -> bool {
    matches!(
        answer.status,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
    )
}

/// Writes a path as the code does, with `{}` for each variable part.
fn plain(path: &str) -> String {
    let parts: Vec<_> = path
        .split('/')
        .map(|part| match part {
            "v2" => "v2.0",
            part if part.starts_with('{') => "{}",
            part => part,
        })
        .collect();
    parts.join("/")
}

/// Every path in the code of the routes.
pub(crate) fn paths() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source.join("network_api.rs"), source.join("openapi.rs")];
    files_below(&source.join("routes"), &mut files);
    let mut paths = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        // What stands between quotes is every other part.
        let quoted = text.split('"').skip(1).step_by(2);
        paths.extend(quoted.filter(|text| text.starts_with("/v2.0")).map(plain));
    }
    paths
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Makes one object of every kind that the service has; by the names of the table's variable parts.
async fn objects(world: &World) -> BTreeMap<&'static str, String> {
    let subnet = "11111111-1111-1111-1111-111111111111";
    let lb = json!({ "vip_subnet_id": subnet, "project_id": OWN });
    let lb = world.make("loadbalancer", lb).await;
    let listener = json!({ "loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": 80 });
    let listener = world.make("listener", listener).await;
    let pool = json!({
        "loadbalancer_id": lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN",
    });
    let pool = world.make("pool", pool).await;
    let member = json!({ "address": "192.0.2.1", "protocol_port": 80 });
    let member = world.make(&format!("pools/{pool}/member"), member).await;
    let monitor = json!({
        "pool_id": pool, "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2,
    });
    let monitor = world.make("healthmonitor", monitor).await;
    let policy = json!({ "listener_id": listener, "action": "REJECT" });
    let policy = world.make("l7policy", policy).await;
    let rule = json!({ "type": "PATH", "compare_type": "EQUAL_TO", "value": "/" });
    let rule = world.make(&format!("l7policies/{policy}/rule"), rule).await;
    BTreeMap::from([
        ("{l7policy_id}", policy),
        ("{l7rule_id}", rule),
        ("{loadbalancer_id}", lb),
        ("{listener_id}", listener),
        ("{pool_id}", pool),
        ("{member_id}", member),
        ("{healthmonitor_id}", monitor),
        ("{project_id}", OWN.to_owned()),
        ("{provider}", "amphora".to_owned()),
    ])
}

fn with_ids(plain: &str, path: &str, ids: &BTreeMap<&str, String>) -> String {
    let unknown = "99999999-9999-9999-9999-999999999999";
    let parts = plain.split('/').zip(path.split('/'));
    let parts: Vec<_> = parts
        .map(|(plain, part)| match part {
            part if part.starts_with('{') => ids.get(part).map_or(unknown, String::as_str),
            _ => plain,
        })
        .collect();
    parts.join("/")
}

/// Returns a body that a caller with all rights could send.
fn body(call: &Operation, ids: &BTreeMap<&str, String>) -> String {
    let subnet = "11111111-1111-1111-1111-111111111111";
    let collection = call.path.rsplit('/').find(|part| !part.starts_with('{'));
    let is_post = call.method == "POST";
    let body = match (collection.unwrap_or_default(), is_post) {
        ("loadbalancers", true) => json!({ "loadbalancer": { "vip_subnet_id": subnet } }),
        ("loadbalancers" | "config", false) => json!({ "loadbalancer": { "name": "x" } }),
        ("listeners", true) => json!({ "listener": {
            "loadbalancer_id": ids["{loadbalancer_id}"], "protocol": "HTTP", "protocol_port": 81,
        } }),
        ("listeners", false) => json!({ "listener": { "name": "x" } }),
        ("pools", true) => json!({ "pool": {
            "loadbalancer_id": ids["{loadbalancer_id}"], "protocol": "HTTP",
            "lb_algorithm": "ROUND_ROBIN",
        } }),
        ("pools", false) => json!({ "pool": { "name": "x" } }),
        ("members", true) => {
            json!({ "member": { "address": "192.0.2.2", "protocol_port": 80 } })
        }
        ("members", false) if call.path.ends_with("members") => json!({ "members": [] }),
        ("members", false) => json!({ "member": { "name": "x" } }),
        ("healthmonitors", true) => json!({ "healthmonitor": {
            "pool_id": ids["{pool_id}"], "type": "HTTP", "delay": 5, "timeout": 3,
            "max_retries": 2,
        } }),
        ("healthmonitors", false) => json!({ "healthmonitor": { "name": "x" } }),
        ("quotas", _) => json!({ "quota": {} }),
        ("flavors" | "flavorprofiles" | "availabilityzones" | "availabilityzoneprofiles", _) => {
            offer(collection.unwrap_or_default(), is_post)
        }
        ("l7policies", true) => json!({ "l7policy": {
            "listener_id": ids["{listener_id}"], "action": "REJECT",
        } }),
        ("l7policies", false) => json!({ "l7policy": { "name": "x" } }),
        ("rules", true) => json!({ "rule": {
            "type": "PATH", "compare_type": "EQUAL_TO", "value": "/",
        } }),
        ("rules", false) => json!({ "rule": { "value": "/x" } }),
        _ => Value::Null,
    };
    if matches!(call.method.as_str(), "GET" | "DELETE") || body.is_null() {
        String::new()
    } else {
        body.to_string()
    }
}

/// Returns a body for what operators offer.
fn offer(collection: &str, is_post: bool) -> Value {
    let id = "99999999-9999-9999-9999-999999999999";
    let update = json!({ "description": "x" });
    match (collection, is_post) {
        ("flavors", true) => json!({ "flavor": { "name": "x", "flavor_profile_id": id } }),
        ("flavors", false) => json!({ "flavor": update }),
        ("availabilityzones", true) => {
            json!({ "availability_zone": { "name": "x", "availability_zone_profile_id": id } })
        }
        ("availabilityzones", false) => json!({ "availability_zone": update }),
        ("flavorprofiles", true) => json!({ "flavorprofile": {
            "name": "x", "provider_name": "amphora", "flavor_data": "{}",
        } }),
        ("flavorprofiles", false) => json!({ "flavorprofile": { "name": "x" } }),
        (_, true) => json!({ "availability_zone_profile": {
            "name": "x", "provider_name": "amphora", "availability_zone_data": "{}",
        } }),
        (_, false) => json!({ "availability_zone_profile": { "name": "x" } }),
    }
}
