//! The settings of each role, with upstream's names and defaults.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use octavia_amphora_api::config::Timeouts;
use octavia_model::Secret;

use crate::document::AmphoraNetworking;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Settings of the reconciler (`[controller_worker]`); those after `boot_timeout` are ours.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// How long a new amphora may take until its agent answers
    /// (`amp_active_retries` times `amp_active_wait_sec`).
    pub boot_timeout: Duration,
    /// How many load balancers are worked on at once (`reconcile_concurrency`).
    pub concurrency: usize,
    /// How long a lease lasts unless renewed (`lease_length`).
    pub lease_length: Duration,
    /// How often the database is asked for what other processes want (`poll_interval`).
    pub poll_interval: Duration,
    /// When the creation, deletion or failover of a load balancer has failed (`create_deadline`).
    pub create_deadline: Duration,
    /// When any other change has failed (`change_deadline`).
    pub change_deadline: Duration,
    /// The longest pause between two tries (`retry_max`).
    pub retry_max: Duration,
    /// How often a booting agent is asked (`boot_probe_interval`).
    pub boot_probe_interval: Duration,
    /// How long a silent agent is asked before the try counts as failed (`agent_patience`).
    pub agent_patience: Duration,
    /// Where the addresses of amphorae live; follows from the cloud.
    pub networking: AmphoraNetworking,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            boot_timeout: 5 * MINUTE,
            concurrency: 64,
            lease_length: Duration::from_secs(10),
            poll_interval: Duration::from_millis(500),
            create_deadline: 5 * MINUTE,
            change_deadline: MINUTE,
            retry_max: Duration::from_secs(30),
            boot_probe_interval: Duration::from_millis(25),
            agent_patience: Duration::from_secs(5),
            networking: AmphoraNetworking::Host,
        }
    }
}

/// Upstream's `user_log_format`.
const LOG_FORMAT: &str = "{{ project_id }} {{ lb_id }} %f %ci %cp %t %{+Q}r %ST %B %U %[ssl_c_verify] %{+Q}[ssl_c_s_dn] %b %s %Tt %tsc";

/// Settings that concern amphorae (`[haproxy_amphora]`, and what goes into their own file).
#[derive(Debug, Clone)]
pub struct AmphoraSettings {
    /// The port of the agents (`bind_port`).
    pub bind_port: u16,
    /// Where an amphora keeps its state, relative to its own directory (`base_path`).
    pub base_path: String,
    /// How long connecting to an agent may take (`rest_request_conn_timeout`).
    pub connect_timeout: Duration,
    /// How long an agent may take to answer (`rest_request_read_timeout`).
    pub read_timeout: Duration,
    /// Time limits of listeners that name none (`timeout_*`).
    pub timeouts: Timeouts,
    /// Where amphorae send heartbeats (`[health_manager] controller_ip_port_list`).
    pub controllers: Vec<SocketAddr>,
    /// How often they do (`[health_manager] heartbeat_interval`).
    pub heartbeat_interval: Duration,
    /// The key of heartbeats (`[health_manager] heartbeat_key`).
    pub heartbeat_key: Secret<String>,
    /// How long a certificate is good (`[certificates] cert_validity_time`).
    pub cert_validity_time: Duration,
    /// How traffic is logged (`user_log_format`), if it is (`connection_logging`).
    pub log_format: Option<String>,
    /// Options of `[amphora_agent]` that amphorae are given as they are: where logs go.
    pub log_options: Vec<(&'static str, String)>,
    /// How pairs agree on who has the VIPs.
    pub vrrp: VrrpSettings,
    /// Whether the servers of a pair are to be on different hosts (`[nova] enable_anti_affinity`).
    pub anti_affinity: bool,
}

impl Default for AmphoraSettings {
    fn default() -> Self {
        Self {
            bind_port: 9443,
            base_path: ".".to_owned(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: MINUTE,
            timeouts: Timeouts::default(),
            controllers: Vec::new(),
            heartbeat_interval: Duration::from_secs(10),
            heartbeat_key: Secret::new(String::new()),
            cert_validity_time: 30 * DAY,
            log_format: Some(LOG_FORMAT.to_owned()),
            log_options: vec![
                ("log_protocol", "UDP".to_owned()),
                ("user_log_facility", "0".to_owned()),
                ("log_queue_size", "10000".to_owned()),
                ("log_retry_count", "5".to_owned()),
                ("log_retry_interval", "2".to_owned()),
                ("administrative_log_facility", "1".to_owned()),
            ],
            vrrp: VrrpSettings::default(),
            anti_affinity: false,
        }
    }
}

/// How pairs speak VRRP (`[keepalived_vrrp]`); the last is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VrrpSettings {
    /// Seconds between two advertisements where version 2 is spoken (`vrrp_advert_int`).
    pub advert_int_s: i32,
    /// Seconds between two looks of an amphora at its proxy (`vrrp_check_interval`).
    pub check_interval_s: u32,
    /// After how many bad looks it gives up being master (`vrrp_fail_count`).
    pub fail_count: u32,
    /// After how many good looks it takes part again (`vrrp_success_count`).
    pub success_count: u32,
    /// Seconds between two rounds of gratuitous ARPs (`vrrp_garp_refresh_interval`).
    pub garp_refresh_interval_s: u32,
    /// How many in a round (`vrrp_garp_refresh_count`).
    pub garp_refresh_count: u32,
    /// The time between two advertisements of version 3; with zero, version 2 is spoken, as
    /// upstream's amphorae do (`advert_interval`).
    pub advert_interval: Duration,
}

impl Default for VrrpSettings {
    fn default() -> Self {
        Self {
            advert_int_s: 1,
            check_interval_s: 5,
            fail_count: 2,
            success_count: 2,
            garp_refresh_interval_s: 5,
            garp_refresh_count: 2,
            advert_interval: Duration::from_millis(80),
        }
    }
}

/// Where certificates come from.
#[derive(Debug, Clone)]
pub enum CertificateConfig {
    /// An authority of our own in this directory, made on first start.
    Own(PathBuf),
    /// The operator's files, as upstream is given them.
    Files(CertificateFiles),
}

/// The operator's certificate files.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The authority that signs agents' certificates (`[certificates] ca_certificate`).
    pub ca_certificate: PathBuf,
    /// Its key (`[certificates] ca_private_key`).
    pub ca_private_key: PathBuf,
    /// The passphrase of the key (`[certificates] ca_private_key_passphrase`).
    pub ca_private_key_passphrase: Option<Secret<String>>,
    /// The controller's certificate and key in one file (`[haproxy_amphora] client_cert`).
    pub client_cert: PathBuf,
    /// The authority that agents are checked with (`[haproxy_amphora] server_ca`).
    pub server_ca: PathBuf,
    /// The authority that agents check the controller with (`[controller_worker] client_ca`).
    pub client_ca: PathBuf,
}

