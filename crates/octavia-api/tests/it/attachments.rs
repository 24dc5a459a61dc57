//! What VIPs ask of the cloud beside an address.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use octavia_cloud::fake::FakeCloud;
use octavia_model::Id;
use serde_json::{Value, json};

use crate::world::{World, impatient, request, send};

const THERE: &str = "55555555-5555-5555-5555-555555555555";
const NOWHERE: &str = "66666666-6666-6666-6666-666666666666";
const PATH: &str = "/v2.0/lbaas/loadbalancers";

async fn told(router: &Router, (method, path): (&str, &str), body: Value) -> String {
    let body = json!({ "loadbalancer": body }).to_string();
    let answer = send(router, request(method, path).body(body.into()).unwrap()).await;
    let text = answer.body["faultstring"].as_str().unwrap_or_default();
    format!("{} {text}", answer.status.as_u16())
}

#[tokio::test]
async fn policies_and_groups_must_be_there() {
    let world = World::new().await;
    let cloud = Arc::new(FakeCloud::new());
    let subnet = cloud.subnet_named("private-subnet").id.to_string();
    let router = world.router_over(impatient(), Arc::<FakeCloud>::clone(&cloud));
    let with = |key: &str, value: Value| json!({ "vip_subnet_id": subnet, key: value });
    let post = ("POST", PATH);
    let mut said = vec![told(&router, post, with("vip_qos_policy_id", json!(THERE))).await];
    cloud.add_qos_policy(THERE.parse().unwrap());
    cloud.add_security_group(THERE.parse::<Id<_>>().unwrap());
    for id in [THERE, NOWHERE] {
        said.push(told(&router, post, with("vip_qos_policy_id", json!(id))).await);
        said.push(told(&router, post, with("vip_sg_ids", json!([id]))).await);
    }
    let made = json!({ "loadbalancer": { "vip_subnet_id": subnet } }).to_string();
    let made = send(&router, request("POST", PATH).body(made.into()).unwrap()).await;
    world.settle().await;
    let path = format!(
        "{PATH}/{}",
        made.body["loadbalancer"]["id"].as_str().unwrap()
    );
    let put = ("PUT", path.as_str());
    said.push(told(&router, put, json!({ "vip_qos_policy_id": NOWHERE })).await);
    said.push(told(&router, put, json!({ "vip_sg_ids": [THERE, NOWHERE] })).await);
    said.push(told(&router, put, json!({ "vip_sg_ids": [THERE] })).await);
    insta::assert_snapshot!(said.join("\n"), @r"
    400 Validation failure: VIP QoS policy is not allowed in this deployment.
    201 
    201 
    400 qos_policy 66666666-6666-6666-6666-666666666666 not found.
    400 Security Group 66666666-6666-6666-6666-666666666666 not found.
    400 qos_policy 66666666-6666-6666-6666-666666666666 not found.
    400 Security Group 66666666-6666-6666-6666-666666666666 not found.
    200 
    ");
    for (id, count) in [(THERE, 2), (NOWHERE, 0)] {
        let found = world.get(&format!("{PATH}?vip_sg_ids={id}")).await;
        assert_eq!(found["loadbalancers"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn a_subnet_without_room_for_a_pair_is_not_chosen() {
    let world = World::new().await;
    let cloud = Arc::new(FakeCloud::new());
    let tiny = cloud.subnet_named("tiny-subnet");
    let router = world.router_over(impatient(), Arc::<FakeCloud>::clone(&cloud));
    let body = || json!({ "vip_network_id": tiny.network_id.to_string() });
    assert_eq!(told(&router, ("POST", PATH), body()).await, "201 ");
    for host in 4..=6 {
        cloud.occupy(IpAddr::from([10, 96, 0, host]));
    }
    insta::assert_snapshot!(
        told(&router, ("POST", PATH), body()).await,
        @"400 Validation failure: Subnet(s) in the supplied network do not contain enough available IPs."
    );
}
