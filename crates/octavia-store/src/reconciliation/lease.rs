use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use octavia_model::{Id, LoadBalancer, ProvisioningStatus};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::row::{Column, Entity, Model};
use super::{Lease, Reconciliation, reconciliation};
use crate::column::Cell;
use crate::row::load_balancer;
use crate::{Error, Result, Tx};

/// How many load balancers to try for, when others are taking leases at the same time.
const CANDIDATES: u64 = 16;
/// The longest cause that is kept, in characters.
const CAUSE: usize = 1000;
const LOST: Error = Error::Conflict("the lease");

impl Tx {
    /// Takes the lease of the load balancer that waits longest for a look: it was woken, or
    /// `next_look_at` has come, or a holder let its lease end; and nobody holds a lease that
    /// is still good. `None` when there is nothing to do.
    ///
    /// The clocks of all workers are compared here; they must agree to much less than `length`.
    pub async fn lease_next(&mut self, owner: &str, length: Duration) -> Result<Option<Lease>> {
        let now = self.now();
        let waiting: Vec<Model> = self.rows(&waiting(now)).await?;
        for row in waiting {
            if let Some(lease) = self.take(row, owner, now + span(length)).await? {
                return Ok(Some(lease));
            }
        }
        Ok(None)
    }

    /// Takes a lease, unless somebody else did since the row was read.
    async fn take(
        &mut self,
        row: Model,
        owner: &str,
        expires_at: NaiveDateTime,
    ) -> Result<Option<Lease>> {
        let token = row.lease_token + 1;
        let update = Entity::update_many()
            .col_expr(Column::LeaseOwner, Expr::value(owner))
            .col_expr(Column::LeaseToken, Expr::value(token))
            .col_expr(Column::LeaseExpiresAt, Expr::value(expires_at))
            .col_expr(Column::LooksTaken, Expr::col(Column::LooksAsked))
            .filter(Column::LoadBalancerId.eq(&row.load_balancer_id))
            .filter(Column::LeaseToken.eq(row.lease_token))
            .filter(match row.lease_expires_at {
                // A renewal keeps the token, and moves the end.
                Some(end) => Column::LeaseExpiresAt.eq(end),
                None => Column::LeaseExpiresAt.is_null(),
            });
        if self.execute(&update.into_query()).await? == 0 {
            return Ok(None);
        }
        let id = &row.load_balancer_id;
        Ok(Some(Lease {
            load_balancer_id: Cell::new("rs_reconciliation", id).parse(id)?,
            owner: owner.to_owned(),
            token,
            expires_at: expires_at.and_utc(),
        }))
    }

    /// Returns when the next load balancer wants a look (by `next_look_at` or a lease that ends).
    pub async fn next_look(&mut self) -> Result<Option<DateTime<Utc>>> {
        let unleased = Query::select()
            .expr_as(Expr::col(Column::LookAt).min(), "at")
            .from(Entity)
            .and_where(Column::LeaseOwner.is_null())
            .and_where(alive())
            .take();
        let leased = Query::select()
            .expr_as(Expr::col(Column::LeaseExpiresAt).min(), "at")
            .from(Entity)
            .and_where(Column::LeaseOwner.is_not_null())
            .and_where(alive())
            .take();
        let unleased: Option<Option<NaiveDateTime>> = self.one(&unleased).await?;
        let leased: Option<Option<NaiveDateTime>> = self.one(&leased).await?;
        Ok([unleased, leased]
            .into_iter()
            .flatten()
            .flatten()
            .min()
            .map(|at| at.and_utc()))
    }

    /// Lengthens a lease.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Conflict`] when it was lost.
    pub async fn renew(&mut self, lease: &Lease, length: Duration) -> Result<Lease> {
        let expires_at = self.now() + span(length);
        let update = Entity::update_many()
            .col_expr(Column::LeaseExpiresAt, Expr::value(expires_at))
            .filter(held(lease));
        self.must_hold(&update.into_query()).await?;
        Ok(Lease {
            expires_at: expires_at.and_utc(),
            ..lease.clone()
        })
    }

