use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use octavia_model::{
    ClientAuthentication, Id, L7Policy, Listener, ListenerProtocol, LoadBalancer, OperatingStatus,
    Pool, ProvisioningStatus,
};
use serde_json::{Value, json};

use super::decode::{
    alpn, boolean, cidr, id, integer, list, map, object, one_of, port, tags, text,
};
use super::l7policy::L7PolicyInTree;
use super::pool::PoolFields;
use super::schema::Components;
use super::shape::shape;
use super::view::{self, OnlyIds, OrNull, View, view};

/// The longest time-out, in milliseconds.
const LONGEST: i32 = 2_073_600_000;

shape! {
    /// A listener inside a load balancer's tree, and the common part of a create call.
    struct ListenerFields {
        "name" name: optional String = text(255),
        "description" description: optional String = text(255),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "protocol" protocol: required ListenerProtocol =
            one_of(ListenerProtocol::ALL, ListenerProtocol::as_str),
        "protocol_port" protocol_port: required u16 = port,
        "connection_limit" connection_limit: optional i32 = integer(-1, i32::MAX),
        "default_tls_container_ref" default_tls_container_ref: optional String = text(255),
        "sni_container_refs" sni_container_refs: optional Vec<String> = list(text(255)),
        "default_pool_id" default_pool_id: optional Id<Pool> = id,
        "default_pool" default_pool: optional PoolFields = object,
        "l7policies" l7policies: optional Vec<L7PolicyInTree> = list(object),
        "insert_headers" insert_headers: optional BTreeMap<String, String> = map(255),
        "timeout_client_data" timeout_client_data: optional i32 = integer(0, LONGEST),
        "timeout_member_connect" timeout_member_connect: optional i32 = integer(0, LONGEST),
        "timeout_member_data" timeout_member_data: optional i32 = integer(0, LONGEST),
        "timeout_tcp_inspect" timeout_tcp_inspect: optional i32 = integer(0, LONGEST),
        "tags" tags: optional Vec<String> = tags(),
        "client_ca_tls_container_ref" client_ca_tls_container_ref: optional String = text(255),
        "client_authentication" client_authentication: optional ClientAuthentication =
            one_of(ClientAuthentication::ALL, ClientAuthentication::as_str),
        "client_crl_container_ref" client_crl_container_ref: optional String = text(255),
        "allowed_cidrs" allowed_cidrs: optional Vec<IpNet> = list(cidr),
        "tls_ciphers" tls_ciphers: optional String = text(2048),
        "tls_versions" tls_versions: optional Vec<String> = list(text(32)),
        "alpn_protocols" alpn_protocols: optional Vec<String> = list(alpn()),
        "hsts_max_age" hsts_max_age: optional i32 = integer(0, i32::MAX),
        "hsts_include_subdomains" hsts_include_subdomains: optional bool = boolean,
        "hsts_preload" hsts_preload: optional bool = boolean,
    }
}

shape! {
    /// The body of a create call. Its project is accepted and ignored: the load balancer's counts.
    struct ListenerPost with listener: ListenerFields {
        "loadbalancer_id" loadbalancer_id: required Id<LoadBalancer> = id,
        ignored "project_id" = text(36),
        ignored "tenant_id" = text(36),
    }
}

shape! {
    /// The body of an update call.
    struct ListenerPut {
        "name" name: optional String = text(255),
        "description" description: optional String = text(255),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "connection_limit" connection_limit: optional i32 = integer(-1, i32::MAX),
        "default_tls_container_ref" default_tls_container_ref: optional String = text(255),
        "sni_container_refs" sni_container_refs: optional Vec<String> = list(text(255)),
        "default_pool_id" default_pool_id: optional Id<Pool> = id,
        "insert_headers" insert_headers: optional BTreeMap<String, String> = map(255),
        "timeout_client_data" timeout_client_data: optional i32 = integer(0, LONGEST),
        "timeout_member_connect" timeout_member_connect: optional i32 = integer(0, LONGEST),
        "timeout_member_data" timeout_member_data: optional i32 = integer(0, LONGEST),
        "timeout_tcp_inspect" timeout_tcp_inspect: optional i32 = integer(0, LONGEST),
        "tags" tags: optional Vec<String> = tags(),
        "client_ca_tls_container_ref" client_ca_tls_container_ref: optional String = text(255),
        "client_authentication" client_authentication: optional ClientAuthentication =
            one_of(ClientAuthentication::ALL, ClientAuthentication::as_str),
        "client_crl_container_ref" client_crl_container_ref: optional String = text(255),
        "allowed_cidrs" allowed_cidrs: optional Vec<IpNet> = list(cidr),
        "tls_ciphers" tls_ciphers: optional String = text(2048),
        "tls_versions" tls_versions: optional Vec<String> = list(text(32)),
        "alpn_protocols" alpn_protocols: optional Vec<String> = list(alpn()),
        "hsts_max_age" hsts_max_age: optional i32 = integer(0, i32::MAX),
        "hsts_include_subdomains" hsts_include_subdomains: optional bool = boolean,
        "hsts_preload" hsts_preload: optional bool = boolean,
    }
}

