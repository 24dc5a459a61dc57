//! `[audit]`, and the map that it names.

use std::collections::BTreeMap;

use octavia_api::AuditConfig;

use super::ini;
use super::problem::Problem;
use super::reader::Reader;
use super::settings::Name;

const MAP: Name = ("audit", "audit_map_file");

/// Reads the options; `None` where no records are kept. A map that cannot be read keeps the API from
/// starting, as upstream's does.
pub(super) fn read(reader: &Reader<'_>, obstacles: &mut Vec<Problem>) -> Option<AuditConfig> {
    let path = reader.text(MAP).unwrap_or_default();
    let ignored = reader
        .text(("audit", "ignore_req_list"))
        .unwrap_or_default();
    if !reader.boolean(("audit", "enabled")) {
        return None;
    }
    let mut config = map(&path).unwrap_or_else(|wrong| {
        obstacles.push(reader.problem(MAP, wrong));
        AuditConfig::default()
    });
    config.ignore_req_list = ignored
        .split(',')
        .map(|name| name.trim().to_owned())
        .collect();
    Some(config)
}

fn map(path: &str) -> Result<AuditConfig, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let assignments = ini::parse(&text)
        .map_err(|error| format!("line {} of it: {}", error.line, error.problem))?;
    let section = |name: &str| -> BTreeMap<String, String> {
        let of_section = assignments.iter().filter(|one| one.section == name);
        of_section
            .map(|one| (one.option.to_lowercase(), one.value.clone()))
            .collect()
    };
    Ok(AuditConfig {
        ignore_req_list: Vec::new(),
        target_endpoint_type: section("DEFAULT").remove("target_endpoint_type"),
        custom_actions: section("custom_actions"),
        path_keywords: section("path_keywords"),
        service_endpoints: section("service_endpoints"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_read_as_upstream_writes_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("map.conf");
        let text = "[DEFAULT]\ntarget_endpoint_type = load-balancer\n\
                    [custom_actions]\nfailover/PUT = update/failover\n\
                    [path_keywords]\nloadbalancers = loadbalancer\n\
                    [service_endpoints]\nload-balancer = service/load-balancer\n";
        std::fs::write(&file, text).unwrap();
        let read = map(file.to_str().unwrap()).unwrap();
        assert_eq!(read.target_endpoint_type.as_deref(), Some("load-balancer"));
        assert_eq!(read.custom_actions["failover/put"], "update/failover");
        assert_eq!(read.path_keywords["loadbalancers"], "loadbalancer");
        assert_eq!(
            read.service_endpoints["load-balancer"],
            "service/load-balancer"
        );
        std::fs::write(&file, "[open").unwrap();
        assert!(
            map(file.to_str().unwrap())
                .unwrap_err()
                .starts_with("line 1 of it: ")
        );
        assert!(map("/nonexistent").unwrap_err().contains("No such file"));
    }
}
