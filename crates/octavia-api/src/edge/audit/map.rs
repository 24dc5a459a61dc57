use http::Method;
use serde_json::{Value, json};

use super::UNKNOWN;
use crate::AuditConfig;

/// Returns what a request does, in CADF's words.
pub(super) fn action<'a>(config: &'a AuditConfig, method: &Method, path: &str) -> &'a str {
    let path = path.strip_suffix('/').unwrap_or(path);
    let last = plain(path.rsplit('/').next().unwrap_or_default());
    let with_method = format!("{last}/{}", method.as_str().to_ascii_lowercase());
    let custom = |name: &str| config.custom_actions.get(name).map(String::as_str);
    if let Some(action) = custom(&with_method).or_else(|| custom(last)) {
        return action;
    }
    let known = config.path_keywords.contains_key(last);
    match (method.as_str(), known) {
        ("POST", true) => "create",
        ("POST", false) | ("PUT" | "PATCH", _) => "update",
        ("GET", true) => "read/list",
        ("GET", false) | ("HEAD", _) => "read",
        ("DELETE", _) => "delete",
        _ => UNKNOWN,
    }
}

/// Returns what a request is about: the service, and in it the kinds of objects that the path names.
pub(super) fn target(config: &AuditConfig, path: &str) -> Value {
    let service = config.target_endpoint_type.as_ref();
    let service = service.and_then(|name| config.service_endpoints.get(name));
    let Some(service) = service else {
        return json!({ "id": UNKNOWN, "typeURI": UNKNOWN, "name": UNKNOWN });
    };
    let mut kind = service.clone();
    let mut before = "";
    for part in path.split('/').map(plain) {
        if config.path_keywords.contains_key(part) {
            kind.extend(["/", part]);
        } else if let Some(keyword) = config.path_keywords.get(before) {
            kind.extend(["/", keyword]);
        }
        before = part;
    }
    let name = config.target_endpoint_type.as_deref();
    json!({ "id": name, "typeURI": kind, "name": name })
}

fn plain(part: &str) -> &str {
    part.strip_suffix(".json").unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn actions_and_targets_follow_the_map() {
        let map = |pairs: &[(&str, &str)]| {
            let owned = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            owned.collect()
        };
        let config = AuditConfig {
            target_endpoint_type: Some("load-balancer".to_owned()),
            custom_actions: map(&[("failover", "update/failover")]),
            path_keywords: map(&[
                ("loadbalancers", "loadbalancer"),
                ("pools", "pool"),
                ("members", "member"),
            ]),
            service_endpoints: map(&[("load-balancer", "service/load-balancer")]),
            ..AuditConfig::default()
        };
        let mut report = String::new();
        for (method, path) in [
            ("POST", "/v2.0/lbaas/loadbalancers"),
            ("GET", "/v2.0/lbaas/loadbalancers/"),
            ("GET", "/v2.0/lbaas/loadbalancers.json"),
            ("GET", "/v2.0/lbaas/loadbalancers/1"),
            ("PUT", "/v2.0/lbaas/loadbalancers/1"),
            ("PUT", "/v2.0/lbaas/loadbalancers/1/failover"),
            ("DELETE", "/v2.0/lbaas/pools/1/members/2"),
            ("PROPFIND", "/"),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let action = action(&config, &method, path);
            let target = target(&config, path);
            writeln!(report, "{action} {}", target["typeURI"]).unwrap();
        }
        insta::assert_snapshot!(report, @r#"
        create "service/load-balancer/loadbalancers"
        read/list "service/load-balancer/loadbalancers/loadbalancer"
        read/list "service/load-balancer/loadbalancers"
        read "service/load-balancer/loadbalancers/loadbalancer"
        update "service/load-balancer/loadbalancers/loadbalancer"
        update/failover "service/load-balancer/loadbalancers/loadbalancer"
        delete "service/load-balancer/pools/pool/members/member"
        unknown "service/load-balancer"
        "#);
        let none = AuditConfig::default();
        assert_eq!(target(&none, "/")["typeURI"], "unknown");
    }
}
