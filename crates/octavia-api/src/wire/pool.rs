use std::net::IpAddr;

use chrono::{DateTime, Utc};
use octavia_model::{
    HealthMonitor, Id, LbAlgorithm, Listener, LoadBalancer, Member, OperatingStatus, Pool,
    PoolProtocol, ProvisioningStatus, SessionPersistence, SessionPersistenceType,
};
use serde_json::{Value, json};

use super::decode::{
    AddressText, address, alpn, boolean, id, integer, list, object, one_of, pattern, tags, text,
};
use super::health_monitor::HealthMonitorFields;
use super::member::MemberFields;
use super::schema::{Components, Described, nullable};
use super::shape::shape;
use super::view::{self, OnlyIds, OrNull, View, view};

shape! {
    /// A pool inside a load balancer's tree, and the common part of a create call.
    struct PoolFields {
        "name" name: optional String = text(255),
        "description" description: optional String = text(255),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "protocol" protocol: optional PoolProtocol = one_of(PoolProtocol::ALL, PoolProtocol::as_str),
        "lb_algorithm" lb_algorithm: optional LbAlgorithm =
            one_of(LbAlgorithm::ALL, LbAlgorithm::as_str),
        "session_persistence" session_persistence: optional SessionPersistencePost = object,
        "healthmonitor" healthmonitor: optional HealthMonitorFields = object,
        "members" members: optional Vec<MemberFields> = list(object),
        "tags" tags: optional Vec<String> = tags(),
        "tls_container_ref" tls_container_ref: optional String = text(255),
        "ca_tls_container_ref" ca_tls_container_ref: optional String = text(255),
        "crl_container_ref" crl_container_ref: optional String = text(255),
        "tls_enabled" tls_enabled: optional bool = boolean,
        "tls_ciphers" tls_ciphers: optional String = text(2048),
        "tls_versions" tls_versions: optional Vec<String> = list(text(32)),
        "alpn_protocols" alpn_protocols: optional Vec<String> = list(alpn()),
    }
}

impl PoolFields {
    /// Tells whether this is only the name of a pool that is described elsewhere in the request.
    pub(crate) const fn is_reference(&self) -> bool {
        self.description.is_absent()
            && self.protocol.is_absent()
            && self.lb_algorithm.is_absent()
            && self.session_persistence.is_absent()
            && self.healthmonitor.is_absent()
            && self.members.is_absent()
            && self.tags.is_absent()
            && self.tls_container_ref.is_absent()
            && self.ca_tls_container_ref.is_absent()
            && self.crl_container_ref.is_absent()
            && self.tls_ciphers.is_absent()
            && self.tls_versions.is_absent()
            && self.alpn_protocols.is_absent()
    }
}

shape! {
    /// The body of a create call. Its project is accepted and ignored: the load balancer's counts.
    struct PoolPost with pool: PoolFields {
        "listener_id" listener_id: optional Id<Listener> = id,
        "loadbalancer_id" loadbalancer_id: optional Id<LoadBalancer> = id,
        ignored "project_id" = text(36),
        ignored "tenant_id" = text(36),
    }
}

shape! {
    /// The body of an update call.
    struct PoolPut {
        "name" name: optional String = text(255),
        "description" description: optional String = text(255),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "lb_algorithm" lb_algorithm: optional LbAlgorithm =
            one_of(LbAlgorithm::ALL, LbAlgorithm::as_str),
        "session_persistence" session_persistence: optional SessionPersistencePut = object,
        "tags" tags: optional Vec<String> = tags(),
        "tls_container_ref" tls_container_ref: optional String = text(255),
        "ca_tls_container_ref" ca_tls_container_ref: optional String = text(255),
        "crl_container_ref" crl_container_ref: optional String = text(255),
        "tls_enabled" tls_enabled: optional bool = boolean,
        "tls_ciphers" tls_ciphers: optional String = text(2048),
        "tls_versions" tls_versions: optional Vec<String> = list(text(32)),
        "alpn_protocols" alpn_protocols: optional Vec<String> = list(alpn()),
    }
}

