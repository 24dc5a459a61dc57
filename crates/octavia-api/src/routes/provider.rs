use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::openapi::{Operation, common, parameter};
use crate::provider::Setting;
use crate::query::Query;
use crate::wire::schema::Components;
use crate::wire::view::{self, View};
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
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    const TAG: &str = "Provider";
    let items = view::list_of(&Setting::part(components));
    let capabilities = |path: &str, part: &str| {
        let text = json!({ "type": "string" });
        Operation::new("get", path, &format!("list_{part}"), TAG)
            .says("Shows what profiles for the provider may say.")
            .with(parameter::paging())
            .with([
                parameter::query("name", "Only the one of this name.", &text),
                parameter::query("description", "Only with this description.", &text),
            ])
            .answer(200, "Settings.", common::under(part, items.clone()))
    };
    vec![
        Operation::new("get", "/v2.0/lbaas/providers", "list_providers", TAG)
            .says("Lists the providers.")
            .with(parameter::paging())
            .answer(200, "Providers.", common::under("providers", items.clone())),
        capabilities(OF_FLAVORS, "flavor_capabilities"),
        capabilities(OF_ZONES, "availability_zone_capabilities"),
    ]
}

/// Filters are ignored, and there are no links: so it is upstream.
async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Response> {
    let request = ListRequest::of_item(&query, &api.config)?;
    caller.may_here(policy::PROVIDER_GET_ALL)?;
    let named = api.config.enabled_provider_drivers.iter();
    let providers: Vec<_> = named
        .map(|(name, description)| Setting::new(name.clone(), description.clone()))
        .collect();
    Ok(request.answer_all("providers", &providers))
}

async fn flavor_capabilities(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    query: Query,
) -> Result<Response> {
    caller.may_here(policy::PROVIDER_FLAVOR_GET_ALL)?;
    let driver = api.providers.chosen(&api.config, &name)?;
    let known = driver.flavor_settings().await?;
    capabilities(&api, &query, "flavor_capabilities", known)
}

async fn zone_capabilities(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    query: Query,
) -> Result<Response> {
    caller.may_here(policy::PROVIDER_ZONE_GET_ALL)?;
    let driver = api.providers.chosen(&api.config, &name)?;
    let known = driver.zone_settings().await?;
    capabilities(&api, &query, "availability_zone_capabilities", known)
}

/// Shows what a provider's profiles may say; `name` and `description` filter.
fn capabilities(api: &Api, query: &Query, key: &str, mut known: Vec<Setting>) -> Result<Response> {
    let request = ListRequest::of_item(query, &api.config)?;
    let wanted = |key: &str, text: &str| query.last(key).is_none_or(|wanted| wanted == text);
    known.retain(|setting| {
        wanted("name", &setting.name) && wanted("description", &setting.description)
    });
    Ok(request.answer_all(key, &known))
}
