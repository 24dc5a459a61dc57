//! What is answered, and how.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use octavia_amphora_api::AmphoraConfig;
use octavia_amphora_api::agent::{
    AgentStatus, Applied, CERTIFICATE_PATH, CONFIG_PATH, Refusal, RefusalReason, STATUS_PATH,
};
use serde_json::json;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::certificates::{Certificates, Replacement};
use crate::configuration::Configuration;

/// Room for some ten thousand members.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// How long an answer may take once the request has arrived.
const WORK_LIMIT: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub(super) struct App {
    pub(super) amphora_id: Uuid,
    pub(super) started_at: DateTime<Utc>,
    pub(super) configuration: Arc<Configuration>,
    pub(super) certificates: Arc<Certificates>,
    pub(super) read_timeout: Duration,
    pub(super) tasks: TaskTracker,
}

pub(super) fn router(app: App) -> Router {
    Router::new()
        .route("/", get(versions))
        // Upstream's controller asks with two slashes.
        .route("//", get(versions))
        .route(STATUS_PATH, get(status))
        .route(CONFIG_PATH, put(push).delete(forget))
        .route(CERTIFICATE_PATH, put(replace_certificate))
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(app.clone(), limit_time))
        .with_state(app)
}

/// Upstream's controllers read this first. They speak 1.0, and this is not it.
async fn versions() -> Json<serde_json::Value> {
    Json(json!({"api_version": "2.0"}))
}

async fn unknown() -> (StatusCode, Json<serde_json::Value>) {
    let body = json!({"error": "no such path", "http_code": 404});
    (StatusCode::NOT_FOUND, Json(body))
}

async fn status(State(app): State<App>) -> Result<Json<AgentStatus>, Refused> {
    Ok(Json(AgentStatus {
        amphora_id: app.amphora_id,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: app.started_at,
        report: app.configuration.report().await?,
        fault: app.configuration.fault(),
        vrrp: app.configuration.vrrp(),
    }))
}

async fn push(State(app): State<App>, body: Bytes) -> Result<Json<Applied>, Refused> {
    let document: AmphoraConfig =
        serde_json::from_slice(&body).map_err(|error| refused(RefusalReason::Invalid, &error))?;
    let configuration = Arc::clone(&app.configuration);
    let pushing = async move { configuration.push(document).await };
    let generation = to_the_end(&app.tasks, pushing).await?;
    Ok(Json(Applied { generation }))
}

async fn forget(State(app): State<App>) -> Result<StatusCode, Refused> {
    let configuration = Arc::clone(&app.configuration);
    let forgetting = async move { configuration.forget().await };
    to_the_end(&app.tasks, forgetting).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn replace_certificate(State(app): State<App>, body: Bytes) -> Result<StatusCode, Refused> {
    let certificates = Arc::clone(&app.certificates);
    let replacing = tokio::task::spawn_blocking(move || certificates.replace(&body));
    let replaced = replacing
        .await
        .map_err(|error| refused(RefusalReason::Host, &error))?;
    replaced.map_err(|error| match error {
        Replacement::Unusable(_) => refused(RefusalReason::Invalid, &error),
        Replacement::NotKept { .. } => refused(RefusalReason::Host, &error),
    })?;
    tracing::info!("the certificate of the agent is replaced");
    Ok(StatusCode::NO_CONTENT)
}

/// Runs a change on a task of its own: it does not stop half way when the controller hangs up.
async fn to_the_end<T, F>(tasks: &TaskTracker, change: F) -> Result<T, Refused>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Refusal>> + Send + 'static,
{
    let ended = tasks.spawn(change).await;
    let outcome = ended.map_err(|error| refused(RefusalReason::Host, &error))?;
    outcome.map_err(Refused)
}

async fn limit_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let limit = app.read_timeout + WORK_LIMIT;
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(late) => refused(RefusalReason::Host, &late).into_response(),
    }
}

fn refused(reason: RefusalReason, message: &dyn ToString) -> Refused {
    Refused(Refusal {
        reason,
        message: message.to_string(),
    })
}

/// A refusal on its way to the controller.
struct Refused(Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self.0.reason {
            RefusalReason::Invalid => StatusCode::BAD_REQUEST,
            RefusalReason::Outdated | RefusalReason::Misdirected => StatusCode::CONFLICT,
            RefusalReason::Host => StatusCode::INTERNAL_SERVER_ERROR,
        };
        tracing::warn!("refused a request ({status}): {}", self.0.message);
        (status, Json(self.0)).into_response()
    }
}
