//! The whole configuration of an amphora, as one document with a generation.

mod l7;
mod protection;
mod tls;
mod vrrp;

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use l7::{L7Action, L7Compare, L7Policy, L7Rule, L7Subject};
pub use protection::{PassiveHealth, RateLimit};
pub use tls::{
    Certificate, CipherSuite, ClientAuthentication, ClientCertificates, Hsts, ListenerTls, PoolTls,
    TlsVersion,
};
pub use vrrp::{Vrrp, VrrpPeer};

/// Everything that one amphora does. Sent whole, never as a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmphoraConfig {
    /// Grows with each accepted change of the load balancer; an amphora refuses to go back.
    pub generation: u64,
    /// The amphora that this is for; any other refuses it.
    pub amphora_id: Uuid,
    /// The load balancer that it serves.
    pub load_balancer_id: Uuid,
    /// The addresses that listeners bind: the VIP first, then the additional ones.
    pub vips: Vec<IpAddr>,
    /// Interfaces that the agent sets up. Empty where the host has the addresses already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<Interface>,
    /// How it agrees with its twin on who has the VIPs, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vrrp: Option<Vrrp>,
    /// The enabled listeners. Disabled ones are left out.
    pub listeners: Vec<Listener>,
    /// The pools that listeners use, and those that nothing uses yet.
    pub pools: Vec<Pool>,
}

/// A network interface, found by its MAC address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// The MAC address, lower case with colons.
    pub mac_address: String,
    /// Addresses with the length of their subnet's prefix; a VIP has /32 or /128.
    pub addresses: Vec<IpNet>,
    /// The default gateway, on the VIP's interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// The MTU in bytes.
    pub mtu: u32,
}

/// What a listener speaks, inside TLS where it has that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ListenerProtocol {
    /// HTTP/1.1.
    Http,
    /// Bytes, both ways.
    Tcp,
    /// Datagrams, both ways.
    Udp,
    /// HTTP/1.1, and the only answer is what the load balancer counts, at `/metrics`.
    Prometheus,
}

/// A port, and what happens to its connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Its id.
    pub id: Uuid,
    /// What it speaks.
    pub protocol: ListenerProtocol,
    /// The port to bind on each VIP.
    pub port: u16,
    /// How many connections it serves at once; further ones wait in the accept queue. For UDP, how
    /// many flows each member serves at once (as upstream's `uthreshold`); datagrams of further ones
    /// are dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_limit: Option<u32>,
    /// Where connections go; without one, HTTP answers 503, TCP closes, and UDP drops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_pool: Option<Uuid>,
    /// Time limits.
    pub timeouts: Timeouts,
    /// Headers added to requests.
    #[serde(default, skip_serializing_if = "InsertHeaders::is_none")]
    pub insert_headers: InsertHeaders,
    /// How its traffic is logged, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<TrafficLog>,
    /// Who may connect; everybody when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_cidrs: Vec<IpNet>,
    /// How often one client may ask, if that is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// What is done with certain requests, by position; only for HTTP. Disabled ones, and those
    /// without an enabled rule, are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub l7_policies: Vec<L7Policy>,
    /// The TLS that its clients speak, if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenerTls>,
}

/// How the traffic of a listener is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrafficLog {
    /// The project that owns the listener.
    pub project_id: String,
    /// Its load balancer.
    pub load_balancer_id: Uuid,
    /// A format in HAProxy's language (upstream's `user_log_format`), or `json`.
    pub format: String,
}

/// Time limits of a listener, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeouts {
    /// How long a silent client is kept.
    pub client_data_ms: u64,
    /// How long connecting to a member may take.
    pub member_connect_ms: u64,
    /// How long a silent member is kept.
    pub member_data_ms: u64,
    /// How long to wait for more of the first packets of a TCP connection, where a rule looks at
    /// them. No rule does so far, upstream's neither: a connection waits for nothing.
    pub tcp_inspect_ms: u64,
    /// How long a UDP flow without datagrams keeps its member. The other limits are not for UDP, as
    /// with upstream.
    #[serde(default = "udp_idle_ms", skip_serializing_if = "is_udp_idle_ms")]
    pub udp_idle_ms: u64,
}

