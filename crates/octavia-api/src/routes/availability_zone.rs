use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_model::AvailabilityZone;
use octavia_store::Tx;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::payload::{Payload, Root};
use crate::query::Query;
use crate::wire::availability_zone::{AvailabilityZonePost, AvailabilityZonePut, view};
use crate::{Api, policy};

const ROOT: Root = Root {
    argument: "availability_zone_",
    key: "availability_zone",
};
const NAME: &str = "Availability Zone";

/// Returns the paths of availability zones.
pub(super) fn routes() -> Router<Api> {
    let item = get(show).put(update).delete(delete);
    Router::new()
        .route(
            "/v2.0/lbaas/availabilityzones",
            super::named_collection(get(list).post(create), "availability_zone_name"),
        )
        .route(
            "/v2.0/lbaas/availabilityzones/{name}",
            super::item(item, ROOT, "AvailabilityZoneRootPOST"),
        )
}

async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    let request = ListRequest::of_list(&query, &api.config)?;
    caller.may_here(policy::AVAILABILITY_ZONE_GET_ALL)?;
    let mut tx = api.store.read("availability_zone.list").await?;
    let found = tx.availability_zones(&request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    let items = found.iter().map(view).collect();
    Ok(Json(request.answer("availability_zones", items)))
}

async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    let request = ListRequest::of_item(&query, &api.config)?;
    caller.may_here(policy::AVAILABILITY_ZONE_GET_ONE)?;
    let zone = load(&mut api.store.read("availability_zone.get").await?, &name).await?;
    Ok(Json(
        json!({ "availability_zone": request.select(view(&zone)) }),
    ))
}

async fn load(tx: &mut Tx, name: &str) -> Result<AvailabilityZone> {
    tx.availability_zone(name)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &name))
}

async fn create(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
    payload: Payload,
) -> Result<Response> {
    query.only(&[])?;
    let post: AvailabilityZonePost = payload.decode(ROOT)?;
    caller.may_here(policy::AVAILABILITY_ZONE_POST)?;
    let zone = AvailabilityZone {
        name: post.name.needed("name")?,
        description: post.description.value(),
        enabled: post.enabled.not_null("enabled")?.unwrap_or(true),
        profile_id: post.profile_id.needed("availability_zone_profile_id")?,
    };
    let mut tx = api.store.begin("availability_zone.create").await?;
    let profile = zone.profile_id;
    tx.availability_zone_profile(profile)
        .await?
        .ok_or_else(|| Error::no_subresource("Availability Zone Profile", &profile))?;
    tx.insert_availability_zone(&zone)
        .await
        .map_err(|error| taken(error, &zone.name))?;
    tx.commit().await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({ "availability_zone": view(&zone) })),
    )
        .into_response())
}

/// Says of a name that another has it.
fn taken(error: octavia_store::Error, name: &str) -> Error {
    if matches!(error, octavia_store::Error::Duplicate(_)) {
        return Error::Conflict(format!("A availability zone of {name} already exists."));
    }
    error.into()
}

async fn update(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let put: AvailabilityZonePut = payload.decode(ROOT)?;
    caller.may_here(policy::AVAILABILITY_ZONE_PUT)?;
    let mut tx = api.store.begin("availability_zone.update").await?;
    let mut zone = load(&mut tx, &name).await?;
    zone.description = put.description.change_or_clear(zone.description);
    let enabled = put.enabled.not_null("enabled")?;
    zone.enabled = enabled.unwrap_or(zone.enabled);
    tx.save_availability_zone(&zone).await?;
    tx.commit().await?;
    Ok(Json(json!({ "availability_zone": view(&zone) })))
}

async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Path(name): Path<String>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    caller.may_here(policy::AVAILABILITY_ZONE_DELETE)?;
    let mut tx = api.store.begin("availability_zone.delete").await?;
    let name = load(&mut tx, &name).await?.name;
    match tx.delete_availability_zone(&name).await {
        Err(octavia_store::Error::InUse(_)) => return Err(Error::in_use(NAME, &name)),
        other => other?,
    }
    tx.commit().await?;
    Ok(super::empty(StatusCode::NO_CONTENT))
}
