mod lease;
mod wish;

pub(crate) use lease::{cut, held};

use chrono::{DateTime, Utc};
use octavia_model::{Amphora, Id, LoadBalancer};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::column::{Cell, commas, utc};
use crate::row::rs_reconciliation as row;
use crate::{Result, Tx};

/// The right to change the world for one load balancer, until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The load balancer.
    pub load_balancer_id: Id<LoadBalancer>,
    /// The worker that holds it.
    pub owner: String,
    /// Grows with each holder; every write of the reconciler carries it.
    pub token: i64,
    /// When it ends, unless renewed.
    pub expires_at: DateTime<Utc>,
}

/// Where the reconciler stands with a load balancer (a row of `rs_reconciliation`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// The load balancer.
    pub load_balancer_id: Id<LoadBalancer>,
    /// Grows with each accepted change; it is the generation of the configuration, too.
    pub wanted: i64,
    /// The last generation that was made true.
    pub done: i64,
    /// Since when `wanted` is not `done`: the start of the operation's deadline. `None` after the
    /// deadline has passed ([`crate::Settlement::Failed`]): from then on only the pace is slower.
    pub pending_since: Option<DateTime<Utc>>,
    /// How often the reconciler failed since it last got through.
    pub attempts: i32,
    /// When to look again.
    pub next_look_at: Option<DateTime<Utc>>,
    /// Why it does not get through, in words.
    pub cause: Option<String>,
    /// Whether the amphorae are to be replaced (see `unwanted_amphorae`).
    pub failover: bool,
    /// The amphorae that are not wanted any more: those that existed when a failover was asked
    /// for. It is written with the wish and emptied when the load balancer converges, so whoever
    /// plans after a crash sees the same set: an amphora in it is to be replaced, one that is not
    /// in it is a replacement (or was never concerned) and stays.
    pub unwanted_amphorae: Vec<Id<Amphora>>,
    /// Whether what is below the load balancer goes with it.
    pub cascade: bool,
    /// Whether the load balancer is to be deleted. It stays true when a deletion failed and left the
    /// load balancer in `ERROR`, until a failover is asked for instead: plan by this, not by
    /// the status.
    pub deleting: bool,
}

impl Tx {
    /// Returns where the reconciler stands with a load balancer.
    pub async fn reconciliation(&mut self, id: Id<LoadBalancer>) -> Result<Option<Reconciliation>> {
        let select = row::Entity::find().filter(row::Column::LoadBalancerId.eq(id.to_string()));
        let found: Option<row::Model> = self.one(&select.into_query()).await?;
        found.map(reconciliation).transpose()
    }
}

fn reconciliation(row: row::Model) -> Result<Reconciliation> {
    let cell = Cell::new("rs_reconciliation", &row.load_balancer_id);
    Ok(Reconciliation {
        load_balancer_id: cell.parse(&row.load_balancer_id)?,
        wanted: row.wanted,
        done: row.done,
        pending_since: utc(row.pending_since),
        attempts: row.attempts,
        next_look_at: utc(row.look_at),
        cause: row.cause,
        failover: row.failover,
        unwanted_amphorae: commas(Some(&row.unwanted_amphorae))
            .iter()
            .map(|id| cell.parse(id))
            .collect::<Result<_>>()?,
        cascade: row.cascade_delete,
        deleting: row.deleting,
    })
}
