//! The OpenAPI 3.1 document. Requests are described by the tables that read them (`wire/shape.rs`),
//! answers by the tables that show them (`wire/view.rs`), filters by the store's: it cannot say
//! something else than the code does.

pub(crate) mod common;
mod header;
mod operation;
pub(crate) mod parameter;
mod refusal;

use std::sync::LazyLock;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

pub(crate) use operation::Operation;

use crate::wire::schema::Components;
use crate::{Api, network_api, routes};

/// Made once: nothing in it depends on the configuration.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// Returns the path of the document. (`.json` behind a path says nothing, as upstream has it.)
pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/v2.0/openapi", get(show))
}

/// Describes this path.
pub(crate) fn operations() -> Vec<Operation> {
    let operation = Operation::new("get", "/v2.0/openapi", "show_openapi", "Documents");
    vec![operation.open().says("Shows this document.").answer(
        200,
        "The document.",
        json!({ "type": "object" }),
    )]
}

async fn show() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

fn document() -> Value {
    let mut components = Components::default();
    let mut operations = routes::operations(&mut components);
    operations.extend(network_api::operations());
    operations.extend(self::operations());
    let mut paths = Map::new();
    for operation in operations {
        let (path, method) = (operation.path().to_owned(), operation.method());
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method] = operation.into_value();
    }
    let responses = refusal::all(&mut components);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Octavia API",
            "version": "2.30",
            "summary": "Load balancing as a service.",
            "description": "The Octavia v2 API. Requests are read more loosely than their schemas \
                say: what else is read for a value stands beside it as x-also-read, and paths \
                may begin with /v2, leave out lbaas/ or end with .json. Clients should send what is \
                described.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [
            { "url": "/" },
            { "url": "/load-balancer", "description": "Behind a web server." },
        ],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": components.into_value(),
            "responses": responses,
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Auth-Token",
                    "description": "A token of Keystone. Not needed where auth_strategy is noauth.",
                },
            },
        },
    })
}
