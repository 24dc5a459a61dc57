use axum::Router;
use axum::extract::{Path, State};
use axum::response::Json;
use axum::routing::put;
use octavia_model::{Change, Id, LoadBalancer, VnicType};
use octavia_store::Tx;
use serde_json::{Value, json};

use super::child::Call;
use super::load_balancer::may_change;
use crate::Api;
use crate::api::parse_id;
use crate::caller::Caller;
use crate::declared::{self, Declaration, Mode, Plan};
use crate::error::{Error, Result};
use crate::openapi::{Operation, common, parameter};
use crate::payload::Payload;
use crate::provider::Order;
use crate::query::Query;
use crate::rules::references::ReadSecrets;
use crate::rules::{self, attachments, change, choice, quota};
use crate::tree::{Strictness, Tree};
use crate::turn::Accepted;
use crate::wire::schema::Components;

const NAME: &str = "Load Balancer";

/// Returns the paths of whole load balancers.
pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v2.0/lbaas/loadbalancers/{id}/config", put(declare))
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let path = "/v2.0/lbaas/loadbalancers/{id}/config";
    let dry_run = parameter::query(
        "dry_run",
        "Whether the plan is only told.",
        &json!({ "type": "boolean" }),
    );
    let declaration = common::under("loadbalancer", declared::request_schema(components));
    let operation = Operation::new("put", path, "declare_loadbalancer", NAME)
        .says("Makes the load balancer and everything below it as the body says.")
        .with([dry_run])
        .takes(&declaration)
        .answer(
            200,
            "The plan.",
            common::under("config", declared::answer_schema(components)),
        );
    vec![operation]
}

/// Makes a load balancer and everything below it as the body says, or tells what that would change.
async fn declare(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    query.only(&["dry_run"])?;
    let mode = if query.flag("dry_run") {
        Mode::Tell
    } else {
        Mode::Do
    };
    let id = parse_id(&id, NAME)?;
    let declaration = Declaration::read(&payload)?;
    let present = load(&mut api.store.read("load_balancer.declare").await?, id).await?;
    may_change(&caller, &present, &declaration.own)?;
    declaration.check_fixed(&present)?;
    attachments::of_changed(&api, &declaration.own).await?;
    declaration.check_subnets(&api).await?;
    let (api, caller) = (&api, &caller);
    let secrets = &ReadSecrets::by(caller);
    let call = Call {
        api,
        caller,
        secrets,
    };
    let told = api
        .in_turn_with(secrets, || declare_once(call, id, &declaration, mode))
        .await?;
    Ok(Json(json!({ "config": told })))
}

async fn load(tx: &mut Tx, id: Id<LoadBalancer>) -> Result<LoadBalancer> {
    let found = tx.load_balancer(id).await?;
    found.ok_or_else(|| Error::not_found(NAME, &id))
}

async fn declare_once(
    Call {
        api,
        caller,
        secrets,
    }: Call<'_>,
    id: Id<LoadBalancer>,
    declaration: &Declaration,
    mode: Mode,
) -> Result<Accepted<Value>> {
    let mut tx = api.store.begin("load_balancer.declare").await?;
    let locked = change::of_load_balancer(&mut tx, id, Change::Update).await?;
    let present = tx.tree(id).await?;
    let present = present.ok_or_else(|| Error::not_found(NAME, &id))?;
    let load_balancer = rules::load_balancer::update(api, locked, declaration.own.clone())?;
    let asked = declaration.tree.clone();
    let wanted = Tree::build(api, &load_balancer, asked, Strictness::SingleCalls)?;
    let plan = declared::plan(&present, &load_balancer, &wanted)?;
    let owner = load_balancer.project_id.as_deref();
    for rule in plan.guards() {
        caller.may(rule, owner)?;
    }
    for (at, references) in plan.references() {
        secrets.check(&references).map_err(|error| error.at(at))?;
    }
    may_have_sriov(&mut tx, &load_balancer, &plan).await?;
    quota::take(api, &mut tx, owner, &plan.growth()).await?;
    let told = declared::answer(&plan, &present, mode);
    if mode == Mode::Tell || plan.is_empty() {
        // The transaction, and with it the lock, is given up: nothing changes.
        return Ok(Accepted {
            load_balancer: None,
            answer: told,
        });
    }
    tx.save_load_balancer(&load_balancer).await?;
    declared::write(&mut tx, &plan).await?;
    api.order(&mut tx, &load_balancer, Order::Declare).await?;
    tx.commit().await?;
    Ok(Accepted::new(id, told))
}

/// Checks that new members may have the virtual functions of NICs that they ask for.
async fn may_have_sriov(tx: &mut Tx, load_balancer: &LoadBalancer, plan: &Plan) -> Result<()> {
    let mut new = plan.members.created.iter();
    let Some(first) = new.find(|new| new.row.vnic_type == VnicType::Direct) else {
        return Ok(());
    };
    let may = choice::member_sriov_of(tx, load_balancer.flavor_id).await;
    may.map_err(|error| error.at(&first.at))
}
