//! `[cors]`, `[oslo_middleware]`, and what `[api_settings]` says of requests as such.

use octavia_api::{AccessLog, CorsSettings, EdgeConfig, RateLimit};

use super::audit;
use super::problem::Problem;
use super::reader::Reader;

const CORS: &str = "cors";

/// Reads the options.
pub(super) fn read(reader: &Reader<'_>, obstacles: &mut Vec<Problem>) -> EdgeConfig {
    let access_log = reader.text(("api_settings", "access_log"));
    EdgeConfig {
        cors: cors(reader),
        enable_proxy_headers_parsing: reader
            .boolean(("oslo_middleware", "enable_proxy_headers_parsing")),
        access_log: match access_log.as_deref() {
            Some("changes") => AccessLog::Changes,
            _ => AccessLog::All,
        },
        audit: audit::read(reader, obstacles),
        rate_limit: RateLimit {
            per_second: reader.number(("api_settings", "rate_limit")),
            burst: reader.number(("api_settings", "rate_limit_burst")),
        },
    }
}

fn cors(reader: &Reader<'_>) -> CorsSettings {
    CorsSettings {
        allowed_origin: reader.list((CORS, "allowed_origin")),
        allow_credentials: reader.boolean((CORS, "allow_credentials")),
        expose_headers: reader.list((CORS, "expose_headers")),
        max_age: reader.number((CORS, "max_age")),
        allow_methods: reader.list((CORS, "allow_methods")),
        allow_headers: reader.list((CORS, "allow_headers")),
    }
}
