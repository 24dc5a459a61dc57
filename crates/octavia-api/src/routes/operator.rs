//! What operators keep, and no project owns: lists, single objects, and how what they offer is made,
//! changed and deleted.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use http::StatusCode;
use octavia_store::{ListQuery, Tx};
use serde_json::{Value, json};

use super::kind::Kind;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::list::ListRequest;
use crate::openapi::{Operation, common};
use crate::payload::Payload;
use crate::query::Query;
use crate::wire::schema::{Components, Described};
use crate::wire::shape::Shape;
use crate::wire::view::View;
use crate::{Api, edge};

/// A kind of object that belongs to no project.
pub(crate) trait Operators: View + Sized + Send + Sync {
    /// Its names.
    const KIND: Kind;

    /// Returns a page of a list.
    fn page(
        tx: &mut Tx,
        query: &ListQuery,
    ) -> impl Future<Output = octavia_store::Result<Vec<Self>>> + Send;

    /// Returns the object that a path names.
    fn load(tx: &mut Tx, id: &str) -> impl Future<Output = Result<Self>> + Send;
}

/// What operators offer to projects: flavors, availability zones, and their profiles.
pub(crate) trait Offer: Operators {
    /// The body of a create call.
    type Post: Shape + Send + Sync;
    /// The body of an update call.
    type Put: Shape + Send + Sync;

    /// What conflicts call it, where that is not its name in error texts.
    const IN_USE: &'static str = Self::KIND.name;

    /// Decides what a create call makes.
    fn make(api: &Api, post: Self::Post) -> Result<Self>;

    /// Writes what is new.
    fn insert(&self, tx: &mut Tx) -> impl Future<Output = Result<()>> + Send;

    /// Refuses an update for what can be said without looking at the object.
    fn check_put(_put: &Self::Put) -> Result<()> {
        Ok(())
    }

    /// Decides what an update makes of it.
    fn changed(
        self,
        api: &Api,
        tx: &mut Tx,
        put: Self::Put,
    ) -> impl Future<Output = Result<Self>> + Send;

    /// Writes what is changed.
    fn save(&self, tx: &mut Tx) -> impl Future<Output = Result<()>> + Send;

    /// Removes it.
    fn remove(&self, tx: &mut Tx) -> impl Future<Output = octavia_store::Result<()>> + Send;

    /// Returns what its path names it by.
    fn id(&self) -> String;
}

/// Returns the paths of an offer.
pub(super) fn routes<R: Offer + 'static>() -> Router<Api> {
    let collection = super::collection(get(list::<R>).post(create::<R>), R::KIND.argument);
    let item = get(show::<R>).put(update::<R>).delete(delete::<R>);
    Router::new()
        .route(R::KIND.path, collection)
        .route(&R::KIND.item_path(), super::item(item, &R::KIND))
}

/// Describes the paths of an offer.
pub(super) fn operations<R: Offer + Described>(components: &mut Components) -> Vec<Operation> {
    common::all::<R, R::Post, R::Put>(&R::KIND, components)
}

/// Answers a list.
pub(super) async fn list<R: Operators>(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
) -> Result<Response> {
    let kind = &R::KIND;
    let request = ListRequest::of_list(&query, &api.config)?;
    caller.may_here(kind.rules.get_all)?;
    let mut tx = api.store.read(kind.transactions.list).await?;
    let found = R::page(&mut tx, &request.query).await;
    let found = found.map_err(|error| request.explain(error))?;
    Ok(request.answer(kind.plural, kind.links, &found))
}

/// Answers with one object.
pub(super) async fn show<R: Operators>(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    let kind = &R::KIND;
    let request = ListRequest::of_item(&query, &api.config)?;
    caller.may_here(kind.rules.get_one)?;
    let mut tx = api.store.look(kind.transactions.get);
    let found = R::load(&mut tx, &id).await?;
    Ok(request.answer_one(kind.root.key, &found))
}

async fn create<R: Offer>(
    State(api): State<Api>,
    caller: Caller,
    query: Query,
    payload: Payload,
) -> Result<Response> {
    let kind = &R::KIND;
    query.only(&[])?;
    let post: R::Post = payload.decode(kind.root)?;
    caller.may_here(kind.rules.post)?;
    let new = R::make(&api, post)?;
    let mut tx = api.store.begin(kind.transactions.create).await?;
    new.insert(&mut tx).await?;
    let body = json!({ kind.root.key: new.view() });
    edge::commit_created(tx, &body).await?;
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn update<R: Offer>(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    let kind = &R::KIND;
    query.only(&[])?;
    let put: R::Put = payload.decode(kind.root)?;
    caller.may_here(kind.rules.put)?;
    R::check_put(&put)?;
    let mut tx = api.store.begin(kind.transactions.update).await?;
    let present = R::load(&mut tx, &id).await?;
    let changed = present.changed(&api, &mut tx, put).await?;
    changed.save(&mut tx).await?;
    tx.commit().await?;
    Ok(Json(json!({ kind.root.key: changed.view() })))
}

async fn delete<R: Offer>(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response> {
    let kind = &R::KIND;
    query.only(&[])?;
    caller.may_here(kind.rules.delete)?;
    let mut tx = api.store.begin(kind.transactions.delete).await?;
    let doomed = match R::load(&mut tx, &id).await {
        Err(Error::NotFound { id, .. }) => return Err(Error::not_found(R::IN_USE, &id)),
        found => found?,
    };
    match doomed.remove(&mut tx).await {
        Err(octavia_store::Error::InUse(_)) => {
            return Err(Error::in_use(R::IN_USE, &doomed.id()));
        }
        other => other?,
    }
    tx.commit().await?;
    Ok(super::empty(StatusCode::NO_CONTENT))
}

/// Says of a name that another has it.
pub(super) fn name_taken(error: octavia_store::Error, noun: &str, name: &str) -> Error {
    if matches!(error, octavia_store::Error::Duplicate(_)) {
        return Error::Conflict(format!("A {noun} of {name} already exists."));
    }
    error.into()
}
