use octavia_model::{
    Flavor, Id, LoadBalancer, Network, Port, QosPolicy, SecurityGroup, Statistics, Subnet,
};
use serde_json::{Value, json};

use super::decode::{AddressText, address, boolean, id, list, object, tags, text};
use super::listener::ListenerFields;
use super::pool::PoolFields;
use super::shape::shape;

shape! {
    /// The body of a create call: a load balancer, with or without all below it.
    struct LoadBalancerPost {
        "name" name: optional String = text(255),
        "description" description: optional String = text(255),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "vip_address" vip_address: optional AddressText = address,
        "vip_port_id" vip_port_id: optional Id<Port> = id,
        "vip_subnet_id" vip_subnet_id: optional Id<Subnet> = id,
        "vip_network_id" vip_network_id: optional Id<Network> = id,
        "vip_qos_policy_id" vip_qos_policy_id: optional Id<QosPolicy> = id,
        "vip_sg_ids" vip_sg_ids: optional Vec<Id<SecurityGroup>> = list(id),
        "additional_vips" additional_vips: optional Vec<AdditionalVipFields> = list(object),
        "project_id" project_id: optional String = text(36),
        "listeners" listeners: optional Vec<ListenerFields> = list(object),
        "pools" pools: optional Vec<PoolFields> = list(object),
        "provider" provider: optional String = text(64),
        "tags" tags: optional Vec<String> = tags,
        "flavor_id" flavor_id: optional Id<Flavor> = id,
        "availability_zone" availability_zone: optional String = text(255),
        "tenant_id" tenant_id: optional String = text(36),
    }
}

shape! {
    /// One more VIP of a load balancer.
    struct AdditionalVipFields {
        "subnet_id" subnet_id: required Id<Subnet> = id,
        "ip_address" ip_address: optional AddressText = address,
        "port_id" port_id: optional Id<Port> = id,
    }
}

shape! {
    /// The body of an update call.
    struct LoadBalancerPut {
        "name" name: optional String = text(255),
        "description" description: optional String = text(255),
        "vip_qos_policy_id" vip_qos_policy_id: optional Id<QosPolicy> = id,
        "admin_state_up" admin_state_up: optional bool = boolean,
        "vip_sg_ids" vip_sg_ids: optional Vec<Id<SecurityGroup>> = list(id),
        "tags" tags: optional Vec<String> = tags,
    }
}

shape! {
    /// A load balancer as it is to be, with all below it.
    struct WholeLoadBalancerPut with own: LoadBalancerPut {
        "listeners" listeners: optional Vec<ListenerFields> = list(object),
        "pools" pools: optional Vec<PoolFields> = list(object),
    }
}

impl LoadBalancerPost {
    /// Tells whether a member of the tree asks for a virtual function of the NIC.
    pub(crate) fn asks_for_sriov(&self) -> bool {
        let listeners = self.listeners.as_ref().map_or(&[][..], Vec::as_slice);
        let own = self.pools.as_ref().map_or(&[][..], Vec::as_slice);
        listeners
            .iter()
            .filter_map(|listener| listener.default_pool.as_ref())
            .chain(own)
            .filter_map(|pool| pool.members.as_ref())
            .flatten()
            .any(|member| member.request_sriov.as_ref() == Some(&true))
    }
}

impl LoadBalancerPut {
    /// Returns the load balancer as this update wants it.
    pub(crate) fn apply_to(self, mut load_balancer: LoadBalancer) -> LoadBalancer {
        load_balancer.name = self.name.change_or_clear(load_balancer.name);
        load_balancer.description = self.description.change_or_clear(load_balancer.description);
        load_balancer.enabled = self.admin_state_up.change(load_balancer.enabled, false);
        let vip = &mut load_balancer.vip;
        vip.qos_policy_id = self.vip_qos_policy_id.change_or_clear(vip.qos_policy_id);
        vip.sg_ids = self
            .vip_sg_ids
            .change(std::mem::take(&mut vip.sg_ids), Vec::new());
        if let Some(tags) = self.tags.value() {
            load_balancer.tags = tags;
        }
        load_balancer
    }
}

/// Shows a load balancer.
pub(crate) fn view(lb: &LoadBalancer) -> Value {
    let vip = &lb.vip;
    let address = vip.ip_address_text.clone();
    json!({
        "id": lb.id.to_string(),
        "name": lb.name.as_deref().unwrap_or_default(),
        "description": lb.description.as_deref().unwrap_or_default(),
        "provisioning_status": lb.provisioning_status.as_str(),
        "operating_status": lb.operating_status.as_str(),
        "admin_state_up": lb.enabled,
        "project_id": lb.project_id,
        "created_at": super::time(lb.created_at),
        "updated_at": super::time(lb.updated_at),
        "vip_address": address.or_else(|| vip.ip_address.map(|address| address.to_string())),
        "vip_port_id": super::id(vip.port_id),
        "vip_subnet_id": super::id(vip.subnet_id),
        "vip_network_id": super::id(vip.network_id),
        "vip_sg_ids": vip.sg_ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "additional_vips": additional_vips(lb),
        "listeners": super::only_ids(&lb.listeners),
        "pools": super::only_ids(&lb.pools),
        "provider": lb.provider.as_deref().unwrap_or("octavia"),
        "flavor_id": super::id(lb.flavor_id),
        "vip_qos_policy_id": super::id(vip.qos_policy_id),
        "tags": lb.tags,
        "availability_zone": lb.availability_zone,
        "vip_vnic_type": vip.vnic_type.as_str(),
        "tenant_id": lb.project_id,
    })
}

/// Shows a load balancer as the answer to its creation: with all below it, which comes first.
pub(crate) fn full(lb: &LoadBalancer, listeners: &[Value], pools: &[Value]) -> Value {
    let mut full = json!({ "listeners": listeners, "pools": pools });
    if let (Value::Object(full), Value::Object(fields)) = (&mut full, view(lb)) {
        for (key, value) in fields {
            full.entry(key).or_insert(value);
        }
    }
    full
}

fn additional_vips(load_balancer: &LoadBalancer) -> Value {
    load_balancer
        .additional_vips
        .iter()
        .map(|vip| {
            json!({
                "subnet_id": vip.subnet_id.to_string(),
                "ip_address": vip.ip_address.map(|address| address.to_string()),
                "port_id": super::id(vip.port_id),
            })
        })
        .collect()
}

/// Shows counters.
pub(crate) fn statistics(statistics: &Statistics) -> Value {
    json!({
        "bytes_in": statistics.bytes_in,
        "bytes_out": statistics.bytes_out,
        "active_connections": statistics.active_connections,
        "total_connections": statistics.total_connections,
        "request_errors": statistics.request_errors,
    })
}
