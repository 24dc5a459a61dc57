//! What lies below a load balancer: how it is made, changed and deleted.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{MethodRouter, get};
use http::StatusCode;
use octavia_model::{LoadBalancer, ProvisioningStatus, QuotaKind};
use octavia_store::Tx;
use serde_json::{Value, json};

use super::tenant::{self, Above, Tenant, id_of};
use crate::caller::Caller;
use crate::error::Result;
use crate::openapi::{Operation, common};
use crate::payload::Payload;
use crate::provider::{Driver, ObjectKind, Order};
use crate::query::Query;
use crate::rules::quota;
use crate::rules::references::ReadSecrets;
use crate::turn::Accepted;
use crate::wire::schema::{Components, Described};
use crate::wire::shape::Shape;
use crate::{Api, edge};

/// A kind of object below a load balancer, whose every change the load balancer waits for.
pub(crate) trait Child: Tenant {
    /// The body of a create call.
    type Post: Shape + Send + Sync;
    /// The body of an update call.
    type Put: Shape + Send + Sync;

    /// What it counts as.
    const QUOTA: QuotaKind;

    /// What providers call it.
    const ORDERED: ObjectKind;

    /// Reads the body of an update call.
    fn read_put(payload: &Payload) -> Result<Self::Put> {
        payload.decode(Self::KIND.root)
    }

    /// Refuses a create call for what can be said before its turn, and without a transaction.
    fn before_turn(
        _call: &Call<'_>,
        _above: &Self::Above,
        _post: &Self::Post,
    ) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Finds what a create call names, authorises it, locks the load balancer, and decides what is
    /// to be made.
    fn make(
        call: &Call<'_>,
        tx: &mut Tx,
        above: &Self::Above,
        post: &Self::Post,
    ) -> impl Future<Output = Result<(LoadBalancer, Self)>> + Send;

    /// Writes what is new, and returns it as it is kept.
    fn insert(self, tx: &mut Tx) -> impl Future<Output = Result<Self>> + Send;

    /// Decides what an update makes of it.
    fn changed(
        self,
        call: &Call<'_>,
        tx: &mut Tx,
        put: &Self::Put,
    ) -> impl Future<Output = Result<Self>> + Send;

    /// Locks the load balancer for a change of it, and makes pending what the change touches
    /// beside it.
    fn lock(&self, tx: &mut Tx) -> impl Future<Output = Result<LoadBalancer>> + Send;

    /// Refuses what the load balancer's provider does not carry.
    fn carried(&self, driver: &Driver) -> Result<()>;

    /// Refuses to delete what something else needs.
    fn check_unused(&self, _tx: &mut Tx) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }

    /// Returns its id.
    fn id(&self) -> String;

    /// Sets its status.
    fn set_status(&mut self, status: ProvisioningStatus);

    /// Writes it.
    fn save(&self, tx: &mut Tx) -> impl Future<Output = octavia_store::Result<()>> + Send;
}

/// Who asks, and whom.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) api: &'a Api,
    pub(crate) caller: &'a Caller,
    /// What was read for this request of the store of secrets.
    pub(crate) secrets: &'a ReadSecrets,
}

/// Returns the paths of a kind.
pub(super) fn routes<R: Child + 'static>() -> Router<Api> {
    let methods = get(tenant::list::<R>).post(create::<R>);
    let collection = super::collection_of::<R::Put>(methods, &R::KIND);
    routes_with::<R>(collection)
}

/// As [`routes`], with the methods of the collection.
pub(super) fn routes_with<R: Child + 'static>(collection: MethodRouter<Api>) -> Router<Api> {
    let item = get(tenant::show::<R>).put(update::<R>).delete(delete::<R>);
    Router::new()
        .route(R::KIND.path, collection)
        .route(&R::KIND.item_path(), super::item(item, &R::KIND))
}

/// Describes the paths of a kind.
pub(super) fn operations<R: Child + Described>(components: &mut Components) -> Vec<Operation> {
    common::all::<R, R::Post, R::Put>(&R::KIND, components)
}

