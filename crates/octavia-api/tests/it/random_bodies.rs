//! Whatever is sent, the service does not fail: no 5xx but 501.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use crate::world::World;

const KEYS: [&str; 56] = [
    "name",
    "description",
    "admin_state_up",
    "vip_address",
    "vip_port_id",
    "vip_subnet_id",
    "vip_network_id",
    "vip_sg_ids",
    "additional_vips",
    "subnet_id",
    "ip_address",
    "listeners",
    "pools",
    "default_pool",
    "members",
    "healthmonitor",
    "provider",
    "tags",
    "protocol",
    "protocol_port",
    "connection_limit",
    "default_pool_id",
    "insert_headers",
    "allowed_cidrs",
    "timeout_client_data",
    "tls_versions",
    "tls_ciphers",
    "alpn_protocols",
    "hsts_max_age",
    "client_authentication",
    "lb_algorithm",
    "session_persistence",
    "type",
    "cookie_name",
    "persistence_timeout",
    "address",
    "weight",
    "backup",
    "monitor_port",
    "delay",
    "timeout",
    "max_retries",
    "url_path",
    "expected_codes",
    "domain_name",
    "l7policies",
    "action",
    "redirect_pool",
    "redirect_url",
    "redirect_http_code",
    "position",
    "rules",
    "compare_type",
    "key",
    "value",
    "surprise",
];

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

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            fields(inner),
        ]
    })
}

fn fields(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec((prop::sample::select(&KEYS[..]), value), 0..5).prop_map(|fields| {
        let fields: Map<_, _> = fields
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        fields.into()
    })
}

const KINDS: [&str; 7] = [
    "loadbalancer",
    "listener",
    "pool",
    "member",
    "healthmonitor",
    "l7policy",
    "rule",
];

/// What makes a body likely to be accepted, but for what is strewn over it.
fn base(kind: &str, load_balancer: &str, pool: &str, listener: &str) -> Value {
    match kind {
        "loadbalancer" => json!({ "vip_subnet_id": "11111111-1111-1111-1111-111111111111" }),
        "listener" => {
            json!({ "loadbalancer_id": load_balancer, "protocol": "HTTP", "protocol_port": 80 })
        }
        "pool" => {
            json!({ "loadbalancer_id": load_balancer, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN" })
        }
        "member" => json!({ "address": "10.0.0.1", "protocol_port": 80 }),
        "l7policy" => json!({ "listener_id": listener, "action": "REJECT" }),
        "rule" => json!({ "type": "PATH", "compare_type": "REGEX", "value": "/a" }),
        _ => json!({ "pool_id": pool, "type": "HTTP", "delay": 1, "timeout": 1, "max_retries": 1 }),
    }
}

#[test]
fn no_body_makes_the_service_fail() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (world, load_balancer, pool, listener, policy) = runtime.block_on(async {
        let world = World::new().await;
        let lb = world
            .make("loadbalancer", base("loadbalancer", "", "", ""))
            .await;
        let pool = world.make("pool", base("pool", &lb, "", "")).await;
        let listener = json!({ "loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": 9 });
        let listener = world.make("listener", listener).await;
        let policy = base("l7policy", "", "", &listener);
        let policy = world.make("l7policy", policy).await;
        (world, lb, pool, listener, policy)
    });
    let strategy = (
        prop::sample::select(&KINDS[..]),
        any::<bool>(),
        any::<bool>(),
        fields(value()),
    );
    let mut runner = TestRunner::new(Config {
        cases: 400,
        ..Config::default()
    });
    let result = runner.run(&strategy, |(kind, update, based, strewn)| {
        let mut body = if based && !update {
            base(kind, &load_balancer, &pool, &listener)
        } else {
            json!({})
        };
        if let (Value::Object(body), Value::Object(strewn)) = (&mut body, strewn) {
            body.extend(strewn);
        }
        let path = match (kind, update) {
            ("member", _) => format!("/v2/lbaas/pools/{pool}/members"),
            ("loadbalancer", true) => format!("/v2/lbaas/loadbalancers/{load_balancer}"),
            ("pool", true) => format!("/v2/lbaas/pools/{pool}"),
            ("l7policy", true) => format!("/v2/lbaas/l7policies/{policy}"),
            ("l7policy", false) => "/v2/lbaas/l7policies".to_owned(),
            ("rule", _) => format!("/v2/lbaas/l7policies/{policy}/rules"),
            (kind, _) => format!("/v2/lbaas/{kind}s"),
        };
        let (method, root) = match (kind, update) {
            ("member", true) => ("PUT", json!({ "members": [body] })),
            (kind, true) => ("PUT", json!({ kind: body })),
            (kind, false) => ("POST", json!({ kind: body })),
        };
        let answer = runtime.block_on(async {
            let answer = world.call(method, &path, root).await;
            world.settle().await;
            answer
        });
        let status = answer.status.as_u16();
        prop_assert!(
            status < 500 || status == 501,
            "{method} {path}: {status} {}",
            answer.body
        );
        Ok(())
    });
    result.unwrap();
}
