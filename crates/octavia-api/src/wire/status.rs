//! The tree of statuses.

use octavia_model::{
    HealthMonitorType, Id, LoadBalancer, LoadBalancerTree, OperatingStatus, PoolTree,
    ProvisioningStatus,
};
use serde_json::{Value, json};

use super::schema::{Components, Described, Properties, nullable};
use super::view::list_of;

/// Shows the statuses of a tree.
pub(crate) fn view(tree: &LoadBalancerTree) -> Value {
    let lb = &tree.load_balancer;
    let listeners: Vec<_> = tree
        .listeners
        .iter()
        .map(|listener| {
            let used = |branch: &&PoolTree| branch.pool.listeners.contains(&listener.id);
            let pools: Vec<_> = tree.pools.iter().filter(used).map(view_of_pool).collect();
            json!({
                "id": listener.id.to_string(),
                "name": listener.name.as_deref().unwrap_or_default(),
                "operating_status": listener.operating_status.as_str(),
                "provisioning_status": listener.provisioning_status.as_str(),
                "pools": pools,
            })
        })
        .collect();
    json!({
        "id": lb.id.to_string(),
        "name": lb.name.as_deref().unwrap_or_default(),
        "operating_status": lb.operating_status.as_str(),
        "provisioning_status": lb.provisioning_status.as_str(),
        "listeners": listeners,
    })
}

fn view_of_pool(branch: &PoolTree) -> Value {
    let monitor = branch.health_monitor.as_ref().map(|monitor| {
        json!({
            "id": monitor.id.to_string(),
            "name": monitor.name.as_deref().unwrap_or_default(),
            "type": monitor.kind.as_str(),
            "provisioning_status": monitor.provisioning_status.as_str(),
            "operating_status": monitor.operating_status.as_str(),
        })
    });
    let members: Vec<_> = branch
        .members
        .iter()
        .map(|member| {
            json!({
                "id": member.id.to_string(),
                "name": member.name.as_deref().unwrap_or_default(),
                "operating_status": member.operating_status.as_str(),
                "provisioning_status": member.provisioning_status.as_str(),
                "address": member.ip_address_text,
                "protocol_port": member.protocol_port,
            })
        })
        .collect();
    json!({
        "id": branch.pool.id.to_string(),
        "name": branch.pool.name.as_deref().unwrap_or_default(),
        "provisioning_status": branch.pool.provisioning_status.as_str(),
        "operating_status": branch.pool.operating_status.as_str(),
        "health_monitor": monitor,
        "members": members,
    })
}

/// Refers to the schema of [`view`].
pub(crate) fn schema(components: &mut Components) -> Value {
    components.refer("LoadBalancerStatus", |components| {
        let mut load_balancer = with_statuses(components);
        load_balancer.required("listeners", list_of(&of_listener(components)));
        load_balancer.into_schema("The statuses of a load balancer and of all below it.")
    })
}

fn of_listener(components: &mut Components) -> Value {
    components.refer("ListenerStatus", |components| {
        let mut listener = with_statuses(components);
        listener.required("pools", list_of(&of_pool(components)));
        listener.into_schema("The statuses of a listener and of all below it.")
    })
}

fn of_pool(components: &mut Components) -> Value {
    components.refer("PoolStatus", |components| {
        let mut monitor = with_statuses(components);
        monitor.required("type", HealthMonitorType::schema(components));
        let monitor = monitor.into_schema("The statuses of a health monitor.");
        let mut member = with_statuses(components);
        member.required("address", String::schema(components));
        member.required("protocol_port", u16::schema(components));
        let member = member.into_schema("The statuses of a member.");
        let mut pool = with_statuses(components);
        pool.required("health_monitor", nullable(monitor));
        pool.required("members", list_of(&member));
        pool.into_schema("The statuses of a pool and of all below it.")
    })
}

fn with_statuses(components: &mut Components) -> Properties {
    let mut properties = Properties::default();
    properties.required("id", Id::<LoadBalancer>::schema(components));
    properties.required("name", String::schema(components));
    let status = ProvisioningStatus::schema(components);
    properties.required("provisioning_status", status);
    properties.required("operating_status", OperatingStatus::schema(components));
    properties
}