impl Default for CertificateFiles {
    fn default() -> Self {
        Self {
            ca_certificate: "/etc/ssl/certs/ssl-cert-snakeoil.pem".into(),
            ca_private_key: "/etc/ssl/private/ssl-cert-snakeoil.key".into(),
            ca_private_key_passphrase: None,
            client_cert: "/etc/octavia/certs/client.pem".into(),
            server_ca: "/etc/octavia/certs/server_ca.pem".into(),
            client_ca: "/etc/octavia/certs/ca_01.pem".into(),
        }
    }
}

/// Settings of the health manager (`[health_manager]`); those after `failover_threshold` are ours.
#[derive(Debug, Clone)]
pub struct HealthConfig {
    /// Where heartbeats arrive (`bind_ip`).
    pub bind_ip: IpAddr,
    /// The UDP port where they arrive (`bind_port`).
    pub bind_port: u16,
    /// The key that they are signed with (`heartbeat_key`).
    pub heartbeat_key: Secret<String>,
    /// How old a heartbeat may be when it is judged (`heartbeat_interval`).
    pub heartbeat_interval: Duration,
    /// After how long without a heartbeat an amphora is looked at (`heartbeat_timeout`).
    pub heartbeat_timeout: Duration,
    /// How often the silent ones are looked for (`health_check_interval`).
    pub health_check_interval: Duration,
    /// How many failovers may begin at once (`failover_threads`); the burst of the budget.
    pub failover_threads: u32,
    /// With so many silent at once, nobody is failed over (`failover_threshold`).
    pub failover_threshold: Option<usize>,
    /// How many failovers may begin in a minute (`failover_rate`).
    pub failover_rate: u32,
    /// The share of the fleet, in percent, that may be silent before the health manager doubts
    /// itself (`silent_share_max`).
    pub silent_share_max: u32,
    /// How often heartbeats are written (`write_interval`); changes of status go at once.
    pub write_interval: Duration,
    /// How often servers are compared with what should run (`server_check_interval`).
    pub server_check_interval: Duration,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            bind_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            bind_port: 5555,
            heartbeat_key: Secret::new(String::new()),
            heartbeat_interval: Duration::from_secs(10),
            heartbeat_timeout: MINUTE,
            health_check_interval: Duration::from_secs(3),
            failover_threads: 10,
            failover_threshold: None,
            failover_rate: 10,
            silent_share_max: 50,
            write_interval: Duration::from_secs(1),
            server_check_interval: Duration::from_secs(10),
        }
    }
}

/// Settings of housekeeping (`[house_keeping]`); those after `cert_expiry_buffer` are ours.
#[derive(Debug, Clone)]
pub struct HousekeepingConfig {
    /// How often deleted rows are looked for (`cleanup_interval`).
    pub cleanup_interval: Duration,
    /// How long a deleted amphora is kept (`amphora_expiry_age`).
    pub amphora_expiry_age: Duration,
    /// How long a deleted load balancer is kept (`load_balancer_expiry_age`).
    pub load_balancer_expiry_age: Duration,
    /// How often expiring certificates are looked for (`cert_interval`).
    pub cert_interval: Duration,
    /// How long before its end a certificate is replaced (`cert_expiry_buffer`).
    pub cert_expiry_buffer: Duration,
    /// How long an entry of a timeline is kept (`event_expiry_age`).
    pub event_expiry_age: Duration,
    /// How many entries of a timeline are kept (`event_keep`).
    pub event_keep: u64,
}

impl Default for HousekeepingConfig {
    fn default() -> Self {
        Self {
            cleanup_interval: Duration::from_secs(30),
            amphora_expiry_age: 7 * DAY,
            load_balancer_expiry_age: 7 * DAY,
            cert_interval: HOUR,
            cert_expiry_buffer: 14 * DAY,
            event_expiry_age: 30 * DAY,
            event_keep: 500,
        }
    }
}
