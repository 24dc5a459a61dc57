use std::collections::BTreeMap;

/// What is done around every request: upstream's middleware, and ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EdgeConfig {
    /// `[cors]`.
    pub cors: CorsSettings,
    /// `[oslo_middleware] enable_proxy_headers_parsing`: believe `Forwarded` and `X-Forwarded-*`.
    pub enable_proxy_headers_parsing: bool,
    /// `[api_settings] access_log`: which calls are logged. Ours.
    pub access_log: AccessLog,
    /// `[audit]`; `None`: no records are kept.
    pub audit: Option<AuditConfig>,
    /// `[api_settings] rate_limit` and `rate_limit_burst`. Ours.
    pub rate_limit: RateLimit,
}

/// How often each project may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RateLimit {
    /// Requests a second; 0 is no limit.
    pub per_second: u32,
    /// Requests at once, after a pause; 0: as many as in a second.
    pub burst: u32,
}

/// Which calls have a line of their own in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccessLog {
    /// Every call.
    #[default]
    All,
    /// Those that may have changed something, and those that failed; the rest at `debug`.
    Changes,
}

/// `[cors]`, as oslo.middleware has it: which web pages of elsewhere may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsSettings {
    /// The origins whose pages may call; `*` is every origin. None: no page may.
    pub allowed_origin: Vec<String>,
    /// Their calls may carry cookies and credentials.
    pub allow_credentials: bool,
    /// The headers of answers that they may read.
    pub expose_headers: Vec<String>,
    /// How long a browser may remember what is allowed, in seconds; 0 says nothing of it.
    pub max_age: u64,
    /// The methods that they may use.
    pub allow_methods: Vec<String>,
    /// The headers that they may send, beside the ones that all may.
    pub allow_headers: Vec<String>,
}

impl Default for CorsSettings {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            allowed_origin: Vec::new(),
            allow_credentials: true,
            expose_headers: texts(&["X-Auth-Token", "X-Openstack-Request-Id"]),
            max_age: 3600,
            allow_methods: texts(&["GET", "PUT", "POST", "DELETE"]),
            allow_headers: texts(&["X-Auth-Token", "X-Openstack-Request-Id"]),
        }
    }
}

/// `[audit]`: of which calls records are kept, and what they call things.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditConfig {
    /// `ignore_req_list`: the methods that leave no records.
    pub ignore_req_list: Vec<String>,
    /// `[DEFAULT] target_endpoint_type` of the map: what the catalogue calls this service.
    pub target_endpoint_type: Option<String>,
    /// `[custom_actions]` of the map: actions of paths that end so, with or without `/method`.
    pub custom_actions: BTreeMap<String, String>,
    /// `[path_keywords]` of the map: parts of paths that are kinds of objects, and what an object of
    /// the kind is called.
    pub path_keywords: BTreeMap<String, String>,
    /// `[service_endpoints]` of the map: what records call a type of service.
    pub service_endpoints: BTreeMap<String, String>,
}
