//! Bad input is refused with the reason, and nothing half-made stays.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use octavia_cloud::fake::FakeCloud;
use serde_json::{Value, json};

use crate::world::{Answer, World, impatient, request, send};

/// A service over a cloud with real subnets: `private-subnet` is 10.98.0.0/24.
struct Cloudy {
    world: World,
    router: Router,
    subnet: String,
}

impl Cloudy {
    async fn new() -> Self {
        let world = World::new().await;
        let cloud = FakeCloud::new();
        let subnet = cloud.subnet_named("private-subnet").id.to_string();
        let router = world.router_over(impatient(), Arc::new(cloud));
        Self {
            world,
            router,
            subnet,
        }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = request(method, path).body(body.to_string().into()).unwrap();
        send(&self.router, request).await
    }

    /// Makes calls that must be refused, and says how each was.
    async fn report<const N: usize>(&self, calls: [(&str, &str, Value); N]) -> String {
        let mut report = String::new();
        for (what, path, body) in calls {
            let answer = self.call("POST", &format!("/v2/lbaas/{path}"), body).await;
            let text = answer.body["faultstring"].as_str().unwrap_or_default();
            writeln!(report, "{what}: {} {text}", answer.status.as_u16()).unwrap();
        }
        report
    }

    async fn make(&self, kind: &str, body: Value) -> String {
        let path = format!("/v2/lbaas/{kind}s");
        let answer = self.call("POST", &path, json!({ kind: body })).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        self.world.settle().await;
        answer.body[kind]["id"].as_str().unwrap().to_owned()
    }
}

const NOBODY: &str = "22222222-2222-2222-2222-222222222222";

#[tokio::test]
async fn a_bad_vip_is_named() {
    let cloudy = Cloudy::new().await;
    let subnet = &cloudy.subnet;
    let taken = json!({ "vip_subnet_id": subnet, "vip_address": "10.98.0.50" });
    cloudy.make("loadbalancer", taken.clone()).await;
    let vips = [
        (
            "VIP outside its subnet",
            json!({ "vip_subnet_id": subnet, "vip_address": "192.0.2.1" }),
        ),
        ("VIP that is taken", taken),
        (
            "VIP that is no address",
            json!({ "vip_subnet_id": subnet, "vip_address": "here" }),
        ),
        (
            "subnet that does not exist",
            json!({ "vip_subnet_id": NOBODY }),
        ),
        (
            "network that does not exist",
            json!({ "vip_network_id": NOBODY }),
        ),
        ("port that does not exist", json!({ "vip_port_id": NOBODY })),
    ];
    let calls = vips.map(|(what, vip)| (what, "loadbalancers", json!({ "loadbalancer": vip })));
    insta::assert_snapshot!(cloudy.report(calls).await, @r#"
    VIP outside its subnet: 400 Validation failure: address 192.0.2.1 is not a usable address of subnet private-subnet
    VIP that is taken: 409 The VIP IP address is already in use: 10.98.0.50
    VIP that is no address: 400 Invalid input for field/attribute vip_address. Value: 'here'. Value should be IPv4 or IPv6 format
    subnet that does not exist: 400 Subnet 22222222-2222-2222-2222-222222222222 not found.
    network that does not exist: 400 Network 22222222-2222-2222-2222-222222222222 not found.
    port that does not exist: 400 Port 22222222-2222-2222-2222-222222222222 not found.
    "#);
    let left = cloudy.world.get("/v2/lbaas/loadbalancers").await;
    assert_eq!(
        left["loadbalancers"].as_array().unwrap().len(),
        1,
        "nothing half-made"
    );
}

#[tokio::test]
async fn a_bad_child_is_named() {
    let cloudy = Cloudy::new().await;
    let lb = cloudy
        .make("loadbalancer", json!({ "vip_subnet_id": cloudy.subnet }))
        .await;
    let pool = json!({ "loadbalancer_id": lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN" });
    let pool = cloudy.make("pool", pool).await;
    let listener = json!({ "loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": 80 });
    cloudy.make("listener", listener).await;
    let members = format!("pools/{pool}/members");
    let listener = |id: &str, port: Value| json!({ "listener": { "loadbalancer_id": id, "protocol": "TCP", "protocol_port": port } });
    let member = |address: &str, subnet: Value| {
        let fields = json!({ "address": address, "protocol_port": 80, "subnet_id": subnet });
        json!({ "member": fields })
    };
    let monitor = json!({ "healthmonitor": {
        "pool_id": NOBODY, "type": "TCP", "delay": 1, "timeout": 1, "max_retries": 1,
    }});
    let calls = [
        ("duplicate port", "listeners", listener(&lb, json!(80))),
        (
            "load balancer that does not exist",
            "listeners",
            listener(NOBODY, json!(81)),
        ),
        ("wrong type", "listeners", listener(&lb, json!("x"))),
        (
            "list of a wrong type",
            "pools",
            json!({ "pool": { "tags": 5 } }),
        ),
        (
            "unknown field",
            "pools",
            json!({ "pool": { "colour": "red", "size": 1 } }),
        ),
        (
            "member that is no address",
            &members,
            member("web1", Value::Null),
        ),
        (
            "subnet of a member that does not exist",
            &members,
            member("10.0.0.1", json!(NOBODY)),
        ),
        ("pool that does not exist", "healthmonitors", monitor),
        ("no root", "loadbalancers", json!({})),
        (
            "null root",
            "loadbalancers",
            json!({ "loadbalancer": null }),
        ),
        ("no object", "loadbalancers", json!([])),
    ];
    insta::assert_snapshot!(cloudy.report(calls).await, @r#"
    duplicate port: 409 Another Listener on this Load Balancer is already using protocol HTTP and protocol_port 80
    load balancer that does not exist: 404 Load Balancer 22222222-2222-2222-2222-222222222222 not found.
    wrong type: 400 Invalid input for field/attribute listener_. Value: '{'listener': {'loadbalancer_id': '00000000-0000-4000-8000-000000000002', 'protocol': 'TCP', 'protocol_port': 'x'}}'. invalid literal for int() with base 10: 'x'
    list of a wrong type: 400 Invalid input for field/attribute pool_. Value: '{'pool': {'tags': 5}}'. Value not a valid list: 5
    unknown field: 400 Unknown attributes for argument pool_.pool: colour, size
    member that is no address: 400 Invalid input for field/attribute address. Value: 'web1'. Value should be IPv4 or IPv6 format
    subnet of a member that does not exist: 400 Subnet 22222222-2222-2222-2222-222222222222 not found.
    pool that does not exist: 404 Pool 22222222-2222-2222-2222-222222222222 not found.
    no root: 400 Invalid input for field/attribute loadbalancer. Value: 'None'. Mandatory field missing.
    null root: 400 Invalid input for field/attribute loadbalancer. Value: 'None'. Mandatory field missing.
    no object: 400 Invalid input for field/attribute load_balancer. Value: '[]'. Value should be a JSON object
    "#);
}
