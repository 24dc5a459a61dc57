//! `[api_settings]`, and what the API reads of `[networking]`, `[haproxy_amphora]`, `[healthcheck]`
//! and `[oslo_middleware]`.

use std::net::SocketAddr;

use octavia_api::policy::PolicySettings;
use octavia_api::{ApiConfig, HaproxyTimeouts, TlsFiles, VipPolicy};
use octavia_model::{Limits, Topology};

use super::edge;
use super::health;
use super::keystone::{self, KeystoneRole};
use super::policy;
use super::problem::Problem;
use super::reader::Reader;
use super::settings::Name;
use super::sources::Sources;

const API: &str = "api_settings";
const AMPHORA: &str = "haproxy_amphora";
const NETWORKING: &str = "networking";
const AUTH_STRATEGY: Name = (API, "auth_strategy");
const TOPOLOGY: Name = ("controller_worker", "loadbalancer_topology");
const UUID: &str = "it is the id of a network, a UUID";

const BIND_HOST: Name = (API, "bind_host");
const BIND_PORT: Name = (API, "bind_port");

/// What the API is told.
#[derive(Debug, Clone)]
pub(crate) struct ApiRole {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What it says.
    pub(crate) api: ApiConfig,
    /// Where its certificate lies; `None`: nothing is encrypted.
    pub(crate) tls: Option<TlsFiles>,
    /// How callers are known.
    pub(crate) auth: AuthStrategy,
    /// What callers may do.
    pub(crate) policy: PolicySettings,
    /// `[harness] bridge_url`.
    #[cfg(feature = "conformance")]
    pub(crate) bridge_url: Option<String>,
    /// What keeps the API from starting with this configuration; other roles may.
    pub(crate) obstacles: Vec<Problem>,
}

/// `[api_settings] auth_strategy`.
#[derive(Debug, Clone)]
pub(crate) enum AuthStrategy {
    /// Nobody is asked.
    Nobody,
    /// The headers say who calls, and are believed.
    Headers,
    /// Keystone says who calls.
    Keystone(Box<KeystoneRole>),
    /// Keystone is to say who calls, and the obstacles say why it cannot be asked.
    Unusable,
}

/// Reads the options.
pub(super) fn read(reader: &Reader<'_>, sources: &Sources) -> ApiRole {
    let mut obstacles = Vec::new();
    let auth = auth_strategy(reader, &mut obstacles);
    ApiRole {
        auth,
        policy: policy::read(reader, sources),
        address: reader.socket_address(BIND_HOST, BIND_PORT),
        tls: tls(reader, &mut obstacles),
        api: api(reader, &mut obstacles),
        #[cfg(feature = "conformance")]
        bridge_url: reader.text(("harness", "bridge_url")),
        obstacles,
    }
}

fn auth_strategy(reader: &Reader<'_>, obstacles: &mut Vec<Problem>) -> AuthStrategy {
    match reader.text(AUTH_STRATEGY).as_deref() {
        Some("noauth") => AuthStrategy::Nobody,
        Some("testing") => AuthStrategy::Headers,
        _ => keystone::read(reader).map_or_else(
            |problems| {
                obstacles.extend(problems);
                AuthStrategy::Unusable
            },
            |role| AuthStrategy::Keystone(Box::new(role)),
        ),
    }
}

/// A certificate needs its key, and the other way round.
fn tls(reader: &Reader<'_>, obstacles: &mut Vec<Problem>) -> Option<TlsFiles> {
    let certificate = reader.path((API, "tls_cert_file"));
    let key = reader.path((API, "tls_key_file"));
    let client_authorities = reader.path((API, "tls_client_ca_file"));
    match (certificate, key) {
        (Some(certificate), Some(key)) => Some(TlsFiles {
            certificate,
            key,
            client_authorities,
        }),
        (None, None) if client_authorities.is_none() => None,
        (certificate, _) => {
            let missing = if certificate.is_some() {
                (API, "tls_key_file")
            } else {
                (API, "tls_cert_file")
            };
            let needed = "encrypting needs both tls_cert_file and tls_key_file";
            obstacles.push(reader.problem(missing, needed));
            None
        }
    }
}