/// Makes one.
pub(super) async fn create<R: Child>(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<Vec<String>>,
    query: Query,
    payload: Payload,
) -> Result<Response> {
    let kind = &R::KIND;
    query.only(&[])?;
    let above = R::Above::look(&api, &path).await?;
    let post: R::Post = payload.decode(kind.root)?;
    let (api, caller) = (&api, &caller);
    let secrets = &ReadSecrets::by(caller);
    let call = Call {
        api,
        caller,
        secrets,
    };
    R::before_turn(&call, &above, &post).await?;
    let body = api
        .in_turn_with(secrets, || create_once::<R>(call, &above, &post))
        .await?;
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn create_once<R: Child>(
    call: Call<'_>,
    above: &R::Above,
    post: &R::Post,
) -> Result<Accepted<Value>> {
    let kind = &R::KIND;
    let mut tx = call.api.store.begin(kind.transactions.create).await?;
    let (load_balancer, new) = R::make(&call, &mut tx, above, post).await?;
    let owner = load_balancer.project_id.as_deref();
    quota::take(call.api, &mut tx, owner, &[(R::QUOTA, 1)]).await?;
    let driver = call.api.driver(load_balancer.provider.as_deref());
    new.carried(&driver)?;
    let made = new.insert(&mut tx).await?;
    let id = made.id();
    let order = Order::Create(R::ORDERED, &id);
    call.api.order(&mut tx, &load_balancer, order).await?;
    let body = json!({ kind.root.key: made.view() });
    edge::commit_created(tx, &body).await?;
    Ok(Accepted::new(load_balancer.id, body))
}

async fn update<R: Child>(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<Vec<String>>,
    query: Query,
    payload: Payload,
) -> Result<Json<Value>> {
    let kind = &R::KIND;
    query.only(&[])?;
    let item = Item::<R>::find(&api, &path).await?;
    let put = match R::read_put(&payload) {
        Ok(put) => put,
        Err(error) if payload.lacks(kind.root) => {
            let mut tx = api.store.read(kind.transactions.get).await?;
            item.load(&mut tx).await?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    let (api, caller) = (&api, &caller);
    let secrets = &ReadSecrets::by(caller);
    let call = Call {
        api,
        caller,
        secrets,
    };
    let body = api
        .in_turn_with(secrets, || update_once::<R>(call, &item, &put))
        .await?;
    Ok(Json(json!({ kind.root.key: body })))
}

async fn update_once<R: Child>(
    call: Call<'_>,
    item: &Item<'_, R>,
    put: &R::Put,
) -> Result<Accepted<Value>> {
    let kind = &R::KIND;
    let mut tx = call.api.store.begin(kind.transactions.update).await?;
    let present = item.load(&mut tx).await?;
    call.caller.may(kind.rules.put, present.project())?;
    // As upstream: a request that breaks a rule is refused whatever the state, and before the lock.
    let wanted = present.changed(&call, &mut tx, put).await?;
    let load_balancer = wanted.lock(&mut tx).await?;
    let present = item.load(&mut tx).await?;
    let mut changed = present.changed(&call, &mut tx, put).await?;
    changed.carried(&call.api.driver(load_balancer.provider.as_deref()))?;
    changed.set_status(ProvisioningStatus::PendingUpdate);
    changed.save(&mut tx).await?;
    let shown = item.load(&mut tx).await?;
    let id = shown.id();
    let order = Order::Update(R::ORDERED, &id);
    call.api.order(&mut tx, &load_balancer, order).await?;
    tx.commit().await?;
    Ok(Accepted::new(load_balancer.id, shown.view()))
}

async fn delete<R: Child>(
    State(api): State<Api>,
    caller: Caller,
    Path(path): Path<Vec<String>>,
    query: Query,
) -> Result<Response> {
    query.only(&[])?;
    let item = Item::<R>::find(&api, &path).await?;
    let (api, caller) = (&api, &caller);
    let secrets = &ReadSecrets::by(caller);
    let call = Call {
        api,
        caller,
        secrets,
    };
    api.in_turn(|| delete_once::<R>(call, &item)).await?;
    Ok(super::empty(StatusCode::NO_CONTENT))
}

async fn delete_once<R: Child>(call: Call<'_>, item: &Item<'_, R>) -> Result<Accepted<()>> {
    let kind = &R::KIND;
    let mut tx = call.api.store.begin(kind.transactions.delete).await?;
    let present = item.load(&mut tx).await?;
    call.caller.may(kind.rules.delete, present.project())?;
    let load_balancer = present.lock(&mut tx).await?;
    let mut doomed = item.load(&mut tx).await?;
    doomed.check_unused(&mut tx).await?;
    doomed.set_status(ProvisioningStatus::PendingDelete);
    doomed.save(&mut tx).await?;
    let id = doomed.id();
    let order = Order::Delete(R::ORDERED, &id);
    call.api.order(&mut tx, &load_balancer, order).await?;
    tx.commit().await?;
    Ok(Accepted::new(load_balancer.id, ()))
}

/// The item that a path names, and what the path names above it.
struct Item<'a, R: Tenant> {
    above: R::Above,
    id: &'a str,
}

impl<'a, R: Tenant> Item<'a, R> {
    async fn find(api: &Api, path: &'a [String]) -> Result<Self> {
        let above = R::Above::look(api, path).await?;
        let id = id_of(path);
        Ok(Self { above, id })
    }

    async fn load(&self, tx: &mut Tx) -> Result<R> {
        R::load(tx, &self.above, self.id).await
    }
}
