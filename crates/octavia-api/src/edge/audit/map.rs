use http::Method;
use http::uri::Authority;
use octavia_cloud::CatalogueService;
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

/// Where a request went.
pub(super) struct Place<'a> {
    /// The path.
    pub(super) path: &'a str,
    /// The host, with its port unless that is the usual one.
    pub(super) host: &'a str,
    /// What the caller's token says of services.
    pub(super) catalogue: Option<&'a [CatalogueService]>,
}

/// Returns what a request is about: the service, and in it the kinds of objects that the path names.
/// The service is the one of the caller's catalogue that has the address, or is of the map's type.
/// Callers without a catalogue may still mean this service; upstream calls it unknown then.
pub(super) fn target(config: &AuditConfig, place: &Place<'_>) -> Value {
    let wanted = config.target_endpoint_type.as_deref();
    let Some(catalogue) = place.catalogue else {
        return resource(config, place, (wanted, wanted));
    };
    let at_host = |service: &&CatalogueService| {
        let addresses = [&service.admin, &service.public];
        let mut addresses = addresses.into_iter().flatten();
        addresses.any(|address| host_of(address) == Some(place.host))
    };
    // Without a port a host stands for many services.
    let has_port = place
        .host
        .parse::<Authority>()
        .is_ok_and(|host| host.port().is_some());
    let found = catalogue.iter().find(at_host).filter(|_| has_port);
    let of_type = |service: &&CatalogueService| Some(service.kind.as_str()) == wanted;
    let Some(service) = found.or_else(|| catalogue.iter().rfind(of_type)) else {
        return resource(config, place, (None, None));
    };
    let mut target = resource(
        config,
        place,
        (Some(&service.kind), service.name.as_deref()),
    );
    let address = |name: &str, url: &Option<String>| json!({ "url": url.as_deref().unwrap_or(UNKNOWN), "name": name });
    target["addresses"] = json!([
        address("admin", &service.admin),
        address("private", &service.internal),
        address("public", &service.public),
    ]);
    target
}

/// Describes a service by its type and name. Its id is its name, as upstream has it.
fn resource(
    config: &AuditConfig,
    place: &Place<'_>,
    (kind, name): (Option<&str>, Option<&str>),
) -> Value {
    let name = name.unwrap_or(UNKNOWN);
    let service = kind.and_then(|kind| config.service_endpoints.get(kind));
    let uri = service.map_or_else(
        || UNKNOWN.to_owned(),
        |service| format!("{service}{}", objects(config, place.path)),
    );
    json!({ "id": name, "typeURI": uri, "name": name })
}

/// Returns the kinds of objects that a path names.
fn objects(config: &AuditConfig, path: &str) -> String {
    let mut kinds = String::new();
    let mut before = "";
    for part in path.split('/').map(plain) {
        if config.path_keywords.contains_key(part) {
            kinds.extend(["/", part]);
        } else if let Some(keyword) = config.path_keywords.get(before) {
            kinds.extend(["/", keyword]);
        }
        before = part;
    }
    kinds
}

/// Returns host and port of an address.
fn host_of(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    rest.split('/').next()
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
            let target = target(&config, &at(path, "api.example", None));
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
        let nowhere = target(&none, &at("/", "api.example", None));
        assert_eq!(nowhere["typeURI"], "unknown");
    }

    fn at<'a>(
        path: &'a str,
        host: &'a str,
        catalogue: Option<&'a [CatalogueService]>,
    ) -> Place<'a> {
        Place {
            path,
            host,
            catalogue,
        }
    }

    #[test]
    fn the_catalogue_says_which_service_it_is() {
        let service = |kind: &str, name: &str, public: &str| CatalogueService {
            kind: kind.to_owned(),
            name: Some(name.to_owned()),
            public: Some(public.to_owned()),
            ..CatalogueService::default()
        };
        let catalogue = [
            service(
                "load-balancer",
                "octavia",
                "http://lb.example/load-balancer",
            ),
            service("network", "neutron", "http://api.example:9696/"),
        ];
        let name = |kind: &str| (kind.to_owned(), format!("service/{kind}"));
        let config = AuditConfig {
            target_endpoint_type: Some("load-balancer".to_owned()),
            service_endpoints: ["load-balancer", "network"].map(name).into(),
            ..AuditConfig::default()
        };
        let mut report = String::new();
        for (host, catalogue) in [
            // The address says it where it has a port, else the type.
            ("api.example:9696", &catalogue[..]),
            ("lb.example", &catalogue),
            ("elsewhere:9876", &catalogue),
            ("elsewhere:9876", &catalogue[1..]),
            ("elsewhere:9876", &[]),
        ] {
            let target = target(&config, &at("/", host, Some(catalogue)));
            writeln!(report, "{target}").unwrap();
        }
        insta::assert_snapshot!(report, @r#"
        {"id":"neutron","typeURI":"service/network","name":"neutron","addresses":[{"url":"unknown","name":"admin"},{"url":"unknown","name":"private"},{"url":"http://api.example:9696/","name":"public"}]}
        {"id":"octavia","typeURI":"service/load-balancer","name":"octavia","addresses":[{"url":"unknown","name":"admin"},{"url":"unknown","name":"private"},{"url":"http://lb.example/load-balancer","name":"public"}]}
        {"id":"octavia","typeURI":"service/load-balancer","name":"octavia","addresses":[{"url":"unknown","name":"admin"},{"url":"unknown","name":"private"},{"url":"http://lb.example/load-balancer","name":"public"}]}
        {"id":"unknown","typeURI":"unknown","name":"unknown"}
        {"id":"unknown","typeURI":"unknown","name":"unknown"}
        "#);
    }
}
