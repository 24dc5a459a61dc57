//! Upstream's 188 validation rules, each provoked by a call: status and text are the rule's, and
//! nothing is changed by what is refused.

mod case;
mod network;
mod scenery;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Body;
use octavia_api::policy::{Policy, PolicySettings};
use octavia_api::{ApiConfig, Auth, Capabilities, KeystoneGate};
use octavia_cloud::Error;
use octavia_cloud::fake::FakeIdentity;
use octavia_model::SystemClock;
use octavia_testing::TestDatabase;

use crate::providers::{Mood, Moody};
use crate::replay::record;
use crate::world::{Answer, World, impatient, request, send};
use case::{Case, Rule};
use network::Cloud;

/// Rules that no call can break here, all of them or by a method, and why.
const NOT_PROVOKED: [(&str, &str, &str); 5] = [
    (
        "tree-05",
        "",
        "a reference that is lost between two reads of one body: names are resolved once (tree-03)",
    ),
    (
        "pool-23",
        "",
        "no input makes the database fail; one that is away is 503 (`outage.rs`), not 500",
    ),
    (
        "healthmonitor-05",
        "PUT",
        "neither the type of a monitor nor the protocol of its pool can be changed",
    ),
    (
        "flavor-04",
        "",
        "there is no catalogue of compute flavors and images to look into; a load balancer whose \
         flavor chooses one is refused with 501",
    ),
    (
        "quota-02",
        "",
        "it takes two calls: `a_project_that_is_locked_is_said_to_be_busy`",
    ),
];

/// What no refused call may change.
const TABLES: [&str; 14] = [
    "load_balancer",
    "vip",
    "additional_vip",
    "listener",
    "sni",
    "pool",
    "session_persistence",
    "member",
    "health_monitor",
    "l7policy",
    "l7rule",
    "flavor_profile",
    "availability_zone_profile",
    "tags",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_refuses_what_it_is_there_for() {
    let world = World::on(TestDatabase::sqlite().await, usual()).await;
    let names = scenery::set(&world).await;
    let rules: BTreeMap<_, _> = case::rules()
        .into_iter()
        .map(|rule| (rule.id.clone(), rule))
        .collect();
    assert_eq!(rules.len(), 188);
    let before = rows(&world).await;
    let mut failures = Vec::new();
    let cases = case::cases(|line| names.fill(line));
    for case in &cases {
        let answer = call(&world, case).await;
        let verdict = case.judge(&rules[&case.rule], answer.status.as_u16(), &answer.body);
        if let Err(difference) = verdict {
            let Case { rule, method, .. } = case;
            failures.push(format!("{rule} {method} {}: {difference}", case.path()));
        }
    }
    failures.extend(rules.values().flat_map(|rule| missing(rule, &cases)));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(
        rows(&world).await,
        before,
        "a refused call changed something"
    );
}

/// Says by which methods of a rule it is not provoked.
fn missing(rule: &Rule, cases: &[Case]) -> Vec<String> {
    let cases: Vec<_> = cases.iter().filter(|case| case.rule == rule.id).collect();
    let left_out = |method: &str| {
        let mut lines = NOT_PROVOKED.iter();
        lines.any(|(id, of, _)| *id == rule.id && *of == method)
    };
    let is_left_out = left_out("");
    if is_left_out != cases.is_empty() {
        return vec![format!("{} has {} calls", rule.id, cases.len())];
    }
    let methods: BTreeSet<_> = cases.iter().map(|case| case.method.as_str()).collect();
    let words = rule.operation.split([',', ' ']);
    words
        .filter(|word| ["POST", "PUT", "DELETE"].contains(word) && !is_left_out)
        .filter(|word| methods.contains(word) == left_out(word))
        .map(|word| format!("{} has no {word}", rule.id))
        .collect()
}

/// The service as it usually is here.
fn usual() -> ApiConfig {
    let mut config = impatient();
    let noop = ("noop_driver".to_owned(), "The no-op driver.".to_owned());
    config.enabled_provider_drivers.extend([noop]);
    config
}

async fn call(world: &World, case: &Case) -> Answer {
    let mut config = usual();
    if let Some((option, value)) = case.option("config").and_then(|one| one.split_once(" = ")) {
        record::set(&mut config, option, value);
    }
    let unreadable = Error::UnreadablePkcs12("bad pkcs12".to_owned());
    world.secrets.fail_next("http://b/unreadable", unreadable);
    let cloud = Cloud::named(case.option("cloud"));
    let mut api = world
        .api(config, Arc::new(cloud))
        .with_capabilities(Capabilities::everything())
        .with_auth(door(case));
    if case.option("providers") == Some("lack it") {
        api = api.around_providers(|name, _| Arc::new(Moody(name.to_owned(), Mood::Lacks)));
    }
    let mut call = request(&case.method, &case.path());
    let headers = call.headers_mut().unwrap();
    let roles = case.option("roles").unwrap_or("admin");
    headers.insert("x-roles", roles.parse().unwrap());
    match case.option("project") {
        None => {}
        Some("none") => drop(headers.remove("x-project-id")),
        Some(project) => drop(headers.insert("x-project-id", project.parse().unwrap())),
    }
    send(&api.router(), call.body(Body::from(case.body())).unwrap()).await
}

fn door(case: &Case) -> Auth {
    let clock = Arc::new(SystemClock);
    let policy =
        Policy::load(PolicySettings::default(), Arc::<SystemClock>::clone(&clock)).unwrap();
    if case.option("door").is_none() {
        return Auth::Headers(Arc::new(policy));
    }
    let gate = KeystoneGate {
        identity: Arc::new(FakeIdentity::new(clock)),
        www_authenticate_uri: "http://keystone.example/v3".to_owned(),
        service_token_roles: Vec::new(),
        service_token_roles_required: true,
        service_type: None,
    };
    Auth::Keystone(Arc::new(gate), Arc::new(policy))
}

async fn rows(world: &World) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in TABLES {
        rows.push(world.count(table).await);
    }
    rows
}
