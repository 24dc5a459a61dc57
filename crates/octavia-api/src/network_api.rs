//! The few reads of the Network API that clients make to turn a name into an id; for the local
//! cloud, which has no other network service.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_cloud::{Network, Port, PortFilter, Subnet};
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::error::Result;
use crate::openapi::{Operation, common, parameter};
use crate::query::Query;
use crate::{Api, policy};

/// Returns the paths.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/v2.0/networks", get(networks))
        .route("/v2.0/networks/{id}", get(network))
        .route("/v2.0/subnets", get(subnets))
        .route("/v2.0/subnets/{id}", get(subnet))
        .route("/v2.0/ports", get(ports))
        .route("/v2.0/ports/{id}", get(port))
        .route(
            "/v2.0/extensions",
            get(async || Json(json!({ "extensions": [] }))),
        )
}

/// Describes these paths.
pub(crate) fn operations() -> Vec<Operation> {
    const TAG: &str = "Network API";
    let list = |path: &str, plural: &str| {
        let items = json!({ "type": "array", "items": { "type": "object" } });
        Operation::new("get", path, &format!("list_{plural}"), TAG)
            .says("Part of the Network API of the local cloud. Fields are filters.")
            .with([parameter::fields()])
            .answer(200, "Objects.", common::under(plural, items))
    };
    let show = |path: &str, root: &str| {
        let item = json!({ "type": "object" });
        let error = json!({ "type": "object", "required": ["NeutronError"] });
        Operation::new("get", path, &format!("show_{root}"), TAG)
            .says("Part of the Network API of the local cloud.")
            .answer(200, "The object.", common::under(root, item))
            .answer(404, "There is none.", error)
    };
    vec![
        list("/v2.0/networks", "networks"),
        show("/v2.0/networks/{id}", "network"),
        list("/v2.0/subnets", "subnets"),
        show("/v2.0/subnets/{id}", "subnet"),
        list("/v2.0/ports", "ports"),
        show("/v2.0/ports/{id}", "port"),
        list("/v2.0/extensions", "extensions"),
    ]
}

async fn networks(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    caller.may_here(policy::READ)?;
    let found = api.network.networks().await?;
    Ok(chosen("networks", found.iter().map(network_view), &query))
}

async fn subnets(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    caller.may_here(policy::READ)?;
    let found = api.network.subnets().await?;
    Ok(chosen("subnets", found.iter().map(subnet_view), &query))
}

async fn ports(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    caller.may_here(policy::ADMIN)?;
    let found = api.network.ports(PortFilter::All).await?;
    Ok(chosen("ports", found.iter().map(port_view), &query))
}

async fn network(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response> {
    caller.may_here(policy::READ)?;
    let found = api.network.networks().await?;
    Ok(one(
        "network",
        "Network",
        found.iter().map(network_view),
        &id,
    ))
}

async fn subnet(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response> {
    caller.may_here(policy::READ)?;
    let found = api.network.subnets().await?;
    Ok(one("subnet", "Subnet", found.iter().map(subnet_view), &id))
}

async fn port(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    caller.may_here(policy::ADMIN)?;
    let found = api.network.ports(PortFilter::All).await?;
    Ok(one("port", "Port", found.iter().map(port_view), &id))
}

/// Leaves the items whose fields have the values asked for (a repeated key names alternatives), and
/// of them the fields asked for. Paging arguments are not needed: the lists are short.
fn chosen(plural: &str, items: impl Iterator<Item = Value>, query: &Query) -> Json<Value> {
    const NO_FILTERS: [&str; 5] = ["fields", "limit", "marker", "sort_key", "sort_dir"];
    let fields: Vec<_> = query.all("fields").collect();
    let matches = |item: &Value| {
        query
            .pairs()
            .filter(|(key, _)| !NO_FILTERS.contains(key))
            .all(|(key, _)| query.all(key).any(|value| has(item, key, value)))
    };
    let items: Vec<_> = items
        .filter(matches)
        .map(|mut item| {
            if let (Value::Object(all), false) = (&mut item, fields.is_empty()) {
                all.retain(|key, _| fields.contains(&key.as_str()));
            }
            item
        })
        .collect();
    Json(json!({ plural: items }))
}

/// Tells whether a field has a value; one that items do not have is no filter, as in Neutron.
fn has(item: &Value, key: &str, value: &str) -> bool {
    match item.get(key) {
        None => true,
        Some(Value::String(text)) => text == value,
        Some(Value::Bool(flag)) => crate::query::is_true(value) == *flag,
        Some(other) => value.parse().is_ok_and(|value: Value| value == *other),
    }
}

fn one(root: &str, kind: &str, mut items: impl Iterator<Item = Value>, id: &str) -> Response {
    let found = items.find(|item| item.get("id").and_then(Value::as_str) == Some(id));
    found.map_or_else(
        || {
            let error = json!({
                "type": format!("{kind}NotFound"),
                "message": format!("{kind} {id} could not be found."),
                "detail": "",
            });
            (
                StatusCode::NOT_FOUND,
                Json(json!({ "NeutronError": error })),
            )
                .into_response()
        },
        |item| Json(json!({ root: item })).into_response(),
    )
}

fn network_view(network: &Network) -> Value {
    json!({
        "id": network.id.to_string(),
        "name": network.name,
        "status": "ACTIVE",
        "admin_state_up": true,
        "subnets": network.subnets.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "mtu": network.mtu,
        "shared": true,
        "router:external": false,
        "port_security_enabled": true,
        "project_id": "",
        "tenant_id": "",
    })
}

fn subnet_view(subnet: &Subnet) -> Value {
    let version = if subnet.cidr.addr().is_ipv4() { 4 } else { 6 };
    json!({
        "id": subnet.id.to_string(),
        "name": subnet.name,
        "network_id": subnet.network_id.to_string(),
        "ip_version": version,
        "cidr": subnet.cidr.to_string(),
        "gateway_ip": subnet.gateway.map(|gateway| gateway.to_string()),
        "enable_dhcp": false,
        "allocation_pools": [],
        "dns_nameservers": [],
        "host_routes": [],
        "project_id": "",
        "tenant_id": "",
    })
}

fn port_view(port: &Port) -> Value {
    let ips: Vec<_> = port
        .fixed_ips
        .iter()
        .map(|ip| {
            json!({ "subnet_id": ip.subnet_id.to_string(), "ip_address": ip.ip_address.to_string() })
        })
        .collect();
    json!({
        "id": port.id.to_string(),
        "name": port.name,
        "network_id": port.network_id.to_string(),
        "mac_address": port.mac_address,
        "fixed_ips": ips,
        "device_id": port.device_id,
        "device_owner": port.device_owner,
        "status": "ACTIVE",
        "admin_state_up": true,
        "security_groups": [],
        "project_id": "",
        "tenant_id": "",
    })
}
