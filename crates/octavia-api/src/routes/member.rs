mod batch;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_model::{Id, Member, Pool, ProvisioningStatus, QuotaKind};
use octavia_store::Tx;
use serde_json::{Value, json};

use crate::api::{Wish, parse_id};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::payload::{Payload, Root};
use crate::query::Query;
use crate::rules::quota;
use crate::rules::{change, member as rules};
use crate::turn::Accepted;
use crate::wire::member::{MemberPost, MemberPut, view};
use crate::{Api, policy};

const ROOT: Root = Root {
    argument: "member_",
    key: "member",
};
const NAME: &str = "Member";

/// Returns the paths of members.
pub(super) fn routes() -> Router<Api> {
    let collection = get(list)
        .post(create)
        .put(batch::replace)
        .delete(async || super::missing_argument("id"));
    let item = get(show).put(update).delete(delete);
    Router::new()
        .route("/v2.0/lbaas/pools/{pool}/members", collection)
        .route(
            "/v2.0/lbaas/pools/{pool}/members/{id}",
            super::item(item, ROOT, "MemberRootPOST"),
        )
}

/// Returns the pool of the path. Upstream looks for it while routing, hence the other envelope.
async fn parent(tx: &mut Tx, id: &str) -> Result<Pool> {
    let missing = || Error::no_parent("Pool", id);
    let id = id.parse().map_err(|_| missing())?;
    tx.pool(id).await?.ok_or_else(missing)
}

async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(pool): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    let mut request = ListRequest::of_list(&query, &api.config)?;
    let mut tx = api.store.read("member.list").await?;
    let pool = parent(&mut tx, &pool).await?;
    caller.may(policy::MEMBER_GET_ALL, pool.project_id.as_deref())?;
    request.query.filters.extend(
        request
            .query
            .project_id
            .take()
            .map(|project| ("project_id".to_owned(), project)),
    );
    let found = tx.members(pool.id, &request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    Ok(Json(
        request.answer("members", found.iter().map(view).collect()),
    ))
}

async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path((pool, id)): Path<(String, String)>,
    query: Query,
) -> Result<Json<Value>> {
    let request = ListRequest::of_item(&query, &api.config)?;
    let mut tx = api.store.read("member.get").await?;
    let pool = parent(&mut tx, &pool).await?;
    let member = load(&mut tx, pool.id, &id).await?;
    caller.may(policy::MEMBER_GET_ONE, member.project_id.as_deref())?;
    Ok(Json(json!({ "member": request.select(view(&member)) })))
}

async fn load(tx: &mut Tx, pool: Id<Pool>, id: &str) -> Result<Member> {
    let id = parse_id(id, NAME)?;
    tx.member(pool, id)
        .await?
        .ok_or_else(|| Error::not_found(NAME, &id))
}

async fn create(
    State(api): State<Api>,
    caller: Caller,
    Path(pool): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Response> {
    query.only(&[])?;
    let pool = parent(&mut api.store.read("member.create").await?, &pool).await?;
    let post: MemberPost = payload.decode(ROOT)?;
    caller.may(policy::MEMBER_POST, pool.project_id.as_deref())?;
    rules::build(&api, &pool, post.member.clone())?;
    rules::subnets_exist(&api, post.member.subnet_id.as_ref().copied()).await?;
    let body = api.in_turn(|| create_once(&api, &pool, &post)).await?;
    Ok((StatusCode::CREATED, Json(json!({ "member": body }))).into_response())
}

async fn create_once(api: &Api, pool: &Pool, post: &MemberPost) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("member.create").await?;
    let (load_balancer, pool) = change::inside_pool(&mut tx, pool).await?;
    rules::may_have_sriov(api, &mut tx, &load_balancer, &post.member).await?;
    let member = rules::build(api, &pool, post.member.clone())?;
    rules::same_family(&load_balancer, &pool, &member)?;
    let others = tx.members_of(pool.id).await?;
    if others
        .iter()
        .any(|other| rules::same_target(other, &member))
    {
        return Err(rules::taken(&member));
    }
    let owner = load_balancer.project_id.as_deref();
    quota::take(api, &mut tx, owner, &[(QuotaKind::Member, 1)]).await?;
    tx.insert_member(&member).await?;
    let lb = load_balancer.id;
    let what = format!("creation of member {}", member.id);
    api.wake(&mut tx, lb, Wish::Change, &what).await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, view(&member)))
}

async fn update(
    State(api): State<Api>,
    caller: Caller,
    Path((pool, id)): Path<(String, String)>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let pool = parent(&mut api.store.read("member.update").await?, &pool).await?;
    let put: MemberPut = payload.decode(ROOT)?;
    let body = api
        .in_turn(|| update_once(&api, &caller, (&pool, &id), &put))
        .await?;
    Ok(Json(json!({ "member": body })))
}

async fn update_once(
    api: &Api,
    caller: &Caller,
    (pool, id): (&Pool, &str),
    put: &MemberPut,
) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("member.update").await?;
    let member = load(&mut tx, pool.id, id).await?;
    caller.may(policy::MEMBER_PUT, member.project_id.as_deref())?;
    let (load_balancer, pool) = change::inside_pool(&mut tx, pool).await?;
    let mut member = rules::update(load(&mut tx, pool.id, id).await?, put.clone())?;
    member.provisioning_status = ProvisioningStatus::PendingUpdate;
    tx.save_member(&member).await?;
    let shown = load(&mut tx, pool.id, id).await?;
    let lb = load_balancer.id;
    api.wake(&mut tx, lb, Wish::Change, &format!("update of member {id}"))
        .await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, view(&shown)))
}

async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Path((pool, id)): Path<(String, String)>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    let pool = parent(&mut api.store.read("member.delete").await?, &pool).await?;
    api.in_turn(|| delete_once(&api, &caller, &pool, &id))
        .await?;
    Ok(super::empty(StatusCode::NO_CONTENT))
}

async fn delete_once(api: &Api, caller: &Caller, pool: &Pool, id: &str) -> Result<Accepted<()>> {
    let mut tx = api.store.begin("member.delete").await?;
    let member = load(&mut tx, pool.id, id).await?;
    caller.may(policy::MEMBER_DELETE, member.project_id.as_deref())?;
    let (load_balancer, pool) = change::inside_pool(&mut tx, pool).await?;
    let mut member = load(&mut tx, pool.id, id).await?;
    member.provisioning_status = ProvisioningStatus::PendingDelete;
    tx.save_member(&member).await?;
    let lb = load_balancer.id;
    api.wake(
        &mut tx,
        lb,
        Wish::Change,
        &format!("deletion of member {id}"),
    )
    .await?;
    tx.commit().await?;
    Ok(Accepted::new(lb, ()))
}
