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
use crate::wire::pool::{PoolPost, PoolPut, view};
use crate::{Api, policy};

const ROOT: Root = Root {
    argument: "pool_",
    key: "pool",
};
const NAME: &str = "Pool";

/// Returns the paths of pools.
pub(super) fn routes() -> Router<Api> {
    let item = get(show).put(update).delete(delete);
    Router::new()
        .route(
            "/v2.0/lbaas/pools",
            super::collection(get(list).post(create)),
        )
        .route(
            "/v2.0/lbaas/pools/{id}",
            super::item(item, ROOT, "PoolRootPOST"),
        )
}

async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    let mut request = ListRequest::of_list(&query, &api.config)?;
    caller.may_list(policy::POOL_GET_ALL, &mut request.query.project_id)?;
    let mut tx = api.store.read("pool.list").await?;
    let found = tx.pools(&request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    Ok(Json(
        request.answer("pools", found.iter().map(view).collect()),
    ))
}

async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    let request = ListRequest::of_item(&query, &api.config)?;
    let id = parse_id(&id, NAME)?;
    let mut tx = api.store.read("pool.get").await?;
    let pool = load(&mut tx, id).await?;
    caller.may(policy::POOL_GET_ONE, pool.project_id.as_deref())?;
    Ok(Json(json!({ "pool": request.select(view(&pool)) })))
}

async fn load(tx: &mut Tx, id: Id<Pool>) -> Result<Pool> {
    tx.pool(id)
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
    let post: PoolPost = payload.decode(ROOT)?;
    mandatory(&post)?;
    let body = api.in_turn(|| create_once(&api, &caller, &post)).await?;
    Ok((StatusCode::CREATED, Json(json!({ "pool": body }))).into_response())
}

/// Inside a tree these may be absent, where a name refers to another pool; here they may not.
fn mandatory(post: &PoolPost) -> Result<()> {
    for (field, absent) in [
        ("protocol", post.pool.protocol.is_absent()),
        ("lb_algorithm", post.pool.lb_algorithm.is_absent()),
    ] {
        if absent {
            return Err(Error::invalid_input(
                field,
                "None",
                "Mandatory field missing.",
            ));
        }
    }
    Ok(())
}

async fn create_once(api: &Api, caller: &Caller, post: &PoolPost) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("pool.create").await?;
    let (load_balancer, listener) = parents(&mut tx, post).await?;
    let id = load_balancer.id;
    caller.may(policy::POOL_POST, load_balancer.project_id.as_deref())?;
    no_children(post)?;
    let mut pool = rules::pool::build(api, &load_balancer, post.pool.clone())?;
    rules::pool::check_single(&pool)?;
    change::below(&mut tx, id).await?;
    let owner = load_balancer.project_id.as_deref();
    quota::take(api, &mut tx, owner, &[(QuotaKind::Pool, 1)]).await?;
    tx.insert_pool(&pool).await?;
    if let Some(listener) = listener {
        attach(&mut tx, &listener, &pool).await?;
        pool.listeners.push(listener.id);
    }
    let what = format!("creation of pool {}", pool.id);
    api.wake(&mut tx, id, Wish::Change, &what).await?;
    tx.commit().await?;
    Ok(Accepted::new(id, view(&pool)))
}

/// Finds what the pool is to belong to. With both ids, upstream does not compare the protocols.
async fn parents(tx: &mut Tx, post: &PoolPost) -> Result<(LoadBalancer, Option<Listener>)> {
    let listener = match post.listener_id.as_ref().copied() {
        Some(id) => {
            let found = tx.listener(id).await?;
            Some(found.ok_or_else(|| Error::no_subresource("Listener", &id))?)
        }
        None => None,
    };
    let named = post.loadbalancer_id.as_ref().copied();
    let of_listener = listener.as_ref().map(|listener| listener.load_balancer_id);
    let Some(id) = named.or(of_listener) else {
        return Err(Error::validation(
            "Must provide at least one of: loadbalancer_id, listener_id",
        ));
    };
    let load_balancer = tx.load_balancer(id).await?;
    let load_balancer = load_balancer.ok_or_else(|| Error::not_found("Load Balancer", &id))?;
    if let Some(listener) = &listener {
        if listener.load_balancer_id != id {
            return Err(Error::no_subresource("Listener", &listener.id));
        }
        if let (None, Some(protocol)) = (named, post.pool.protocol.as_ref()) {
            rules::protocol::may_serve(listener.protocol, *protocol)?;
        }
        if listener.default_pool_id.is_some() {
            let text = "This listener already has a default pool";
            return Err(Error::Conflict(text.to_owned()));
        }
    }
    Ok((load_balancer, listener))
}

