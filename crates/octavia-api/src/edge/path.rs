use axum::extract::Request;
use http::Uri;

use super::Origin;

/// Brings the forms in which a path may be written down to the one that the routes know:
/// `/v2/loadbalancers.json/` is `/v2.0/lbaas/loadbalancers`.
pub(super) fn canonical(mut request: Request) -> Request {
    let path = request
        .extensions()
        .get::<Origin>()
        .map_or_else(|| request.uri().path().to_owned(), |o| o.path.clone());
    let query = request.uri().query();
    let target = query.map_or_else(
        || canonical_path(&path),
        |query| format!("{}?{query}", canonical_path(&path)),
    );
    if let Ok(uri) = target.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// The first part of a load-balancing path, which may stand without `lbaas/`.
const RESOURCES: [&str; 11] = [
    "loadbalancers",
    "listeners",
    "pools",
    "healthmonitors",
    "l7policies",
    "quotas",
    "providers",
    "flavors",
    "flavorprofiles",
    "availabilityzones",
    "availabilityzoneprofiles",
];

pub(super) fn canonical_path(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if let Some(last) = parts.last_mut() {
        *last = last.strip_suffix(".json").unwrap_or(last);
    }
    if let Some(version @ &mut ("v2" | "v2.0")) = parts.first_mut() {
        *version = "v2.0";
        if parts.get(1).is_some_and(|part| RESOURCES.contains(part)) {
            parts.insert(1, "lbaas");
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_path_is_one() {
        for path in [
            "/v2/loadbalancers",
            "/v2.0/lbaas/loadbalancers/",
            "/v2/lbaas/loadbalancers.json",
            "//v2.0//loadbalancers",
        ] {
            assert_eq!(canonical_path(path), "/v2.0/lbaas/loadbalancers");
        }
        assert_eq!(canonical_path("/"), "/");
        assert_eq!(canonical_path("/v2"), "/v2.0");
        assert_eq!(canonical_path("/v2.0/subnets"), "/v2.0/subnets");
        assert_eq!(canonical_path("/v2/nope"), "/v2.0/nope");
    }
}
