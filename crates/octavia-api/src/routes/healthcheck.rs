use std::sync::PoisonError;

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;
use http::header::ACCEPT;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::Api;
use crate::api::HealthResult;
use crate::error::{Error, causes};
use crate::openapi::Operation;
use crate::wire::schema::Properties;

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
        json!({ "type": "array", "items": { "type": "string" } }),
    );
    let body = body.into_schema("What is wrong, if anything.");
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
        .answers(503, wrong);
    vec![operation]
}

async fn healthcheck(State(api): State<Api>, headers: HeaderMap) -> Response {
    if !api.config.healthcheck_enabled {
        return Error::no_such_path().into_response();
    }
    let reasons = reasons(&api).await;
    let accept = headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or_default();
    let healthy = reasons.is_empty();
    let status = if healthy {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    if accept.contains("application/json") {
        let body = json!({ "detailed": false, "reasons": reasons });
        (status, Json(body)).into_response()
    } else if accept.contains("text/html") {
        let items = format!("<LI>{}</LI>", reasons.join("</LI><LI>"));
        let page = format!(
            "<HTML><HEAD><TITLE>Healthcheck Status</TITLE></HEAD><BODY><P>Result of {} \
             checks:</P><UL>{items}</UL></BODY></HTML>",
            api.config.healthcheck_backends.len()
        );
        (status, Html(page)).into_response()
    } else if healthy {
        StatusCode::NO_CONTENT.into_response()
    } else {
        (status, reasons.join("\n")).into_response()
    }
}

/// Returns what is wrong; a result is reused for a while, so that probes cost nothing.
async fn reasons(api: &Api) -> Vec<String> {
    if let Some(result) = api.recent_health() {
        return result.reasons;
    }
    let mut reasons = Vec::new();
    let backends = &api.config.healthcheck_backends;
    if backends.iter().any(|backend| backend == "octavia_db_check")
        && let Err(error) = api.store.ping().await
    {
        reasons.push("The database does not answer.".to_owned());
        let error = causes(&error);
        tracing::warn!(
            error,
            "the health check found the database not answering: {error}"
        );
    }
    let result = HealthResult {
        at: api.clock.now(),
        reasons: reasons.clone(),
    };
    *api.health.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    reasons
}