/// The type has children, but they only work inside the tree of a load balancer.
fn no_children(post: &PoolPost) -> Result<()> {
    for (field, given) in [
        (
            "members",
            post.pool
                .members
                .as_ref()
                .is_some_and(|members| !members.is_empty()),
        ),
        ("healthmonitor", post.pool.healthmonitor.is_value()),
    ] {
        if given {
            return Err(Error::validation(format!(
                "{field} is only accepted when a load balancer is created."
            )));
        }
    }
    Ok(())
}

/// Makes the pool the listener's default, under the lock: somebody may have been faster.
async fn attach(tx: &mut Tx, listener: &Listener, pool: &Pool) -> Result<()> {
    let id = listener.id;
    let found = tx.listener(id).await?;
    let mut listener = found.ok_or_else(|| Error::no_subresource("Listener", &id))?;
    if listener.default_pool_id.is_some() {
        let text = "This listener already has a default pool";
        return Err(Error::Conflict(text.to_owned()));
    }
    listener.default_pool_id = Some(pool.id);
    listener.provisioning_status = ProvisioningStatus::PendingUpdate;
    Ok(tx.save_listener(&listener).await?)
}

async fn update(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let put: PoolPut = payload.decode(ROOT)?;
    let id = parse_id(&id, NAME)?;
    let body = api.in_turn(|| update_once(&api, &caller, id, &put)).await?;
    Ok(Json(json!({ "pool": body })))
}

async fn update_once(
    api: &Api,
    caller: &Caller,
    id: Id<Pool>,
    put: &PoolPut,
) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("pool.update").await?;
    let pool = load(&mut tx, id).await?;
    caller.may(policy::POOL_PUT, pool.project_id.as_deref())?;
    let lb = pool.load_balancer_id;
    // As upstream: a request that breaks a rule is refused whatever the state, and before the lock.
    rules::pool::update(api, pool, put.clone())?;
    change::below(&mut tx, lb).await?;
    let pool = load(&mut tx, id).await?;
    let mut pool = rules::pool::update(api, pool, put.clone())?;
    pool.provisioning_status = ProvisioningStatus::PendingUpdate;
    tx.save_pool(&pool).await?;
    change::listeners(&mut tx, &pool.listeners).await?;
    let shown = load(&mut tx, id).await?;
    api.wake(&mut tx, lb, Wish::Change, &format!("update of pool {id}"))
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

async fn delete_once(api: &Api, caller: &Caller, id: Id<Pool>) -> Result<Accepted<()>> {
    let mut tx = api.store.begin("pool.delete").await?;
    let pool = load(&mut tx, id).await?;
    caller.may(policy::POOL_DELETE, pool.project_id.as_deref())?;
    let lb = pool.load_balancer_id;
    change::below(&mut tx, lb).await?;
    if let Some(policy) = tx.l7_policy_using(id).await? {
        let text = format!("Pool {id} is in use by L7 policy {policy}");
        return Err(Error::Conflict(text));
    }
    let mut pool = load(&mut tx, id).await?;
    pool.provisioning_status = ProvisioningStatus::PendingDelete;
    tx.save_pool(&pool).await?;
    change::listeners(&mut tx, &pool.listeners).await?;
    api.wake(&mut tx, lb, Wish::Change, &format!("deletion of pool {id}"))
        .await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, ()))
}