view! {
    /// A listener.
    Listener as listener {
        "id": Id<Self> = listener.id,
        "name": &str = listener.name.as_deref().unwrap_or_default(),
        "description": &str = listener.description.as_deref().unwrap_or_default(),
        "provisioning_status": ProvisioningStatus = listener.provisioning_status,
        "operating_status": OperatingStatus = listener.operating_status,
        "admin_state_up": bool = listener.enabled,
        "protocol": ListenerProtocol = listener.protocol,
        "protocol_port": u16 = listener.protocol_port,
        "connection_limit": Option<i32> = listener.connection_limit,
        "default_tls_container_ref": Option<String> = listener.tls_certificate_id,
        "sni_container_refs": Vec<String> = sorted(&listener.sni_container_refs),
        "project_id": Option<String> = listener.project_id,
        "default_pool_id": Option<Id<Pool>> = listener.default_pool_id,
        "l7policies": OnlyIds<'_, L7Policy> = OnlyIds(&listener.l7_policies),
        "insert_headers": BTreeMap<String, String> = listener.insert_headers,
        "created_at": Option<DateTime<Utc>> = listener.created_at,
        "updated_at": Option<DateTime<Utc>> = listener.updated_at,
        "loadbalancers": OnlyIds<'_, LoadBalancer> = OnlyIds(&[listener.load_balancer_id]),
        "timeout_client_data": Option<i32> = listener.timeout_client_data,
        "timeout_member_connect": Option<i32> = listener.timeout_member_connect,
        "timeout_member_data": Option<i32> = listener.timeout_member_data,
        "timeout_tcp_inspect": Option<i32> = listener.timeout_tcp_inspect,
        "tags": Vec<String> = listener.tags,
        "client_ca_tls_container_ref": Option<String> = listener.client_ca_tls_certificate_id,
        "client_authentication": ClientAuthentication = listener.client_authentication,
        "client_crl_container_ref": Option<String> = listener.client_crl_container_id,
        "allowed_cidrs": OrNull<'_, IpNet> = OrNull(&listener.allowed_cidrs),
        "tls_ciphers": Option<String> = listener.tls_ciphers,
        "tls_versions": OrNull<'_, String> = OrNull(&listener.tls_versions),
        "alpn_protocols": OrNull<'_, String> = OrNull(&listener.alpn_protocols),
        "hsts_max_age": Option<i32> = listener.hsts_max_age,
        "hsts_include_subdomains": bool = listener.hsts_include_subdomains,
        "hsts_preload": bool = listener.hsts_preload,
        "tenant_id": Option<String> = listener.project_id,
    }
}

/// Shows a listener inside the answer to a load balancer's creation.
pub(crate) fn full(listener: &Listener, policies: &[L7Policy]) -> Value {
    let policies: Vec<_> = policies.iter().map(super::l7policy::full).collect();
    let mut full = json!({ "l7policies": policies });
    if let (Value::Object(full), Value::Object(fields)) = (&mut full, listener.view()) {
        for (key, value) in fields {
            if key != "loadbalancers" && key != "l7policies" {
                full.insert(key, value);
            }
        }
    }
    full
}

/// Refers to the schema of [`full`].
pub(crate) fn full_schema(components: &mut Components) -> Value {
    view::changed::<Listener>("ListenerTree", components, |properties, components| {
        properties.remove("loadbalancers");
        let policies = view::list_of(&super::l7policy::full_schema(components));
        properties.required("l7policies", policies);
    })
}

/// As upstream, whose rows have no other order.
fn sorted(references: &[String]) -> Vec<String> {
    let mut sorted = references.to_vec();
    sorted.sort_unstable();
    sorted
}
