use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

/// `/healthcheck`: section `[healthcheck]`, and what `[api_settings]` says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthConfig {
    /// `[api_settings] healthcheck_enabled`: serve it.
    pub enabled: bool,
    /// `[api_settings] healthcheck_refresh_interval`: how long what the database said is reused.
    pub refresh_interval: Duration,
    /// Answer with details.
    pub detailed: bool,
    /// What is checked, in this order.
    pub backends: Vec<HealthBackend>,
    /// Who may ask; none: everybody.
    pub allowed_source_ranges: Vec<IpNet>,
    /// Refuse what came through a proxy.
    pub ignore_proxied_requests: bool,
}

/// What can be checked; upstream's names are in the descriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthBackend {
    /// `octavia_db_check`: the database answers.
    Database,
    /// `disable_by_file`: a file that must not be there.
    DisableByFile(Option<PathBuf>),
    /// `disable_by_files_ports`: a file a port that must not be there.
    DisableByFilesPorts(Vec<(u16, PathBuf)>),
    /// `enable_by_files`: files that must be there.
    EnableByFiles(Vec<PathBuf>),
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            refresh_interval: Duration::from_secs(5),
            detailed: false,
            backends: Vec::new(),
            allowed_source_ranges: Vec::new(),
            ignore_proxied_requests: false,
        }
    }
}
