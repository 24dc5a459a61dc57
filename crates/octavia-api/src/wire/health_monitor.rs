use octavia_model::{HealthMonitor, HealthMonitorType, HttpMethod, HttpVersion, Id, Pool};
use serde_json::{Value, json};

use super::decode::{boolean, id, integer, one_of, pattern, tags, text, text_within};
use super::shape::{Fault, shape};

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
        "url_path" url_path: optional String = url_path,
        "expected_codes" expected_codes: optional String =
            pattern(usize::MAX, CODES_PATTERN, are_codes),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "tags" tags: optional Vec<String> = tags,
        "http_version" http_version: optional HttpVersion = http_version,
        "domain_name" domain_name: optional String = domain_name,
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
        "url_path" url_path: optional String = url_path,
        "expected_codes" expected_codes: optional String =
            pattern(usize::MAX, CODES_PATTERN, are_codes),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "tags" tags: optional Vec<String> = tags,
        "http_version" http_version: optional HttpVersion = http_version,
        "domain_name" domain_name: optional String = domain_name,
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

fn url_path(value: &Value) -> Result<String, Fault> {
    match value.as_str() {
        Some(path) if is_url_path(path) => text_within(value, 0, 255),
        _ => Err(Fault::rejected("Value must be a valid URL Path string")),
    }
}

fn is_url_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn http_version(value: &Value) -> Result<HttpVersion, Fault> {
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

fn domain_name(value: &Value) -> Result<String, Fault> {
    text_within(value, 1, 255)?;
    pattern(255, DOMAIN_PATTERN, is_domain_name)(value)
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

/// Shows a health monitor.
pub(crate) fn view(monitor: &HealthMonitor) -> Value {
    json!({
        "id": monitor.id.to_string(),
        "name": monitor.name.as_deref().unwrap_or_default(),
        "type": monitor.kind.as_str(),
        "delay": monitor.delay,
        "timeout": monitor.timeout,
        "max_retries": monitor.rise_threshold,
        "max_retries_down": monitor.fall_threshold,
        "http_method": monitor.http_method.map(HttpMethod::as_str),
        "url_path": monitor.url_path,
        "expected_codes": monitor.expected_codes,
        "admin_state_up": monitor.enabled,
        "project_id": monitor.project_id,
        "pools": super::only_ids(&[monitor.pool_id]),
        "provisioning_status": monitor.provisioning_status.as_str(),
        "operating_status": monitor.operating_status.as_str(),
        "created_at": super::time(monitor.created_at),
        "updated_at": super::time(monitor.updated_at),
        "tags": monitor.tags,
        "http_version": monitor.http_version.map(shown_version),
        "domain_name": monitor.domain_name,
        "tenant_id": monitor.project_id,
    })
}

const fn shown_version(version: HttpVersion) -> f64 {
    match version {
        HttpVersion::Http10 => 1.0,
        HttpVersion::Http11 => 1.1,
    }
}

/// Shows a health monitor inside the answer to a load balancer's creation.
pub(crate) fn full(monitor: &HealthMonitor) -> Value {
    let mut full = view(monitor);
    if let Value::Object(fields) = &mut full {
        fields.shift_remove("pools");
    }
    full
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
