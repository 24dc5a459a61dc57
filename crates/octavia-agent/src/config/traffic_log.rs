use std::net::SocketAddr;
use std::path::PathBuf;

use super::{ConfigError, Source};

const SECTION: &str = "amphora_agent";

/// Where lines about the traffic of tenants go. Whether there are any, and how they are written, is
/// said by the configuration that controllers send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficLogConfig {
    /// A file (`[amphora_agent] tenant_log_file`, ours).
    pub file: Option<PathBuf>,
    /// Syslog servers, the first one preferred (`[amphora_agent] tenant_log_targets`).
    pub targets: Vec<SocketAddr>,
    /// Whether they are reached by TCP, and not UDP (`[amphora_agent] log_protocol`).
    pub over_tcp: bool,
    /// The number of the local facility, 0 to 7 (`[amphora_agent] user_log_facility`).
    pub facility: u8,
    /// How many lines may wait (`[amphora_agent] log_queue_size`).
    pub queue_size: usize,
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
        let facility = source.or(SECTION, "user_log_facility", 0)?;
        if facility > 7 {
            let text = facility.to_string();
            return Err(source.invalid(SECTION, "user_log_facility", &text, &"not 0 to 7"));
        }
        let file = source.ini.value(SECTION, "tenant_log_file");
        Ok(Self {
            file: file
                .filter(|file| !file.is_empty())
                .map(|_| source.path(SECTION, "tenant_log_file", "")),
            targets: source.addresses(SECTION, "tenant_log_targets")?,
            over_tcp,
            facility,
            queue_size: source.or(SECTION, "log_queue_size", 10_000)?,
        })
    }
}