/// What LVS keeps a UDP connection for.
fn udp_idle_ms() -> u64 {
    300_000
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_udp_idle_ms(value: &u64) -> bool {
    *value == udp_idle_ms()
}

impl Default for Timeouts {
    /// Upstream's defaults (`[haproxy_amphora] timeout_*`): 50 s, 5 s, 50 s, 0; and that of LVS, 300 s.
    fn default() -> Self {
        Self {
            client_data_ms: 50_000,
            member_connect_ms: 5_000,
            member_data_ms: 50_000,
            tcp_inspect_ms: 0,
            udp_idle_ms: udp_idle_ms(),
        }
    }
}

/// Headers that a listener adds to requests (upstream's `insert_headers`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a header")]
pub struct InsertHeaders {
    /// `X-Forwarded-For`: the client's address, appended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub x_forwarded_for: bool,
    /// `X-Forwarded-Port`: the listener's port.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub x_forwarded_port: bool,
    /// `X-Forwarded-Proto`: `http` or `https`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub x_forwarded_proto: bool,
    /// `X-SSL-Client-Verify`: what checking the client's certificate gave; 0 is well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub x_ssl_client_verify: bool,
    /// `X-SSL-Client-Has-Cert`: whether the client showed a certificate, 0 or 1.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub x_ssl_client_has_cert: bool,
    /// `X-SSL-Client-DN`: the subject of its certificate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub x_ssl_client_dn: bool,
    /// `X-SSL-Client-CN`: the common name in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub x_ssl_client_cn: bool,
    /// `X-SSL-Issuer`: the authority that signed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub x_ssl_issuer: bool,
    /// `X-SSL-Client-SHA1`: its digest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub x_ssl_client_sha1: bool,
    /// `X-SSL-Client-Not-Before`: from when it counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub x_ssl_client_not_before: bool,
    /// `X-SSL-Client-Not-After`: until when.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub x_ssl_client_not_after: bool,
}

impl InsertHeaders {
    /// Tells whether no header is added.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a pool speaks with its members, inside TLS where it has that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PoolProtocol {
    /// HTTP/1.1.
    Http,
    /// Bytes, both ways.
    Tcp,
    /// Datagrams, both ways.
    Udp,
    /// What its listener speaks, after a line that names the client (PROXY protocol version 1).
    Proxy,
    /// What its listener speaks, after a structure that names the client (version 2).
    #[serde(rename = "PROXYV2")]
    ProxyV2,
}

/// How a member is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Algorithm {
    /// In turn, by weight, smoothly.
    RoundRobin,
    /// The one with the fewest connections for its weight.
    LeastConnections,
    /// By the client's address.
    SourceIp,
    /// By the client's address and port.
    SourceIpPort,
}

/// How a client stays with its member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum SessionPersistence {
    /// By its address.
    SourceIp,
    /// By the network that its address is in, for a while: for UDP.
    SourceNetwork {
        /// Seconds for which a member is kept after a flow began or ended.
        timeout_s: u32,
        /// How many bits of an IPv4 address name the client, at most 32.
        ipv4_prefix: u8,
        /// How many bits of an IPv6 address name the client, at most 128.
        ipv6_prefix: u8,
    },
    /// By a cookie that the proxy sets.
    HttpCookie,
    /// By a cookie that the application sets.
    AppCookie {
        /// The name of the cookie.
        cookie_name: String,
    },
}

/// Members that serve the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Its id.
    pub id: Uuid,
    /// What is spoken with its members.
    pub protocol: PoolProtocol,
    /// How a member is chosen.
    pub algorithm: Algorithm,
    /// Its members, in order of creation.
    pub members: Vec<Member>,
    /// How a client stays with its member. Cookies count behind HTTP listeners only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_persistence: Option<SessionPersistence>,
    /// How its members are asked whether they work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_monitor: Option<HealthMonitor>,
    /// When members are left alone because of what clients met there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passive_health: Option<PassiveHealth>,
    /// Whether the pool takes traffic (`admin_state_up`).
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
    /// The TLS that is spoken with its members, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<PoolTls>,
}

/// A server behind a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its id.
    pub id: Uuid,
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// Its share, 0 to 256; with 0 it keeps what it has and takes nothing new.
    pub weight: u16,
    /// Whether it serves only when no other member can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub backup: bool,
    /// For how long its share grows from nothing to all of it once it is added to a pool that
    /// serves, or is back, in seconds; for pools that balance in turn or by connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_start_s: Option<u32>,
    /// Whether it takes traffic (`admin_state_up`).
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
    /// Where the health monitor asks, if elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor_address: Option<IpAddr>,
    /// The port where the health monitor asks, if another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor_port: Option<u16>,
}

/// How members are asked whether they work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthMonitor {
    /// Its id.
    pub id: Uuid,
    /// How it asks.
    pub check: Check,
    /// Seconds between two questions.
    pub delay_s: u32,
    /// Seconds until an answer is late.
    pub timeout_s: u32,
    /// How many successes put a member back.
    pub rise: u32,
    /// How many failures take a member out.
    pub fall: u32,
}

impl HealthMonitor {
    /// Returns the time between two questions.
    pub fn delay(&self) -> Duration {
        Duration::from_secs(u64::from(self.delay_s))
    }

    /// Returns the time until an answer is late.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout_s))
    }
}

/// How a member is asked whether it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum Check {
    /// A TCP connection is accepted; where the pool speaks TLS, a handshake succeeds, too.
    Tcp,
    /// Nobody says that a datagram cannot be delivered.
    UdpConnect,
    /// An ICMP echo request is answered.
    Ping,
    /// An HTTP request is answered with one of the codes.
    /// A TLS handshake succeeds, whatever certificate the member has.
    TlsHello,
    /// An HTTP request is answered with one of the codes, inside TLS where the pool speaks that.
    Http {
        /// The method of the request.
        method: String,
        /// The path of the request.
        path: String,
        /// Ranges of codes that mean success, both ends included.
        expected_codes: Vec<(u16, u16)>,
        /// The version of the request: `1.0` or `1.1`.
        version: String,
        /// The Host of the request; the member's address if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        /// Whether it is asked inside TLS even where the pool does not speak that; the member's
        /// certificate is not checked then.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        over_tls: bool,
    },
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_yes(value: &bool) -> bool {
    *value
}
