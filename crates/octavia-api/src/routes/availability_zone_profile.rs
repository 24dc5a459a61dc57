use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_model::{AvailabilityZoneProfile, Id};
use octavia_store::Tx;
use serde_json::{Value, json};

use crate::api::parse_id;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::payload::{Payload, Root};
use crate::provider::{self, settings};
use crate::query::Query;
use crate::wire::availability_zone_profile::{
    AvailabilityZoneProfilePost, AvailabilityZoneProfilePut, view,
};
use crate::{Api, policy};

const ROOT: Root = Root {
    argument: "availability_zone_profile_",
    key: "availability_zone_profile",
};
const NAME: &str = "Availability Zone Profile";

/// Returns the paths of profiles of availability zones.
pub(super) fn routes() -> Router<Api> {
    let item = get(show).put(update).delete(delete);
    Router::new()
        .route(
            "/v2.0/lbaas/availabilityzoneprofiles",
            super::named_collection(get(list).post(create), "availability_zone_profile_id"),
        )
        .route(
            "/v2.0/lbaas/availabilityzoneprofiles/{id}",
            super::item(item, ROOT, "AvailabilityZoneProfileRootPOST"),
        )
}

async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    let request = ListRequest::of_list(&query, &api.config)?;
    caller.may_here(policy::AVAILABILITY_ZONE_PROFILE_GET_ALL)?;
    let mut tx = api.store.read("availability_zone_profile.list").await?;
    let found = tx.availability_zone_profiles(&request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    Ok(Json(request.answer_with_links(
        "availability_zone_profiles",
        "availability_zone_profile_links",
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
    caller.may_here(policy::AVAILABILITY_ZONE_PROFILE_GET_ONE)?;
    let id = parse_id(&id, NAME)?;
    let profile = load(
        &mut api.store.read("availability_zone_profile.get").await?,
        id,
    )
    .await?;
    Ok(Json(
        json!({ "availability_zone_profile": request.select(view(&profile)) }),
    ))
}

async fn load(tx: &mut Tx, id: Id<AvailabilityZoneProfile>) -> Result<AvailabilityZoneProfile> {
    if id == Id::PLACEHOLDER {
        return Err(Error::not_found("Availability Zone Profile", &id));
    }
    tx.availability_zone_profile(id)
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
    let post: AvailabilityZoneProfilePost = payload.decode(ROOT)?;
    caller.may_here(policy::AVAILABILITY_ZONE_PROFILE_POST)?;
    let profile = AvailabilityZoneProfile {
        id: api.id(),
        name: post.name.needed("name")?,
        provider_name: post.provider_name.needed("provider_name")?,
        data: post
            .availability_zone_data
            .needed("availability_zone_data")?,
    };
    provider::check(&api.config, &profile.provider_name)?;
    settings::read(
        &profile.provider_name,
        &settings::OF_ZONE,
        &profile.data,
        "availability_zone_data",
    )?;
    let mut tx = api.store.begin("availability_zone_profile.create").await?;
    tx.insert_availability_zone_profile(&profile).await?;
    tx.commit().await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "availability_zone_profile": view(&profile) })),
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
    let put: AvailabilityZoneProfilePut = payload.decode(ROOT)?;
    caller.may_here(policy::AVAILABILITY_ZONE_PROFILE_PUT)?;
    let name = put.name.not_null("name")?;
    let provider_name = put.provider_name.not_null("provider_name")?;
    let data = put
        .availability_zone_data
        .not_null("availability_zone_data")?;
    let mut tx = api.store.begin("availability_zone_profile.update").await?;
    let mut profile = load(&mut tx, parse_id(&id, NAME)?).await?;
    let other_settings = provider_name.is_some() || data.is_some();
    if other_settings && tx.is_availability_zone_profile_used(profile.id).await? {
        return Err(in_use(profile.id));
    }
    profile.name = name.unwrap_or(profile.name);
    profile.provider_name = provider_name.unwrap_or(profile.provider_name);
    profile.data = data.unwrap_or(profile.data);
    if other_settings {
        provider::check(&api.config, &profile.provider_name)?;
        // Upstream names the wrong field here.
        settings::read(
            &profile.provider_name,
            &settings::OF_ZONE,
            &profile.data,
            "flavor_data",
        )?;
    }
    tx.save_availability_zone_profile(&profile).await?;
    tx.commit().await?;
    Ok(Json(json!({ "availability_zone_profile": view(&profile) })))
}

async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    caller.may_here(policy::AVAILABILITY_ZONE_PROFILE_DELETE)?;
    let mut tx = api.store.begin("availability_zone_profile.delete").await?;
    let id = load(&mut tx, parse_id(&id, NAME)?).await?.id;
    match tx.delete_availability_zone_profile(id).await {
        Err(octavia_store::Error::InUse(_)) => return Err(in_use(id)),
        other => other?,
    }
    tx.commit().await?;
    Ok(super::empty(StatusCode::NO_CONTENT))
}

fn in_use(id: Id<AvailabilityZoneProfile>) -> Error {
    Error::in_use("Availability Zone Profile", &id)
}
