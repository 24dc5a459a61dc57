//! `/healthcheck`, for balancers and probes in front of the API, as oslo.middleware serves it.

mod checks;
mod page;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use http::header::ACCEPT;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use crate::error::Error;
use crate::openapi::Operation;
use crate::wire::schema::Properties;
use crate::{Api, edge};
use page::Report;

/// The headers by which a request is known to have come through a proxy.
const PROXIES: [&str; 5] = [
    "x-forwarded",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-for",
    "x-forwarded-prefix",
];

/// Returns the path of the health check.
pub(super) fn routes() -> Router<Api> {
    Router::new().route("/healthcheck", get(healthcheck))
}

/// Describes this path.
pub(super) fn operations() -> Vec<Operation> {
    let mut body = Properties::default();
    body.required("detailed", json!({ "type": "boolean" }));
    body.required(
        "reasons",
        json!({ "type": "array", "items": { "type": ["string", "object"] } }),
    );
    let body = body.into_schema("What the checks found.");
    let contents = json!({
        "application/json": { "schema": body },
        "text/html": { "schema": { "type": "string" } },
        "text/plain": { "schema": { "type": "string" } },
    });
    let wrong = json!({ "description": "Something is wrong.", "content": contents });
    let well = json!({ "description": "All is well.", "content": contents });
    let operation = Operation::new("get", "/healthcheck", "check_health", "Documents")
        .open()
        .says("Tells whether the service works, where the check is enabled.")
        .answers(200, well)
        .empty(204, "All is well.")
        .answer(
            404,
            "The check is not enabled.",
            json!({ "type": "object" }),
        )
        .answers(503, wrong);
    vec![operation]
}

async fn healthcheck(State(api): State<Api>, request: Request) -> Response {
    let config = &api.config.health;
    let origin = super::origin(&request);
    if !config.enabled || !may_ask(&api, &origin, request.headers()) {
        return Error::no_such_path().into_response();
    }
    let results = checks::run(&api, &origin).await;
    let healthy = results.iter().all(|result| result.available);
    let status = if healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let report = Report {
        results: &results,
        detailed: config.detailed,
        now: api.clock.now(),
    };
    let accept = request.headers().get(ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    let accept = accept.unwrap_or_default();
    if request.method() == Method::HEAD && healthy {
        StatusCode::NO_CONTENT.into_response()
    } else if accept.contains("application/json") {
        (status, Json(report.json())).into_response()
    } else if accept.contains("text/html") {
        (status, Html(report.html())).into_response()
    } else if results.is_empty() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        (status, report.text()).into_response()
    }
}

fn may_ask(api: &Api, origin: &edge::Origin, headers: &HeaderMap) -> bool {
    let config = &api.config.health;
    let proxied = PROXIES.iter().any(|name| headers.contains_key(*name));
    let from = &config.allowed_source_ranges;
    let known = |client| from.iter().any(|range| range.contains(&client));
    let allowed = from.is_empty() || origin.client.is_some_and(known);
    allowed && !(config.ignore_proxied_requests && proxied)
}
