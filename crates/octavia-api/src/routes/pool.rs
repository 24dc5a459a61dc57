use axum::Router;
use octavia_model::{Id, Listener, LoadBalancer, Pool, ProvisioningStatus, QuotaKind};
use octavia_store::{ListQuery, Resource, Tx};

use super::child::{self, Call, Child};
use super::kind::{Kind, transactions};
use super::tenant::Tenant;
use crate::api::parse_id;
use crate::error::{Error, Result};
use crate::openapi::Operation;
use crate::payload::Root;
use crate::provider::{Driver, ObjectKind};
use crate::rules::references::References;
use crate::rules::{self, change};
use crate::wire::pool::{PoolPost, PoolPut};
use crate::wire::schema::Components;
use crate::{Api, policy};

/// Returns the paths of pools.
pub(super) fn routes() -> Router<Api> {
    child::routes::<Pool>()
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    child::operations::<Pool>(components)
}

impl Tenant for Pool {
    type Above = ();

    const KIND: Kind = Kind {
        path: "/v2.0/lbaas/pools",
        name: "Pool",
        noun: "pool",
        root: Root {
            argument: "pool_",
            key: "pool",
        },
        plural: "pools",
        links: "pools_links",
        argument: "id",
        post_type: "PoolRootPOST",
        resource: Resource::Pool,
        rules: policy::POOL,
        transactions: transactions!("pool"),
    };

    async fn page(tx: &mut Tx, (): &(), query: &ListQuery) -> octavia_store::Result<Vec<Self>> {
        tx.pools(query).await
    }

    async fn load(tx: &mut Tx, (): &(), id: &str) -> Result<Self> {
        let id = parse_id(id, Self::KIND.name)?;
        let found = tx.pool(id).await?;
        found.ok_or_else(|| Error::not_found(Self::KIND.name, &id))
    }

    fn project(&self) -> Option<&str> {
        self.project_id.as_deref()
    }
}

impl Child for Pool {
    type Post = PoolPost;
    type Put = PoolPut;

    const QUOTA: QuotaKind = QuotaKind::Pool;
    const ORDERED: ObjectKind = ObjectKind::Pool;

    async fn before_turn(_: &Call<'_>, (): &(), post: &PoolPost) -> Result<()> {
        mandatory(post)
    }

    async fn make(
        call: &Call<'_>,
        tx: &mut Tx,
        (): &(),
        post: &PoolPost,
    ) -> Result<(LoadBalancer, Self)> {
        let (load_balancer, listener) = parents(tx, post).await?;
        let owner = load_balancer.project_id.as_deref();
        call.caller.may(Self::KIND.rules.post, owner)?;
        no_children(post)?;
        let mut new = rules::pool::build(call.api, &load_balancer, post.pool.clone())?;
        rules::pool::check_single(&new)?;
        change::below(tx, load_balancer.id).await?;
        call.secrets.check(&References::of_pool(&new))?;
        new.listeners.extend(listener.map(|listener| listener.id));
        Ok((load_balancer, new))
    }

    async fn insert(self, tx: &mut Tx) -> Result<Self> {
        tx.insert_pool(&self).await?;
        for listener in &self.listeners {
            attach(tx, *listener, &self).await?;
        }
        Ok(self)
    }

    async fn changed(self, call: &Call<'_>, _: &mut Tx, put: &PoolPut) -> Result<Self> {
        let changed = rules::pool::update(call.api, self, put.clone())?;
        let references = References::of_pool_change(&changed, put);
        call.secrets.check(&references)?;
        Ok(changed)
    }

    async fn lock(&self, tx: &mut Tx) -> Result<LoadBalancer> {
        let load_balancer = change::below(tx, self.load_balancer_id).await?;
        let id = self.id;
        let under_lock = tx.pool(id).await?;
        let under_lock = under_lock.ok_or_else(|| Error::not_found(Self::KIND.name, &id))?;
        change::listeners(tx, &under_lock.listeners).await?;
        Ok(load_balancer)
    }

    fn carried(&self, driver: &Driver) -> Result<()> {
        driver.pool_alone(self)?;
        driver.pool(self)
    }

    async fn check_unused(&self, tx: &mut Tx) -> Result<()> {
        let id = self.id;
        tx.l7_policy_using(id).await?.map_or(Ok(()), |policy| {
            let text = format!("Pool {id} is in use by L7 policy {policy}");
            Err(Error::Conflict(text))
        })
    }

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    async fn save(&self, tx: &mut Tx) -> octavia_store::Result<()> {
        tx.save_pool(self).await
    }
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
        check_free(listener)?;
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
async fn attach(tx: &mut Tx, id: Id<Listener>, pool: &Pool) -> Result<()> {
    let found = tx.listener(id).await?;
    let mut listener = found.ok_or_else(|| Error::no_subresource("Listener", &id))?;
    check_free(&listener)?;
    listener.default_pool_id = Some(pool.id);
    listener.provisioning_status = ProvisioningStatus::PendingUpdate;
    Ok(tx.save_listener(&listener).await?)
}

fn check_free(listener: &Listener) -> Result<()> {
    if listener.default_pool_id.is_some() {
        let text = "This listener already has a default pool";
        return Err(Error::Conflict(text.to_owned()));
    }
    Ok(())
}
