use chrono::{DateTime, SubsecRound, Utc};
use octavia_model::{Id, LoadBalancer};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use crate::column::Cell;
use crate::reconciliation::cut;
use crate::row::rs_events::{ActiveModel, Column, Entity, Model};
use crate::{Result, Tx};

/// What an event tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A change was accepted.
    Accepted,
    /// The reconciler decided what to do.
    Planned,
    /// An action succeeded.
    Did,
    /// An action failed.
    Failed,
    /// A status changed.
    Status,
    /// Everything is as wanted.
    Converged,
}

impl EventKind {
    const ALL: [Self; 6] = [
        Self::Accepted,
        Self::Planned,
        Self::Did,
        Self::Failed,
        Self::Status,
        Self::Converged,
    ];

    /// Returns the name that the database stores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Planned => "PLANNED",
            Self::Did => "DID",
            Self::Failed => "FAILED",
            Self::Status => "STATUS",
            Self::Converged => "CONVERGED",
        }
    }
}

/// An entry to add to a load balancer's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The load balancer.
    pub load_balancer_id: Id<LoadBalancer>,
    /// When.
    pub at: DateTime<Utc>,
    /// What it tells of.
    pub kind: EventKind,
    /// In words, at most 1000 characters (longer ones are cut).
    pub message: String,
}

/// An entry of a load balancer's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Grows with each entry.
    pub sequence: i64,
    /// The entry.
    pub event: NewEvent,
}

impl Tx {
    /// Adds entries to timelines.
    pub async fn add_events(&mut self, events: &[NewEvent]) -> Result<()> {
        let rows = events
            .iter()
            .map(|event| ActiveModel {
                sequence: NotSet,
                load_balancer_id: Set(event.load_balancer_id.to_string()),
                at: Set(event.at.naive_utc().trunc_subsecs(6)),
                kind: Set(event.kind.as_str().to_owned()),
                message: Set(cut(&event.message)),
            })
            .collect();
        self.insert_all(rows).await
    }

    /// Returns the newest entries of a timeline, newest first.
    pub async fn events(&mut self, id: Id<LoadBalancer>, limit: u64) -> Result<Vec<Event>> {
        let select = Entity::find()
            .filter(Column::LoadBalancerId.eq(id.to_string()))
            .order_by_desc(Column::Sequence)
            .limit(limit);
        let rows: Vec<Model> = self.rows(&select.into_query()).await?;
        rows.into_iter().map(event).collect()
    }

    /// Removes entries older than `before`, and all but the newest `keep` of each load balancer.
    /// Returns how many went.
    pub async fn prune_events(&mut self, before: DateTime<Utc>, keep: u64) -> Result<u64> {
        let old = Entity::delete_many().filter(Column::At.lt(before.naive_utc()));
        let mut removed = self.execute(&old.into_query()).await?;
        let many = Query::select()
            .expr_as(Expr::col(Column::LoadBalancerId), "id")
            .from(Entity)
            .group_by_col(Column::LoadBalancerId)
            .and_having(Expr::col(Column::Sequence).count().gt(keep))
            .take();
        for id in self.ids(&many).await? {
            removed += self.prune_events_of(&id, keep).await?;
        }
        Ok(removed)
    }

    async fn prune_events_of(&mut self, id: &str, keep: u64) -> Result<u64> {
        let select = Entity::find()
            .select_only()
            .column(Column::Sequence)
            .filter(Column::LoadBalancerId.eq(id))
            .order_by_desc(Column::Sequence)
            .offset(keep)
            .limit(1);
        let Some(newest): Option<i64> = self.one(&select.into_query()).await? else {
            return Ok(0);
        };
        let delete = Entity::delete_many()
            .filter(Column::LoadBalancerId.eq(id))
            .filter(Column::Sequence.lte(newest));
        self.execute(&delete.into_query()).await
    }
}

fn event(row: Model) -> Result<Event> {
    let cell = Cell::new("rs_events", &row.load_balancer_id);
    let kind = EventKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == row.kind)
        .ok_or_else(|| cell.corrupt(format!("'{}' is not a known event", row.kind)))?;
    Ok(Event {
        sequence: row.sequence,
        event: NewEvent {
            load_balancer_id: cell.parse(&row.load_balancer_id)?,
            at: row.at.and_utc(),
            kind,
            message: row.message,
        },
    })
}
