//! `[controller_worker]`, `[haproxy_amphora]`, `[health_manager]`, `[house_keeping]`, `[certificates]`.

use octavia_amphora_api::config::Timeouts;
use octavia_controller::config::{
    AmphoraSettings, CertificateFiles, HealthConfig, HousekeepingConfig, VrrpSettings, WorkerConfig,
};
use octavia_controller::document::AmphoraNetworking;
use octavia_model::Secret;

use super::problem::Problem;
use super::reader::Reader;
use super::settings::Name;

const WORKER: &str = "controller_worker";
const AGENT: &str = "amphora_agent";
const AMPHORA: &str = "haproxy_amphora";
const VRRP: &str = "keepalived_vrrp";
const HEALTH: &str = "health_manager";
const HEARTBEAT_KEY: Name = ("health_manager", "heartbeat_key");
const HOUSE: &str = "house_keeping";
const CERTIFICATES: &str = "certificates";

/// What the roles of the controller are told.
#[derive(Debug, Clone)]
pub(crate) struct ControllerConfig {
    /// The reconciler.
    pub(crate) worker: WorkerConfig,
    /// What concerns amphorae.
    pub(crate) amphora: AmphoraSettings,
    /// The health manager.
    pub(crate) health: HealthConfig,
    /// Housekeeping.
    pub(crate) housekeeping: HousekeepingConfig,
    /// The operator's certificates; `None` when no file is named, and an authority of our own is used.
    pub(crate) certificates: Option<CertificateFiles>,
    /// What keeps the roles that speak with amphorae from starting with this configuration.
    pub(crate) obstacles: Vec<Problem>,
}

impl ControllerConfig {
    /// Sets the key of heartbeats, which no file names.
    pub(crate) fn set_heartbeat_key(&mut self, key: &Secret<String>) {
        self.amphora.heartbeat_key = key.clone();
        self.health.heartbeat_key = key.clone();
        self.obstacles.clear();
    }
}

/// Reads the options.
pub(super) fn read(reader: &Reader<'_>) -> ControllerConfig {
    ControllerConfig {
        worker: worker(reader),
        amphora: amphora(reader),
        health: health(reader),
        housekeeping: housekeeping(reader),
        certificates: certificates(reader),
        obstacles: obstacles(reader),
    }
}

fn worker(reader: &Reader<'_>) -> WorkerConfig {
    let retries: u32 = reader.number((WORKER, "amp_active_retries"));
    let pause = reader.interval((WORKER, "amp_active_wait_sec"));
    WorkerConfig {
        boot_timeout: pause.saturating_mul(retries),
        concurrency: reader.number((WORKER, "reconcile_concurrency")),
        lease_length: reader.interval((WORKER, "lease_length")),
        poll_interval: reader.interval((WORKER, "poll_interval")),
        create_deadline: reader.interval((WORKER, "create_deadline")),
        change_deadline: reader.interval((WORKER, "change_deadline")),
        retry_max: reader.interval((WORKER, "retry_max")),
        boot_probe_interval: reader.interval((WORKER, "boot_probe_interval")),
        agent_patience: reader.interval((WORKER, "agent_patience")),
        networking: AmphoraNetworking::Host,
    }
}

fn amphora(reader: &Reader<'_>) -> AmphoraSettings {
    AmphoraSettings {
        bind_port: reader.number((AMPHORA, "bind_port")),
        base_path: ".".to_owned(),
        connect_timeout: reader.interval((AMPHORA, "rest_request_conn_timeout")),
        read_timeout: reader.interval((AMPHORA, "rest_request_read_timeout")),
        timeouts: timeouts(reader),
        controllers: reader.parsed_list(
            (HEALTH, "controller_ip_port_list"),
            "it is an address with a port: 192.0.2.1:5555 or [2001:db8::1]:5555",
        ),
        heartbeat_interval: reader.interval((HEALTH, "heartbeat_interval")),
        heartbeat_key: heartbeat_key(reader),
        cert_validity_time: reader.interval((CERTIFICATES, "cert_validity_time")),
        log_format: reader
            .text((AMPHORA, "user_log_format"))
            .filter(|_| reader.boolean((AMPHORA, "connection_logging"))),
        log_options: log_options(reader),
        vrrp: vrrp(reader),
        anti_affinity: reader.boolean(("nova", "enable_anti_affinity")),
    }
}

fn vrrp(reader: &Reader<'_>) -> VrrpSettings {
    VrrpSettings {
        advert_int_s: reader.number((VRRP, "vrrp_advert_int")),
        check_interval_s: reader.number((VRRP, "vrrp_check_interval")),
        fail_count: reader.number((VRRP, "vrrp_fail_count")),
        success_count: reader.number((VRRP, "vrrp_success_count")),
        garp_refresh_interval_s: reader.number((VRRP, "vrrp_garp_refresh_interval")),
        garp_refresh_count: reader.number((VRRP, "vrrp_garp_refresh_count")),
        advert_interval: reader.seconds((VRRP, "advert_interval")),
    }
}

