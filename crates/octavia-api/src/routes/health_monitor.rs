use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_model::{HealthMonitor, Id, Pool, ProvisioningStatus, QuotaKind};
use octavia_store::Tx;
use serde_json::{Value, json};

use crate::api::{Wish, parse_id};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::payload::{Payload, Root};
use crate::query::Query;
use crate::rules::quota;
use crate::rules::{change, health_monitor as rules};
use crate::turn::Accepted;
use crate::wire::health_monitor::{HealthMonitorPost, HealthMonitorPut, view};
use crate::{Api, policy};

const CREATED: Root = Root {
    argument: "health_monitor_",
    key: "healthmonitor",
};
const NAME: &str = "Health Monitor";

/// Returns the paths of health monitors.
pub(super) fn routes() -> Router<Api> {
    let item = get(show).put(update).delete(delete);
    Router::new()
        .route(
            "/v2.0/lbaas/healthmonitors",
            super::collection(get(list).post(create)),
        )
        .route(
            "/v2.0/lbaas/healthmonitors/{id}",
            super::item(item, CREATED, "HealthMonitorRootPOST"),
        )
}

async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    let mut request = ListRequest::of_list(&query, &api.config)?;
    caller.may_list(
        policy::HEALTH_MONITOR_GET_ALL,
        &mut request.query.project_id,
    )?;
    let mut tx = api.store.read("health_monitor.list").await?;
    let found = tx.health_monitors(&request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    Ok(Json(request.answer(
        "healthmonitors",
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
    let id = parse_id(&id, NAME)?;
    let mut tx = api.store.read("health_monitor.get").await?;
    let monitor = load(&mut tx, id).await?;
    caller.may(
        policy::HEALTH_MONITOR_GET_ONE,
        monitor.project_id.as_deref(),
    )?;
    Ok(Json(
        json!({ "healthmonitor": request.select(view(&monitor)) }),
    ))
}

async fn load(tx: &mut Tx, id: Id<HealthMonitor>) -> Result<HealthMonitor> {
    tx.health_monitor(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))
}

async fn pool_of(tx: &mut Tx, id: Id<Pool>) -> Result<Pool> {
    tx.pool(id)
        .await?
        .ok_or_else(|| Error::not_found("Pool", &id))
}

async fn create(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
    payload: Payload,
) -> Result<Response> {
    query.only(&[])?;
    let post: HealthMonitorPost = payload.decode(CREATED)?;
    let body = api.in_turn(|| create_once(&api, &caller, &post)).await?;
    Ok((StatusCode::CREATED, Json(json!({ "healthmonitor": body }))).into_response())
}

async fn create_once(
    api: &Api,
    caller: &Caller,
    post: &HealthMonitorPost,
) -> Result<Accepted<Value>> {
    let Some(id) = post.pool_id.as_ref().copied() else {
        return Err(Error::invalid_option("None", "pool_id"));
    };
    let mut tx = api.store.begin("health_monitor.create").await?;
    let pool = pool_of(&mut tx, id).await?;
    caller.may(policy::HEALTH_MONITOR_POST, pool.project_id.as_deref())?;
    if let Some(kind) = post.monitor.kind.as_ref() {
        rules::allowed(api, *kind)?;
    }
    let monitor = rules::create(api, &pool, post.monitor.clone())?;
    let (load_balancer, pool) = change::inside_pool(&mut tx, &pool).await?;
    if pool.health_monitor_id.is_some() {
        let text = "This pool already has a health monitor";
        return Err(Error::Conflict(text.to_owned()));
    }
    let owner = load_balancer.project_id.as_deref();
    quota::take(api, &mut tx, owner, &[(QuotaKind::HealthMonitor, 1)]).await?;
    tx.insert_health_monitor(&monitor).await?;
    let lb = load_balancer.id;
    let what = format!("creation of health monitor {}", monitor.id);
    api.wake(&mut tx, lb, Wish::Change, &what).await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, view(&monitor)))
}

async fn update(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let put: HealthMonitorPut = payload.decode(CREATED)?;
    let id = parse_id(&id, NAME)?;
    let body = api.in_turn(|| update_once(&api, &caller, id, &put)).await?;
    Ok(Json(json!({ "healthmonitor": body })))
}

async fn update_once(
    api: &Api,
    caller: &Caller,
    id: Id<HealthMonitor>,
    put: &HealthMonitorPut,
) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("health_monitor.update").await?;
    let monitor = load(&mut tx, id).await?;
    caller.may(policy::HEALTH_MONITOR_PUT, monitor.project_id.as_deref())?;
    let pool = pool_of(&mut tx, monitor.pool_id).await?;
    // As upstream: a request that breaks a rule is refused whatever the state, and before the lock.
    rules::update(api, monitor, put.clone())?;
    let (load_balancer, _) = change::inside_pool(&mut tx, &pool).await?;
    let mut monitor = rules::update(api, load(&mut tx, id).await?, put.clone())?;
    monitor.provisioning_status = ProvisioningStatus::PendingUpdate;
    tx.save_health_monitor(&monitor).await?;
    let shown = load(&mut tx, id).await?;
    let lb = load_balancer.id;
    api.wake(
        &mut tx,
        lb,
        Wish::Change,
        &format!("update of health monitor {id}"),
    )
    .await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, view(&shown)))
}

async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    let id = parse_id(&id, NAME)?;
    api.in_turn(|| delete_once(&api, &caller, id)).await?;
    Ok(super::empty(StatusCode::NO_CONTENT))
}

async fn delete_once(api: &Api, caller: &Caller, id: Id<HealthMonitor>) -> Result<Accepted<()>> {
    let mut tx = api.store.begin("health_monitor.delete").await?;
    let monitor = load(&mut tx, id).await?;
    caller.may(policy::HEALTH_MONITOR_DELETE, monitor.project_id.as_deref())?;
    let pool = pool_of(&mut tx, monitor.pool_id).await?;
    let (load_balancer, _) = change::inside_pool(&mut tx, &pool).await?;
    let mut monitor = load(&mut tx, id).await?;
    monitor.provisioning_status = ProvisioningStatus::PendingDelete;
    tx.save_health_monitor(&monitor).await?;
    let lb = load_balancer.id;
    api.wake(
        &mut tx,
        lb,
        Wish::Change,
        &format!("deletion of health monitor {id}"),
    )
    .await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, ()))
}
