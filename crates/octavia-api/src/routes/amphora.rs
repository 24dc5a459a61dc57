use axum::Router;
use axum::extract::{Path, State};
use axum::response::{Json, Response};
use axum::routing::{get, put};
use http::StatusCode;
use octavia_model::{Amphora, AmphoraStatus, Id};
use octavia_store::{ListQuery, Resource, Tx};
use serde_json::{Value, json};

use super::kind::{Kind, transactions};
use super::operator::{self, Operators};
use crate::api::parse_id;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::openapi::{Operation, common};
use crate::payload::Root;
use crate::provider::AmphoraOrder;
use crate::query::Query;
use crate::rules::change;
use crate::turn::Accepted;
use crate::wire::amphora::AmphoraStatistics;
use crate::wire::schema::{Components, Described};
use crate::wire::view::{self, View};
use crate::{Api, policy};

const NAME: &str = "Amphora";

/// Returns the paths of amphorae.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v2.0/octavia/amphorae", get(operator::list::<Amphora>))
        .route(
            "/v2.0/octavia/amphorae/{id}",
            get(operator::show::<Amphora>).delete(delete),
        )
        .route("/v2.0/octavia/amphorae/{id}/stats", get(stats))
        .route("/v2.0/octavia/amphorae/{id}/config", put(configure))
        .route("/v2.0/octavia/amphorae/{id}/failover", put(failover))
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let kind = &Amphora::KIND;
    let of_item = |method, part: &str, id: &str| {
        Operation::new(method, format!("{}/{part}", kind.item_path()), id, NAME)
    };
    let counters = view::list_of(&AmphoraStatistics::schema(components));
    vec![
        common::list::<Amphora>(kind, components),
        common::show::<Amphora>(kind, components),
        common::delete(kind).says("Deletes an amphora in ERROR; its load balancer gets another."),
        of_item("get", "stats", "show_amphora_stats")
            .says("Shows what the amphora counted, by listener.")
            .answer(200, "Counters.", common::under("amphora_stats", counters)),
        of_item("put", "config", "configure_amphora")
            .says("Pushes its configuration, if it has another one.")
            .empty(202, "Accepted."),
        of_item("put", "failover", "failover_amphora")
            .says("Replaces the amphora.")
            .empty(202, "Accepted."),
    ]
}

impl Operators for Amphora {
    const KIND: Kind = Kind {
        path: "/v2.0/octavia/amphorae",
        name: "Amphora",
        noun: "amphora",
        root: Root {
            argument: "amphora",
            key: "amphora",
        },
        plural: "amphorae",
        links: "amphorae_links",
        argument: "id",
        post_type: "AmphoraRootResponse",
        resource: Resource::Amphora,
        rules: policy::AMPHORA,
        transactions: transactions!("amphora"),
    };

    async fn page(tx: &mut Tx, query: &ListQuery) -> octavia_store::Result<Vec<Self>> {
        tx.amphorae_page(query).await
    }

    async fn load(tx: &mut Tx, id: &str) -> Result<Self> {
        load(tx, parse_id(id, NAME)?).await
    }
}

async fn load(tx: &mut Tx, id: Id<Amphora>) -> Result<Amphora> {
    tx.amphora(id)
        .await?
        .filter(|amphora| amphora.status != AmphoraStatus::Deleted)
        .ok_or_else(|| Error::not_found(NAME, &id))
}

async fn stats(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    query.only(&[])?;
    caller.may_here(policy::AMPHORA_GET_STATS)?;
    let mut tx = api.store.read("amphora.stats").await?;
    let amphora = load(&mut tx, parse_id(&id, NAME)?).await?;
    let counters = tx.amphora_statistics(amphora.id).await?;
    if counters.is_empty() {
        return Err(Error::not_found("Amphora stats for", &amphora.id));
    }
    let counters: Vec<_> = counters
        .into_iter()
        .map(|(listener_id, counters)| AmphoraStatistics {
            id: amphora.id,
            load_balancer_id: amphora.load_balancer_id,
            listener_id,
            counters,
        })
        .map(|statistics| statistics.view())
        .collect();
    Ok(Json(json!({ "amphora_stats": counters })))
}

/// Only what does not work is removed; its load balancer gets another one.
async fn delete(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    caller.may_here(policy::AMPHORA.delete)?;
    let id = parse_id(&id, NAME)?;
    let mut tx = api.store.begin("amphora.delete").await?;
    let mut amphora = load_locked(&mut tx, id).await?;
    if amphora.status != AmphoraStatus::Error {
        let text = format!("amphora {id} is immutable and cannot be updated.");
        return Err(Error::Conflict(text));
    }
    amphora.status = AmphoraStatus::PendingDelete;
    tx.save_amphora(&amphora).await?;
    let order = AmphoraOrder::Delete;
    api.order_amphora(&mut tx, &amphora, order).await?;
    tx.commit().await?;
    Ok(super::empty(StatusCode::NO_CONTENT))
}

/// Returns an amphora as it is under the lock of its load balancer.
async fn load_locked(tx: &mut Tx, id: Id<Amphora>) -> Result<Amphora> {
    if let Some(owner) = load(tx, id).await?.load_balancer_id {
        tx.lock_load_balancer(owner).await?;
    }
    load(tx, id).await
}

/// Asks the reconciler to look whether the amphora serves what is wanted. No state is needed, none
/// changes.
async fn configure(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    caller.may_here(policy::AMPHORA_PUT_CONFIG)?;
    let mut tx = api.store.begin("amphora.configure").await?;
    let amphora = load(&mut tx, parse_id(&id, NAME)?).await?;
    let order = AmphoraOrder::Configure;
    api.order_amphora(&mut tx, &amphora, order).await?;
    tx.commit().await?;
    Ok(super::empty(StatusCode::ACCEPTED))
}

async fn failover(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    caller.may_here(policy::AMPHORA_PUT_FAILOVER)?;
    let id = parse_id(&id, NAME)?;
    api.in_turn(|| failover_once(&api, id)).await?;
    Ok(super::empty(StatusCode::ACCEPTED))
}

async fn failover_once(api: &Api, id: Id<Amphora>) -> Result<Accepted<()>> {
    let mut tx = api.store.begin("amphora.failover").await?;
    let owner = load(&mut tx, id).await?.load_balancer_id;
    let owner = owner.ok_or_else(|| Error::not_found(NAME, &id))?;
    change::below(&mut tx, owner).await?;
    // It may have gone while we waited for the lock.
    let amphora = load(&mut tx, id).await?;
    let order = AmphoraOrder::Failover;
    api.order_amphora(&mut tx, &amphora, order).await?;
    tx.commit().await?;
    Ok(Accepted::new(owner, ()))
}
