use axum::Router;
use octavia_model::{Id, L7Policy, Listener, LoadBalancer, Pool, ProvisioningStatus, QuotaKind};
use octavia_store::{ListQuery, Resource, Tx};

use super::child::{self, Call, Child};
use super::kind::{Kind, transactions};
use super::tenant::Tenant;
use crate::api::parse_id;
use crate::error::{Error, Result};
use crate::openapi::Operation;
use crate::payload::Root;
use crate::provider::{Driver, ObjectKind};
use crate::rules::{change, l7policy as rules, protocol};
use crate::wire::l7policy::{L7PolicyPost, L7PolicyPut};
use crate::wire::schema::Components;
use crate::{Api, policy};

/// Returns the paths of policies.
pub(super) fn routes() -> Router<Api> {
    child::routes::<L7Policy>()
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    child::operations::<L7Policy>(components)
}

impl Tenant for L7Policy {
    type Above = ();

    const KIND: Kind = Kind {
        path: "/v2.0/lbaas/l7policies",
        name: "L7 Policy",
        noun: "L7 policy",
        root: Root {
            argument: "l7policy_",
            key: "l7policy",
        },
        plural: "l7policies",
        links: "l7policies_links",
        argument: "id",
        post_type: "L7PolicyRootPOST",
        resource: Resource::L7Policy,
        rules: policy::L7_POLICY,
        transactions: transactions!("l7policy"),
    };

    async fn page(tx: &mut Tx, (): &(), query: &ListQuery) -> octavia_store::Result<Vec<Self>> {
        tx.l7_policies(query).await
    }

    async fn load(tx: &mut Tx, (): &(), id: &str) -> Result<Self> {
        let id = parse_id(id, Self::KIND.name)?;
        let found = tx.l7_policy(id).await?;
        found.ok_or_else(|| Error::not_found(Self::KIND.name, &id))
    }

    fn project(&self) -> Option<&str> {
        self.project_id.as_deref()
    }
}

impl Child for L7Policy {
    type Post = L7PolicyPost;
    type Put = L7PolicyPut;

    const QUOTA: QuotaKind = QuotaKind::L7Policy;
    const ORDERED: ObjectKind = ObjectKind::L7Policy;

    async fn make(
        call: &Call<'_>,
        tx: &mut Tx,
        (): &(),
        post: &L7PolicyPost,
    ) -> Result<(LoadBalancer, Self)> {
        let Some(id) = post.listener_id.as_ref().copied() else {
            return Err(Error::invalid_option("None", "listener_id"));
        };
        let listener = listener_of(tx, id).await?;
        let owner = listener.project_id.as_deref();
        call.caller.may(Self::KIND.rules.post, owner)?;
        no_rules(post)?;
        let pool = post.redirect_pool_id.as_ref().copied();
        let new = rules::build(call.api, &listener, post.policy.clone(), pool)?;
        check_pool(tx, &listener, new.redirect_pool_id).await?;
        let load_balancer = change::below(tx, listener.load_balancer_id).await?;
        let driver = call.api.driver(load_balancer.provider.as_deref());
        driver.l7_policies_alone(&listener)?;
        check_pool(tx, &listener, new.redirect_pool_id).await?;
        change::listeners(tx, &[id]).await?;
        Ok((load_balancer, new))
    }

    async fn insert(self, tx: &mut Tx) -> Result<Self> {
        tx.insert_l7_policy(&self).await?;
        // Its position is known only now.
        Self::load(tx, &(), &Child::id(&self)).await
    }

    async fn changed(self, _: &Call<'_>, tx: &mut Tx, put: &L7PolicyPut) -> Result<Self> {
        let listener = listener_of(tx, self.listener_id).await?;
        let wanted = rules::update(self, put.clone())?;
        check_pool(tx, &listener, wanted.redirect_pool_id).await?;
        Ok(wanted)
    }

    async fn lock(&self, tx: &mut Tx) -> Result<LoadBalancer> {
        let listener = listener_of(tx, self.listener_id).await?;
        let load_balancer = change::below(tx, listener.load_balancer_id).await?;
        change::listeners(tx, &[listener.id]).await?;
        Ok(load_balancer)
    }

    fn carried(&self, driver: &Driver) -> Result<()> {
        driver.l7_policies()
    }

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    async fn save(&self, tx: &mut Tx) -> octavia_store::Result<()> {
        tx.save_l7_policy(self).await
    }
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
