use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_model::Flavor;
use octavia_store::Tx;
use serde_json::{Value, json};

use crate::api::parse_id;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::payload::{Payload, Root};
use crate::query::Query;
use crate::wire::flavor::{FlavorPost, FlavorPut, view};
use crate::{Api, policy};

const ROOT: Root = Root {
    argument: "flavor_",
    key: "flavor",
};
const NAME: &str = "Flavor";

/// Returns the paths of flavors.
pub(super) fn routes() -> Router<Api> {
    let item = get(show).put(update).delete(delete);
    Router::new()
        .route(
            "/v2.0/lbaas/flavors",
            super::named_collection(get(list).post(create), "flavor_id"),
        )
        .route(
            "/v2.0/lbaas/flavors/{id}",
            super::item(item, ROOT, "FlavorRootPOST"),
        )
}

async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    let request = ListRequest::of_list(&query, &api.config)?;
    caller.may_here(policy::FLAVOR_GET_ALL)?;
    let mut tx = api.store.read("flavor.list").await?;
    let found = tx.flavors(&request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    let items = found.iter().map(view).collect();
    Ok(Json(request.answer("flavors", items)))
}

async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    let request = ListRequest::of_item(&query, &api.config)?;
    caller.may_here(policy::FLAVOR_GET_ONE)?;
    let flavor = load(&mut api.store.read("flavor.get").await?, &id).await?;
    Ok(Json(json!({ "flavor": request.select(view(&flavor)) })))
}

async fn load(tx: &mut Tx, id: &str) -> Result<Flavor> {
    let id = parse_id(id, NAME)?;
    tx.flavor(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))
}

async fn create(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
    payload: Payload,
) -> Result<Response> {
    query.only(&[])?;
    let post: FlavorPost = payload.decode(ROOT)?;
    caller.may_here(policy::FLAVOR_POST)?;
    let flavor = Flavor {
        id: api.id(),
        name: post.name.needed("name")?,
        description: post.description.value(),
        enabled: post.enabled.not_null("enabled")?.unwrap_or(true),
        profile_id: post.flavor_profile_id.needed("flavor_profile_id")?,
    };
    let mut tx = api.store.begin("flavor.create").await?;
    let profile = flavor.profile_id;
    tx.flavor_profile(profile)
        .await?
        .ok_or_else(|| Error::no_subresource("Flavor Profile", &profile))?;
    tx.insert_flavor(&flavor)
        .await
        .map_err(|error| taken(error, &flavor.name))?;
    tx.commit().await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "flavor": view(&flavor) })),
    )
        .into_response())
}

/// Says of a name that another has it.
fn taken(error: octavia_store::Error, name: &str) -> Error {
    if matches!(error, octavia_store::Error::Duplicate(_)) {
        return Error::Conflict(format!("A flavor of {name} already exists."));
    }
    error.into()
}

async fn update(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let put: FlavorPut = payload.decode(ROOT)?;
    caller.may_here(policy::FLAVOR_PUT)?;
    let mut tx = api.store.begin("flavor.update").await?;
    let mut flavor = load(&mut tx, &id).await?;
    let name = put.name.not_null("name")?;
    flavor.name = name.unwrap_or(flavor.name);
    flavor.description = put.description.change_or_clear(flavor.description);
    let enabled = put.enabled.not_null("enabled")?;
    flavor.enabled = enabled.unwrap_or(flavor.enabled);
    tx.save_flavor(&flavor)
        .await
        .map_err(|error| taken(error, &flavor.name))?;
    tx.commit().await?;
    Ok(Json(json!({ "flavor": view(&flavor) })))
}

async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    caller.may_here(policy::FLAVOR_DELETE)?;
    let mut tx = api.store.begin("flavor.delete").await?;
    let id = load(&mut tx, &id).await?.id;
    match tx.delete_flavor(id).await {
        Err(octavia_store::Error::InUse(_)) => return Err(Error::in_use(NAME, &id)),
        other => other?,
    }
    tx.commit().await?;
    Ok(super::empty(StatusCode::NO_CONTENT))
}
