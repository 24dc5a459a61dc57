use chrono::{DateTime, Utc};

use crate::status::names;
use crate::{Id, OperatingStatus, Pool, ProvisioningStatus};

names! {
    /// How a member is asked whether it works.
    "health monitor type"
    pub enum HealthMonitorType {
        /// By an HTTP request.
        Http = "HTTP",
        /// By an HTTP request over TLS.
        Https = "HTTPS",
        /// By an ICMP echo request.
        Ping = "PING",
        /// By an SCTP INIT.
        Sctp = "SCTP",
        /// By a TCP connection.
        Tcp = "TCP",
        /// By a TLS handshake.
        TlsHello = "TLS-HELLO",
        /// By a UDP datagram that must not be refused.
        UdpConnect = "UDP-CONNECT",
    }
}

names! {
    /// The method of a monitor's request.
    "HTTP method"
    pub enum HttpMethod {
        /// CONNECT
        Connect = "CONNECT",
        /// DELETE
        Delete = "DELETE",
        /// GET
        Get = "GET",
        /// HEAD
        Head = "HEAD",
        /// OPTIONS
        Options = "OPTIONS",
        /// PATCH
        Patch = "PATCH",
        /// POST
        Post = "POST",
        /// PUT
        Put = "PUT",
        /// TRACE
        Trace = "TRACE",
    }
}

names! {
    /// The version of a monitor's request.
    "HTTP version"
    pub enum HttpVersion {
        /// HTTP/1.0
        Http10 = "1.0",
        /// HTTP/1.1
        Http11 = "1.1",
    }
}

/// How the members of a pool are asked whether they work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthMonitor {
    /// Its id.
    pub id: Id<HealthMonitor>,
    /// The project that owns it.
    pub project_id: Option<String>,
    /// The pool it belongs to; one monitor a pool.
    pub pool_id: Id<Pool>,
    /// Name, at most 255 characters.
    pub name: Option<String>,
    /// How it asks.
    pub kind: HealthMonitorType,
    /// Seconds between two questions.
    pub delay: i32,
    /// Seconds until an answer is late.
    pub timeout: i32,
    /// How many failures take a member out (`max_retries_down`), 1 to 10.
    pub fall_threshold: i32,
    /// How many successes put it back (`max_retries`), 1 to 10.
    pub rise_threshold: i32,
    /// The method of the request.
    pub http_method: Option<HttpMethod>,
    /// The path of the request.
    pub url_path: Option<String>,
    /// The codes that mean success: `200`, `200,202` or `200-204`.
    pub expected_codes: Option<String>,
    /// The version of the request.
    pub http_version: Option<HttpVersion>,
    /// The Host of the request.
    pub domain_name: Option<String>,
    /// What the controller is doing with it.
    pub provisioning_status: ProvisioningStatus,
    /// Whether it is deployed.
    pub operating_status: OperatingStatus,
    /// The administrative state (`admin_state_up`).
    pub enabled: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was accepted.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
}
