use axum::Router;
use octavia_model::{Id, L7Policy, L7Rule, LoadBalancer, ProvisioningStatus, QuotaKind};
use octavia_store::{ListQuery, Resource, Tx};

use super::child::{self, Call, Child};
use super::kind::{Kind, transactions};
use super::tenant::Tenant;
use crate::api::parse_id;
use crate::error::{Error, Result};
use crate::openapi::Operation;
use crate::payload::Root;
use crate::provider::{Driver, ObjectKind};
use crate::rules::{change, l7rule as rules};
use crate::wire::l7rule::{L7RulePost, L7RulePut};
use crate::wire::schema::Components;
use crate::{Api, policy};

/// Returns the paths of rules.
pub(super) fn routes() -> Router<Api> {
    child::routes::<L7Rule>()
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    child::operations::<L7Rule>(components)
}

impl Tenant for L7Rule {
    type Above = L7Policy;

    const KIND: Kind = Kind {
        path: "/v2.0/lbaas/l7policies/{l7policy_id}/rules",
        name: "L7 Rule",
        noun: "L7 rule",
        root: Root {
            argument: "rule_",
            key: "rule",
        },
        plural: "rules",
        links: "rules_links",
        argument: "id",
        post_type: "L7RuleRootPOST",
        resource: Resource::L7Rule(Id::PLACEHOLDER),
        rules: policy::L7_RULE,
        transactions: transactions!("l7rule"),
    };

    async fn page(
        tx: &mut Tx,
        above: &L7Policy,
        query: &ListQuery,
    ) -> octavia_store::Result<Vec<Self>> {
        tx.l7_rules(above.id, query).await
    }

    /// It need not be a rule of the policy of the path.
    async fn load(tx: &mut Tx, _: &L7Policy, id: &str) -> Result<Self> {
        let id = parse_id(id, Self::KIND.name)?;
        let found = tx.l7_rule(id).await?;
        found.ok_or_else(|| Error::not_found(Self::KIND.name, &id))
    }

    fn project(&self) -> Option<&str> {
        self.project_id.as_deref()
    }
}

impl Child for L7Rule {
    type Post = L7RulePost;
    type Put = L7RulePut;

    const QUOTA: QuotaKind = QuotaKind::L7Rule;
    const ORDERED: ObjectKind = ObjectKind::L7Rule;

    fn read_put(payload: &crate::payload::Payload) -> Result<L7RulePut> {
        let put: L7RulePut = payload.decode(Self::KIND.root)?;
        rules::on_one_line(put.key.as_ref(), put.value.as_ref())?;
        Ok(put)
    }

    async fn before_turn(call: &Call<'_>, above: &L7Policy, post: &L7RulePost) -> Result<()> {
        rules::on_one_line(post.rule.key.as_ref(), post.rule.value.as_ref())?;
        let owner = above.project_id.as_deref();
        call.caller.may(Self::KIND.rules.post, owner)?;
        rules::build(call.api, above, post.rule.clone()).map(drop)
    }

    async fn make(
        call: &Call<'_>,
        tx: &mut Tx,
        above: &L7Policy,
        post: &L7RulePost,
    ) -> Result<(LoadBalancer, Self)> {
        let (load_balancer, above) = lock(tx, above.id).await?;
        rules::room_for_one(&above)?;
        let new = rules::build(call.api, &above, post.rule.clone())?;
        Ok((load_balancer, new))
    }

    async fn insert(self, tx: &mut Tx) -> Result<Self> {
        tx.insert_l7_rule(&self).await?;
        Ok(self)
    }

    async fn changed(self, _: &Call<'_>, _: &mut Tx, put: &L7RulePut) -> Result<Self> {
        rules::update(self, put.clone())
    }

    async fn lock(&self, tx: &mut Tx) -> Result<LoadBalancer> {
        let (load_balancer, _) = lock(tx, self.l7_policy_id).await?;
        Ok(load_balancer)
    }

    fn carried(&self, driver: &Driver) -> Result<()> {
        driver.l7_rule(self)
    }

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    async fn save(&self, tx: &mut Tx) -> octavia_store::Result<()> {
        tx.save_l7_rule(self).await
    }
}

/// Locks what is above a rule.
async fn lock(tx: &mut Tx, id: Id<L7Policy>) -> Result<(LoadBalancer, L7Policy)> {
    let missing = || Error::no_parent("L7Policy", &id.to_string());
    let above = tx.l7_policy(id).await?.ok_or_else(missing)?;
    let listener = tx.listener(above.listener_id).await?.ok_or_else(missing)?;
    change::inside_policy(tx, &listener, id).await
}
