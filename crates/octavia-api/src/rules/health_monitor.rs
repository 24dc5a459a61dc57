use octavia_model::{
    HealthMonitor, HealthMonitorType as Type, HttpMethod, HttpVersion, OperatingStatus, Pool,
    PoolProtocol, ProvisioningStatus,
};

use super::protocol;
use crate::Api;
use crate::error::{Error, Result};
use crate::wire::given::Given;
use crate::wire::health_monitor::{HealthMonitorFields, HealthMonitorPut};

/// Checks what a create call or a tree asks for, and makes the monitor of it.
pub(crate) fn create(api: &Api, pool: &Pool, fields: HealthMonitorFields) -> Result<HealthMonitor> {
    let none = |field: &str| Error::invalid_option("None", field);
    let kind = fields.kind.value().ok_or_else(|| none("type"))?;
    let delay = fields.delay.value().ok_or_else(|| none("delay"))?;
    let timeout = fields.timeout.value().ok_or_else(|| none("timeout"))?;
    let rise_threshold = fields
        .max_retries
        .value()
        .ok_or_else(|| none("max_retries"))?;
    let fall_threshold = fields.max_retries_down.or_default(3);
    let fall_threshold = fall_threshold.ok_or_else(|| none("max_retries_down"))?;
    let http = is_http(kind);
    for (field, given) in [
        ("http_method", fields.http_method.is_value()),
        ("url_path", fields.url_path.is_value()),
        ("expected_codes", fields.expected_codes.is_value()),
    ] {
        only_http(kind, field, given)?;
    }
    let or_default = |given: Given<String>, default: &str| {
        given.value().or_else(|| http.then(|| default.to_owned()))
    };
    let monitor = HealthMonitor {
        id: api.id(),
        project_id: pool.project_id.clone(),
        pool_id: pool.id,
        name: fields.name.value(),
        kind,
        delay,
        timeout,
        fall_threshold,
        rise_threshold,
        http_method: fields
            .http_method
            .value()
            .or(http.then_some(HttpMethod::Get)),
        url_path: or_default(fields.url_path, "/"),
        expected_codes: or_default(fields.expected_codes, "200"),
        http_version: fields.http_version.value(),
        domain_name: fields.domain_name.value(),
        provisioning_status: ProvisioningStatus::PendingCreate,
        operating_status: OperatingStatus::Offline,
        enabled: fields.admin_state_up.or_default(true).unwrap_or(false),
        tags: fields.tags.value().unwrap_or_default(),
        created_at: Some(api.clock.now()),
        updated_at: None,
    };
    of_pool(pool.protocol, kind)?;
    check(api, &monitor)?;
    Ok(monitor)
}

/// Refuses a type that the operator switched off; a tree is let through, as upstream does.
pub(crate) fn allowed(api: &Api, kind: Type) -> Result<()> {
    if kind == Type::Ping && !api.config.allow_ping_health_monitors {
        return Err(Error::DisabledOption {
            option: "type",
            value: kind.to_string(),
        });
    }
    Ok(())
}

/// Checks what an update asks for, and changes the monitor.
pub(crate) fn update(
    api: &Api,
    mut monitor: HealthMonitor,
    put: HealthMonitorPut,
) -> Result<HealthMonitor> {
    for (field, null) in [
        ("delay", put.delay.is_null()),
        ("timeout", put.timeout.is_null()),
        ("max_retries", put.max_retries.is_null()),
    ] {
        if null {
            return Err(Error::invalid_option("None", field));
        }
    }
    for (field, absent) in [
        ("http_method", put.http_method.is_absent()),
        ("url_path", put.url_path.is_absent()),
        ("expected_codes", put.expected_codes.is_absent()),
    ] {
        only_http(monitor.kind, field, !absent)?;
    }
    let m = &mut monitor;
    m.name = put.name.change_or_clear(m.name.take());
    m.delay = put.delay.value().unwrap_or(m.delay);
    m.timeout = put.timeout.value().unwrap_or(m.timeout);
    m.fall_threshold = put.max_retries_down.change(m.fall_threshold, 3);
    m.rise_threshold = put.max_retries.value().unwrap_or(m.rise_threshold);
    m.http_method = put.http_method.reset(m.http_method, HttpMethod::Get);
    m.url_path = put.url_path.reset(m.url_path.take(), "/".to_owned());
    m.expected_codes = put
        .expected_codes
        .reset(m.expected_codes.take(), "200".to_owned());
    m.enabled = put.admin_state_up.change(m.enabled, false);
    if let Some(tags) = put.tags.value() {
        m.tags = tags;
    }
    m.http_version = put.http_version.change_or_clear(m.http_version);
    m.domain_name = put.domain_name.change_or_clear(m.domain_name.take());
    check(api, &monitor)?;
    Ok(monitor)
}

const fn is_http(kind: Type) -> bool {
    match kind {
        Type::Http | Type::Https => true,
        Type::Ping | Type::Sctp | Type::Tcp | Type::TlsHello | Type::UdpConnect => false,
    }
}

fn only_http(kind: Type, field: &str, given: bool) -> Result<()> {
    if given && !is_http(kind) {
        let option = format!("health monitors of type {kind}");
        return Err(Error::invalid_option(field, option));
    }
    Ok(())
}

fn of_pool(pool: PoolProtocol, kind: Type) -> Result<()> {
    let datagram = protocol::is_datagram(pool);
    let text = match kind {
        Type::UdpConnect | Type::Sctp if !datagram => {
            format!("The {kind} type is only supported for pools of type UDP/SCTP.")
        }
        Type::Https | Type::Ping | Type::TlsHello if datagram => format!(
            "The associated pool protocol is {pool}, so only a UDP-CONNECT/SCTP/TCP/HTTP health \
             monitor is supported."
        ),
        Type::Http
        | Type::Https
        | Type::Ping
        | Type::Sctp
        | Type::Tcp
        | Type::TlsHello
        | Type::UdpConnect => return Ok(()),
    };
    Err(Error::Validation(text))
}

fn check(api: &Api, monitor: &HealthMonitor) -> Result<()> {
    let shortest = api.config.udp_connect_min_interval_health_monitor;
    if monitor.kind == Type::UdpConnect && monitor.delay < shortest {
        return Err(Error::validation(format!(
            "The request delay value {} should be larger than {shortest} for UDP-CONNECT health \
             monitor type.",
            monitor.delay
        )));
    }
    match (&monitor.domain_name, monitor.http_version) {
        (Some(_), None) => {
            return Err(Error::validation(
                "'http_version' must be specified when 'domain_name' is provided.",
            ));
        }
        (Some(_), Some(version @ HttpVersion::Http10)) => {
            return Err(Error::invalid_option(
                format!("http_version {version}"),
                "health monitors HTTP 1.1 domain name health check",
            ));
        }
        (Some(_), Some(HttpVersion::Http11)) | (None, _) => {}
    }
    super::distinct(&monitor.tags)
}
