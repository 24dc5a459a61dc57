use axum::Router;
use axum::extract::{Path, State};
use axum::response::Json;
use axum::routing::get;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::openapi::{Operation, common, parameter};
use crate::provider::Setting;
use crate::query::Query;
use crate::wire::schema::Properties;
use crate::wire::view;
use crate::{Api, policy};

const OF_FLAVORS: &str = "/v2.0/lbaas/providers/{name}/flavor_capabilities";
const OF_ZONES: &str = "/v2.0/lbaas/providers/{name}/availability_zone_capabilities";

/// Returns the paths of providers.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v2.0/lbaas/providers", get(list))
        .route(
            "/v2.0/lbaas/providers/{name}",
            get(async || Error::wrong_method()),
        )
        .route(OF_FLAVORS, get(flavor_capabilities))
        .route(OF_ZONES, get(zone_capabilities))
}

/// Describes these paths.
pub(super) fn operations() -> Vec<Operation> {
    const TAG: &str = "Provider";
    let item = || {
        let mut item = Properties::default();
        item.optional("name", json!({ "type": "string" }));
        item.optional("description", json!({ "type": "string" }));
        item.into_schema("A name, and what it stands for.")
    };
    let capabilities = |path: &str, part: &str| {
        let text = json!({ "type": "string" });
        Operation::new("get", path, &format!("list_{part}"), TAG)
            .says("Shows what profiles for the provider may say.")
            .with(parameter::paging())
            .with([
                parameter::query("name", "Only the one of this name.", &text),
                parameter::query("description", "Only with this description.", &text),
            ])
            .answer(
                200,
                "Settings.",
                common::under(part, view::list_of(&item())),
            )
    };
    vec![
        Operation::new("get", "/v2.0/lbaas/providers", "list_providers", TAG)
            .says("Lists the providers.")
            .with(parameter::paging())
            .answer(
                200,
                "Providers.",
                common::under("providers", view::list_of(&item())),
            ),
        capabilities(OF_FLAVORS, "flavor_capabilities"),
        capabilities(OF_ZONES, "availability_zone_capabilities"),
    ]
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

async fn flavor_capabilities(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    caller.may_here(policy::PROVIDER_FLAVOR_GET_ALL)?;
    let driver = api.providers.chosen(&api.config, &name)?;
    let known = driver.flavor_settings().await?;
    let known = capabilities(&api, &query, &known)?;
    Ok(Json(json!({ "flavor_capabilities": known })))
}

async fn zone_capabilities(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    caller.may_here(policy::PROVIDER_ZONE_GET_ALL)?;
    let driver = api.providers.chosen(&api.config, &name)?;
    let known = driver.zone_settings().await?;
    let known = capabilities(&api, &query, &known)?;
    Ok(Json(json!({ "availability_zone_capabilities": known })))
}

/// Shows what a provider's profiles may say; `name` and `description` filter.
fn capabilities(api: &Api, query: &Query, known: &[Setting]) -> Result<Vec<Value>> {
    let request = ListRequest::of_item(query, &api.config)?;
    let wanted = |key: &str, text: &str| query.last(key).is_none_or(|wanted| wanted == text);
    Ok(known
        .iter()
        .filter(|setting| wanted("name", &setting.name))
        .filter(|setting| wanted("description", &setting.description))
        .map(|setting| json!({ "name": setting.name, "description": setting.description }))
        .map(|setting| request.select(setting))
        .collect())
}
