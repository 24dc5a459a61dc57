use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_model::{Limits, Quota};
use octavia_store::Resource;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::openapi::{Operation, common, parameter};
use crate::payload::{Payload, Root};
use crate::query::Query;
use crate::wire::quota::QuotaPut;
use crate::wire::schema::{Components, Described};
use crate::wire::view::View;
use crate::{Api, policy};

const ROOT: Root = Root {
    argument: "quotas",
    key: "quota",
};

/// Returns the paths of quotas.
pub(super) fn routes() -> Router<Api> {
    let item = get(show).put(update).delete(reset);
    Router::new()
        .route(
            "/v2.0/lbaas/quotas",
            super::collection(get(list), "project_id"),
        )
        .route("/v2.0/lbaas/quotas/{project_id}", item)
        .route("/v2.0/lbaas/quotas/{project_id}/default", get(defaults))
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    const TAG: &str = "Quota";
    const ITEM: &str = "/v2.0/lbaas/quotas/{project_id}";
    let view = Quota::schema(components);
    let shown = || common::under("quota", view.clone());
    let body = common::under("quota", QuotaPut::schema(components));
    let of_item = |method, id: &str| Operation::new(method, ITEM, id, TAG);
    vec![
        common::list_of::<Quota>(
            "/v2.0/lbaas/quotas",
            ("quotas", "quotas_links"),
            TAG,
            components,
        )
        .with(parameter::of_list(Resource::Quota)),
        of_item("get", "show_quota")
            .says("Shows the limits in force for a project.")
            .answer(200, "The limits.", shown()),
        of_item("put", "update_quota")
            .says("Changes the limits of a project.")
            .takes(&body)
            .answer(202, "The limits in force now.", shown()),
        of_item("delete", "reset_quota")
            .says("Returns the limits of a project to the defaults.")
            .empty(202, "Accepted."),
        Operation::new("get", format!("{ITEM}/default"), "show_default_quota", TAG)
            .says("Shows the limits of projects that have none of their own.")
            .answer(200, "The limits.", shown()),
    ]
}

async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Response> {
    let mut request = ListRequest::of_list(&query, &api.config)?;
    caller.may_list(policy::QUOTA.get_all, &mut request.query.project_id)?;
    let mut tx = api.store.read("quota.list").await?;
    let found = tx.quotas(&request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    Ok(request.answer("quotas", "quotas_links", &found))
}

/// Shows what is in force. Unlike upstream, looking writes nothing: the defaults stay defaults.
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(project): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    query.only(&["project_id"])?;
    caller.may(policy::QUOTA.get_one, Some(&project))?;
    let quota = api.store.read("quota.get").await?.quota(&project).await?;
    let limits = quota.map_or_else(Limits::default, |quota| quota.limits);
    Ok(answer(project, limits.or(api.config.quotas)))
}

async fn defaults(
    State(api): State<Api>,
    caller: Caller,
    Path(project): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    query.only(&[])?;
    caller.may(policy::QUOTA_GET_DEFAULTS, Some(&project))?;
    Ok(answer(project, api.config.quotas))
}

fn answer(project_id: String, limits: Limits) -> Json<Value> {
    Json(json!({ "quota": Quota { project_id, limits }.view() }))
}

async fn update(
    State(api): State<Api>,
    caller: Caller,
    Path(project): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Response> {
    query.only(&["project_id"])?;
    let put: QuotaPut = payload.decode(ROOT)?;
    caller.may(policy::QUOTA.put, Some(&project))?;
    let mut tx = api.store.begin("quota.update").await?;
    let mut quota = tx.lock_quota(&project).await?;
    quota.limits = put.apply_to(quota.limits, api.config.quotas);
    tx.save_quota(&quota).await?;
    tx.commit().await?;
    let body = answer(project, quota.limits.or(api.config.quotas));
    Ok((StatusCode::ACCEPTED, body).into_response())
}

/// Writes the defaults of now into the project's quota, as upstream does.
async fn reset(
    State(api): State<Api>,
    caller: Caller,
    Path(project): Path<String>,
    query: Query,
) -> Result<Response> {
    query.only(&["project_id"])?;
    caller.may(policy::QUOTA.delete, Some(&project))?;
    let mut tx = api.store.begin("quota.reset").await?;
    let mut quota = tx
        .quota(&project)
        .await?
        .ok_or_else(|| Error::not_found("Quotas", &project))?;
    quota.limits = api.config.quotas;
    tx.save_quota(&quota).await?;
    tx.commit().await?;
    Ok(super::empty(StatusCode::ACCEPTED))
}
