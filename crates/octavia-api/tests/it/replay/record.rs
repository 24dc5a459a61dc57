use std::time::Duration;

use octavia_api::ApiConfig;
use serde_json::Value;

/// One recorded call.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) project: Option<String>,
    pub(crate) roles: Option<String>,
    pub(crate) status: u16,
    pub(crate) response: Value,
    body: Option<Value>,
    raw_body: Option<String>,
    config: Option<String>,
}

/// Reads a file of records.
pub(crate) fn read(file: &str) -> Vec<Record> {
    let path = format!(
        "{}/tests/it/observed/{file}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap();
    let records: Vec<Value> = serde_json::from_str(&text).unwrap();
    records.iter().map(Record::of).collect()
}

impl Record {
    fn of(value: &Value) -> Self {
        let text = |key: &str| {
            value
                .get(key)
                .and_then(Value::as_str)
                .map(ToOwned::to_owned)
        };
        Self {
            name: text("name").unwrap(),
            method: text("method").unwrap(),
            path: text("path").unwrap(),
            project: text("project"),
            roles: text("roles"),
            status: u16::try_from(value["status"].as_u64().unwrap()).unwrap(),
            response: value["response"].clone(),
            body: value.get("body").cloned(),
            raw_body: text("raw_body"),
            config: text("config"),
        }
    }

    pub(crate) fn body(&self) -> Option<String> {
        match self.raw_body.as_deref() {
            Some("<120000 bytes>") => Some("x".repeat(120_000)),
            Some(raw) => Some(raw.to_owned()),
            // The answer shows the body, with the blanks that Python wrote.
            None if self.name == "post-form" => Some(r#"{"loadbalancer": {}}"#.to_owned()),
            None => self.body.as_ref().map(Value::to_string),
        }
    }

    /// Headers that the record's name tells of.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        let name = self.name.as_str();
        if let Some(accept) = name.strip_prefix("accept-") {
            return vec![("accept", accept.to_owned())];
        }
        match name {
            "post-text" => vec![("content-type", "text/plain".to_owned())],
            "post-xml" => vec![("content-type", "application/xml".to_owned())],
            "post-form" => vec![(
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            )],
            "get-health-json" => vec![("accept", "application/json".to_owned())],
            _ => Vec::new(),
        }
    }

    /// Sets what the recording was made with.
    pub(crate) fn configure(&self, mut config: ApiConfig) -> ApiConfig {
        config.health.enabled = true;
        config
            .enabled_provider_drivers
            .insert("noop_driver".to_owned(), "The no-op driver.".to_owned());
        let Some((option, value)) = self.config.as_deref().and_then(|c| c.split_once(" = ")) else {
            return config;
        };
        set(&mut config, option, value);
        config
    }
}

/// Sets an option, `[section] name`.
pub(crate) fn set(config: &mut ApiConfig, option: &str, value: &str) {
    let flag = value == "True";
    let ids = || {
        value
            .split(',')
            .map(|id| id.trim().parse().unwrap())
            .collect()
    };
    match option.split_once(' ').map_or(option, |(_, name)| name) {
        "minimum_tls_version" => config.minimum_tls_version = Some(value.to_owned()),
        "tls_cipher_prohibit_list" => {
            config.tls_cipher_prohibit_list = value.split(':').map(ToOwned::to_owned).collect();
        }
        "allow_tls_terminated_listeners" => config.allow_tls_terminated_listeners = flag,
        "allow_prometheus_listeners" => config.allow_prometheus_listeners = flag,
        "allow_ping_health_monitors" => config.allow_ping_health_monitors = flag,
        "allow_vip_subnet_id" => config.networking.allow_vip_subnet_id = flag,
        "allow_vip_network_id" => config.networking.allow_vip_network_id = flag,
        "allow_vip_port_id" => config.networking.allow_vip_port_id = flag,
        "valid_vip_networks" => config.networking.valid_vip_networks = Some(ids()),
        "denylist_vip_networks" => config.networking.denylist_vip_networks = ids(),
        "reserved_ips" => config.networking.reserved_ips = vec![value.parse().unwrap()],
        "pagination_max_limit" => config.pagination_max_limit = value.parse().ok(),
        "allow_pagination" => config.allow_pagination = flag,
        "allow_filtering" => config.allow_filtering = flag,
        "allow_sorting" => config.allow_sorting = flag,
        "allow_field_selection" => config.allow_field_selection = flag,
        "api_base_uri" => config.api_base_uri = Some(value.to_owned()),
        "udp_connect_min_interval_health_monitor" => {
            config.udp_connect_min_interval_health_monitor = value.parse().unwrap();
        }
        "default_listener_tls_versions" => {
            config.default_listener_tls_versions = vec![value.to_owned()];
        }
        "timeout_client_data" => {
            config.haproxy_amphora.timeout_client_data = value.parse().unwrap();
        }
        "healthcheck_enabled" => config.health.enabled = flag,
        "enabled_provider_drivers" => {
            let provider = (value.to_owned(), String::new());
            config.enabled_provider_drivers.extend([provider]);
        }
        "default_pool_quota" => {}
        other => panic!("the recording sets {other}, which nobody knows here"),
    }
    config.health.refresh_interval = Duration::ZERO;
}
