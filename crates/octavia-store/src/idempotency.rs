use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::row::rs_idempotency_keys::{ActiveModel, Column, Entity, Model};
use crate::{Error, Result, Tx};

/// One try of a request that may come again under the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Stands for who asks, where, and the key: at most 64 ASCII characters.
    pub key: String,
    /// Stands for what is asked: at most 64 ASCII characters.
    pub request: String,
    /// Names this try, and no other: at most 36 ASCII characters.
    pub owner: String,
}

/// What there is under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nothing: the try has the key now.
    Taken,
    /// Another try has the key.
    Running,
    /// The answer to an earlier try.
    Answered(StoredAnswer),
    /// A try of another request.
    OtherRequest,
}

/// An answer that is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Tx {
    /// Takes a key for a try, unless another has it or was answered. It is the try's for as long as
    /// `hold`; after that the next try may take it, and this one cannot be answered any more.
    /// Entries from before `oldest` count for nothing.
    pub async fn claim_key(
        &mut self,
        attempt: &Attempt,
        hold: Duration,
        oldest: DateTime<Utc>,
    ) -> Result<Claim> {
        let select = Entity::find_by_id(&attempt.key).into_query();
        let Some(found) = self.one::<Model>(&select).await? else {
            let row = self.claim(attempt, hold);
            return match self.insert(row).await {
                Ok(()) => Ok(Claim::Taken),
                Err(Error::Duplicate(_)) => Ok(Claim::Running),
                Err(error) => Err(error),
            };
        };
        let old = found.created_at < oldest.naive_utc();
        let lost = found.status.is_none() && found.claimed_until <= self.now();
        if !old && found.request != attempt.request {
            return Ok(Claim::OtherRequest);
        }
        if !old && !lost {
            return Ok(answer_of(found).map_or(Claim::Running, Claim::Answered));
        }
        let row = self.claim(attempt, hold);
        let unchanged = Column::Id
            .eq(&attempt.key)
            .and(Column::Owner.eq(&found.owner));
        match self.update(row, unchanged, "an idempotency key").await {
            Ok(()) => Ok(Claim::Taken),
            Err(Error::Conflict(_)) => Ok(Claim::Running),
            Err(error) => Err(error),
        }
    }

    fn claim(&self, attempt: &Attempt, hold: Duration) -> ActiveModel {
        ActiveModel {
            id: Set(attempt.key.clone()),
            request: Set(attempt.request.clone()),
            owner: Set(attempt.owner.clone()),
            claimed_until: Set(self.after(hold)),
            created_at: Set(self.now()),
            status: Set(None),
            answer: Set(None),
        }
    }

    fn after(&self, hold: Duration) -> NaiveDateTime {
        self.now() + hold
    }

    /// Keeps a key for longer.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] when the try has it no more.
    pub async fn hold_key(&mut self, attempt: &Attempt, hold: Duration) -> Result<()> {
        let row = ActiveModel {
            claimed_until: Set(self.after(hold)),
            ..unset()
        };
        self.update(row, unanswered(attempt), "an idempotency key")
            .await
    }

    /// Writes the answer to a try, to be given again.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] when the try has its key no more: another may have been made.
    pub async fn answer_key(&mut self, attempt: &Attempt, answer: &StoredAnswer) -> Result<()> {
        let row = ActiveModel {
            status: Set(Some(answer.status.into())),
            answer: Set(Some(answer.body.clone())),
            ..unset()
        };
        self.update(row, unanswered(attempt), "an idempotency key")
            .await
    }

    /// Gives a key back that was not answered.
    pub async fn give_key_back(&mut self, attempt: &Attempt) -> Result<()> {
        let delete = Entity::delete_many().filter(unanswered(attempt));
        self.execute(&delete.into_query()).await.map(|_| ())
    }

    /// Removes keys from before `before`. Returns how many went.
    pub async fn prune_keys(&mut self, before: DateTime<Utc>) -> Result<u64> {
        let delete = Entity::delete_many().filter(Column::CreatedAt.lt(before.naive_utc()));
        self.execute(&delete.into_query()).await
    }
}

fn unanswered(attempt: &Attempt) -> Expr {
    let this = Column::Id.eq(&attempt.key);
    this.and(Column::Owner.eq(&attempt.owner))
        .and(Column::Status.is_null())
}

fn unset() -> ActiveModel {
    ActiveModel {
        id: NotSet,
        request: NotSet,
        owner: NotSet,
        claimed_until: NotSet,
        created_at: NotSet,
        status: NotSet,
        answer: NotSet,
    }
}

fn answer_of(row: Model) -> Option<StoredAnswer> {
    Some(StoredAnswer {
        status: u16::try_from(row.status?).ok()?,
        body: row.answer.unwrap_or_default(),
    })
}
