use std::collections::BTreeMap;

use octavia_amphora_api::config::{self, InsertHeaders, Timeouts, TrafficLog};
use octavia_model::{Id, Listener, ListenerProtocol, LoadBalancerTree, Pool, ProvisioningStatus};

use super::{Surroundings, Unsupported, l7, tls};

pub(super) fn listeners(
    tree: &LoadBalancerTree,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<config::Listener>, Unsupported> {
    if !tree.load_balancer.enabled {
        return Ok(Vec::new());
    }
    tree.listeners
        .iter()
        .filter(|listener| is_deployed(listener))
        .map(|listener| translate(tree, listener, surroundings))
        .collect()
}

/// Tells whether a listener belongs into the document.
pub(crate) fn is_deployed(listener: &Listener) -> bool {
    listener.enabled && listener.provisioning_status != ProvisioningStatus::PendingDelete
}

fn translate(
    tree: &LoadBalancerTree,
    listener: &Listener,
    surroundings: &Surroundings<'_>,
) -> Result<config::Listener, Unsupported> {
    Ok(config::Listener {
        id: listener.id.uuid(),
        protocol: protocol(listener)?,
        port: listener.protocol_port,
        connection_limit: listener
            .connection_limit
            .and_then(|limit| u32::try_from(limit).ok()),
        default_pool: pool_of(tree, listener.default_pool_id),
        timeouts: timeouts(listener, surroundings.timeouts),
        insert_headers: insert_headers(&listener.insert_headers),
        log: surroundings.log_format.map(|format| TrafficLog {
            project_id: listener.project_id.clone().unwrap_or_default(),
            load_balancer_id: tree.load_balancer.id.uuid(),
            format: format.to_owned(),
        }),
        allowed_cidrs: listener.allowed_cidrs.clone(),
        rate_limit: None,
        l7_policies: l7::policies(tree, listener),
        tls: tls::of_listener(listener, surroundings)?,
    })
}

fn protocol(listener: &Listener) -> Result<config::ListenerProtocol, Unsupported> {
    match listener.protocol {
        ListenerProtocol::Http | ListenerProtocol::TerminatedHttps => {
            Ok(config::ListenerProtocol::Http)
        }
        ListenerProtocol::Tcp | ListenerProtocol::Https => Ok(config::ListenerProtocol::Tcp),
        ListenerProtocol::Udp => Ok(config::ListenerProtocol::Udp),
        ListenerProtocol::Prometheus => Ok(config::ListenerProtocol::Prometheus),
        ListenerProtocol::Sctp => Err(Unsupported {
            object: "listener",
            id: listener.id.to_string(),
            feature: format!("protocol {}", listener.protocol),
        }),
    }
}

/// Returns a pool, if it belongs into the document.
pub(super) fn pool_of(tree: &LoadBalancerTree, id: Option<Id<Pool>>) -> Option<uuid::Uuid> {
    let wanted = id?;
    tree.pools
        .iter()
        .find(|tree| tree.pool.id == wanted)
        .filter(|tree| tree.pool.provisioning_status != ProvisioningStatus::PendingDelete)
        .map(|tree| tree.pool.id.uuid())
}

fn timeouts(listener: &Listener, defaults: Timeouts) -> Timeouts {
    let or = |value: Option<i32>, default: u64| {
        value
            .and_then(|value| u64::try_from(value).ok())
            .unwrap_or(default)
    };
    Timeouts {
        client_data_ms: or(listener.timeout_client_data, defaults.client_data_ms),
        member_connect_ms: or(listener.timeout_member_connect, defaults.member_connect_ms),
        member_data_ms: or(listener.timeout_member_data, defaults.member_data_ms),
        tcp_inspect_ms: or(listener.timeout_tcp_inspect, defaults.tcp_inspect_ms),
        udp_idle_ms: defaults.udp_idle_ms,
    }
}

/// Upstream inserts a header only when its value is the text `true`, in any case.
fn insert_headers(headers: &BTreeMap<String, String>) -> InsertHeaders {
    let on = |name: &str| {
        headers
            .get(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    };
    InsertHeaders {
        x_forwarded_for: on("X-Forwarded-For"),
        x_forwarded_port: on("X-Forwarded-Port"),
        x_forwarded_proto: on("X-Forwarded-Proto"),
        x_ssl_client_verify: on("X-SSL-Client-Verify"),
        x_ssl_client_has_cert: on("X-SSL-Client-Has-Cert"),
        x_ssl_client_dn: on("X-SSL-Client-DN"),
        x_ssl_client_cn: on("X-SSL-Client-CN"),
        x_ssl_issuer: on("X-SSL-Issuer"),
        x_ssl_client_sha1: on("X-SSL-Client-SHA1"),
        x_ssl_client_not_before: on("X-SSL-Client-Not-Before"),
        x_ssl_client_not_after: on("X-SSL-Client-Not-After"),
    }
}
