use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::status::names;
use crate::{
    HealthMonitor, Id, Listener, LoadBalancer, Member, OperatingStatus, PoolProtocol,
    ProvisioningStatus,
};

names! {
    /// How a member is chosen.
    "balancing algorithm"
    pub enum LbAlgorithm {
        /// The one with the fewest connections for its weight.
        LeastConnections = "LEAST_CONNECTIONS",
        /// In turn, by weight.
        RoundRobin = "ROUND_ROBIN",
        /// By the client's address.
        SourceIp = "SOURCE_IP",
        /// By the client's address and port.
        SourceIpPort = "SOURCE_IP_PORT",
    }
}

names! {
    /// How a client stays with its member.
    "session persistence type"
    pub enum SessionPersistenceType {
        /// By a cookie of the application.
        AppCookie = "APP_COOKIE",
        /// By a cookie of ours.
        HttpCookie = "HTTP_COOKIE",
        /// By the client's address.
        SourceIp = "SOURCE_IP",
    }
}

/// How a client stays with its member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPersistence {
    /// By what.
    pub kind: SessionPersistenceType,
    /// The name of the cookie.
    pub cookie_name: Option<String>,
    /// How long, in seconds.
    pub persistence_timeout: Option<i32>,
    /// The mask of the client's address.
    pub persistence_granularity: Option<IpAddr>,
}

/// Members that serve the same thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its id.
    pub id: Id<Pool>,
    /// The project that owns it.
    pub project_id: Option<String>,
    /// The load balancer it belongs to.
    pub load_balancer_id: Id<LoadBalancer>,
    /// Name, at most 255 characters.
    pub name: Option<String>,
    /// Description, at most 255 characters.
    pub description: Option<String>,
    /// What is spoken with its members.
    pub protocol: PoolProtocol,
    /// How a member is chosen.
    pub lb_algorithm: LbAlgorithm,
    /// What the controller is doing with it.
    pub provisioning_status: ProvisioningStatus,
    /// What the traffic sees.
    pub operating_status: OperatingStatus,
    /// The administrative state (`admin_state_up`).
    pub enabled: bool,
    /// How a client stays with its member.
    pub session_persistence: Option<SessionPersistence>,
    /// Whether TLS is spoken with the members.
    pub tls_enabled: bool,
    /// The client certificate shown to members, by reference.
    pub tls_certificate_id: Option<String>,
    /// The CA of the members' certificates, by reference.
    pub ca_tls_certificate_id: Option<String>,
    /// The revocation list of the members' certificates, by reference.
    pub crl_container_id: Option<String>,
    /// OpenSSL cipher names, colon separated.
    pub tls_ciphers: Option<String>,
    /// TLS versions.
    pub tls_versions: Vec<String>,
    /// ALPN protocol ids.
    pub alpn_protocols: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was accepted.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// The listeners that use it. Read only.
    pub listeners: Vec<Id<Listener>>,
    /// Its members, in order of creation. Read only.
    pub members: Vec<Id<Member>>,
    /// Its health monitor. Read only.
    pub health_monitor_id: Option<Id<HealthMonitor>>,
}