fn api(reader: &Reader<'_>, obstacles: &mut Vec<Problem>) -> ApiConfig {
    let text = |name| reader.text((API, name)).unwrap_or_default();
    let list = |name| reader.list((API, name));
    let allowed = |name| reader.boolean((API, name));
    ApiConfig {
        allow_pagination: allowed("allow_pagination"),
        allow_sorting: allowed("allow_sorting"),
        allow_filtering: allowed("allow_filtering"),
        allow_field_selection: allowed("allow_field_selection"),
        pagination_max_limit: page_limit(reader),
        api_base_uri: reader.text((API, "api_base_uri")),
        allow_tls_terminated_listeners: allowed("allow_tls_terminated_listeners"),
        allow_ping_health_monitors: allowed("allow_ping_health_monitors"),
        allow_prometheus_listeners: allowed("allow_prometheus_listeners"),
        enabled_provider_drivers: reader
            .pairs((API, "enabled_provider_drivers"))
            .into_iter()
            .collect(),
        default_provider_driver: text("default_provider_driver"),
        udp_connect_min_interval_health_monitor: reader
            .number((API, "udp_connect_min_interval_health_monitor")),
        health: health::read(reader),
        default_listener_ciphers: text("default_listener_ciphers"),
        default_pool_ciphers: text("default_pool_ciphers"),
        tls_cipher_prohibit_list: ciphers(&text("tls_cipher_prohibit_list")),
        default_listener_tls_versions: list("default_listener_tls_versions"),
        default_pool_tls_versions: list("default_pool_tls_versions"),
        minimum_tls_version: reader.text((API, "minimum_tls_version")),
        default_listener_alpn_protocols: list("default_listener_alpn_protocols"),
        default_pool_alpn_protocols: list("default_pool_alpn_protocols"),
        default_project_id: reader.text((API, "default_project_id")),
        immutable_wait: reader.seconds((API, "immutable_wait")),
        sync_wait: reader.seconds((API, "sync_wait")),
        max_request_body_size: reader.number(("oslo_middleware", "max_request_body_size")),
        networking: vip_policy(reader),
        haproxy_amphora: timeouts(reader),
        loadbalancer_topology: topology(reader),
        quotas: quotas(reader),
        edge: edge::read(reader, obstacles),
    }
}

fn topology(reader: &Reader<'_>) -> Topology {
    if reader.text(TOPOLOGY).as_deref() == Some("ACTIVE_STANDBY") {
        Topology::ActiveStandby
    } else {
        Topology::Single
    }
}

fn quotas(reader: &Reader<'_>) -> Limits {
    let limit = |name| Some(reader.number(("quotas", name)));
    Limits {
        load_balancer: limit("default_load_balancer_quota"),
        listener: limit("default_listener_quota"),
        member: limit("default_member_quota"),
        pool: limit("default_pool_quota"),
        health_monitor: limit("default_health_monitor_quota"),
        l7policy: limit("default_l7policy_quota"),
        l7rule: limit("default_l7rule_quota"),
    }
}

/// `infinite` and negative numbers are no limit.
fn page_limit(reader: &Reader<'_>) -> Option<u64> {
    let name: Name = (API, "pagination_max_limit");
    let text = reader.text(name)?;
    if text.eq_ignore_ascii_case("infinite") {
        return None;
    }
    let limit = reader.parsed::<i64>(name, "it is a whole number, or infinite")?;
    u64::try_from(limit).ok()
}

/// Upstream's lists of ciphers have colons between the names.
fn ciphers(text: &str) -> Vec<String> {
    text.split(':')
        .filter(|cipher| !cipher.is_empty())
        .map(str::to_owned)
        .collect()
}

fn vip_policy(reader: &Reader<'_>) -> VipPolicy {
    let allowed = |name| reader.boolean((NETWORKING, name));
    let valid: Name = (NETWORKING, "valid_vip_networks");
    VipPolicy {
        allow_vip_network_id: allowed("allow_vip_network_id"),
        allow_vip_subnet_id: allowed("allow_vip_subnet_id"),
        allow_vip_port_id: allowed("allow_vip_port_id"),
        valid_vip_networks: Some(reader.parsed_list(valid, UUID)).filter(|ids| !ids.is_empty()),
        denylist_vip_networks: reader.parsed_list((NETWORKING, "denylist_vip_networks"), UUID),
        reserved_ips: reader.parsed_list((NETWORKING, "reserved_ips"), "it is an address"),
    }
}

fn timeouts(reader: &Reader<'_>) -> HaproxyTimeouts {
    HaproxyTimeouts {
        timeout_client_data: reader.number((AMPHORA, "timeout_client_data")),
        timeout_member_connect: reader.number((AMPHORA, "timeout_member_connect")),
        timeout_member_data: reader.number((AMPHORA, "timeout_member_data")),
        timeout_tcp_inspect: reader.number((AMPHORA, "timeout_tcp_inspect")),
    }
}
