use chrono::{DateTime, Utc};
use octavia_model::{
    HealthMonitor, HealthMonitorType, HttpMethod, HttpVersion, Id, OperatingStatus, Pool,
    ProvisioningStatus,
};
use serde_json::{Value, json};

use super::decode::{As, Codec, boolean, id, integer, one_of, pattern, tags, text, text_within};
use super::schema::{Components, with_also};
use super::shape::{Fault, shape};
use super::view::{self, OnlyIds, View, view};

const DOMAIN_PATTERN: &str =
    r"^(?=.{1,253}\.?$)(?:(?!-|[^.]+_)[A-Za-z0-9-_]{1,63}(?<!-)(?:\.|$))+$";
const CODES_PATTERN: &str = r"^(\d{3}(\s*,\s*\d{3})*)$|^(\d{3}-\d{3})$";

shape! {
    /// A health monitor inside a load balancer's tree, and the common part of a create call.
    struct HealthMonitorFields {
        "name" name: optional String = text(255),
        "type" kind: required HealthMonitorType =
            one_of(HealthMonitorType::ALL, HealthMonitorType::as_str),
        "delay" delay: required i32 = integer(0, i32::MAX),
        "timeout" timeout: required i32 = integer(0, i32::MAX),
        "max_retries_down" max_retries_down: optional i32 = integer(1, 10),
        "max_retries" max_retries: required i32 = integer(1, 10),
        "http_method" http_method: optional HttpMethod = one_of(HttpMethod::ALL, HttpMethod::as_str),
        "url_path" url_path: optional String = url_path(),
        "expected_codes" expected_codes: optional String =
            pattern(usize::MAX, CODES_PATTERN, are_codes),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "tags" tags: optional Vec<String> = tags(),
        "http_version" http_version: optional HttpVersion = http_version(),
        "domain_name" domain_name: optional String = domain_name(),
    }
}

shape! {
    /// The body of a create call. Its project is accepted and ignored: the load balancer's counts.
    struct HealthMonitorPost with monitor: HealthMonitorFields {
        "pool_id" pool_id: required Id<Pool> = id,
        ignored "project_id" = text(36),
        ignored "tenant_id" = text(36),
    }
}

shape! {
    /// The body of an update call.
    struct HealthMonitorPut {
        "name" name: optional String = text(255),
        "delay" delay: optional i32 = integer(0, i32::MAX),
        "timeout" timeout: optional i32 = integer(0, i32::MAX),
        "max_retries_down" max_retries_down: optional i32 = integer(1, 10),
        "max_retries" max_retries: optional i32 = integer(1, 10),
        "http_method" http_method: optional HttpMethod = one_of(HttpMethod::ALL, HttpMethod::as_str),
        "url_path" url_path: optional String = url_path(),
        "expected_codes" expected_codes: optional String =
            pattern(usize::MAX, CODES_PATTERN, are_codes),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "tags" tags: optional Vec<String> = tags(),
        "http_version" http_version: optional HttpVersion = http_version(),
        "domain_name" domain_name: optional String = domain_name(),
    }
}

/// `200`, `200,202` or `200-204`, at most 64 characters of it (the column's width).
fn are_codes(text: &str) -> bool {
    let is_code = |code: &str| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
    if text.len() > 64 {
        return false;
    }
    if let Some((first, last)) = text.split_once('-') {
        return is_code(first) && is_code(last);
    }
    let mut codes = text.split(',').collect::<Vec<_>>();
    let count = codes.len();
    for (index, code) in codes.iter_mut().enumerate() {
        if index > 0 {
            *code = code.trim_start();
        }
        if index + 1 < count {
            *code = code.trim_end();
        }
    }
    codes.into_iter().all(is_code)
}

fn url_path() -> impl Codec<String> {
    As {
        decode: |value: &Value| match value.as_str() {
            Some(path) if is_url_path(path) => text_within(value, 0, 255),
            _ => Err(Fault::rejected("Value must be a valid URL Path string")),
        },
        schema: |_: &mut Components| json!({ "type": "string", "pattern": r"^/([^/\s]\S*)?$", "maxLength": 255 }),
    }
}

