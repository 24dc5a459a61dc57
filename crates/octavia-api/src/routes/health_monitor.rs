use axum::Router;
use octavia_model::{HealthMonitor, Id, LoadBalancer, Pool, ProvisioningStatus, QuotaKind};
use octavia_store::{ListQuery, Resource, Tx};

use super::child::{self, Call, Child};
use super::kind::{Kind, transactions};
use super::tenant::Tenant;
use crate::api::parse_id;
use crate::error::{Error, Result};
use crate::openapi::Operation;
use crate::payload::Root;
use crate::provider::{Driver, ObjectKind};
use crate::rules::{change, health_monitor as rules};
use crate::wire::health_monitor::{HealthMonitorPost, HealthMonitorPut};
use crate::wire::schema::Components;
use crate::{Api, policy};

/// Returns the paths of health monitors.
pub(super) fn routes() -> Router<Api> {
    child::routes::<HealthMonitor>()
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    child::operations::<HealthMonitor>(components)
}

impl Tenant for HealthMonitor {
    type Above = ();

    const KIND: Kind = Kind {
        path: "/v2.0/lbaas/healthmonitors",
        name: "Health Monitor",
        noun: "health monitor",
        root: Root {
            argument: "health_monitor_",
            key: "healthmonitor",
        },
        plural: "healthmonitors",
        links: "healthmonitors_links",
        argument: "id",
        post_type: "HealthMonitorRootPOST",
        resource: Resource::HealthMonitor,
        rules: policy::HEALTH_MONITOR,
        transactions: transactions!("health_monitor"),
    };

    async fn page(tx: &mut Tx, (): &(), query: &ListQuery) -> octavia_store::Result<Vec<Self>> {
        tx.health_monitors(query).await
    }

    async fn load(tx: &mut Tx, (): &(), id: &str) -> Result<Self> {
        let id = parse_id(id, Self::KIND.name)?;
        let found = tx.health_monitor(id).await?;
        found.ok_or_else(|| Error::not_found(Self::KIND.name, &id))
    }

    fn project(&self) -> Option<&str> {
        self.project_id.as_deref()
    }
}

impl Child for HealthMonitor {
    type Post = HealthMonitorPost;
    type Put = HealthMonitorPut;

    const QUOTA: QuotaKind = QuotaKind::HealthMonitor;
    const ORDERED: ObjectKind = ObjectKind::HealthMonitor;

    async fn make(
        call: &Call<'_>,
        tx: &mut Tx,
        (): &(),
        post: &HealthMonitorPost,
    ) -> Result<(LoadBalancer, Self)> {
        let Some(id) = post.pool_id.as_ref().copied() else {
            return Err(Error::not_found("Pool", &"None"));
        };
        let pool = pool_of(tx, id).await?;
        let owner = pool.project_id.as_deref();
        call.caller.may(Self::KIND.rules.post, owner)?;
        if let Some(kind) = post.monitor.kind.as_ref() {
            rules::allowed(call.api, *kind)?;
        }
        let new = rules::create(call.api, &pool, post.monitor.clone())?;
        let (load_balancer, pool) = change::inside_pool(tx, &pool).await?;
        if pool.health_monitor_id.is_some() {
            let text = "This pool already has a health monitor";
            return Err(Error::Conflict(text.to_owned()));
        }
        Ok((load_balancer, new))
    }

    async fn insert(self, tx: &mut Tx) -> Result<Self> {
        tx.insert_health_monitor(&self).await?;
        Ok(self)
    }

    async fn changed(self, call: &Call<'_>, _: &mut Tx, put: &HealthMonitorPut) -> Result<Self> {
        rules::update(call.api, self, put.clone())
    }

    async fn lock(&self, tx: &mut Tx) -> Result<LoadBalancer> {
        let pool = pool_of(tx, self.pool_id).await?;
        let (load_balancer, _) = change::inside_pool(tx, &pool).await?;
        Ok(load_balancer)
    }

    fn carried(&self, driver: &Driver) -> Result<()> {
        driver.health_monitor(self)
    }

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    async fn save(&self, tx: &mut Tx) -> octavia_store::Result<()> {
        tx.save_health_monitor(self).await
    }
}

async fn pool_of(tx: &mut Tx, id: Id<Pool>) -> Result<Pool> {
    tx.pool(id)
        .await?
        .ok_or_else(|| Error::not_found("Pool", &id))
}
