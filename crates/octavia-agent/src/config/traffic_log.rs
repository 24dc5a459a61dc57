use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::{ConfigError, Source};

const SECTION: &str = "amphora_agent";

/// Where lines about the traffic of tenants go. Whether there are any, and how they are written, is
/// said by the configuration that controllers send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficLogConfig {
    /// A file (`[amphora_agent] tenant_log_file`, ours), unless nothing is to be kept here
    /// (`disable_local_log_storage`).
    pub file: Option<PathBuf>,
    /// Syslog servers, the first one preferred (`[amphora_agent] tenant_log_targets`).
    pub targets: Vec<SocketAddr>,
    /// Whether they are reached by TCP, and not UDP (`[amphora_agent] log_protocol`).
    pub over_tcp: bool,
    /// The number of the local facility, 0 to 7 (`[amphora_agent] user_log_facility`).
    pub facility: u8,
    /// How many lines may wait (`[amphora_agent] log_queue_size`).
    pub queue_size: usize,
    /// How often more lines are sent that no server took (`[amphora_agent] log_retry_count`); `None`
    /// until one does, which is what a negative number means, as with rsyslog.
    pub retries: Option<u32>,
    /// The time between two tries (`[amphora_agent] log_retry_interval`).
    pub retry_interval: Duration,
    /// Syslog servers for the amphora's own log (`[amphora_agent] admin_log_targets`).
    pub admin_targets: Vec<SocketAddr>,
    /// Its facility (`[amphora_agent] administrative_log_facility`).
    pub admin_facility: u8,
}

impl Default for TrafficLogConfig {
    /// Nowhere; otherwise upstream's defaults.
    fn default() -> Self {
        Self {
            file: None,
            targets: Vec::new(),
            over_tcp: false,
            facility: 0,
            queue_size: 10_000,
            retries: Some(5),
            retry_interval: Duration::from_secs(2),
            admin_targets: Vec::new(),
            admin_facility: 1,
        }
    }
}

impl TrafficLogConfig {
    pub(super) fn read(source: &Source<'_>) -> Result<Self, ConfigError> {
        let protocol = source.or(SECTION, "log_protocol", String::from("UDP"))?;
        let over_tcp = match protocol.as_str() {
            "UDP" => false,
            "TCP" => true,
            other => {
                return Err(source.invalid(SECTION, "log_protocol", other, &"not UDP or TCP"));
            }
        };
        let facility = |option, default: u8| {
            let facility = source.or(SECTION, option, default)?;
            if facility > 7 {
                let text = facility.to_string();
                return Err(source.invalid(SECTION, option, &text, &"not 0 to 7"));
            }
            Ok(facility)
        };
        let keeps_nothing = source.or(SECTION, "disable_local_log_storage", false)?;
        let file = source.ini.value(SECTION, "tenant_log_file");
        let retries = source.or(SECTION, "log_retry_count", 5_i64)?;
        Ok(Self {
            file: file
                .filter(|file| !file.is_empty() && !keeps_nothing)
                .map(|_| source.path(SECTION, "tenant_log_file", "")),
            targets: source.addresses(SECTION, "tenant_log_targets")?,
            over_tcp,
            facility: facility("user_log_facility", 0)?,
            queue_size: source.or(SECTION, "log_queue_size", 10_000)?,
            retries: (retries >= 0).then(|| u32::try_from(retries).unwrap_or(u32::MAX)),
            retry_interval: Duration::from_secs(source.or(SECTION, "log_retry_interval", 2)?),
            admin_targets: source.addresses(SECTION, "admin_log_targets")?,
            admin_facility: facility("administrative_log_facility", 1)?,
        })
    }
}
