use axum::Router;
use axum::extract::{Path, State};
use axum::response::Json;
use axum::routing::get;
use octavia_model::{Id, Listener, LoadBalancer, Pool, ProvisioningStatus, QuotaKind, Statistics};
use octavia_store::{ListQuery, Resource, Tx};
use serde_json::{Value, json};

use super::child::{self, Call, Child};
use super::kind::{Kind, transactions};
use super::tenant::Tenant;
use crate::api::parse_id;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::openapi::{Operation, common};
use crate::payload::{Payload, Root};
use crate::provider::{Driver, ObjectKind};
use crate::query::Query;
use crate::rules::references::References;
use crate::rules::{self, change};
use crate::wire::listener::{ListenerPost, ListenerPut};
use crate::wire::schema::{Components, Described};
use crate::wire::view::View;
use crate::{Api, policy};

/// Returns the paths of listeners.
pub(super) fn routes() -> Router<Api> {
    child::routes::<Listener>().route("/v2.0/lbaas/listeners/{id}/stats", get(stats))
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let kind = &Listener::KIND;
    let path = format!("{}/stats", kind.item_path());
    let counters = Statistics::schema(components);
    let stats = Operation::new("get", path, "show_listener_stats", kind.name)
        .says("Shows what was counted.")
        .answer(200, "Counters.", common::under("stats", counters));
    let mut all = child::operations::<Listener>(components);
    all.push(stats);
    all
}

impl Tenant for Listener {
    type Above = ();

    const KIND: Kind = Kind {
        path: "/v2.0/lbaas/listeners",
        name: "Listener",
        noun: "listener",
        root: Root {
            argument: "listener_",
            key: "listener",
        },
        plural: "listeners",
        links: "listeners_links",
        argument: "id",
        post_type: "ListenerRootPOST",
        resource: Resource::Listener,
        rules: policy::LISTENER,
        transactions: transactions!("listener"),
    };

    async fn page(tx: &mut Tx, (): &(), query: &ListQuery) -> octavia_store::Result<Vec<Self>> {
        tx.listeners(query).await
    }

    async fn load(tx: &mut Tx, (): &(), id: &str) -> Result<Self> {
        let id = parse_id(id, Self::KIND.name)?;
        let found = tx.listener(id).await?;
        found.ok_or_else(|| Error::not_found(Self::KIND.name, &id))
    }

    fn project(&self) -> Option<&str> {
        self.project_id.as_deref()
    }
}

impl Child for Listener {
    type Post = ListenerPost;
    type Put = ListenerPut;

    const QUOTA: QuotaKind = QuotaKind::Listener;
    const ORDERED: ObjectKind = ObjectKind::Listener;

    fn read_put(payload: &Payload) -> Result<ListenerPut> {
        let put = payload.decode_optional(Self::KIND.root)?;
        put.value()
            .ok_or_else(|| Error::validation("No listener object supplied."))
    }

    async fn make(
        call: &Call<'_>,
        tx: &mut Tx,
        (): &(),
        post: &ListenerPost,
    ) -> Result<(LoadBalancer, Self)> {
        let Some(id) = post.loadbalancer_id.as_ref().copied() else {
            return Err(Error::invalid_option("None", "loadbalancer_id"));
        };
        let load_balancer = load_balancer_of(tx, id).await?;
        let owner = load_balancer.project_id.as_deref();
        call.caller.may(Self::KIND.rules.post, owner)?;
        no_children(post)?;
        let pool = default_pool(tx, id, post.listener.default_pool_id.as_ref().copied()).await?;
        if let (Some(pool), Some(protocol)) = (&pool, post.listener.protocol.as_ref()) {
            rules::protocol::may_serve(*protocol, pool.protocol)?;
        }
        let load_balancer = change::below(tx, id).await?;
        let new = rules::listener::create(call.api, &load_balancer, &post.listener)?;
        call.secrets.check(&References::of_listener(&new))?;
        rules::listener::free_port(&new, &tx.listeners_of(id).await?)?;
        Ok((load_balancer, new))
    }

    async fn insert(self, tx: &mut Tx) -> Result<Self> {
        tx.insert_listener(&self).await?;
        Ok(self)
    }

    async fn changed(self, call: &Call<'_>, tx: &mut Tx, put: &ListenerPut) -> Result<Self> {
        let lb = self.load_balancer_id;
        let pool = default_pool(tx, lb, put.default_pool_id.as_ref().copied()).await?;
        if let Some(pool) = pool {
            rules::protocol::may_serve(self.protocol, pool.protocol)?;
        }
        let load_balancer = load_balancer_of(tx, lb).await?;
        let changed = rules::listener::update(call.api, &load_balancer, self, put.clone())?;
        let references = References::of_listener_change(&changed, put);
        call.secrets.check(&references)?;
        Ok(changed)
    }

    async fn lock(&self, tx: &mut Tx) -> Result<LoadBalancer> {
        change::below(tx, self.load_balancer_id).await
    }

    fn carried(&self, driver: &Driver) -> Result<()> {
        driver.listener(self)
    }

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    async fn save(&self, tx: &mut Tx) -> octavia_store::Result<()> {
        tx.save_listener(self).await
    }
}

async fn load_balancer_of(tx: &mut Tx, id: Id<LoadBalancer>) -> Result<LoadBalancer> {
    tx.load_balancer(id)
        .await?
        .ok_or_else(|| Error::not_found("Load Balancer", &id))
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

async fn stats(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<Value>> {
    query.only(&[])?;
    let mut tx = api.store.read("listener.stats").await?;
    let listener = Listener::load(&mut tx, &(), &id).await?;
    caller.may(policy::LISTENER_GET_STATS, listener.project_id.as_deref())?;
    let counters = tx.listener_statistics(listener.id).await?;
    Ok(Json(json!({ "stats": counters.view() })))
}
