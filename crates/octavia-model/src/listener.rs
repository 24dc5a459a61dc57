use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ipnet::IpNet;

use crate::status::names;
use crate::{
    Id, L7Policy, ListenerProtocol, LoadBalancer, OperatingStatus, Pool, ProvisioningStatus,
};

names! {
    /// Whether clients must show a certificate.
    "client authentication mode"
    pub enum ClientAuthentication {
        /// None is asked for.
        None = "NONE",
        /// One is asked for, and checked if given.
        Optional = "OPTIONAL",
        /// One is needed.
        Mandatory = "MANDATORY",
    }
}

/// A port of the VIP, and what is spoken on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its id.
    pub id: Id<Listener>,
    /// The project that owns it.
    pub project_id: Option<String>,
    /// The load balancer it belongs to.
    pub load_balancer_id: Id<LoadBalancer>,
    /// Name, at most 255 characters.
    pub name: Option<String>,
    /// Description, at most 255 characters.
    pub description: Option<String>,
    /// What it speaks.
    pub protocol: ListenerProtocol,
    /// The TCP or UDP port, 1 to 65535.
    pub protocol_port: u16,
    /// How many connections it serves at once; -1 is unlimited, `None` was given as null.
    pub connection_limit: Option<i32>,
    /// Where requests go that no policy takes.
    pub default_pool_id: Option<Id<Pool>>,
    /// What the controller is doing with it.
    pub provisioning_status: ProvisioningStatus,
    /// What the traffic sees.
    pub operating_status: OperatingStatus,
    /// The administrative state (`admin_state_up`).
    pub enabled: bool,
    /// The port of the peers protocol, kept for upstream.
    pub peer_port: Option<u16>,
    /// Headers to insert into requests, by name.
    pub insert_headers: BTreeMap<String, String>,
    /// How long a silent client is kept, in milliseconds.
    pub timeout_client_data: Option<i32>,
    /// How long connecting to a member may take, in milliseconds.
    pub timeout_member_connect: Option<i32>,
    /// How long a silent member is kept, in milliseconds.
    pub timeout_member_data: Option<i32>,
    /// How long to wait for more of the first packets, in milliseconds.
    pub timeout_tcp_inspect: Option<i32>,
    /// The default certificate, by reference.
    pub tls_certificate_id: Option<String>,
    /// Further certificates, by reference.
    pub sni_container_refs: Vec<String>,
    /// The CA of client certificates, by reference.
    pub client_ca_tls_certificate_id: Option<String>,
    /// Whether clients must show a certificate.
    pub client_authentication: ClientAuthentication,
    /// The revocation list of client certificates, by reference.
    pub client_crl_container_id: Option<String>,
    /// OpenSSL cipher names, colon separated.
    pub tls_ciphers: Option<String>,
    /// TLS versions.
    pub tls_versions: Vec<String>,
    /// ALPN protocol ids.
    pub alpn_protocols: Vec<String>,
    /// HSTS max-age, in seconds; `None` switches HSTS off.
    pub hsts_max_age: Option<i32>,
    /// HSTS includeSubDomains.
    pub hsts_include_subdomains: bool,
    /// HSTS preload.
    pub hsts_preload: bool,
    /// Who may connect; everybody when empty.
    pub allowed_cidrs: Vec<IpNet>,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was accepted.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Its policies, by position. Read only.
    pub l7_policies: Vec<Id<L7Policy>>,
}
