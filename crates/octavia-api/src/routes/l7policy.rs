use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_model::{Id, L7Policy, Listener, Pool, ProvisioningStatus, QuotaKind};
use octavia_store::Tx;
use serde_json::{Value, json};

use crate::api::{Wish, parse_id};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::payload::{Payload, Root};
use crate::query::Query;
use crate::rules::quota;
use crate::rules::{change, l7policy as rules, protocol};
use crate::turn::Accepted;
use crate::wire::l7policy::{L7PolicyPost, L7PolicyPut, view};
use crate::{Api, policy};

const ROOT: Root = Root {
    argument: "l7policy_",
    key: "l7policy",
};
const NAME: &str = "L7 Policy";

/// Returns the paths of policies.
pub(super) fn routes() -> Router<Api> {
    let item = get(show).put(update).delete(delete);
    Router::new()
        .route(
            "/v2.0/lbaas/l7policies",
            super::collection(get(list).post(create)),
        )
        .route(
            "/v2.0/lbaas/l7policies/{id}",
            super::item(item, ROOT, "L7PolicyRootPOST"),
        )
}

async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Json<Value>> {
    let mut request = ListRequest::of_list(&query, &api.config)?;
    caller.may_list(policy::L7_POLICY_GET_ALL, &mut request.query.project_id)?;
    let mut tx = api.store.read("l7policy.list").await?;
    let found = tx.l7_policies(&request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    Ok(Json(
        request.answer("l7policies", found.iter().map(view).collect()),
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
    let mut tx = api.store.read("l7policy.get").await?;
    let found = load(&mut tx, id).await?;
    caller.may(policy::L7_POLICY_GET_ONE, found.project_id.as_deref())?;
    Ok(Json(json!({ "l7policy": request.select(view(&found)) })))
}

async fn load(tx: &mut Tx, id: Id<L7Policy>) -> Result<L7Policy> {
    tx.l7_policy(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))
}

async fn listener_of(tx: &mut Tx, id: Id<Listener>) -> Result<Listener> {
    tx.listener(id)
        .await?
        .ok_or_else(|| Error::not_found("Listener", &id))
}

/// Refuses a pool of another load balancer, or one that the listener cannot use.
async fn check_pool(tx: &mut Tx, listener: &Listener, id: Option<Id<Pool>>) -> Result<()> {
    let Some(id) = id else {
        return Ok(());
    };
    let found = tx.pool(id).await?;
    let pool = found.filter(|pool| pool.load_balancer_id == listener.load_balancer_id);
    let pool = pool.ok_or_else(|| Error::not_found("Pool", &id))?;
    protocol::may_serve(listener.protocol, pool.protocol)
}

async fn create(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
    payload: Payload,
) -> Result<Response> {
    query.only(&[])?;
    let post: L7PolicyPost = payload.decode(ROOT)?;
    let body = api.in_turn(|| create_once(&api, &caller, &post)).await?;
    Ok((StatusCode::CREATED, Json(json!({ "l7policy": body }))).into_response())
}

async fn create_once(api: &Api, caller: &Caller, post: &L7PolicyPost) -> Result<Accepted<Value>> {
    let Some(id) = post.listener_id.as_ref().copied() else {
        return Err(Error::invalid_option("None", "listener_id"));
    };
    let mut tx = api.store.begin("l7policy.create").await?;
    let listener = listener_of(&mut tx, id).await?;
    caller.may(policy::L7_POLICY_POST, listener.project_id.as_deref())?;
    no_rules(post)?;
    let pool = post.redirect_pool_id.as_ref().copied();
    let made = rules::build(api, &listener, post.policy.clone(), pool)?;
    check_pool(&mut tx, &listener, made.redirect_pool_id).await?;
    rules::readable(&listener)?;
    let lb = listener.load_balancer_id;
    let load_balancer = change::below(&mut tx, lb).await?;
    check_pool(&mut tx, &listener, made.redirect_pool_id).await?;
    change::listeners(&mut tx, &[id]).await?;
    let owner = load_balancer.project_id.as_deref();
    quota::take(api, &mut tx, owner, &[(QuotaKind::L7Policy, 1)]).await?;
    tx.insert_l7_policy(&made).await?;
    let shown = load(&mut tx, made.id).await?;
    let what = format!("creation of L7 policy {}", made.id);
    api.wake(&mut tx, lb, Wish::Change, &what).await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, view(&shown)))
}

/// The type has rules, but they only work inside the tree of a load balancer.
fn no_rules(post: &L7PolicyPost) -> Result<()> {
    let rules = post.policy.rules.as_ref();
    if rules.is_some_and(|rules| !rules.is_empty()) {
        return Err(Error::validation(
            "rules are only accepted when a load balancer is created.",
        ));
    }
    Ok(())
}

async fn update(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let put: L7PolicyPut = payload.decode(ROOT)?;
    let id = parse_id(&id, NAME)?;
    let body = api.in_turn(|| update_once(&api, &caller, id, &put)).await?;
    Ok(Json(json!({ "l7policy": body })))
}

async fn update_once(
    api: &Api,
    caller: &Caller,
    id: Id<L7Policy>,
    put: &L7PolicyPut,
) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("l7policy.update").await?;
    let present = load(&mut tx, id).await?;
    caller.may(policy::L7_POLICY_PUT, present.project_id.as_deref())?;
    let listener = listener_of(&mut tx, present.listener_id).await?;
    // As upstream: a request that breaks a rule is refused whatever the state, and before the lock.
    let wanted = rules::update(present, put.clone())?;
    check_pool(&mut tx, &listener, wanted.redirect_pool_id).await?;
    let lb = listener.load_balancer_id;
    change::below(&mut tx, lb).await?;
    let mut changed = rules::update(load(&mut tx, id).await?, put.clone())?;
    check_pool(&mut tx, &listener, changed.redirect_pool_id).await?;
    changed.provisioning_status = ProvisioningStatus::PendingUpdate;
    change::listeners(&mut tx, &[listener.id]).await?;
    tx.save_l7_policy(&changed).await?;
    let shown = load(&mut tx, id).await?;
    let what = format!("update of L7 policy {id}");
    api.wake(&mut tx, lb, Wish::Change, &what).await?;
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

async fn delete_once(api: &Api, caller: &Caller, id: Id<L7Policy>) -> Result<Accepted<()>> {
    let mut tx = api.store.begin("l7policy.delete").await?;
    let present = load(&mut tx, id).await?;
    caller.may(policy::L7_POLICY_DELETE, present.project_id.as_deref())?;
    let listener = listener_of(&mut tx, present.listener_id).await?;
    let lb = listener.load_balancer_id;
    change::below(&mut tx, lb).await?;
    let mut doomed = load(&mut tx, id).await?;
    doomed.provisioning_status = ProvisioningStatus::PendingDelete;
    change::listeners(&mut tx, &[listener.id]).await?;
    tx.save_l7_policy(&doomed).await?;
    let what = format!("deletion of L7 policy {id}");
    api.wake(&mut tx, lb, Wish::Change, &what).await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, ()))
}
