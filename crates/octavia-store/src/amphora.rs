use chrono::SubsecRound;
use octavia_model::{Amphora, AmphoraHealth, AmphoraStatus, Id, LoadBalancer};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QueryTrait, Select};

use crate::column::{Cell, text, utc};
use crate::row::{amphora, amphora_health};
use crate::{ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns an amphora, `DELETED` ones included.
    pub async fn amphora(&mut self, id: Id<Amphora>) -> Result<Option<Amphora>> {
        let select = amphora::Entity::find().filter(amphora::Column::Id.eq(id.to_string()));
        Ok(self.amphorae_from(select).await?.pop())
    }

    /// Adds an amphora.
    pub async fn insert_amphora(&mut self, amphora: &Amphora) -> Result<()> {
        let row = amphora::ActiveModel {
            created_at: Set(Some(self.stamp())),
            ..row(amphora)
        };
        self.insert(row)
            .await
            .map_err(|error| error.duplicate_is(|| format!("amphora {}", amphora.id)))
    }

    /// Writes an amphora.
    pub async fn save_amphora(&mut self, amphora: &Amphora) -> Result<()> {
        let row = amphora::ActiveModel {
            updated_at: Set(Some(self.stamp())),
            ..row(amphora)
        };
        let this = amphora::Column::Id.eq(amphora.id.to_string());
        self.update(row, this, "the amphora").await
    }

    /// Returns all amphorae that are not `DELETED`.
    pub async fn amphorae(&mut self) -> Result<Vec<Amphora>> {
        self.amphorae_from(present()).await
    }

    /// Returns a page of the amphorae that are not `DELETED`.
    pub async fn amphorae_page(&mut self, query: &ListQuery) -> Result<Vec<Amphora>> {
        let select = self.select(Resource::Amphora, query).await?;
        let rows: Vec<amphora::Model> = self.rows(&select).await?;
        rows.into_iter().map(amphora).collect()
    }

    pub(crate) async fn amphorae_of(&mut self, id: Id<LoadBalancer>) -> Result<Vec<Amphora>> {
        let select = present().filter(amphora::Column::LoadBalancerId.eq(id.to_string()));
        self.amphorae_from(select).await
    }

    async fn amphorae_from(&mut self, select: Select<amphora::Entity>) -> Result<Vec<Amphora>> {
        let select = select
            .order_by_asc(amphora::Column::CreatedAt)
            .order_by_asc(amphora::Column::Id);
        let rows: Vec<amphora::Model> = self.rows(&select.into_query()).await?;
        rows.into_iter().map(amphora).collect()
    }

    /// Returns the health rows of all amphorae that are not `DELETED`.
    pub async fn amphora_health(&mut self) -> Result<Vec<AmphoraHealth>> {
        let present = Query::select()
            .column(amphora::Column::Id)
            .from(amphora::Entity)
            .and_where(amphora::Column::Status.ne(AmphoraStatus::Deleted.as_str()))
            .take();
        let select = amphora_health::Entity::find()
            .filter(Expr::col(amphora_health::Column::AmphoraId).in_subquery(present));
        let rows: Vec<amphora_health::Model> = self.rows(&select.into_query()).await?;
        rows.into_iter()
            .map(|row| {
                Ok(AmphoraHealth {
                    amphora_id: Cell::new("amphora_health", &row.amphora_id)
                        .parse(&row.amphora_id)?,
                    last_update: row.last_update.and_utc(),
                    busy: row.busy,
                })
            })
            .collect()
    }

    /// Writes (or adds) health rows.
    pub async fn save_amphora_health(&mut self, rows: &[AmphoraHealth]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows = rows.iter().map(|row| amphora_health::ActiveModel {
            amphora_id: Set(row.amphora_id.to_string()),
            last_update: Set(self.kept(row.last_update.naive_utc())),
            busy: Set(row.busy),
        });
        let insert = amphora_health::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::column(amphora_health::Column::AmphoraId)
                    .update_columns([
                        amphora_health::Column::LastUpdate,
                        amphora_health::Column::Busy,
                    ])
                    .to_owned(),
            )
            .into_query();
        self.execute(&insert).await.map(|_| ())
    }

    /// Removes a health row.
    pub async fn delete_amphora_health(&mut self, id: Id<Amphora>) -> Result<()> {
        let delete = amphora_health::Entity::delete_many()
            .filter(amphora_health::Column::AmphoraId.eq(id.to_string()));
        self.execute(&delete.into_query()).await.map(|_| ())
    }
}

fn present() -> Select<amphora::Entity> {
    amphora::Entity::find().filter(amphora::Column::Status.ne(AmphoraStatus::Deleted.as_str()))
}

fn row(amphora: &Amphora) -> amphora::ActiveModel {
    amphora::ActiveModel {
        id: Set(amphora.id.to_string()),
        compute_id: Set(text(amphora.compute_id.as_ref())),
        status: Set(amphora.status.to_string()),
        load_balancer_id: Set(text(amphora.load_balancer_id.as_ref())),
        lb_network_ip: Set(text(amphora.lb_network_ip.as_ref())),
        vrrp_ip: Set(text(amphora.vrrp_ip.as_ref())),
        ha_ip: Set(text(amphora.ha_ip.as_ref())),
        vrrp_port_id: Set(text(amphora.vrrp_port_id.as_ref())),
        ha_port_id: Set(text(amphora.ha_port_id.as_ref())),
        role: Set(text(amphora.role.as_ref())),
        cert_expiration: Set(amphora
            .cert_expiration
            .map(|time| time.naive_utc().trunc_subsecs(0))),
        cert_busy: Set(amphora.cert_busy),
        vrrp_interface: Set(amphora.vrrp_interface.clone()),
        vrrp_id: Set(amphora.vrrp_id),
        vrrp_priority: Set(amphora.vrrp_priority),
        cached_zone: Set(amphora.cached_zone.clone()),
        created_at: NotSet,
        updated_at: NotSet,
        image_id: Set(amphora.image_id.clone()),
        compute_flavor: Set(amphora.compute_flavor.clone()),
    }
}

fn amphora(row: amphora::Model) -> Result<Amphora> {
    let cell = Cell::new("amphora", &row.id);
    Ok(Amphora {
        id: cell.parse(&row.id)?,
        load_balancer_id: cell.optional(row.load_balancer_id.as_ref())?,
        compute_id: cell.optional(row.compute_id.as_ref())?,
        status: cell.parse(&row.status)?,
        lb_network_ip: cell.optional(row.lb_network_ip.as_ref())?,
        vrrp_ip: cell.optional(row.vrrp_ip.as_ref())?,
        ha_ip: cell.optional(row.ha_ip.as_ref())?,
        vrrp_port_id: cell.optional(row.vrrp_port_id.as_ref())?,
        ha_port_id: cell.optional(row.ha_port_id.as_ref())?,
        role: cell.optional(row.role.as_ref())?,
        cert_expiration: utc(row.cert_expiration),
        cert_busy: row.cert_busy,
        vrrp_interface: row.vrrp_interface,
        vrrp_id: row.vrrp_id,
        vrrp_priority: row.vrrp_priority,
        cached_zone: row.cached_zone,
        image_id: row.image_id,
        compute_flavor: row.compute_flavor,
        created_at: utc(row.created_at),
        updated_at: utc(row.updated_at),
    })
}
