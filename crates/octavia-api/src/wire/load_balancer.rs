use std::net::IpAddr;

use chrono::{DateTime, Utc};
use octavia_model::{
    AdditionalVip, Flavor, Id, Listener, LoadBalancer, Network, OperatingStatus, Pool, Port,
    ProvisioningStatus, QosPolicy, SecurityGroup, Statistics, Subnet, VnicType,
};
use serde_json::{Value, json};

use super::decode::{AddressText, address, boolean, id, list, object, tags, text};
use super::listener::ListenerFields;
use super::pool::PoolFields;
use super::schema::Components;
use super::shape::shape;
use super::view::{self, OnlyIds, View, view};

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
        "tags" tags: optional Vec<String> = tags(),
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
        "tags" tags: optional Vec<String> = tags(),
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

view! {
    /// A load balancer.
    LoadBalancer as lb {
        "id": Id<Self> = lb.id,
        "name": &str = lb.name.as_deref().unwrap_or_default(),
        "description": &str = lb.description.as_deref().unwrap_or_default(),
        "provisioning_status": ProvisioningStatus = lb.provisioning_status,
        "operating_status": OperatingStatus = lb.operating_status,
        "admin_state_up": bool = lb.enabled,
        "project_id": Option<String> = lb.project_id,
        "created_at": Option<DateTime<Utc>> = lb.created_at,
        "updated_at": Option<DateTime<Utc>> = lb.updated_at,
        "vip_address": Option<String> = vip_address(lb),
        "vip_port_id": Option<Id<Port>> = lb.vip.port_id,
        "vip_subnet_id": Option<Id<Subnet>> = lb.vip.subnet_id,
        "vip_network_id": Option<Id<Network>> = lb.vip.network_id,
        "vip_sg_ids": Vec<Id<SecurityGroup>> = lb.vip.sg_ids,
        "additional_vips": Vec<AdditionalVip> = lb.additional_vips,
        "listeners": OnlyIds<'_, Listener> = OnlyIds(&lb.listeners),
        "pools": OnlyIds<'_, Pool> = OnlyIds(&lb.pools),
        "provider": &str = lb.provider.as_deref().unwrap_or("octavia"),
        "flavor_id": Option<Id<Flavor>> = lb.flavor_id,
        "vip_qos_policy_id": Option<Id<QosPolicy>> = lb.vip.qos_policy_id,
        "tags": Vec<String> = lb.tags,
        "availability_zone": Option<String> = lb.availability_zone,
        "vip_vnic_type": VnicType = lb.vip.vnic_type,
        "tenant_id": Option<String> = lb.project_id,
    }
}

fn vip_address(lb: &LoadBalancer) -> Option<String> {
    let vip = &lb.vip;
    let text = vip.ip_address_text.clone();
    text.or_else(|| vip.ip_address.map(|address| address.to_string()))
}

view! {
    /// One more VIP of a load balancer.
    AdditionalVip as vip {
        "subnet_id": Id<Subnet> = vip.subnet_id,
        "ip_address": Option<IpAddr> = vip.ip_address,
        "port_id": Option<Id<Port>> = vip.port_id,
    }
}

/// Shows a load balancer as the answer to its creation: with all below it, which comes first.
pub(crate) fn full(lb: &LoadBalancer, listeners: &[Value], pools: &[Value]) -> Value {
    let mut full = json!({ "listeners": listeners, "pools": pools });
    if let (Value::Object(full), Value::Object(fields)) = (&mut full, lb.view()) {
        for (key, value) in fields {
            full.entry(key).or_insert(value);
        }
    }
    full
}

/// Refers to the schema of [`full`].
pub(crate) fn full_schema(components: &mut Components) -> Value {
    view::changed::<LoadBalancer>("LoadBalancerTree", components, |properties, components| {
        let listeners = view::list_of(&super::listener::full_schema(components));
        properties.required("listeners", listeners);
        let pools = view::list_of(&super::pool::full_schema(components));
        properties.required("pools", pools);
    })
}

view! {
    /// What was counted.
    Statistics as statistics {
        "bytes_in": i64 = statistics.bytes_in,
        "bytes_out": i64 = statistics.bytes_out,
        "active_connections": i64 = statistics.active_connections,
        "total_connections": i64 = statistics.total_connections,
        "request_errors": i64 = statistics.request_errors,
    }
}
