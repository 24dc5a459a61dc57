use axum::Router;
use axum::extract::State;
use axum::response::Json;
use axum::routing::get;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::query::Query;
use crate::{Api, policy};

/// Returns the paths of providers.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v2.0/lbaas/providers", get(list))
        .route(
            "/v2.0/lbaas/providers/{name}",
            get(async || Error::wrong_method()),
        )
}

/// Filters are ignored, and there are no links: so it is upstream.
async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    let request = ListRequest::of_item(&query, &api.config)?;
    caller.may_here(policy::PROVIDER_GET_ALL)?;
    let providers: Vec<_> = api
        .config
        .enabled_provider_drivers
        .iter()
        .map(|(name, description)| json!({ "name": name, "description": description }))
        .map(|provider| request.select(provider))
        .collect();
    Ok(Json(json!({ "providers": providers })))
}
