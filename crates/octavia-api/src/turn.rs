//! Waiting instead of refusing: for the turn of a write, and for its effect.

use std::time::Duration;

use octavia_model::{Id, LoadBalancer};
use tokio::time::{Instant, timeout_at};

use crate::Api;
use crate::error::{Error, Result};
use crate::rules::references::ReadSecrets;

/// How often the status is read again when no settlement of this process is heard: another process
/// may have done it.
const POLL: Duration = Duration::from_millis(25);

/// How often a transaction is tried that another one came in between of,
const BUSY_TRIES: u32 = 5;
/// and for how long: one that waited in vain for a lock is not made to wait again.
const BUSY_TIME: Duration = Duration::from_secs(5);

/// An accepted change: its load balancer, and the answer.
pub(crate) struct Accepted<T> {
    /// The load balancer; `None` when there was nothing to do.
    pub(crate) load_balancer: Option<Id<LoadBalancer>>,
    /// The answer.
    pub(crate) answer: T,
}

impl<T> Accepted<T> {
    /// Says that a change of this load balancer was accepted.
    pub(crate) const fn new(load_balancer: Id<LoadBalancer>, answer: T) -> Self {
        Self {
            load_balancer: Some(load_balancer),
            answer,
        }
    }
}

impl Api {
    /// Runs a write: again when it has to wait for its turn (`immutable_wait`) or another
    /// transaction came in between, and then waits for its effect (`sync_wait`).
    pub(crate) async fn in_turn<T, F>(&self, attempt: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<Accepted<T>>>,
    {
        let last_moment = Instant::now() + self.config.immutable_wait;
        let (mut busy, mut began) = (0, Instant::now());
        loop {
            match attempt().await {
                Ok(accepted) => {
                    if let Some(id) = accepted.load_balancer {
                        self.wait_for_effect(id).await;
                    }
                    return Ok(accepted.answer);
                }
                Err(Error::Immutable(refused)) if refused.status.is_pending() => {
                    let id = refused.load_balancer;
                    if !self.settled_by(id, last_moment).await {
                        return Err(Error::Immutable(refused));
                    }
                    began = Instant::now();
                }
                Err(Error::Store(octavia_store::Error::Busy { .. }))
                    if busy < BUSY_TRIES && began.elapsed() < BUSY_TIME =>
                {
                    busy += 1;
                    tokio::time::sleep(Duration::from_millis(5) * busy).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// As [`Self::in_turn`]; what an attempt lacks of the store of secrets is read, and it is made
    /// again.
    pub(crate) async fn in_turn_with<T, F>(
        &self,
        secrets: &ReadSecrets,
        attempt: impl Fn() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<Accepted<T>>>,
    {
        loop {
            match self.in_turn(&attempt).await {
                Err(Error::Unread(lacking)) => secrets.read(&*self.secrets, &lacking).await,
                done => return done,
            }
        }
    }

    async fn wait_for_effect(&self, id: Id<LoadBalancer>) {
        if !self.config.sync_wait.is_zero() {
            self.settled_by(id, Instant::now() + self.config.sync_wait)
                .await;
        }
    }

    /// Waits until the load balancer is not pending any more; `false` when the time is over first.
    async fn settled_by(&self, id: Id<LoadBalancer>, last_moment: Instant) -> bool {
        let mut settlements = self.store.settlements();
        loop {
            settlements.borrow_and_update();
            if Instant::now() >= last_moment {
                return false;
            }
            match self.store.provisioning_status(id).await {
                Ok(Some(status)) if status.is_pending() => {}
                Ok(_) => return true,
                // The write itself will say what is wrong with the database.
                Err(_) => return false,
            }
            let next = last_moment.min(Instant::now() + POLL);
            if let Ok(Err(_closed)) = timeout_at(next, settlements.changed()).await {
                tokio::time::sleep_until(next).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
