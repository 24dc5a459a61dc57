mod batch;

use axum::Router;
use axum::routing::get;
use octavia_model::{Id, LoadBalancer, Member, Pool, ProvisioningStatus, QuotaKind};
use octavia_store::{ListQuery, Resource, Tx};
use serde_json::json;

use super::child::{self, Call, Child};
use super::kind::{Kind, transactions};
use super::tenant::{self, Tenant};
use crate::api::parse_id;
use crate::error::{Error, Result};
use crate::openapi::{Operation, parameter};
use crate::payload::Root;
use crate::provider::{Driver, ObjectKind};
use crate::rules::{change, member as rules};
use crate::wire::member::{MemberPost, MemberPut, MembersPut};
use crate::wire::schema::{Components, Described};
use crate::{Api, policy};

/// Returns the paths of members.
pub(super) fn routes() -> Router<Api> {
    let collection = get(tenant::list::<Member>)
        .post(child::create::<Member>)
        .put(batch::replace)
        .delete(async || super::missing_argument(Member::KIND.argument));
    child::routes_with::<Member>(collection)
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    let mut all = child::operations::<Member>(components);
    let replace = Operation::new(
        "put",
        Member::KIND.path,
        "replace_members",
        Member::KIND.name,
    )
    .says("Replaces the members of the pool.")
    .with([parameter::query(
        "additive_only",
        "Whether present members that the body does not name stay.",
        &json!({ "type": "boolean" }),
    )])
    .takes(&MembersPut::schema(components))
    .empty(202, "Accepted.");
    all.push(replace);
    all
}

impl Tenant for Member {
    type Above = Pool;

    const KIND: Kind = Kind {
        path: "/v2.0/lbaas/pools/{pool_id}/members",
        name: "Member",
        noun: "member",
        root: Root {
            argument: "member_",
            key: "member",
        },
        plural: "members",
        links: "members_links",
        argument: "id",
        post_type: "MemberRootPOST",
        resource: Resource::Member(Id::PLACEHOLDER),
        rules: policy::MEMBER,
        transactions: transactions!("member"),
    };

    async fn page(tx: &mut Tx, pool: &Pool, query: &ListQuery) -> octavia_store::Result<Vec<Self>> {
        tx.members(pool.id, query).await
    }

    async fn load(tx: &mut Tx, pool: &Pool, id: &str) -> Result<Self> {
        let id = parse_id(id, Self::KIND.name)?;
        let found = tx.member(pool.id, id).await?;
        found.ok_or_else(|| Error::not_found(Self::KIND.name, &id))
    }

    fn project(&self) -> Option<&str> {
        self.project_id.as_deref()
    }
}

impl Child for Member {
    type Post = MemberPost;
    type Put = MemberPut;

    const QUOTA: QuotaKind = QuotaKind::Member;
    const ORDERED: ObjectKind = ObjectKind::Member;

    async fn before_turn(call: &Call<'_>, pool: &Pool, post: &MemberPost) -> Result<()> {
        let owner = pool.project_id.as_deref();
        call.caller.may(Self::KIND.rules.post, owner)?;
        rules::build(call.api, pool, post.member.clone())?;
        rules::subnets_exist(call.api, post.member.subnet_id.as_ref().copied()).await
    }

    async fn make(
        call: &Call<'_>,
        tx: &mut Tx,
        pool: &Pool,
        post: &MemberPost,
    ) -> Result<(LoadBalancer, Self)> {
        let (load_balancer, pool) = change::inside_pool(tx, pool).await?;
        rules::may_have_sriov(tx, &load_balancer, &post.member).await?;
        let new = rules::build(call.api, &pool, post.member.clone())?;
        let driver = call.api.driver(load_balancer.provider.as_deref());
        driver.same_family(&load_balancer, &pool, &new)?;
        let others = tx.members_of(pool.id).await?;
        if others.iter().any(|other| rules::same_target(other, &new)) {
            return Err(rules::taken(&new));
        }
        Ok((load_balancer, new))
    }

    async fn insert(self, tx: &mut Tx) -> Result<Self> {
        tx.insert_member(&self).await?;
        Ok(self)
    }

    async fn changed(self, _: &Call<'_>, _: &mut Tx, put: &MemberPut) -> Result<Self> {
        rules::update(self, put.clone())
    }

    async fn lock(&self, tx: &mut Tx) -> Result<LoadBalancer> {
        let pool = tx.pool(self.pool_id).await?;
        let pool = pool.ok_or_else(|| Error::not_found("Pool", &self.pool_id))?;
        let (load_balancer, _) = change::inside_pool(tx, &pool).await?;
        Ok(load_balancer)
    }

    fn carried(&self, driver: &Driver) -> Result<()> {
        driver.member(self)
    }

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    async fn save(&self, tx: &mut Tx) -> octavia_store::Result<()> {
        tx.save_member(self).await
    }
}
