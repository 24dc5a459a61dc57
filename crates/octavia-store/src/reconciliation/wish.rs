use std::collections::BTreeSet;

use octavia_model::{Amphora, Id, LoadBalancer, ProvisioningStatus};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use super::row::{ActiveModel, Column, Entity};
use crate::row::load_balancer;
use crate::{Error, Result, Tx};

/// What is wanted, beside what the rows of the resources say.
#[derive(Default)]
struct Wish {
    /// `None` leaves a failover that was asked for before.
    unwanted_amphorae: Option<Vec<Id<Amphora>>>,
    cascade: bool,
}

impl Tx {
    /// Says that something else is wanted of a load balancer: its generation grows, its back-off
    /// ends, and a reconciler is called after the commit. Makes the row when there is none.
    /// Returns the new generation.
    ///
    /// Call it behind the write of the load balancer's status: a load balancer in `PENDING_DELETE` is to be
    /// deleted, any other is not.
    pub async fn wake(&mut self, id: Id<LoadBalancer>) -> Result<i64> {
        self.wish(id, Wish::default()).await
    }

    /// As [`Tx::wake`], and the amphorae that exist now are to be replaced.
    pub async fn wake_for_failover(&mut self, id: Id<LoadBalancer>) -> Result<i64> {
        let present = self.amphorae_of(id).await?;
        let wish = Wish {
            unwanted_amphorae: Some(present.iter().map(|amphora| amphora.id).collect()),
            cascade: false,
        };
        self.wish(id, wish).await
    }

    /// As [`Tx::wake`], and one amphora is to be replaced, beside those that are to be already.
    pub async fn wake_for_amphora_failover(
        &mut self,
        id: Id<LoadBalancer>,
        amphora: Id<Amphora>,
    ) -> Result<i64> {
        let before = self.reconciliation(id).await?;
        let mut unwanted = before.map_or_else(Vec::new, |row| row.unwanted_amphorae);
        unwanted.push(amphora);
        let wish = Wish {
            unwanted_amphorae: Some(unwanted),
            cascade: false,
        };
        self.wish(id, wish).await
    }

    /// As [`Tx::wake`], and what is below the load balancer goes with it.
    pub async fn wake_for_cascade_delete(&mut self, id: Id<LoadBalancer>) -> Result<i64> {
        let wish = Wish {
            unwanted_amphorae: None,
            cascade: true,
        };
        self.wish(id, wish).await
    }

    /// Asks for a look without a new generation: the world may have changed, not the wish.
    /// Makes the row when there is none.
    pub async fn look(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        self.ensure_row(id).await?;
        let now = self.now();
        let update = Entity::update_many()
            .col_expr(Column::LooksAsked, Expr::col(Column::LooksAsked).add(1))
            .col_expr(Column::LookAt, Expr::value(now))
            .filter(Column::LoadBalancerId.eq(id.to_string()));
        self.execute(&update.into_query()).await?;
        self.woke = true;
        Ok(())
    }

    async fn wish(&mut self, id: Id<LoadBalancer>, wish: Wish) -> Result<i64> {
        self.ensure_row(id).await?;
        let now = self.now();
        let deleting = self.is_to_be_deleted(id).await?;
        let mut update = Entity::update_many()
            .col_expr(Column::Wanted, Expr::col(Column::Wanted).add(1))
            .col_expr(Column::LooksAsked, Expr::col(Column::LooksAsked).add(1))
            .col_expr(Column::LookAt, Expr::value(now))
            .col_expr(
                Column::PendingSince,
                Expr::col(Column::PendingSince).if_null(now),
            )
            .col_expr(Column::Attempts, Expr::value(0))
            .col_expr(Column::Cause, Expr::value(Option::<String>::None))
            .col_expr(Column::Deleting, Expr::value(deleting))
            .col_expr(Column::CascadeDelete, Expr::value(wish.cascade && deleting));
        if let Some(unwanted) = wish.unwanted_amphorae {
            let unwanted: BTreeSet<String> = unwanted.iter().map(ToString::to_string).collect();
            let unwanted = unwanted.into_iter().collect::<Vec<_>>().join(",");
            update = update
                .col_expr(Column::Failover, Expr::value(true))
                .col_expr(Column::UnwantedAmphorae, Expr::value(unwanted));
        }
        let update = update.filter(Column::LoadBalancerId.eq(id.to_string()));
        self.execute(&update.into_query()).await?;
        self.woke = true;
        self.wanted(id).await
    }

    async fn wanted(&mut self, id: Id<LoadBalancer>) -> Result<i64> {
        let row = self.reconciliation(id).await?;
        row.map(|row| row.wanted)
            .ok_or(Error::Conflict("the load balancer's reconciliation"))
    }

    async fn is_to_be_deleted(&mut self, id: Id<LoadBalancer>) -> Result<bool> {
        let select = load_balancer::Entity::find()
            .select_only()
            .column(load_balancer::Column::ProvisioningStatus)
            .filter(load_balancer::Column::Id.eq(id.to_string()));
        let status: Option<String> = self.one(&select.into_query()).await?;
        Ok(status.as_deref() == Some(ProvisioningStatus::PendingDelete.as_str()))
    }

    /// Adds the row of a load balancer that has none, in one statement that two may send at once.
    async fn ensure_row(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let present = Query::select()
            .column(Column::LoadBalancerId)
            .from(Entity)
            .and_where(Column::LoadBalancerId.eq(id.to_string()))
            .take();
        if !self.raw_rows(&present).await?.is_empty() {
            return Ok(());
        }
        let row = ActiveModel {
            load_balancer_id: Set(id.to_string()),
            wanted: Set(0),
            done: Set(0),
            pending_since: Set(None),
            attempts: Set(0),
            look_at: Set(None),
            looks_asked: Set(0),
            looks_taken: Set(0),
            cause: Set(None),
            failover: Set(false),
            unwanted_amphorae: Set(String::new()),
            cascade_delete: Set(false),
            deleting: Set(false),
            lease_owner: Set(None),
            lease_token: Set(0),
            lease_expires_at: Set(None),
        };
        match self.insert(row).await {
            // Somebody else was faster.
            Err(Error::Duplicate(_)) => Ok(()),
            other => other,
        }
    }
}
