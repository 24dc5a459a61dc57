use octavia_model::{
    HealthMonitor, Id, LbAlgorithm, Listener, LoadBalancer, Member, Pool, PoolProtocol,
    SessionPersistence, SessionPersistenceType,
};
use serde_json::{Value, json};

use super::decode::{
    AddressText, address, alpn, boolean, id, integer, list, object, one_of, pattern, tags, text,
};
use super::health_monitor::HealthMonitorFields;
use super::member::MemberFields;
use super::shape::shape;

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
        "tags" tags: optional Vec<String> = tags,
        "tls_container_ref" tls_container_ref: optional String = text(255),
        "ca_tls_container_ref" ca_tls_container_ref: optional String = text(255),
        "crl_container_ref" crl_container_ref: optional String = text(255),
        "tls_enabled" tls_enabled: optional bool = boolean,
        "tls_ciphers" tls_ciphers: optional String = text(2048),
        "tls_versions" tls_versions: optional Vec<String> = list(text(32)),
        "alpn_protocols" alpn_protocols: optional Vec<String> = list(alpn),
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
        "tags" tags: optional Vec<String> = tags,
        "tls_container_ref" tls_container_ref: optional String = text(255),
        "ca_tls_container_ref" ca_tls_container_ref: optional String = text(255),
        "crl_container_ref" crl_container_ref: optional String = text(255),
        "tls_enabled" tls_enabled: optional bool = boolean,
        "tls_ciphers" tls_ciphers: optional String = text(2048),
        "tls_versions" tls_versions: optional Vec<String> = list(text(32)),
        "alpn_protocols" alpn_protocols: optional Vec<String> = list(alpn),
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

/// Shows a pool.
pub(crate) fn view(pool: &Pool) -> Value {
    let mut view = json!({
        "id": pool.id.to_string(),
        "name": pool.name.as_deref().unwrap_or_default(),
        "description": pool.description.as_deref().unwrap_or_default(),
        "provisioning_status": pool.provisioning_status.as_str(),
        "operating_status": pool.operating_status.as_str(),
        "admin_state_up": pool.enabled,
        "protocol": pool.protocol.as_str(),
        "lb_algorithm": pool.lb_algorithm.as_str(),
        "session_persistence": pool.session_persistence.as_ref().map(session_persistence),
        "project_id": pool.project_id,
        "loadbalancers": super::only_ids(&[pool.load_balancer_id]),
        "listeners": super::only_ids(&pool.listeners),
        "created_at": super::time(pool.created_at),
        "updated_at": super::time(pool.updated_at),
        "healthmonitor_id": super::id(pool.health_monitor_id),
        "members": super::only_ids(&pool.members),
        "tags": pool.tags,
        "tls_container_ref": pool.tls_certificate_id,
        "ca_tls_container_ref": pool.ca_tls_certificate_id,
        "crl_container_ref": pool.crl_container_id,
        "tls_enabled": pool.tls_enabled,
        "tls_ciphers": pool.tls_ciphers,
        "tls_versions": super::list_or_null(&pool.tls_versions),
        "alpn_protocols": super::list_or_null(&pool.alpn_protocols),
        "tenant_id": pool.project_id,
    });
    if let (Value::Object(fields), None) = (&mut view, pool.health_monitor_id) {
        fields.shift_remove("healthmonitor_id");
    }
    view
}

fn session_persistence(persistence: &SessionPersistence) -> Value {
    json!({
        "type": persistence.kind.as_str(),
        "cookie_name": persistence.cookie_name,
        "persistence_timeout": persistence.persistence_timeout,
        "persistence_granularity": persistence.persistence_granularity.map(|mask| mask.to_string()),
    })
}

/// Shows a pool inside the answer to a load balancer's creation.
pub(crate) fn full(pool: &Pool, members: &[Member], monitor: Option<&HealthMonitor>) -> Value {
    let members: Vec<_> = members.iter().map(super::member::view).collect();
    let mut full = json!({
        "members": members,
        "healthmonitor": monitor.map(super::health_monitor::full),
    });
    if let (Value::Object(full), Value::Object(fields)) = (&mut full, view(pool)) {
        for (key, value) in fields {
            let left_out = ["loadbalancers", "healthmonitor_id", "members"];
            if !left_out.contains(&key.as_str()) {
                full.insert(key, value);
            }
        }
    }
    full
}
