use chrono::{DateTime, NaiveDateTime, Utc};
use octavia_model::{AmphoraStatus, ProvisioningStatus};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::row::{
    amphora, amphora_health, amphora_member_port, load_balancer, rs_events, rs_reconciliation, vip,
    vrrp_group,
};
use crate::{Result, Tx};

/// How many rows one transaction removes at most; the next round takes the rest.
const BATCH: u64 = 200;

impl Tx {
    /// Removes load balancers that are `DELETED` since before `before`, with their rows.
    /// Returns how many went (a limited number at a time).
    pub async fn purge_load_balancers(&mut self, before: DateTime<Utc>) -> Result<u64> {
        let select = Query::select()
            .column(load_balancer::Column::Id)
            .from(load_balancer::Entity)
            .and_where(
                load_balancer::Column::ProvisioningStatus.eq(ProvisioningStatus::Deleted.as_str()),
            )
            .and_where(older(
                load_balancer::Column::UpdatedAt,
                load_balancer::Column::CreatedAt,
                before.naive_utc(),
            ))
            .limit(BATCH)
            .take();
        let ids = self.ids(&select).await?;
        for id in &ids {
            self.purge_load_balancer(id).await?;
        }
        Ok(ids.len() as u64)
    }

    async fn purge_load_balancer(&mut self, id: &str) -> Result<()> {
        self.delete_beside_vip(id).await?;
        let vip = vip::Entity::delete_many().filter(vip::Column::LoadBalancerId.eq(id));
        self.execute(&vip.into_query()).await?;
        let group =
            vrrp_group::Entity::delete_many().filter(vrrp_group::Column::LoadBalancerId.eq(id));
        self.execute(&group.into_query()).await?;
        // Its amphorae are purged at an age of their own.
        let amphorae = amphora::Entity::update_many()
            .col_expr(
                amphora::Column::LoadBalancerId,
                Expr::value(Option::<String>::None),
            )
            .filter(amphora::Column::LoadBalancerId.eq(id));
        self.execute(&amphorae.into_query()).await?;
        self.delete_tags_of(&[id.to_owned()]).await?;
        let events =
            rs_events::Entity::delete_many().filter(rs_events::Column::LoadBalancerId.eq(id));
        self.execute(&events.into_query()).await?;
        let reconciliation = rs_reconciliation::Entity::delete_many()
            .filter(rs_reconciliation::Column::LoadBalancerId.eq(id));
        self.execute(&reconciliation.into_query()).await?;
        let row = load_balancer::Entity::delete_many().filter(load_balancer::Column::Id.eq(id));
        self.execute(&row.into_query()).await.map(|_| ())
    }

    /// Removes amphorae that are `DELETED` since before `before`, unless they were heard since.
    /// Returns how many went (a limited number at a time).
    pub async fn purge_amphorae(&mut self, before: DateTime<Utc>) -> Result<u64> {
        let before = before.naive_utc();
        let heard = Query::select()
            .column(amphora_health::Column::AmphoraId)
            .from(amphora_health::Entity)
            .and_where(amphora_health::Column::LastUpdate.gte(before))
            .take();
        let select = Query::select()
            .column(amphora::Column::Id)
            .from(amphora::Entity)
            .and_where(amphora::Column::Status.eq(AmphoraStatus::Deleted.as_str()))
            .and_where(older(
                amphora::Column::UpdatedAt,
                amphora::Column::CreatedAt,
                before,
            ))
            .and_where(Expr::col(amphora::Column::Id).in_subquery(heard).not())
            .limit(BATCH)
            .take();
        let ids = self.ids(&select).await?;
        if ids.is_empty() {
            return Ok(0);
        }
        let ports = amphora_member_port::Entity::delete_many()
            .filter(amphora_member_port::Column::AmphoraId.is_in(&ids));
        self.execute(&ports.into_query()).await?;
        let health = amphora_health::Entity::delete_many()
            .filter(amphora_health::Column::AmphoraId.is_in(&ids));
        self.execute(&health.into_query()).await?;
        let amphorae = amphora::Entity::delete_many().filter(amphora::Column::Id.is_in(&ids));
        self.execute(&amphorae.into_query()).await
    }
}

/// A row that never changed has the age of its creation.
fn older<C: ColumnTrait>(updated_at: C, created_at: C, before: NaiveDateTime) -> Expr {
    Expr::col(updated_at)
        .if_null(Expr::col(created_at))
        .lt(before)
}