/// Options about logs that amphorae are given as they are.
fn log_options(reader: &Reader<'_>) -> Vec<(&'static str, String)> {
    let targets = reader.list((AGENT, "tenant_log_targets")).join(", ");
    let admins = reader.list((AGENT, "admin_log_targets")).join(", ");
    let keeps_nothing = reader.boolean((AGENT, "disable_local_log_storage"));
    let number = |name| reader.integer((AGENT, name)).map(|value| value.to_string());
    let options = [
        ("tenant_log_targets", Some(targets)),
        ("tenant_log_file", reader.text((AGENT, "tenant_log_file"))),
        ("log_protocol", reader.text((AGENT, "log_protocol"))),
        ("user_log_facility", number("user_log_facility")),
        ("log_queue_size", number("log_queue_size")),
        ("log_retry_count", number("log_retry_count")),
        ("log_retry_interval", number("log_retry_interval")),
        ("admin_log_targets", Some(admins)),
        (
            "administrative_log_facility",
            number("administrative_log_facility"),
        ),
        (
            "disable_local_log_storage",
            keeps_nothing.then(|| "true".to_owned()),
        ),
    ];
    options
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .collect()
}

fn timeouts(reader: &Reader<'_>) -> Timeouts {
    Timeouts {
        client_data_ms: reader.number((AMPHORA, "timeout_client_data")),
        member_connect_ms: reader.number((AMPHORA, "timeout_member_connect")),
        member_data_ms: reader.number((AMPHORA, "timeout_member_data")),
        tcp_inspect_ms: reader.number((AMPHORA, "timeout_tcp_inspect")),
        ..Timeouts::default()
    }
}

fn obstacles(reader: &Reader<'_>) -> Vec<Problem> {
    let missing = reader.text(HEARTBEAT_KEY).is_none();
    let problem = || {
        reader.problem(
            HEARTBEAT_KEY,
            "it needs a value, which health managers and amphorae share",
        )
    };
    missing.then(problem).into_iter().collect()
}

fn heartbeat_key(reader: &Reader<'_>) -> Secret<String> {
    reader
        .secret(HEARTBEAT_KEY)
        .unwrap_or_else(|| Secret::new(String::new()))
}

fn health(reader: &Reader<'_>) -> HealthConfig {
    let at = reader.socket_address((HEALTH, "bind_ip"), (HEALTH, "bind_port"));
    HealthConfig {
        bind_ip: at.ip(),
        bind_port: at.port(),
        heartbeat_key: heartbeat_key(reader),
        heartbeat_interval: reader.interval((HEALTH, "heartbeat_interval")),
        heartbeat_timeout: reader.interval((HEALTH, "heartbeat_timeout")),
        health_check_interval: reader.interval((HEALTH, "health_check_interval")),
        failover_threads: reader.number((HEALTH, "failover_threads")),
        failover_threshold: threshold(reader),
        failover_rate: reader.number((HEALTH, "failover_rate")),
        silent_share_max: reader.number((HEALTH, "silent_share_max")),
        write_interval: reader.interval((HEALTH, "write_interval")),
        server_check_interval: reader.interval((HEALTH, "server_check_interval")),
    }
}

fn threshold(reader: &Reader<'_>) -> Option<usize> {
    let name: Name = (HEALTH, "failover_threshold");
    reader.integer(name).map(|_| reader.number(name))
}

fn housekeeping(reader: &Reader<'_>) -> HousekeepingConfig {
    HousekeepingConfig {
        cleanup_interval: reader.interval((HOUSE, "cleanup_interval")),
        amphora_expiry_age: reader.seconds((HOUSE, "amphora_expiry_age")),
        load_balancer_expiry_age: reader.seconds((HOUSE, "load_balancer_expiry_age")),
        cert_interval: reader.interval((HOUSE, "cert_interval")),
        cert_expiry_buffer: reader.seconds((HOUSE, "cert_expiry_buffer")),
        event_expiry_age: reader.seconds((HOUSE, "event_expiry_age")),
        event_keep: reader.number((HOUSE, "event_keep")),
    }
}

/// Reads the certificates' places, once any of them is named.
fn certificates(reader: &Reader<'_>) -> Option<CertificateFiles> {
    let names: [Name; 5] = [
        (CERTIFICATES, "ca_certificate"),
        (CERTIFICATES, "ca_private_key"),
        (AMPHORA, "client_cert"),
        (AMPHORA, "server_ca"),
        (WORKER, "client_ca"),
    ];
    let any = names.into_iter().any(|name| reader.is_set(name));
    let file = |name: Name| reader.path(name).unwrap_or_default();
    let files = CertificateFiles {
        ca_certificate: file(names[0]),
        ca_private_key: file(names[1]),
        ca_private_key_passphrase: reader.secret((CERTIFICATES, "ca_private_key_passphrase")),
        client_cert: file(names[2]),
        server_ca: file(names[3]),
        client_ca: file(names[4]),
    };
    any.then_some(files)
}
