use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_model::{Id, L7Policy, L7Rule, LoadBalancer, ProvisioningStatus, QuotaKind};
use octavia_store::Tx;
use serde_json::{Value, json};

use crate::api::{Wish, parse_id};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::payload::{Payload, Root};
use crate::query::Query;
use crate::rules::quota;
use crate::rules::{change, l7rule as rules};
use crate::turn::Accepted;
use crate::wire::l7rule::{L7RulePost, L7RulePut, view};
use crate::{Api, policy};

const ROOT: Root = Root {
    argument: "rule_",
    key: "rule",
};
const NAME: &str = "L7 Rule";

/// Returns the paths of rules.
pub(super) fn routes() -> Router<Api> {
    let item = get(show).put(update).delete(delete);
    Router::new()
        .route(
            "/v2.0/lbaas/l7policies/{policy}/rules",
            super::collection(get(list).post(create)),
        )
        .route(
            "/v2.0/lbaas/l7policies/{policy}/rules/{id}",
            super::item(item, ROOT, "L7RuleRootPOST"),
        )
}

/// Returns the policy of the path. Upstream looks for it while routing, hence the other envelope.
async fn parent(tx: &mut Tx, id: &str) -> Result<L7Policy> {
    let missing = || Error::no_parent("L7Policy", id);
    let id = id.parse().map_err(|_| missing())?;
    tx.l7_policy(id).await?.ok_or_else(missing)
}

async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(above): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    let mut request = ListRequest::of_list(&query, &api.config)?;
    let mut tx = api.store.read("l7rule.list").await?;
    let above = parent(&mut tx, &above).await?;
    caller.may(policy::L7_RULE_GET_ALL, above.project_id.as_deref())?;
    request.query.filters.extend(
        request
            .query
            .project_id
            .take()
            .map(|project| ("project_id".to_owned(), project)),
    );
    let found = tx.l7_rules(above.id, &request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    Ok(Json(
        request.answer("rules", found.iter().map(view).collect()),
    ))
}

async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path((above, id)): Path<(String, String)>,
    query: Query,
) -> Result<Json<Value>> {
    let request = ListRequest::of_item(&query, &api.config)?;
    let mut tx = api.store.read("l7rule.get").await?;
    parent(&mut tx, &above).await?;
    let rule = load(&mut tx, &id).await?;
    caller.may(policy::L7_RULE_GET_ONE, rule.project_id.as_deref())?;
    Ok(Json(json!({ "rule": request.select(view(&rule)) })))
}

/// Returns a rule; it need not be one of the policy of the path.
async fn load(tx: &mut Tx, id: &str) -> Result<L7Rule> {
    let id = parse_id(id, NAME)?;
    tx.l7_rule(id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))
}

/// Locks what is above a rule.
async fn lock(tx: &mut Tx, id: Id<L7Policy>) -> Result<(LoadBalancer, L7Policy)> {
    let missing = || Error::no_parent("L7Policy", &id.to_string());
    let above = tx.l7_policy(id).await?.ok_or_else(missing)?;
    let listener = tx.listener(above.listener_id).await?.ok_or_else(missing)?;
    change::inside_policy(tx, &listener, id).await
}

async fn create(
    State(api): State<Api>,
    caller: Caller,
    Path(above): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Response> {
    query.only(&[])?;
    let above = parent(&mut api.store.read("l7rule.create").await?, &above).await?;
    let post: L7RulePost = payload.decode(ROOT)?;
    rules::on_one_line(post.rule.key.as_ref(), post.rule.value.as_ref())?;
    caller.may(policy::L7_RULE_POST, above.project_id.as_deref())?;
    rules::build(&api, &above, post.rule.clone())?;
    let body = api.in_turn(|| create_once(&api, above.id, &post)).await?;
    Ok((StatusCode::CREATED, Json(json!({ "rule": body }))).into_response())
}

async fn create_once(api: &Api, above: Id<L7Policy>, post: &L7RulePost) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("l7rule.create").await?;
    let (load_balancer, above) = lock(&mut tx, above).await?;
    rules::room_for_one(&above)?;
    let rule = rules::build(api, &above, post.rule.clone())?;
    let owner = load_balancer.project_id.as_deref();
    quota::take(api, &mut tx, owner, &[(QuotaKind::L7Rule, 1)]).await?;
    tx.insert_l7_rule(&rule).await?;
    let lb = load_balancer.id;
    let what = format!("creation of L7 rule {}", rule.id);
    api.wake(&mut tx, lb, Wish::Change, &what).await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, view(&rule)))
}

async fn update(
    State(api): State<Api>,
    caller: Caller,
    Path((above, id)): Path<(String, String)>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    query.only(&[])?;
    parent(&mut api.store.read("l7rule.update").await?, &above).await?;
    let put: L7RulePut = payload.decode(ROOT)?;
    rules::on_one_line(put.key.as_ref(), put.value.as_ref())?;
    let body = api
        .in_turn(|| update_once(&api, &caller, &id, &put))
        .await?;
    Ok(Json(json!({ "rule": body })))
}

async fn update_once(
    api: &Api,
    caller: &Caller,
    id: &str,
    put: &L7RulePut,
) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("l7rule.update").await?;
    let rule = load(&mut tx, id).await?;
    caller.may(policy::L7_RULE_PUT, rule.project_id.as_deref())?;
    let above = rule.l7_policy_id;
    // As upstream: a request that breaks a rule is refused whatever the state, and before the lock.
    rules::update(api, rule, put.clone())?;
    let (load_balancer, _) = lock(&mut tx, above).await?;
    let mut rule = rules::update(api, load(&mut tx, id).await?, put.clone())?;
    rule.provisioning_status = ProvisioningStatus::PendingUpdate;
    tx.save_l7_rule(&rule).await?;
    let shown = load(&mut tx, id).await?;
    let lb = load_balancer.id;
    let what = format!("update of L7 rule {id}");
    api.wake(&mut tx, lb, Wish::Change, &what).await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, view(&shown)))
}

async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Path((above, id)): Path<(String, String)>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    parent(&mut api.store.read("l7rule.delete").await?, &above).await?;
    api.in_turn(|| delete_once(&api, &caller, &id)).await?;
    Ok(super::empty(StatusCode::NO_CONTENT))
}

async fn delete_once(api: &Api, caller: &Caller, id: &str) -> Result<Accepted<()>> {
    let mut tx = api.store.begin("l7rule.delete").await?;
    let rule = load(&mut tx, id).await?;
    caller.may(policy::L7_RULE_DELETE, rule.project_id.as_deref())?;
    let (load_balancer, _) = lock(&mut tx, rule.l7_policy_id).await?;
    let mut rule = load(&mut tx, id).await?;
    rule.provisioning_status = ProvisioningStatus::PendingDelete;
    tx.save_l7_rule(&rule).await?;
    let lb = load_balancer.id;
    let what = format!("deletion of L7 rule {id}");
    api.wake(&mut tx, lb, Wish::Change, &what).await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, ()))
}
