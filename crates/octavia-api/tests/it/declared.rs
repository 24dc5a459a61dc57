//! A whole load balancer in one call.

use http::StatusCode;
use octavia_api::ApiConfig;
use serde_json::{Value, json};

use crate::world::{Answer, World, impatient};

const SUBNET: &str = "11111111-1111-1111-1111-111111111111";

async fn empty(world: &World) -> String {
    world
        .make("loadbalancer", json!({ "vip_subnet_id": SUBNET }))
        .await
}

async fn declare(world: &World, id: &str, tree: &Value) -> Answer {
    let path = format!("/v2.0/lbaas/loadbalancers/{id}/config");
    world
        .call("PUT", &path, json!({ "loadbalancer": tree }))
        .await
}

async fn rehearse(world: &World, id: &str, tree: &Value) -> Answer {
    let path = format!("/v2.0/lbaas/loadbalancers/{id}/config?dry_run=true");
    world
        .call("PUT", &path, json!({ "loadbalancer": tree }))
        .await
}

/// Declares a tree that must be accepted, lets the worker finish, and returns what was told.
async fn done(world: &World, id: &str, tree: &Value) -> Value {
    let answer = declare(world, id, tree).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    world.settle().await;
    answer.body["config"].clone()
}

/// Everything that the service shows of its objects, but for what a settlement changes.
async fn everything(world: &World) -> Vec<Value> {
    let mut shown = Vec::new();
    for kind in [
        "loadbalancers",
        "listeners",
        "pools",
        "healthmonitors",
        "l7policies",
    ] {
        shown.push(world.get(&format!("/v2.0/lbaas/{kind}")).await);
    }
    let pools = shown[2]["pools"].as_array().unwrap().clone();
    for pool in pools {
        let id = pool["id"].as_str().unwrap();
        shown.push(world.get(&format!("/v2.0/lbaas/pools/{id}/members")).await);
    }
    shown
}

fn member(last: u8, weight: u32) -> Value {
    json!({ "address": format!("192.0.2.{last}"), "protocol_port": 80, "weight": weight })
}

fn monitor(kind: &str) -> Value {
    json!({ "type": kind, "delay": 5, "timeout": 3, "max_retries": 2 })
}

fn web(members: &[Value]) -> Value {
    json!({
        "name": "web", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "members": members,
        "healthmonitor": monitor("HTTP"), "tags": ["b", "a"],
    })
}

fn shop() -> Value {
    json!({
        "listeners": [{
            "name": "front", "protocol": "HTTP", "protocol_port": 80,
            "default_pool": web(&[member(1, 1), member(2, 1)]),
            "allowed_cidrs": ["198.51.100.0/24", "192.0.2.0/24"],
            "l7policies": [
                {
                    "name": "static", "action": "REDIRECT_TO_POOL", "redirect_pool": {"name": "files"},
                    "rules": [{"type": "PATH", "compare_type": "STARTS_WITH", "value": "/static"}],
                },
                {"action": "REJECT", "rules": [
                    {"type": "PATH", "compare_type": "EQUAL_TO", "value": "/secret"},
                    {"type": "HEADER", "compare_type": "EQUAL_TO", "key": "x", "value": "y"},
                ]},
            ],
        }],
        "pools": [{
            "name": "files", "protocol": "HTTP", "lb_algorithm": "LEAST_CONNECTIONS",
            "members": [member(9, 4)],
        }],
    })
}

/// Another one: policies in another order, one pool of another protocol, a listener less and more.
fn workshop() -> Value {
    json!({
        "name": "workshop",
        "listeners": [
            {
                "name": "renamed", "protocol": "HTTP", "protocol_port": 80,
                "default_pool": {"name": "web"},
                "l7policies": [
                    {"action": "REJECT", "rules": [
                        {"type": "PATH", "compare_type": "EQUAL_TO", "value": "/secret"},
                    ]},
                    {"name": "static", "action": "REJECT"},
                    {"name": "new", "action": "REDIRECT_TO_URL", "redirect_url": "http://x.test/"},
                ],
            },
            {"name": "raw", "protocol": "TCP", "protocol_port": 81, "default_pool": {"name": "files"}},
        ],
        "pools": [
            web(&[member(2, 7), member(3, 1)]),
            {"name": "files", "protocol": "TCP", "lb_algorithm": "SOURCE_IP",
             "healthmonitor": monitor("TCP")},
        ],
    })
}

