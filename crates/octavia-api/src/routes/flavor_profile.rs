use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_model::{FlavorProfile, Id};
use octavia_store::Tx;
use serde_json::{Value, json};

use crate::api::parse_id;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::payload::{Payload, Root};
use crate::provider::{self, settings};
use crate::query::Query;
use crate::wire::flavor_profile::{FlavorProfilePost, FlavorProfilePut, view};
use crate::{Api, policy};

const ROOT: Root = Root {
    argument: "flavor_profile_",
    key: "flavorprofile",
};
const NAME: &str = "Flavor Profile";

/// Returns the paths of profiles of flavors.
pub(super) fn routes() -> Router<Api> {
    let item = get(show).put(update).delete(delete);
    Router::new()
        .route(
            "/v2.0/lbaas/flavorprofiles",
            super::named_collection(get(list).post(create), "flavor_profile_id"),
        )
        .route(
            "/v2.0/lbaas/flavorprofiles/{id}",
            super::item(item, ROOT, "FlavorProfileRootPOST"),
        )
}

async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    let request = ListRequest::of_list(&query, &api.config)?;
    caller.may_here(policy::FLAVOR_PROFILE_GET_ALL)?;
    let mut tx = api.store.read("flavor_profile.list").await?;
    let found = tx.flavor_profiles(&request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    Ok(Json(request.answer_with_links(
        "flavorprofiles",
        "flavorprofile_links",
        found.iter().map(view).collect(),
    )))
}

async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    let request = ListRequest::of_item(&query, &api.config)?;
    caller.may_here(policy::FLAVOR_PROFILE_GET_ONE)?;
    let id = parse_id(&id, NAME)?;
    let profile = load(&mut api.store.read("flavor_profile.get").await?, id).await?;
    Ok(Json(
        json!({ "flavorprofile": request.select(view(&profile)) }),
    ))
}

async fn load(tx: &mut Tx, id: Id<FlavorProfile>) -> Result<FlavorProfile> {
    if id == Id::PLACEHOLDER {
        return Err(Error::not_found("Flavor profile", &id));
    }
    tx.flavor_profile(id)
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
    let post: FlavorProfilePost = payload.decode(ROOT)?;
    caller.may_here(policy::FLAVOR_PROFILE_POST)?;
    let profile = FlavorProfile {
        id: api.id(),
        name: post.name.needed("name")?,
        provider_name: post.provider_name.needed("provider_name")?,
        data: post.flavor_data.needed("flavor_data")?,
    };
    provider::check(&api.config, &profile.provider_name)?;
    settings::read(
        &profile.provider_name,
        &settings::OF_FLAVOR,
        &profile.data,
        "flavor_data",
    )?;
    let mut tx = api.store.begin("flavor_profile.create").await?;
    tx.insert_flavor_profile(&profile).await?;
    tx.commit().await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "flavorprofile": view(&profile) })),
    )
        .into_response())
}

async fn update(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let put: FlavorProfilePut = payload.decode(ROOT)?;
    caller.may_here(policy::FLAVOR_PROFILE_PUT)?;
    let name = put.name.not_null("name")?;
    let provider_name = put.provider_name.not_null("provider_name")?;
    let data = put.flavor_data.not_null("flavor_data")?;
    let mut tx = api.store.begin("flavor_profile.update").await?;
    let mut profile = load(&mut tx, parse_id(&id, NAME)?).await?;
    let other_settings = provider_name.is_some() || data.is_some();
    if other_settings && tx.is_flavor_profile_used(profile.id).await? {
        return Err(in_use(profile.id));
    }
    profile.name = name.unwrap_or(profile.name);
    profile.provider_name = provider_name.unwrap_or(profile.provider_name);
    profile.data = data.unwrap_or(profile.data);
    if other_settings {
        provider::check(&api.config, &profile.provider_name)?;
        settings::read(
            &profile.provider_name,
            &settings::OF_FLAVOR,
            &profile.data,
            "flavor_data",
        )?;
    }
    tx.save_flavor_profile(&profile).await?;
    tx.commit().await?;
    Ok(Json(json!({ "flavorprofile": view(&profile) })))
}

async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    caller.may_here(policy::FLAVOR_PROFILE_DELETE)?;
    let mut tx = api.store.begin("flavor_profile.delete").await?;
    let id = load(&mut tx, parse_id(&id, NAME)?).await?.id;
    match tx.delete_flavor_profile(id).await {
        Err(octavia_store::Error::InUse(_)) => return Err(in_use(id)),
        other => other?,
    }
    tx.commit().await?;
    Ok(super::empty(StatusCode::NO_CONTENT))
}

fn in_use(id: Id<FlavorProfile>) -> Error {
    Error::in_use("Flavor profile", &id)
}