fn is_url_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn http_version() -> impl Codec<HttpVersion> {
    As {
        decode: read_http_version,
        schema: |_: &mut Components| {
            let also = json!({ "enum": [true, "1.0", "1.1"] });
            with_also(json!({ "type": "number", "enum": [1.0, 1.1] }), Some(also))
        },
    }
}

fn read_http_version(value: &Value) -> Result<HttpVersion, Fault> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let Some(number) = number else {
        let shown = super::python::repr(value);
        let reason = format!("could not convert string to float: {shown}");
        return Err(Fault::body(reason));
    };
    HttpVersion::ALL
        .iter()
        .copied()
        .find(|version| format!("{number:?}") == version.as_str())
        .ok_or_else(|| Fault::Rejected {
            shown: Some(format!("{number:?}")),
            reason: "Value should be one of: 1.0, 1.1".to_owned(),
        })
}

fn domain_name() -> impl Codec<String> {
    let name = || pattern(255, DOMAIN_PATTERN, is_domain_name);
    As {
        decode: move |value: &Value| {
            text_within(value, 1, 255)?;
            name().decode(value)
        },
        schema: move |components: &mut Components| name().schema(components),
    }
}

/// Upstream's pattern by hand: it needs look-ahead, which the `regex` crate has not.
fn is_domain_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    (1..=253).contains(&name.len()) && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && !label.bytes().skip(1).any(|b| b == b'_')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

view! {
    /// A health monitor.
    HealthMonitor as monitor {
        "id": Id<Self> = monitor.id,
        "name": &str = monitor.name.as_deref().unwrap_or_default(),
        "type": HealthMonitorType = monitor.kind,
        "delay": i32 = monitor.delay,
        "timeout": i32 = monitor.timeout,
        "max_retries": i32 = monitor.rise_threshold,
        "max_retries_down": i32 = monitor.fall_threshold,
        "http_method": Option<HttpMethod> = monitor.http_method,
        "url_path": Option<String> = monitor.url_path,
        "expected_codes": Option<String> = monitor.expected_codes,
        "admin_state_up": bool = monitor.enabled,
        "project_id": Option<String> = monitor.project_id,
        "pools": OnlyIds<'_, Pool> = OnlyIds(&[monitor.pool_id]),
        "provisioning_status": ProvisioningStatus = monitor.provisioning_status,
        "operating_status": OperatingStatus = monitor.operating_status,
        "created_at": Option<DateTime<Utc>> = monitor.created_at,
        "updated_at": Option<DateTime<Utc>> = monitor.updated_at,
        "tags": Vec<String> = monitor.tags,
        "http_version": Option<f64> = monitor.http_version.map(shown_version),
        "domain_name": Option<String> = monitor.domain_name,
        "tenant_id": Option<String> = monitor.project_id,
    }
}

const fn shown_version(version: HttpVersion) -> f64 {
    match version {
        HttpVersion::Http10 => 1.0,
        HttpVersion::Http11 => 1.1,
    }
}

/// Shows a health monitor inside the answer to a load balancer's creation.
pub(crate) fn full(monitor: &HealthMonitor) -> Value {
    let mut full = monitor.view();
    if let Value::Object(fields) = &mut full {
        fields.shift_remove("pools");
    }
    full
}

/// Refers to the schema of [`full`].
pub(crate) fn full_schema(components: &mut Components) -> Value {
    view::changed::<HealthMonitor>("HealthMonitorInTree", components, |properties, _| {
        properties.remove("pools");
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_names_follow_upstreams_pattern() {
        for good in ["a.b", "x.y.", "_a.b", "a"] {
            assert!(is_domain_name(good), "{good}");
        }
        let long = "a".repeat(64);
        for bad in ["-bad", "a_b.c", long.as_str(), "", "a..b", "*.x", "b-", "."] {
            assert!(!is_domain_name(bad), "{bad}");
        }
    }

    #[test]
    fn expected_codes_are_one_some_or_a_range() {
        for good in ["200", "200,201", "200, 201", "200-204"] {
            assert!(are_codes(good), "{good}");
        }
        for bad in [
            "200-204,206",
            "20",
            "abc",
            "200,",
            "",
            " 200",
            "2000",
            "200 ",
        ] {
            assert!(!are_codes(bad), "{bad}");
        }
    }
}
