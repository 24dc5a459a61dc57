use octavia_model::{HealthMonitor, HttpVersion, Id, LoadBalancer, ProvisioningStatus};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::children::{Children, Family, Part};
use crate::column::{Cell, text, utc};
use crate::row::{health_monitor, pool};
use crate::{ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns a health monitor.
    pub async fn health_monitor(&mut self, id: Id<HealthMonitor>) -> Result<Option<HealthMonitor>> {
        let id = id.to_string();
        let select = health_monitor::Entity::find()
            .filter(health_monitor::Column::Id.eq(&id))
            .filter(
                health_monitor::Column::ProvisioningStatus.ne(ProvisioningStatus::Deleted.as_str()),
            );
        self.object(select.into_query(), &id, &family()).await
    }

    /// Adds a health monitor.
    pub async fn insert_health_monitor(&mut self, monitor: &HealthMonitor) -> Result<()> {
        let row = health_monitor::ActiveModel {
            created_at: Set(Some(self.stamp())),
            ..row(monitor)
        };
        self.insert(row).await.map_err(|error| {
            error.duplicate_is(|| format!("health monitor of pool {}", monitor.pool_id))
        })?;
        self.insert_tags(&monitor.id.to_string(), &monitor.tags)
            .await
    }

    /// Writes a health monitor.
    pub async fn save_health_monitor(&mut self, monitor: &HealthMonitor) -> Result<()> {
        let id = monitor.id.to_string();
        let row = health_monitor::ActiveModel {
            updated_at: Set(Some(self.stamp())),
            ..row(monitor)
        };
        let this = health_monitor::Column::Id.eq(&id);
        self.update(row, this, "the health monitor").await?;
        self.replace_tags(&id, &monitor.tags).await
    }

    /// Removes a health monitor.
    pub async fn delete_health_monitor(&mut self, id: Id<HealthMonitor>) -> Result<()> {
        self.delete_health_monitors(&[id.to_string()]).await
    }

    pub(crate) async fn delete_health_monitors(&mut self, ids: &[String]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        self.delete_tags_of(ids).await?;
        let delete =
            health_monitor::Entity::delete_many().filter(health_monitor::Column::Id.is_in(ids));
        self.execute(&delete.into_query()).await.map(|_| ())
    }

    /// Returns health monitors.
    pub async fn health_monitors(&mut self, query: &ListQuery) -> Result<Vec<HealthMonitor>> {
        let select = self.select(Resource::HealthMonitor, query).await?;
        self.objects(&select, &family()).await
    }

    pub(crate) async fn health_monitors_of_load_balancer(
        &mut self,
        id: Id<LoadBalancer>,
    ) -> Result<Vec<HealthMonitor>> {
        let pools = Query::select()
            .column(pool::Column::Id)
            .from(pool::Entity)
            .and_where(pool::Column::LoadBalancerId.eq(id.to_string()))
            .take();
        let select = health_monitor::Entity::find()
            .filter(Expr::col(health_monitor::Column::PoolId).in_subquery(pools));
        self.objects(&select.into_query(), &family()).await
    }
}

fn family() -> Family<health_monitor::Model, HealthMonitor> {
    Family {
        table: health_monitor::Entity.into_iden(),
        id: |row| &row.id,
        parts: vec![Part::tags()],
        object: health_monitor,
    }
}

fn row(monitor: &HealthMonitor) -> health_monitor::ActiveModel {
    health_monitor::ActiveModel {
        pool_id: Set(monitor.pool_id.to_string()),
        kind: Set(monitor.kind.to_string()),
        delay: Set(monitor.delay),
        timeout: Set(monitor.timeout),
        fall_threshold: Set(monitor.fall_threshold),
        rise_threshold: Set(monitor.rise_threshold),
        http_method: Set(text(monitor.http_method.as_ref())),
        url_path: Set(monitor.url_path.clone()),
        expected_codes: Set(monitor.expected_codes.clone()),
        enabled: Set(monitor.enabled),
        project_id: Set(monitor.project_id.clone()),
        provisioning_status: Set(monitor.provisioning_status.to_string()),
        name: Set(monitor.name.clone()),
        id: Set(monitor.id.to_string()),
        created_at: NotSet,
        updated_at: NotSet,
        operating_status: Set(monitor.operating_status.to_string()),
        http_version: Set(monitor.http_version.map(version_number)),
        domain_name: Set(monitor.domain_name.clone()),
    }
}

/// The column is a float.
const fn version_number(version: HttpVersion) -> f32 {
    match version {
        HttpVersion::Http10 => 1.0,
        HttpVersion::Http11 => 1.1,
    }
}

fn health_monitor(row: health_monitor::Model, beside: &mut Children) -> Result<HealthMonitor> {
    let cell = Cell::new("health_monitor", &row.id);
    let id = cell.parse(&row.id)?;
    let version = row.http_version.map(|number| format!("{number:.1}"));
    Ok(HealthMonitor {
        id,
        project_id: row.project_id,
        pool_id: cell.parse(&row.pool_id)?,
        name: row.name,
        kind: cell.parse(&row.kind)?,
        delay: row.delay,
        timeout: row.timeout,
        fall_threshold: row.fall_threshold,
        rise_threshold: row.rise_threshold,
        http_method: cell.optional(row.http_method.as_ref())?,
        url_path: row.url_path,
        expected_codes: row.expected_codes,
        http_version: cell.optional(version.as_ref())?,
        domain_name: row.domain_name,
        provisioning_status: cell.parse(&row.provisioning_status)?,
        operating_status: cell.parse(&row.operating_status)?,
        enabled: row.enabled,
        tags: beside.tags(id),
        created_at: utc(row.created_at),
        updated_at: utc(row.updated_at),
    })
}
