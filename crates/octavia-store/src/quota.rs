use octavia_model::{Id, Limits, LoadBalancer, ProvisioningStatus, Quota, QuotaKind};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use crate::row::{health_monitor, l7policy, l7rule, listener, load_balancer, member, pool, quotas};
use crate::{Error, ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns a project's quota, if one was ever written.
    pub async fn quota(&mut self, project: &str) -> Result<Option<Quota>> {
        let row: Option<quotas::Model> = self.one(&of_project(project).into_query()).await?;
        Ok(row.map(quota))
    }

    /// Returns a project's quota, and locks it until the end of the transaction: whoever counts the
    /// project's objects waits. Makes the row when there is none.
    pub async fn lock_quota(&mut self, project: &str) -> Result<Quota> {
        if self.quota(project).await?.is_none() {
            let row = row(&Quota {
                project_id: project.to_owned(),
                limits: Limits::default(),
            });
            match self.insert(row).await {
                // Somebody else was faster.
                Ok(()) | Err(Error::Duplicate(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let select = of_project(project).lock_exclusive().into_query();
        let locked: Option<quotas::Model> = self.one(&select).await?;
        locked.map(quota).ok_or(Error::Conflict("the quota"))
    }

    /// Returns quotas as they were written.
    pub async fn quotas(&mut self, query: &ListQuery) -> Result<Vec<Quota>> {
        let select = self.select(Resource::Quota, query).await?;
        let rows: Vec<quotas::Model> = self.rows(&select).await?;
        Ok(rows.into_iter().map(quota).collect())
    }

    /// Writes the limits of a project.
    pub async fn save_quota(&mut self, quota: &Quota) -> Result<()> {
        let this = quotas::Column::ProjectId.eq(&quota.project_id);
        self.update(row(quota), this, "the quota").await
    }

    /// Returns how many objects of a kind a project has. Right for as long as its quota is locked.
    pub async fn count(&mut self, project: &str, kind: QuotaKind) -> Result<u64> {
        let count: Option<i64> = self.one(&objects(project, kind)).await?;
        Ok(u64::try_from(count.unwrap_or(0)).unwrap_or(0))
    }

    /// Writes how many objects of some kinds a project has.
    pub async fn save_counts(&mut self, project: &str, counts: &[(QuotaKind, u64)]) -> Result<()> {
        if counts.is_empty() {
            return Ok(());
        }
        let mut update = quotas::Entity::update_many();
        for (kind, count) in counts {
            let count = i32::try_from(*count).unwrap_or(i32::MAX);
            update = update.col_expr(counter(*kind), Expr::value(count));
        }
        let update = update.filter(quotas::Column::ProjectId.eq(project));
        self.execute(&update.into_query()).await.map(|_| ())
    }

    /// Counts everything that a project has, if it has a quota: after some of it was removed.
    pub async fn recount(&mut self, project: &str) -> Result<()> {
        let select = of_project(project).lock_exclusive().into_query();
        if self.raw_rows(&select).await?.is_empty() {
            return Ok(());
        }
        let mut counts = Vec::with_capacity(QuotaKind::ALL.len());
        for kind in QuotaKind::ALL {
            counts.push((kind, self.count(project, kind).await?));
        }
        self.save_counts(project, &counts).await
    }

    /// As [`Tx::recount`], for the project of a load balancer.
    pub(crate) async fn recount_for(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let select = load_balancer::Entity::find()
            .select_only()
            .column(load_balancer::Column::ProjectId)
            .filter(load_balancer::Column::Id.eq(id.to_string()));
        let project: Option<Option<String>> = self.one(&select.into_query()).await?;
        match project.flatten() {
            Some(project) => self.recount(&project).await,
            None => Ok(()),
        }
    }
}

/// Returns where the number of a kind is kept.
const fn counter(kind: QuotaKind) -> quotas::Column {
    match kind {
        QuotaKind::LoadBalancer => quotas::Column::InUseLoadBalancer,
        QuotaKind::Listener => quotas::Column::InUseListener,
        QuotaKind::Member => quotas::Column::InUseMember,
        QuotaKind::Pool => quotas::Column::InUsePool,
        QuotaKind::HealthMonitor => quotas::Column::InUseHealthMonitor,
        QuotaKind::L7Policy => quotas::Column::InUseL7policy,
        QuotaKind::L7Rule => quotas::Column::InUseL7rule,
    }
}

fn of_project(project: &str) -> sea_orm::Select<quotas::Entity> {
    quotas::Entity::find().filter(quotas::Column::ProjectId.eq(project))
}

/// Asks for the number of a project's objects.
fn objects(project: &str, kind: QuotaKind) -> SelectStatement {
    let mut select = Query::select()
        .expr_as(Func::count(Expr::val(1)), Alias::new("count"))
        .and_where(Expr::col(load_balancer::Column::ProjectId).eq(project))
        .take();
    match kind {
        QuotaKind::LoadBalancer => {
            let gone = ProvisioningStatus::Deleted.as_str();
            let present = load_balancer::Column::ProvisioningStatus.ne(gone);
            select.from(load_balancer::Entity).and_where(present)
        }
        QuotaKind::Listener => select.from(listener::Entity),
        QuotaKind::Member => select.from(member::Entity),
        QuotaKind::Pool => select.from(pool::Entity),
        QuotaKind::HealthMonitor => select.from(health_monitor::Entity),
        QuotaKind::L7Policy => select.from(l7policy::Entity),
        QuotaKind::L7Rule => select.from(l7rule::Entity),
    };
    select
}

fn row(quota: &Quota) -> quotas::ActiveModel {
    let limits = quota.limits;
    quotas::ActiveModel {
        project_id: Set(quota.project_id.clone()),
        health_monitor: Set(limits.health_monitor),
        load_balancer: Set(limits.load_balancer),
        listener: Set(limits.listener),
        member: Set(limits.member),
        pool: Set(limits.pool),
        l7policy: Set(limits.l7policy),
        l7rule: Set(limits.l7rule),
        in_use_health_monitor: NotSet,
        in_use_load_balancer: NotSet,
        in_use_listener: NotSet,
        in_use_member: NotSet,
        in_use_pool: NotSet,
        in_use_l7policy: NotSet,
        in_use_l7rule: NotSet,
    }
}

fn quota(row: quotas::Model) -> Quota {
    Quota {
        project_id: row.project_id,
        limits: Limits {
            load_balancer: row.load_balancer,
            listener: row.listener,
            member: row.member,
            pool: row.pool,
            health_monitor: row.health_monitor,
            l7policy: row.l7policy,
            l7rule: row.l7rule,
        },
    }
}
