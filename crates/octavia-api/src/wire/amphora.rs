use std::net::IpAddr;

use octavia_model::{Amphora, AmphoraRole, Id, Listener, Statistics};
use serde_json::{Value, json};

/// Shows an amphora.
pub(crate) fn view(amphora: &Amphora) -> Value {
    json!({
        "id": amphora.id.to_string(),
        "loadbalancer_id": super::id(amphora.load_balancer_id),
        "compute_id": super::id(amphora.compute_id),
        "lb_network_ip": address(amphora.lb_network_ip),
        "vrrp_ip": address(amphora.vrrp_ip),
        "ha_ip": address(amphora.ha_ip),
        "vrrp_port_id": super::id(amphora.vrrp_port_id),
        "ha_port_id": super::id(amphora.ha_port_id),
        "cert_expiration": super::time(amphora.cert_expiration),
        "cert_busy": amphora.cert_busy,
        "role": amphora.role.map(AmphoraRole::as_str),
        "status": amphora.status.as_str(),
        "vrrp_interface": amphora.vrrp_interface,
        "vrrp_id": amphora.vrrp_id,
        "vrrp_priority": amphora.vrrp_priority,
        "cached_zone": amphora.cached_zone,
        "created_at": super::time(amphora.created_at),
        "updated_at": super::time(amphora.updated_at),
        "image_id": amphora.image_id,
        "compute_flavor": amphora.compute_flavor,
    })
}

fn address(address: Option<IpAddr>) -> Value {
    address.map_or(Value::Null, |address| address.to_string().into())
}

/// Shows what an amphora counted for a listener.
pub(crate) fn statistics(
    amphora: &Amphora,
    listener: Id<Listener>,
    counters: &Statistics,
) -> Value {
    json!({
        "active_connections": counters.active_connections,
        "bytes_in": counters.bytes_in,
        "bytes_out": counters.bytes_out,
        "id": amphora.id.to_string(),
        "listener_id": listener.to_string(),
        "loadbalancer_id": super::id(amphora.load_balancer_id),
        "request_errors": counters.request_errors,
        "total_connections": counters.total_connections,
    })
}
