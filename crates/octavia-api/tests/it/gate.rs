//! What the data plane does not carry yet is refused, never accepted in vain.

use std::fmt::Write as _;

use axum::Router;
use octavia_api::Capabilities;
use serde_json::{Value, json};

use crate::world::{World, request, send};

const SUBNET: &str = "11111111-1111-1111-1111-111111111111";
/// On the network that was asked for last, as [`SUBNET`].
const OTHER: &str = "77777777-7777-7777-7777-777777777777";

#[tokio::test]
async fn what_is_not_carried_is_refused_by_name() {
    let world = World::new().await;
    let lb = world
        .make("loadbalancer", json!({ "vip_subnet_id": SUBNET }))
        .await;
    let calls = [
        listener(&lb, json!({ "protocol": "SCTP" })),
        pool(&lb, json!({ "protocol": "SCTP" })),
        pool(&lb, json!({ "lb_algorithm": "SOURCE_IP_PORT" })),
        load_balancer(json!({ "vip_qos_policy_id": SUBNET })),
        load_balancer(json!({ "vip_sg_ids": [SUBNET] })),
        load_balancer(
            json!({ "vip_network_id": SUBNET, "additional_vips": [{ "subnet_id": OTHER }] }),
        ),
    ];
    insta::assert_snapshot!(report(&world, calls).await, @r"
    501 Provider 'amphora' does not support a requested option: SCTP protocol listeners are not supported yet
    501 Provider 'amphora' does not support a requested option: SCTP protocol pools are not supported yet
    501 Provider 'amphora' does not support a requested option: Amphora provider does not support SOURCE_IP_PORT algorithm.
    501 Provider 'amphora' does not support a requested option: QoS policies of VIPs are not supported yet
    501 Provider 'amphora' does not support a requested option: security groups of VIPs are not supported yet
    501 Provider 'amphora' does not support a requested option: additional VIPs are not supported yet
    ");
    assert_eq!(
        world.network.ports_held(),
        1,
        "only that of the first load balancer"
    );
}

#[tokio::test]
async fn what_the_proxy_carries_is_taken() {
    let world = World::new().await;
    for rest in [
        json!({ "protocol": "PROXY", "session_persistence": { "type": "SOURCE_IP" } }),
        json!({ "protocol": "PROXYV2", "session_persistence": { "type": "HTTP_COOKIE" } }),
        json!({ "session_persistence": { "type": "APP_COOKIE", "cookie_name": "SID" } }),
        json!({ "tls_enabled": true, "ca_tls_container_ref": "http://b/ca" }),
        json!({ "protocol": "UDP", "session_persistence": { "type": "SOURCE_IP",
            "persistence_timeout": 33, "persistence_granularity": "255.255.0.0" } }),
    ] {
        let lb = world
            .make("loadbalancer", json!({ "vip_subnet_id": SUBNET }))
            .await;
        let report = report(&world, [pool(&lb, rest)]).await;
        assert_eq!(report, "201 \n");
    }
}

#[tokio::test]
async fn a_listener_that_ends_tls_is_taken_with_rules_on_client_certificates() {
    let world = World::new().await;
    let lb = world
        .make("loadbalancer", json!({ "vip_subnet_id": SUBNET }))
        .await;
    let rest =
        json!({ "protocol": "TERMINATED_HTTPS", "default_tls_container_ref": "http://b/good" });
    let listener = listener(&lb, rest).1["listener"].clone();
    let listener = world.make("listener", listener).await;
    let policy = json!({ "listener_id": listener, "action": "REJECT" });
    let policy = world.make("l7policy", policy).await;
    let rule = json!({ "type": "SSL_CONN_HAS_CERT", "compare_type": "EQUAL_TO", "value": "true" });
    let rules = format!("l7policies/{policy}/rules");
    let report = report(&world, [(rules.as_str(), json!({ "rule": rule }))]).await;
    assert_eq!(report, "201 \n");
}

#[tokio::test]
async fn flavors_and_zones_that_ask_for_what_is_not_carried_are_refused() {
    let world = World::new().await;
    let calls = [
        with_flavor(&world, r#"{"loadbalancer_topology": "ACTIVE_STANDBY"}"#).await,
        with_flavor(&world, r#"{"sriov_vip": true}"#).await,
        with_flavor(&world, r#"{"compute_flavor": "large"}"#).await,
        in_zone(&world, r#"{"compute_zone": "east"}"#).await,
        in_zone(&world, r#"{"valid_vip_networks": []}"#).await,
        with_flavor(&world, r#"{"loadbalancer_topology": "SINGLE"}"#).await,
    ];
    insta::assert_snapshot!(report(&world, calls).await, @r"
    201 
    501 Provider 'amphora' does not support a requested option: SR-IOV ports are not supported yet
    501 Provider 'amphora' does not support a requested option: choosing image, compute flavor, zone or management network of amphorae is not supported yet
    501 Provider 'amphora' does not support a requested option: choosing image, compute flavor, zone or management network of amphorae is not supported yet
    400 Validation failure: Supplied VIP network_id is not allowed by the configuration of this deployment.
    201 
    ");
}

async fn with_flavor(world: &World, data: &str) -> (&'static str, Value) {
    let profile = json!({ "name": "p", "provider_name": "amphora", "flavor_data": data });
    let profile = world.make("flavorprofile", profile).await;
    let flavor = json!({ "name": data, "flavor_profile_id": profile });
    let flavor = world.make("flavor", flavor).await;
    load_balancer(json!({ "flavor_id": flavor }))
}

async fn in_zone(world: &World, data: &str) -> (&'static str, Value) {
    let profile =
        json!({ "name": "p", "provider_name": "amphora", "availability_zone_data": data });
    let profile = world.make("availability_zone_profile", profile).await;
    let zone = json!({ "name": data, "availability_zone_profile_id": profile });
    let zone = world.make("availability_zone", zone).await;
    load_balancer(json!({ "availability_zone": zone }))
}

#[tokio::test]
async fn a_tree_may_balance_by_address_and_port_as_upstream_lets_it() {
    let world = World::new().await;
    let (path, body) = load_balancer(json!({ "pools": [
        { "name": "p", "protocol": "HTTP", "lb_algorithm": "SOURCE_IP_PORT" },
    ]}));
    let router = world.router_carrying(Capabilities::default());
    let call = request("POST", &format!("/v2/lbaas/{path}"));
    let answer = send(&router, call.body(body.to_string().into()).unwrap()).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.body);
}

fn load_balancer(rest: Value) -> (&'static str, Value) {
    let fields = merged(json!({ "vip_subnet_id": SUBNET }), rest);
    ("loadbalancers", json!({ "loadbalancer": fields }))
}

fn listener(lb: &str, rest: Value) -> (&'static str, Value) {
    let fields = merged(json!({ "loadbalancer_id": lb, "protocol_port": 80 }), rest);
    ("listeners", json!({ "listener": fields }))
}

fn pool(lb: &str, rest: Value) -> (&'static str, Value) {
    let base = json!({
        "loadbalancer_id": lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN",
    });
    ("pools", json!({ "pool": merged(base, rest) }))
}

fn merged(mut base: Value, mut rest: Value) -> Value {
    let rest = rest.as_object_mut().unwrap();
    base.as_object_mut().unwrap().append(rest);
    base
}

async fn report<const N: usize>(world: &World, calls: [(&str, Value); N]) -> String {
    report_of(&world.router_carrying(Capabilities::default()), calls).await
}

async fn report_of<const N: usize>(router: &Router, calls: [(&str, Value); N]) -> String {
    let mut report = String::new();
    for (path, body) in calls {
        let call = request("POST", &format!("/v2/lbaas/{path}"));
        let answer = send(router, call.body(body.to_string().into()).unwrap()).await;
        let text = answer.body["faultstring"].as_str().unwrap_or_default();
        writeln!(report, "{} {text}", answer.status.as_u16()).unwrap();
    }
    report
}

#[tokio::test]
async fn a_pair_is_refused_where_amphorae_share_the_addresses_of_one_host() {
    let world = World::new().await;
    let call = with_flavor(&world, r#"{"loadbalancer_topology": "ACTIVE_STANDBY"}"#).await;
    let router = world.router_carrying(Capabilities::on_one_host());
    insta::assert_snapshot!(report_of(&router, [call]).await, @r"
    501 Provider 'amphora' does not support a requested option: topology ACTIVE_STANDBY needs amphorae with interfaces of their own
    ");
}
