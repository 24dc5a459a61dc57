use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_model::{Id, Listener, LoadBalancer, Pool, ProvisioningStatus, QuotaKind};
use octavia_store::Tx;
use serde_json::{Value, json};

use crate::api::{Wish, parse_id};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::payload::{Payload, Root};
use crate::query::Query;
use crate::rules::quota;
use crate::rules::{self, change};
use crate::turn::Accepted;
use crate::wire::listener::{ListenerPost, ListenerPut, view};
use crate::wire::load_balancer::statistics;
use crate::{Api, policy};

const ROOT: Root = Root {
    argument: "listener_",
    key: "listener",
};
const NAME: &str = "Listener";

/// Returns the paths of listeners.
pub(super) fn routes() -> Router<Api> {
    let item = get(show).put(update).delete(delete);
    Router::new()
        .route(
            "/v2.0/lbaas/listeners",
            super::collection(get(list).post(create)),
        )
        .route(
            "/v2.0/lbaas/listeners/{id}",
            super::item(item, ROOT, "ListenerRootPOST"),
        )
        .route("/v2.0/lbaas/listeners/{id}/stats", get(stats))
}

async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    let mut request = ListRequest::of_list(&query, &api.config)?;
    caller.may_list(policy::LISTENER_GET_ALL, &mut request.query.project_id)?;
    let mut tx = api.store.read("listener.list").await?;
    let found = tx.listeners(&request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    Ok(Json(
        request.answer("listeners", found.iter().map(view).collect()),
    ))
}

async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    let request = ListRequest::of_item(&query, &api.config)?;
    let listener = load(&mut api.store.read("listener.get").await?, &id).await?;
    caller.may(policy::LISTENER_GET_ONE, listener.project_id.as_deref())?;
    Ok(Json(json!({ "listener": request.select(view(&listener)) })))
}

async fn load(tx: &mut Tx, id: &str) -> Result<Listener> {
    let id = parse_id(id, NAME)?;
    tx.listener(id)
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
    let post: ListenerPost = payload.decode(ROOT)?;
    let body = api.in_turn(|| create_once(&api, &caller, &post)).await?;
    Ok((StatusCode::CREATED, Json(json!({ "listener": body }))).into_response())
}

async fn create_once(api: &Api, caller: &Caller, post: &ListenerPost) -> Result<Accepted<Value>> {
    let Some(id) = post.loadbalancer_id.as_ref().copied() else {
        return Err(Error::invalid_option("None", "loadbalancer_id"));
    };
    let mut tx = api.store.begin("listener.create").await?;
    let load_balancer = tx.load_balancer(id).await?;
    let load_balancer = load_balancer.ok_or_else(|| Error::not_found("Load Balancer", &id))?;
    caller.may(policy::LISTENER_POST, load_balancer.project_id.as_deref())?;
    no_children(post)?;
    let pool = default_pool(&mut tx, id, post.listener.default_pool_id.as_ref().copied()).await?;
    if let (Some(pool), Some(protocol)) = (&pool, post.listener.protocol.as_ref()) {
        rules::protocol::may_serve(*protocol, pool.protocol)?;
    }
    let load_balancer = change::below(&mut tx, id).await?;
    let listener = rules::listener::create(api, &load_balancer, &post.listener)?;
    rules::listener::free_port(&listener, &tx.listeners_of(id).await?)?;
    let owner = load_balancer.project_id.as_deref();
    quota::take(api, &mut tx, owner, &[(QuotaKind::Listener, 1)]).await?;
    tx.insert_listener(&listener).await?;
    let what = format!("creation of listener {}", listener.id);
    api.wake(&mut tx, id, Wish::Change, &what).await?;
    tx.commit().await?;
    Ok(Accepted::new(id, view(&listener)))
}

/// The type has children, but they only work inside the tree of a load balancer.
fn no_children(post: &ListenerPost) -> Result<()> {
    if post.listener.default_pool.is_value() {
        return Err(Error::validation(
            "default_pool is only accepted when a load balancer is created; create the pool, then \
             give default_pool_id.",
        ));
    }
    if post
        .listener
        .l7policies
        .as_ref()
        .is_some_and(|policies| !policies.is_empty())
    {
        return Err(Error::validation(
            "l7policies are only accepted when a load balancer is created.",
        ));
    }
    Ok(())
}

async fn default_pool(
    tx: &mut Tx,
    load_balancer: Id<LoadBalancer>,
    id: Option<Id<Pool>>,
) -> Result<Option<Pool>> {
    let Some(id) = id else {
        return Ok(None);
    };
    let pool = tx
        .pool(id)
        .await?
        .filter(|pool| pool.load_balancer_id == load_balancer);
    pool.map(Some).ok_or_else(|| Error::not_found("Pool", &id))
}

async fn update(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let put = payload.decode_optional::<ListenerPut>(ROOT)?;
    let put = put
        .value()
        .ok_or_else(|| Error::validation("No listener object supplied."))?;
    let id = parse_id(&id, NAME)?;
    let body = api.in_turn(|| update_once(&api, &caller, id, &put)).await?;
    Ok(Json(json!({ "listener": body })))
}

async fn update_once(
    api: &Api,
    caller: &Caller,
    id: Id<Listener>,
    put: &ListenerPut,
) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("listener.update").await?;
    let listener = tx
        .listener(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))?;
    caller.may(policy::LISTENER_PUT, listener.project_id.as_deref())?;
    let lb = listener.load_balancer_id;
    let pool = default_pool(&mut tx, lb, put.default_pool_id.as_ref().copied()).await?;
    if let Some(pool) = pool {
        rules::protocol::may_serve(listener.protocol, pool.protocol)?;
    }
    let load_balancer = tx.load_balancer(lb).await?;
    let load_balancer = load_balancer.ok_or_else(|| Error::not_found("Load Balancer", &lb))?;
    // As upstream: a request that breaks a rule is refused whatever the state, and before the lock.
    rules::listener::update(api, &load_balancer, listener, put.clone())?;
    let load_balancer = change::below(&mut tx, lb).await?;
    let listener = tx
        .listener(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))?;
    let mut listener = rules::listener::update(api, &load_balancer, listener, put.clone())?;
    listener.provisioning_status = ProvisioningStatus::PendingUpdate;
    tx.save_listener(&listener).await?;
    let shown = tx.listener(id).await?.unwrap_or(listener);
    api.wake(
        &mut tx,
        lb,
        Wish::Change,
        &format!("update of listener {id}"),
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

async fn delete_once(api: &Api, caller: &Caller, id: Id<Listener>) -> Result<Accepted<()>> {
    let mut tx = api.store.begin("listener.delete").await?;
    let listener = tx
        .listener(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))?;
    caller.may(policy::LISTENER_DELETE, listener.project_id.as_deref())?;
    let lb = listener.load_balancer_id;
    change::below(&mut tx, lb).await?;
    let mut listener = tx
        .listener(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))?;
    listener.provisioning_status = ProvisioningStatus::PendingDelete;
    tx.save_listener(&listener).await?;
    api.wake(
        &mut tx,
        lb,
        Wish::Change,
        &format!("deletion of listener {id}"),
    )
    .await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, ()))
}

async fn stats(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let mut tx = api.store.read("listener.stats").await?;
    let listener = load(&mut tx, &id).await?;
    caller.may(policy::LISTENER_GET_STATS, listener.project_id.as_deref())?;
    let counters = tx.listener_statistics(listener.id).await?;
    Ok(Json(json!({ "stats": statistics(&counters) })))
}
