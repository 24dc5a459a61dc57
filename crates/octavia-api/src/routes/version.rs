use axum::Router;
use axum::extract::Request;
use axum::response::Json;
use axum::routing::get;
use serde_json::{Value, json};

use crate::Api;
use crate::openapi::{Operation, common};
use crate::wire::schema::{Properties, one_of_texts};
use crate::wire::view;

/// All versions, oldest first; the dates are upstream's, oddities included. The last one is current.
const VERSIONS: [(&str, &str); 31] = [
    ("v2.0", "2016-12-11T00:00:00Z"),
    ("v2.1", "2018-04-20T00:00:00Z"),
    ("v2.2", "2018-07-31T00:00:00Z"),
    ("v2.3", "2018-12-18T00:00:00Z"),
    ("v2.4", "2018-12-19T00:00:00Z"),
    ("v2.5", "2019-01-21T00:00:00Z"),
    ("v2.6", "2019-01-25T00:00:00Z"),
    ("v2.7", "2018-01-25T12:00:00Z"),
    ("v2.8", "2019-02-12T00:00:00Z"),
    ("v2.9", "2019-03-04T00:00:00Z"),
    ("v2.10", "2019-03-05T00:00:00Z"),
    ("v2.11", "2019-06-24T00:00:00Z"),
    ("v2.12", "2019-09-11T00:00:00Z"),
    ("v2.13", "2019-09-13T00:00:00Z"),
    ("v2.14", "2019-11-10T00:00:00Z"),
    ("v2.15", "2020-03-10T00:00:00Z"),
    ("v2.16", "2020-03-15T00:00:00Z"),
    ("v2.17", "2020-04-29T00:00:00Z"),
    ("v2.18", "2020-04-29T01:00:00Z"),
    ("v2.19", "2020-05-12T00:00:00Z"),
    ("v2.20", "2020-08-02T00:00:00Z"),
    ("v2.21", "2020-09-03T00:00:00Z"),
    ("v2.22", "2020-09-04T00:00:00Z"),
    ("v2.23", "2020-09-07T00:00:00Z"),
    ("v2.24", "2020-10-15T00:00:00Z"),
    ("v2.25", "2021-10-02T00:00:00Z"),
    ("v2.26", "2022-08-29T00:00:00Z"),
    ("v2.27", "2023-05-05T00:00:00Z"),
    ("v2.28", "2023-11-08T00:00:00Z"),
    ("v2.29", "2024-10-15T00:00:00Z"),
    ("v2.30", "2025-02-26T00:00:00Z"),
];

/// Returns the paths of the version documents.
pub(super) fn routes() -> Router<Api> {
    let version = get(async || Json("v2"));
    Router::new()
        .route("/", get(root))
        .route("/v2.0", version.clone())
        .route("/v2.0/lbaas", version.clone())
        .route("/v2.0/octavia", version)
}

/// Describes these paths.
pub(super) fn operations() -> Vec<Operation> {
    const TAG: &str = "Documents";
    let version = |path: &str, id: &str| {
        Operation::new("get", path, id, TAG)
            .says("Says which version this is.")
            .answer(200, "The version.", json!({ "const": "v2" }))
    };
    vec![
        Operation::new("get", "/", "list_versions", TAG)
            .open()
            .says("Lists the versions of the API.")
            .answer(200, "The versions.", versions_schema()),
        version("/v2.0", "show_version"),
        version("/v2.0/lbaas", "show_version_of_lbaas"),
        version("/v2.0/octavia", "show_version_of_octavia"),
    ]
}

fn versions_schema() -> Value {
    let text = || json!({ "type": "string" });
    let mut link = Properties::default();
    link.required("href", text());
    link.required("rel", text());
    let mut version = Properties::default();
    version.required("id", text());
    version.required("status", one_of_texts(["SUPPORTED", "CURRENT"].into_iter()));
    version.required("updated", text());
    version.required("links", view::list_of(&link.into_schema("Where it is.")));
    let version = version.into_schema("A version of the API.");
    common::under("versions", view::list_of(&version))
}

/// The links are made from the request's own URL, not from `api_base_uri`, as upstream does.
async fn root(request: Request) -> Json<Value> {
    let origin = super::origin(&request);
    let href = format!("{}{}/v2", origin.base, origin.mount);
    let current = VERSIONS.len() - 1;
    let versions: Vec<_> = VERSIONS
        .iter()
        .enumerate()
        .map(|(index, (id, updated))| {
            let status = if index == current {
                "CURRENT"
            } else {
                "SUPPORTED"
            };
            json!({
                "id": id,
                "status": status,
                "updated": updated,
                "links": [{ "href": href, "rel": "self" }],
            })
        })
        .collect();
    Json(json!({ "versions": versions }))
}