    /// Proves in this transaction that the lease is still held (locks its row, behind the load
    /// balancer's: everybody locks in this order).
    ///
    /// A lease that ended, and that nobody else took since, counts as held.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Conflict`] when it was lost.
    pub async fn fence(&mut self, lease: &Lease) -> Result<Reconciliation> {
        self.lock_row_of(lease.load_balancer_id).await?;
        let select = Entity::find().filter(held(lease)).lock_exclusive();
        let row: Option<Model> = self.one(&select.into_query()).await?;
        row.map_or(Err(LOST), reconciliation)
    }

    pub(crate) async fn lock_row_of(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        let select = Query::select()
            .column(load_balancer::Column::Id)
            .from(load_balancer::Entity)
            .and_where(load_balancer::Column::Id.eq(id.to_string()))
            .lock_exclusive()
            .take();
        self.raw_rows(&select).await.map(|_| ())
    }

    /// Gives a lease back, and says when to look again. A load balancer that was woken since the
    /// lease was taken is looked at again at once, and so is one for which something is still wanted
    /// when no time is said. A lease that was lost needs no giving back.
    pub async fn release(
        &mut self,
        lease: &Lease,
        next_look_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        let now = self.now();
        let look_at = match next_look_at {
            Some(at) => Expr::value(at.naive_utc()),
            None => Expr::case(
                Expr::col(Column::Wanted).equals(Column::Done),
                Expr::value(Option::<NaiveDateTime>::None),
            )
            .finally(now)
            .into(),
        };
        let woken = Expr::col(Column::LooksAsked).not_equals(Column::LooksTaken);
        let look_at: Expr = Expr::case(woken, Expr::value(now)).finally(look_at).into();
        let update = Entity::update_many()
            .col_expr(Column::LookAt, look_at)
            .col_expr(Column::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(
                Column::LeaseExpiresAt,
                Expr::value(Option::<NaiveDateTime>::None),
            )
            .filter(held(lease));
        self.execute(&update.into_query()).await?;
        self.woke = true;
        Ok(())
    }

    /// Notes that a look or an action failed: counts the attempt and keeps the cause.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Conflict`] when the lease was lost.
    pub async fn record_failure(&mut self, lease: &Lease, cause: &str) -> Result<()> {
        let update = Entity::update_many()
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .col_expr(Column::Cause, Expr::value(cut(cause)))
            .filter(held(lease));
        self.must_hold(&update.into_query()).await
    }

    async fn must_hold(&mut self, update: &sea_orm::sea_query::UpdateStatement) -> Result<()> {
        match self.execute(update).await? {
            0 => Err(LOST),
            _ => Ok(()),
        }
    }
}

pub(crate) fn held(lease: &Lease) -> Expr {
    Column::LoadBalancerId
        .eq(lease.load_balancer_id.to_string())
        .and(Column::LeaseToken.eq(lease.token))
        .and(Column::LeaseOwner.eq(&lease.owner))
}

/// Cuts a cause to what its column holds.
pub(crate) fn cut(cause: &str) -> String {
    cause.chars().take(CAUSE).collect()
}

fn waiting(now: NaiveDateTime) -> SelectStatement {
    let wants_a_look = Column::LeaseOwner.is_null().and(Column::LookAt.lte(now));
    let abandoned = Column::LeaseOwner
        .is_not_null()
        .and(Column::LeaseExpiresAt.lte(now));
    Entity::find()
        .filter(wants_a_look.or(abandoned))
        .filter(alive())
        .order_by_asc(Column::LookAt)
        .order_by_asc(Column::LoadBalancerId)
        .limit(CANDIDATES)
        .into_query()
}

/// Rows whose load balancer was deleted or purged (perhaps by upstream) are nobody's work.
fn alive() -> Expr {
    let present = Query::select()
        .expr(Expr::val(1))
        .from(load_balancer::Entity)
        .and_where(
            Expr::col((load_balancer::Entity, load_balancer::Column::Id))
                .equals((Entity, Column::LoadBalancerId)),
        )
        .and_where(
            load_balancer::Column::ProvisioningStatus.ne(ProvisioningStatus::Deleted.as_str()),
        )
        .take();
    Expr::exists(present)
}

fn span(length: Duration) -> TimeDelta {
    TimeDelta::from_std(length).unwrap_or(TimeDelta::days(1))
}
