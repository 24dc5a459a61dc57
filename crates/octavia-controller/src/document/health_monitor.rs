use octavia_amphora_api::config::{self, Check};
use octavia_model::{
    HealthMonitor, HealthMonitorType, HttpMethod, HttpVersion, PoolTree, ProvisioningStatus,
};

use super::Unsupported;

/// Returns the monitor of a pool, if it asks at all.
pub(super) fn deployed(tree: &PoolTree) -> Option<&HealthMonitor> {
    tree.health_monitor.as_ref().filter(|monitor| {
        monitor.enabled && monitor.provisioning_status != ProvisioningStatus::PendingDelete
    })
}

pub(super) fn translate(monitor: &HealthMonitor) -> Result<config::HealthMonitor, Unsupported> {
    let count = |value: i32| u32::try_from(value).unwrap_or(1);
    Ok(config::HealthMonitor {
        id: monitor.id.uuid(),
        check: check(monitor)?,
        delay_s: count(monitor.delay),
        timeout_s: count(monitor.timeout),
        rise: count(monitor.rise_threshold),
        fall: count(monitor.fall_threshold),
    })
}

fn check(monitor: &HealthMonitor) -> Result<Check, Unsupported> {
    match monitor.kind {
        HealthMonitorType::Http | HealthMonitorType::Https => Ok(Check::Http {
            method: monitor.http_method.unwrap_or(HttpMethod::Get).to_string(),
            path: monitor.url_path.clone().unwrap_or_else(|| "/".to_owned()),
            expected_codes: expected_codes(monitor.expected_codes.as_deref().unwrap_or("200"))
                .ok_or_else(|| unsupported(monitor, "the list of expected codes"))?,
            version: monitor
                .http_version
                .unwrap_or(HttpVersion::Http10)
                .to_string(),
            host: monitor.domain_name.clone(),
            over_tls: monitor.kind == HealthMonitorType::Https,
        }),
        HealthMonitorType::Tcp => Ok(Check::Tcp),
        HealthMonitorType::TlsHello => Ok(Check::TlsHello),
        HealthMonitorType::Ping => Ok(Check::Ping),
        HealthMonitorType::UdpConnect => Ok(Check::UdpConnect),
        HealthMonitorType::Sctp => Err(unsupported(monitor, &format!("type {}", monitor.kind))),
    }
}

fn unsupported(monitor: &HealthMonitor, feature: &str) -> Unsupported {
    Unsupported {
        object: "health monitor",
        id: monitor.id.to_string(),
        feature: feature.to_owned(),
    }
}

/// Reads `200`, `200,202` or `200-204` as ranges, both ends included.
pub(super) fn expected_codes(text: &str) -> Option<Vec<(u16, u16)>> {
    text.split(',')
        .map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
        })
        .collect()
}