shape! {
    /// How clients stay with their member, in an update call; a missing type keeps the present one.
    struct SessionPersistencePut {
        "type" kind: optional SessionPersistenceType =
            one_of(SessionPersistenceType::ALL, SessionPersistenceType::as_str),
        "cookie_name" cookie_name: optional String =
            pattern(255, r"^[^\s,;\\]+$", is_cookie_name),
        "persistence_timeout" persistence_timeout: optional i32 = integer(i32::MIN, i32::MAX),
        "persistence_granularity" persistence_granularity: optional AddressText = address,
    }
}

shape! {
    /// How clients stay with their member, in a create call.
    struct SessionPersistencePost {
        "type" kind: required SessionPersistenceType =
            one_of(SessionPersistenceType::ALL, SessionPersistenceType::as_str),
        "cookie_name" cookie_name: optional String =
            pattern(255, r"^[^\s,;\\]+$", is_cookie_name),
        "persistence_timeout" persistence_timeout: optional i32 = integer(i32::MIN, i32::MAX),
        "persistence_granularity" persistence_granularity: optional AddressText = address,
    }
}

fn is_cookie_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || ",;\\".contains(c))
}

view! {
    /// A pool.
    Pool as pool {
        "id": Id<Self> = pool.id,
        "name": &str = pool.name.as_deref().unwrap_or_default(),
        "description": &str = pool.description.as_deref().unwrap_or_default(),
        "provisioning_status": ProvisioningStatus = pool.provisioning_status,
        "operating_status": OperatingStatus = pool.operating_status,
        "admin_state_up": bool = pool.enabled,
        "protocol": PoolProtocol = pool.protocol,
        "lb_algorithm": LbAlgorithm = pool.lb_algorithm,
        "session_persistence": Option<SessionPersistence> = pool.session_persistence,
        "project_id": Option<String> = pool.project_id,
        "loadbalancers": OnlyIds<'_, LoadBalancer> = OnlyIds(&[pool.load_balancer_id]),
        "listeners": OnlyIds<'_, Listener> = OnlyIds(&pool.listeners),
        "created_at": Option<DateTime<Utc>> = pool.created_at,
        "updated_at": Option<DateTime<Utc>> = pool.updated_at,
        #[optional]
        "healthmonitor_id": Option<Id<HealthMonitor>> = pool.health_monitor_id,
        "members": OnlyIds<'_, Member> = OnlyIds(&pool.members),
        "tags": Vec<String> = pool.tags,
        "tls_container_ref": Option<String> = pool.tls_certificate_id,
        "ca_tls_container_ref": Option<String> = pool.ca_tls_certificate_id,
        "crl_container_ref": Option<String> = pool.crl_container_id,
        "tls_enabled": bool = pool.tls_enabled,
        "tls_ciphers": Option<String> = pool.tls_ciphers,
        "tls_versions": OrNull<'_, String> = OrNull(&pool.tls_versions),
        "alpn_protocols": OrNull<'_, String> = OrNull(&pool.alpn_protocols),
        "tenant_id": Option<String> = pool.project_id,
    }
}

view! {
    /// How clients stay with their member.
    SessionPersistence as persistence {
        "type": SessionPersistenceType = persistence.kind,
        "cookie_name": Option<String> = persistence.cookie_name,
        "persistence_timeout": Option<i32> = persistence.persistence_timeout,
        "persistence_granularity": Option<IpAddr> = persistence.persistence_granularity,
    }
}

/// Shows a pool inside the answer to a load balancer's creation.
pub(crate) fn full(pool: &Pool, members: &[Member], monitor: Option<&HealthMonitor>) -> Value {
    let members: Vec<_> = members.iter().map(View::view).collect();
    let mut full = json!({
        "members": members,
        "healthmonitor": monitor.map(super::health_monitor::full),
    });
    if let (Value::Object(full), Value::Object(fields)) = (&mut full, pool.view()) {
        for (key, value) in fields {
            let left_out = ["loadbalancers", "healthmonitor_id", "members"];
            if !left_out.contains(&key.as_str()) {
                full.insert(key, value);
            }
        }
    }
    full
}

/// Refers to the schema of [`full`].
pub(crate) fn full_schema(components: &mut Components) -> Value {
    view::changed::<Pool>("PoolTree", components, |properties, components| {
        properties.remove("loadbalancers");
        properties.remove("healthmonitor_id");
        properties.required("members", Vec::<Member>::schema(components));
        let monitor = super::health_monitor::full_schema(components);
        properties.required("healthmonitor", nullable(monitor));
    })
}
