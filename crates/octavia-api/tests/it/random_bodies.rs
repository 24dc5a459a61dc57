//! Whatever is sent, to whatever call of the OpenAPI document, the service does not fail: no 5xx but
//! 501.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::openapi::Document;
use crate::world::{PROJECT, World};

const TEXTS: [&str; 34] = [
    "",
    "x",
    "HTTP",
    "TCP",
    "UDP",
    "PROMETHEUS",
    "ROUND_ROBIN",
    "SOURCE_IP",
    "APP_COOKIE",
    "true",
    "80",
    "-1",
    "10.0.0.1",
    "2001:db8::1",
    "10.0.0.0/8",
    "::/0",
    "TLSv1.2",
    "h2",
    "/",
    "/a b",
    "200-204",
    "a.b",
    "MANDATORY",
    "amphora",
    "REJECT",
    "REDIRECT_TO_POOL",
    "PATH",
    "HEADER",
    "REGEX",
    "((\\w{100}){100}){100}",
    "\u{0}",
    "ž'\"\\\n",
    "99999999999999999999",
    "11111111-1111-1111-1111-111111111111",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-2_i64..300).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(&TEXTS[..]).prop_map(Value::from),
        ".{0,300}".prop_map(Value::from),
    ]
}

fn value(keys: &[String]) -> impl Strategy<Value = Value> + use<> {
    let keys = keys.to_vec();
    scalar().prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            fields(&keys, inner),
        ]
    })
}

fn fields<S: Strategy<Value = Value>>(
    keys: &[String],
    value: S,
) -> impl Strategy<Value = Value> + use<S> {
    let keys = prop::sample::select(keys.to_vec());
    prop::collection::vec((keys, value), 0..5)
        .prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into())
}

/// A call that takes a body.
#[derive(Debug, Clone)]
struct Target {
    method: String,
    path: String,
    /// The key that the body lies under, and whether as a list.
    root: (String, bool),
}

/// All calls that take a body, and every key that some body has.
fn targets(document: &Document) -> (Vec<Target>, Vec<String>) {
    let mut targets = Vec::new();
    for (method, path) in document.calls() {
        let operation = document.operation(method, path).unwrap();
        let Some(body) = operation.get("requestBody") else {
            continue;
        };
        let body = document.resolved(&body["content"]["application/json"]["schema"]);
        let (key, below) = body["properties"]
            .as_object()
            .unwrap()
            .iter()
            .next()
            .unwrap();
        targets.push(Target {
            method: method.to_uppercase(),
            path: path.to_owned(),
            root: (key.clone(), below["type"] == "array"),
        });
    }
    let schemas = document.schemas().values();
    let keys: BTreeSet<_> = schemas
        .filter_map(|schema| schema["properties"].as_object())
        .flat_map(Map::keys)
        .cloned()
        .chain(["surprise".to_owned()])
        .collect();
    (targets, keys.into_iter().collect())
}

/// One object of each kind: its collection and its id.
struct Objects(Vec<(&'static str, String)>);

impl Objects {
    async fn make(world: &World) -> Self {
        let subnet = json!({ "vip_subnet_id": "11111111-1111-1111-1111-111111111111" });
        let lb = world.make("loadbalancer", subnet).await;
        let mut objects = Self(vec![("loadbalancers", lb)]);
        for (kind, collection) in [
            ("pool", "pools"),
            ("healthmonitor", "healthmonitors"),
            ("listener", "listeners"),
            ("l7policy", "l7policies"),
            ("flavorprofile", "flavorprofiles"),
            ("flavor", "flavors"),
            ("availability_zone_profile", "availabilityzoneprofiles"),
            ("availability_zone", "availabilityzones"),
        ] {
            let id = world.make(kind, objects.base(kind)).await;
            objects.0.push((collection, id));
        }
        let pool = objects.id("pools");
        let member = world
            .make(&format!("pools/{pool}/member"), objects.base("member"))
            .await;
        objects.0.push(("members", member));
        let policy = objects.id("l7policies");
        let rule = world
            .make(&format!("l7policies/{policy}/rule"), objects.base("rule"))
            .await;
        objects.0.push(("rules", rule));
        objects
    }

    fn id(&self, collection: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| *known == collection);
        found.map_or("99999999-9999-9999-9999-999999999999", |(_, id)| id)
    }

    /// Fills in a path.
    fn path(&self, path: &str) -> String {
        let mut filled: Vec<&str> = Vec::new();
        for part in path.split('/') {
            let above = filled.last().copied().unwrap_or_default();
            filled.push(match part {
                "{project_id}" => PROJECT,
                part if part.starts_with('{') => self.id(above),
                part => part,
            });
        }
        filled.join("/")
    }

    /// What makes the body of a create call likely to be accepted, but for what is strewn over it.
    fn base(&self, kind: &str) -> Value {
        let lb = self.id("loadbalancers");
        match kind {
            "loadbalancer" => json!({ "vip_subnet_id": "11111111-1111-1111-1111-111111111111" }),
            "listener" => json!({ "loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": 80 }),
            "pool" => {
                json!({ "loadbalancer_id": lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN" })
            }
            "member" | "members" => json!({ "address": "10.0.0.1", "protocol_port": 80 }),
            "l7policy" => json!({ "listener_id": self.id("listeners"), "action": "REJECT" }),
            "rule" => json!({ "type": "PATH", "compare_type": "REGEX", "value": "/a" }),
            "healthmonitor" => json!({
                "pool_id": self.id("pools"), "type": "HTTP", "delay": 1, "timeout": 1,
                "max_retries": 1,
            }),
            "flavor" => {
                json!({ "name": "f", "flavor_profile_id": self.id("flavorprofiles") })
            }
            "flavorprofile" => {
                json!({ "name": "p", "provider_name": "amphora", "flavor_data": "{}" })
            }
            "availability_zone" => json!({
                "name": "z", "availability_zone_profile_id": self.id("availabilityzoneprofiles"),
            }),
            "availability_zone_profile" => {
                json!({ "name": "p", "provider_name": "amphora", "availability_zone_data": "{}" })
            }
            _ => json!({}),
        }
    }
}

#[test]
fn no_body_on_any_route_makes_the_service_fail() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (world, document, objects) = runtime.block_on(async {
        let world = World::new().await;
        let document = Document::of(&world).await;
        let objects = Objects::make(&world).await;
        (world, document, objects)
    });
    let (targets, keys) = targets(&document);
    assert!(targets.len() >= 25, "{targets:#?}");
    let strategy = (
        prop::sample::select(targets),
        any::<bool>(),
        fields(&keys, value(&keys)),
    );
    let mut runner = TestRunner::new(Config {
        cases: 600,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&strategy, |(target, based, strewn)| {
        let (key, is_list) = &target.root;
        let mut body = if based && target.method == "POST" || *is_list {
            objects.base(key)
        } else {
            json!({})
        };
        if let (Value::Object(body), Value::Object(strewn)) = (&mut body, strewn) {
            body.extend(strewn);
        }
        let body = if *is_list { json!([body]) } else { body };
        let path = objects.path(&target.path);
        let answer = runtime.block_on(async {
            let answer = world
                .call(&target.method, &path, json!({ key: body }))
                .await;
            world.settle().await;
            answer
        });
        let status = answer.status.as_u16();
        prop_assert!(
            status < 500 || status == 501,
            "{} {path}: {status} {}",
            target.method,
            answer.body
        );
        Ok(())
    });
    result.unwrap();
}