#[tokio::test]
async fn a_tree_is_made_changed_and_emptied_in_place() {
    let world = World::new().await;
    let id = empty(&world).await;
    let made = done(&world, &id, &shop()).await;
    assert_eq!(made["created"].as_array().unwrap().len(), 12, "{made}");
    let changed = done(&world, &id, &workshop()).await;
    insta::assert_json_snapshot!(brief(&changed), @r#"
        {
          "created": [
            "listener | raw | listeners[1] |  | ",
            "l7policy | new | listeners[0].l7policies[2] |  | ",
            "pool | files | pools[1] |  | ",
            "healthmonitor | TCP | pools[1].healthmonitor |  | ",
            "member | 192.0.2.3 port 80 | pools[0].members[1] |  | "
          ],
          "changed": [
            "loadbalancer | workshop |  | name | ",
            "listener | renamed | listeners[0] | name, allowed_cidrs | ",
            "l7policy | REJECT | listeners[0].l7policies[0] | position | ",
            "l7policy | static | listeners[0].l7policies[1] | action, redirect_pool_id, position | ",
            "member | 192.0.2.2 port 80 | pools[0].members[0] | weight | "
          ],
          "deleted": [
            "rule | HEADER EQUAL_TO y |  |  | ",
            "rule | PATH STARTS_WITH /static |  |  | ",
            "pool | files |  |  | ",
            "member | 192.0.2.1 port 80 |  |  | ",
            "member | 192.0.2.9 port 80 |  |  | "
          ],
          "untouched": 3,
          "closes": [
            "member | 192.0.2.1 port 80 |  |  | it is deleted",
            "member | 192.0.2.9 port 80 |  |  | it is deleted"
          ]
        }
        "#);
    let shown = world.get("/v2.0/lbaas/l7policies?sort=position").await;
    let names: Vec<_> = shown["l7policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["name"])
        .collect();
    assert_eq!(names, ["", "static", "new"]);
    let gone = done(&world, &id, &json!({})).await;
    assert_eq!(gone["untouched"], 1);
    let left = everything(&world).await;
    let left: Vec<_> = left
        .iter()
        .skip(1)
        .map(|list| list.as_object().unwrap().values().next())
        .collect();
    assert!(
        left.iter().all(|list| *list == Some(&json!([]))),
        "{left:?}"
    );
}

/// What was told, in a line an object.
fn brief(told: &Value) -> Value {
    let lines = |key: &str| {
        let items = told[key].as_array().unwrap().iter();
        let line = |item: &Value| {
            let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
            let fields = item["fields"].as_object();
            let fields = fields.map(|fields| fields.keys().cloned().collect::<Vec<_>>().join(", "));
            let words = [
                text("type"),
                text("what"),
                text("path"),
                fields.unwrap_or_default(),
                text("why"),
            ];
            words.join(" | ")
        };
        items.map(line).collect::<Vec<_>>()
    };
    json!({
        "created": lines("created"), "changed": lines("changed"), "deleted": lines("deleted"),
        "untouched": told["untouched"], "closes": lines("closes"),
    })
}

#[tokio::test]
async fn a_dry_run_tells_what_then_happens_and_changes_nothing() {
    let world = World::new().await;
    let id = empty(&world).await;
    let trees = [shop(), workshop(), json!({}), workshop(), shop(), shop()];
    for tree in trees {
        let before = everything(&world).await;
        let told = rehearse(&world, &id, &tree).await.body["config"].clone();
        assert_eq!(told["dry_run"], true, "{told}");
        assert_eq!(everything(&world).await, before);
        let happened = done(&world, &id, &tree).await;
        assert_eq!(without_ids(&told), without_ids(&happened));
        let again = done(&world, &id, &tree).await;
        for key in ["created", "changed", "deleted", "closes"] {
            assert_eq!(again[key], json!([]), "{again}");
        }
    }
}

/// What is created has no id before it is; nor has who refers to it.
fn without_ids(told: &Value) -> Value {
    let mut text = told.to_string();
    for created in told["created"].as_array().unwrap() {
        text = text.replace(&created["id"].to_string(), "null");
    }
    let mut told: Value = serde_json::from_str(&text).unwrap();
    told["dry_run"] = Value::Null;
    told
}

#[tokio::test]
async fn nothing_is_written_when_nothing_changes() {
    let world = World::new().await;
    let id = empty(&world).await;
    done(&world, &id, &shop()).await;
    let before = everything(&world).await;
    let answer = declare(&world, &id, &shop()).await;
    assert_eq!(answer.body["config"]["untouched"], 13, "{}", answer.body);
    assert_eq!(everything(&world).await, before);
    assert_eq!(
        before[0]["loadbalancers"][0]["provisioning_status"],
        "ACTIVE"
    );
}

#[tokio::test]
async fn ids_say_which_object_is_meant() {
    let world = World::new().await;
    let id = empty(&world).await;
    let made = done(&world, &id, &shop()).await;
    let of = |kind: &str| {
        let created = made["created"].as_array().unwrap().iter();
        let found = created.into_iter().find(|item| item["type"] == kind);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let mut tree = shop();
    tree["listeners"][0]["id"] = of("listener").into();
    tree["listeners"][0]["name"] = "other".into();
    tree["listeners"][0]["default_pool"]["name"] = "renamed".into();
    tree["listeners"][0]["default_pool"]["id"] = of("pool").into();
    tree["listeners"][0]["default_pool"]["members"][0]["id"] = of("member").into();
    let told = done(&world, &id, &tree).await;
    insta::assert_json_snapshot!(brief(&told), @r#"
        {
          "created": [],
          "changed": [
            "listener | other | listeners[0] | name | ",
            "pool | renamed | listeners[0].default_pool | name | "
          ],
          "deleted": [],
          "untouched": 11,
          "closes": []
        }
        "#);

    tree["listeners"][0]["protocol_port"] = 81.into();
    let refused = declare(&world, &id, &tree).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let text = refused.body["faultstring"].as_str().unwrap();
    assert!(
        text.starts_with("listeners[0]: Validation failure: protocol_port of Listener "),
        "{text}"
    );
}

#[tokio::test]
async fn errors_name_their_place() {
    let world = World::new().await;
    let id = empty(&world).await;
    let mut texts = Vec::new();
    let unknown = "99999999-9999-9999-9999-999999999999";
    let cases = [
        (
            "/listeners/0/default_pool/members/1/address",
            json!("nowhere"),
        ),
        ("/listeners/0/default_pool/members/1/weight", json!(257)),
        ("/listeners/0/default_pool/members/1/backup", json!("maybe")),
        ("/listeners/0/default_pool/members/1", member(1, 1)),
        (
            "/listeners/0/default_pool/healthmonitor/type",
            json!("SCTP"),
        ),
        (
            "/listeners/0/default_pool/session_persistence",
            json!({"type": "NONE"}),
        ),
        (
            "/listeners/0/default_pool/session_persistence",
            json!({"type": "APP_COOKIE"}),
        ),
        ("/listeners/0/l7policies/0/rules/0/value", json!("")),
        (
            "/listeners/0/l7policies/0/redirect_pool",
            json!({"name": "nobody"}),
        ),
        ("/listeners/0/l7policies/1/name", json!("static")),
        ("/listeners/0/id", json!("x")),
        ("/listeners/0/id", json!(unknown)),
        ("/listeners/0/default_pool_id", json!(unknown)),
        ("/pools/0/name", json!("web")),
        ("/pools/0/members/0/colour", json!("red")),
        ("/vip_address", json!("203.0.113.250")),
    ];
    for (place, value) in cases {
        let mut tree = shop();
        let (above, key) = place.rsplit_once('/').unwrap();
        let above = tree.pointer_mut(above).unwrap();
        match (above, key.parse::<usize>()) {
            (Value::Array(items), Ok(index)) => items[index] = value,
            (above, _) => above[key] = value,
        }
        let answer = declare(&world, &id, &tree).await;
        let text = answer.body["faultstring"]
            .as_str()
            .unwrap_or("no text")
            .to_owned();
        texts.push(format!("{} {text}", answer.status.as_u16()));
    }
    insta::assert_snapshot!(texts.join("\n"), @r#"
        400 listeners[0].default_pool.members[1].address: Invalid input for field/attribute address. Value: 'nowhere'. Value should be IPv4 or IPv6 format
        400 listeners[0].default_pool.members[1].weight: Invalid input for field/attribute weight. Value: '257'. Value should be lower or equal to 256
        400 listeners[0].default_pool.members[1].backup: Value not an unambiguous boolean: maybe
        409 listeners[0].default_pool.members[1]: Another member on this pool is already using ip 192.0.2.1 on protocol_port 80
        400 listeners[0].default_pool.healthmonitor: Validation failure: The SCTP type is only supported for pools of type UDP/SCTP.
        400 listeners[0].default_pool.session_persistence.type: Invalid input for field/attribute type. Value: 'NONE'. Value should be one of: APP_COOKIE, HTTP_COOKIE, SOURCE_IP
        400 listeners[0].default_pool: Validation failure: Field "cookie_name" must be specified when using the "APP_COOKIE" session persistence type.
        400 listeners[0].l7policies[0].rules[0]: Error parsing L7Rule: Invalid L7 Rule: L7 rule type requires a value
        400 listeners[0].l7policies[0].redirect_pool: Validation failure: Pool 'nobody' was referenced but no full definition was found.
        400 listeners[0].l7policies[1]: Validation failure: 'static' is in the tree twice. Other names or ids tell them apart.
        400 listeners[0].id: Invalid input for field/attribute id. Value: 'x'. Value should be UUID format
        404 listeners[0]: Listener 99999999-9999-9999-9999-999999999999 not found.
        404 listeners[0].default_pool_id: Pool 99999999-9999-9999-9999-999999999999 not found.
        400 pools[0]: Validation failure: Pool names must be unique when creating a fully populated loadbalancer.
        400 pools[0].members[0]: Unknown attribute for argument load_balancer.pools.members: colour
        400 vip_address: Validation failure: '198.51.100.1' is given at the creation of a load balancer and cannot become '203.0.113.250'.
        "#);
}

#[tokio::test]
async fn two_of_a_name_are_not_guessed_between() {
    let world = World::new().await;
    let id = empty(&world).await;
    for _ in 0..2 {
        let pool = json!({
            "loadbalancer_id": id, "name": "web", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN",
        });
        world.make("pool", pool).await;
    }
    let refused = declare(&world, &id, &json!({ "pools": [web(&[])] })).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let text = refused.body["faultstring"].as_str().unwrap();
    assert!(
        text.starts_with("pools[0]: There are 2 of this name: "),
        "{text}"
    );
}

#[tokio::test]
async fn a_busy_load_balancer_is_waited_for() {
    let world = World::with(ApiConfig {
        immutable_wait: std::time::Duration::from_secs(20),
        ..impatient()
    })
    .await;
    let id = empty(&world).await;
    let busy = world.router_with(impatient());
    let path = format!("/v2.0/lbaas/loadbalancers/{id}");
    let rename = json!({ "loadbalancer": { "name": "busy" } }).to_string();
    let request = crate::world::request("PUT", &path)
        .body(rename.into())
        .unwrap();
    assert_eq!(
        crate::world::send(&busy, request).await.status,
        StatusCode::OK
    );
    let tree = shop();
    let (answer, ()) = tokio::join!(declare(&world, &id, &tree), world.settle());
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}
