use std::net::IpAddr;

use octavia_model::{
    Amphora, AmphoraRole, AmphoraStatus, Id, Listener, LoadBalancer, Port, Server, Statistics,
};

use super::view::{Exact, view};

view! {
    /// An amphora.
    Amphora as amphora {
        "id": Id<Self> = amphora.id,
        "loadbalancer_id": Option<Id<LoadBalancer>> = amphora.load_balancer_id,
        "compute_id": Option<Id<Server>> = amphora.compute_id,
        "lb_network_ip": Option<IpAddr> = amphora.lb_network_ip,
        "vrrp_ip": Option<IpAddr> = amphora.vrrp_ip,
        "ha_ip": Option<IpAddr> = amphora.ha_ip,
        "vrrp_port_id": Option<Id<Port>> = amphora.vrrp_port_id,
        "ha_port_id": Option<Id<Port>> = amphora.ha_port_id,
        "cert_expiration": Option<Exact> = amphora.cert_expiration.map(Exact),
        "cert_busy": bool = amphora.cert_busy,
        "role": Option<AmphoraRole> = amphora.role,
        "status": AmphoraStatus = amphora.status,
        "vrrp_interface": Option<String> = amphora.vrrp_interface,
        "vrrp_id": Option<i32> = amphora.vrrp_id,
        "vrrp_priority": Option<i32> = amphora.vrrp_priority,
        "cached_zone": Option<String> = amphora.cached_zone,
        "created_at": Option<Exact> = amphora.created_at.map(Exact),
        "updated_at": Option<Exact> = amphora.updated_at.map(Exact),
        "image_id": Option<String> = amphora.image_id,
        "compute_flavor": Option<String> = amphora.compute_flavor,
    }
}

/// What an amphora counted for a listener.
pub(crate) struct AmphoraStatistics {
    /// The amphora.
    pub(crate) id: Id<Amphora>,
    /// Its load balancer.
    pub(crate) load_balancer_id: Option<Id<LoadBalancer>>,
    /// The listener.
    pub(crate) listener_id: Id<Listener>,
    /// What was counted.
    pub(crate) counters: Statistics,
}

view! {
    /// What an amphora counted for a listener.
    AmphoraStatistics as statistics {
        "active_connections": i64 = statistics.counters.active_connections,
        "bytes_in": i64 = statistics.counters.bytes_in,
        "bytes_out": i64 = statistics.counters.bytes_out,
        "id": Id<Amphora> = statistics.id,
        "listener_id": Id<Listener> = statistics.listener_id,
        "loadbalancer_id": Option<Id<LoadBalancer>> = statistics.load_balancer_id,
        "request_errors": i64 = statistics.counters.request_errors,
        "total_connections": i64 = statistics.counters.total_connections,
    }
}
