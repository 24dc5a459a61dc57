mod edge;
mod health;

use std::net::IpAddr;
use std::time::Duration;

use indexmap::IndexMap;
use octavia_model::{Id, Limits, Network, Topology};

pub use edge::{AccessLog, AuditConfig, CorsSettings, EdgeConfig, RateLimit};
pub use health::{HealthBackend, HealthConfig};

/// Upstream's default cipher list, for listeners and pools.
const CIPHERS: &str = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:\
ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";

/// What the API reads of `octavia.conf`; fields are named as upstream's options. Section
/// `[api_settings]` unless a field says otherwise.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch of upstream's configuration"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiConfig {
    /// Honour `limit` and `marker`.
    pub allow_pagination: bool,
    /// Honour `sort`.
    pub allow_sorting: bool,
    /// Honour filters.
    pub allow_filtering: bool,
    /// Honour `fields`.
    pub allow_field_selection: bool,
    /// Most items of a list's page; `None` (upstream: `infinite` or negative) is no cap.
    pub pagination_max_limit: Option<u64>,
    /// Base of page links; else that of the request.
    pub api_base_uri: Option<String>,
    /// Allow `TERMINATED_HTTPS` listeners.
    pub allow_tls_terminated_listeners: bool,
    /// Allow `PING` health monitors.
    pub allow_ping_health_monitors: bool,
    /// Allow `PROMETHEUS` listeners.
    pub allow_prometheus_listeners: bool,
    /// The providers that users may choose, with their descriptions.
    pub enabled_provider_drivers: IndexMap<String, String>,
    /// The provider of those who choose none.
    pub default_provider_driver: String,
    /// The least delay of `UDP-CONNECT` monitors, in seconds; negative is no limit.
    pub udp_connect_min_interval_health_monitor: i32,
    /// `/healthcheck`.
    pub health: HealthConfig,
    /// Ciphers of new TLS listeners.
    pub default_listener_ciphers: String,
    /// Ciphers of new TLS pools.
    pub default_pool_ciphers: String,
    /// Ciphers that nobody may use.
    pub tls_cipher_prohibit_list: Vec<String>,
    /// TLS versions of new TLS listeners.
    pub default_listener_tls_versions: Vec<String>,
    /// TLS versions of new TLS pools.
    pub default_pool_tls_versions: Vec<String>,
    /// The lowest TLS version that anybody may use.
    pub minimum_tls_version: Option<String>,
    /// ALPN protocols of new TLS listeners.
    pub default_listener_alpn_protocols: Vec<String>,
    /// ALPN protocols of new TLS pools.
    pub default_pool_alpn_protocols: Vec<String>,
    /// How long a write waits for the change before it, before it is refused with 409; zero is
    /// upstream's behaviour. Ours.
    pub immutable_wait: Duration,
    /// How long an accepted write waits for its change to be live; zero is upstream's behaviour. Ours.
    pub sync_wait: Duration,
    /// The project of calls that name none, neither by header nor in the body; `None` is upstream's
    /// behaviour: creating a load balancer is then refused. Ours, for clients without Keystone.
    pub default_project_id: Option<String>,
    /// `[oslo_middleware] max_request_body_size`, in bytes.
    pub max_request_body_size: usize,
    /// `[networking]`.
    pub networking: VipPolicy,
    /// `[haproxy_amphora] timeout_*`: the defaults of listeners' fields.
    pub haproxy_amphora: HaproxyTimeouts,
    /// `[controller_worker] loadbalancer_topology`.
    pub loadbalancer_topology: Topology,
    /// `[quotas] default_*_quota`: the limits of projects that have none of their own.
    pub quotas: Limits,
    /// What is done around every request: `[cors]`, `[oslo_middleware]`, and more.
    pub edge: EdgeConfig,
}

/// Section `[networking]`: what may carry a VIP or be a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VipPolicy {
    /// Users may give `vip_network_id`.
    pub allow_vip_network_id: bool,
    /// Users may give `vip_subnet_id`.
    pub allow_vip_subnet_id: bool,
    /// Users may give `vip_port_id`.
    pub allow_vip_port_id: bool,
    /// Only these networks may carry VIPs.
    pub valid_vip_networks: Option<Vec<Id<Network>>>,
    /// These networks may not.
    pub denylist_vip_networks: Vec<Id<Network>>,
    /// Addresses that no member may have.
    pub reserved_ips: Vec<IpAddr>,
}

/// The defaults of listeners' time-outs, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HaproxyTimeouts {
    /// How long a silent client is kept.
    pub timeout_client_data: i32,
    /// How long connecting to a member may take.
    pub timeout_member_connect: i32,
    /// How long a silent member is kept.
    pub timeout_member_data: i32,
    /// How long to wait for more of the first packets.
    pub timeout_tcp_inspect: i32,
}

impl Default for ApiConfig {
    fn default() -> Self {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            allow_pagination: true,
            allow_sorting: true,
            allow_filtering: true,
            allow_field_selection: true,
            pagination_max_limit: Some(1000),
            api_base_uri: None,
            allow_tls_terminated_listeners: true,
            allow_ping_health_monitors: true,
            allow_prometheus_listeners: true,
            enabled_provider_drivers: providers(),
            default_provider_driver: "amphora".to_owned(),
            udp_connect_min_interval_health_monitor: 3,
            health: HealthConfig::default(),
            default_listener_ciphers: CIPHERS.to_owned(),
            default_pool_ciphers: CIPHERS.to_owned(),
            tls_cipher_prohibit_list: Vec::new(),
            default_listener_tls_versions: texts(&["TLSv1.2", "TLSv1.3"]),
            default_pool_tls_versions: texts(&["TLSv1.2", "TLSv1.3"]),
            minimum_tls_version: None,
            default_listener_alpn_protocols: texts(&["h2", "http/1.1", "http/1.0"]),
            default_pool_alpn_protocols: texts(&["h2", "http/1.1", "http/1.0"]),
            immutable_wait: Duration::from_secs(10),
            sync_wait: Duration::from_millis(500),
            default_project_id: None,
            max_request_body_size: 114_688,
            networking: VipPolicy::default(),
            haproxy_amphora: HaproxyTimeouts::default(),
            loadbalancer_topology: Topology::Single,
            quotas: Limits::NONE,
            edge: EdgeConfig::default(),
        }
    }
}

fn providers() -> IndexMap<String, String> {
    [
        ("amphora", "The Octavia Amphora driver."),
        ("octavia", "Deprecated alias of the Octavia Amphora driver."),
    ]
    .into_iter()
    .map(|(name, description)| (name.to_owned(), description.to_owned()))
    .collect()
}

impl Default for VipPolicy {
    fn default() -> Self {
        Self {
            allow_vip_network_id: true,
            allow_vip_subnet_id: true,
            allow_vip_port_id: true,
            valid_vip_networks: None,
            denylist_vip_networks: Vec::new(),
            reserved_ips: vec![IpAddr::from([169, 254, 169, 254])],
        }
    }
}

impl Default for HaproxyTimeouts {
    fn default() -> Self {
        Self {
            timeout_client_data: 50_000,
            timeout_member_connect: 5_000,
            timeout_member_data: 50_000,
            timeout_tcp_inspect: 0,
        }
    }
}
