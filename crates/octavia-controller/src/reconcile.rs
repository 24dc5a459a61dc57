//! The reconciler: owns a load balancer by a lease, looks, plans, acts, until all is as wanted.

mod act;
mod batch;
mod failure;
mod files;
mod look;
mod pass;
mod record;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use octavia_store::Lease;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use act::{Executor, Hands, Outcome, Site};

use crate::config::{AmphoraSettings, WorkerConfig};
use crate::error::Result;
use crate::world::World;

/// The settings of a reconciler.
#[derive(Debug, Clone, Default)]
pub struct ReconcilerSettings {
    /// Its own.
    pub worker: WorkerConfig,
    /// Those of amphorae.
    pub amphora: AmphoraSettings,
}

/// Makes true what is wanted of load balancers. Any number of them may run.
pub struct Reconciler {
    world: World,
    settings: ReconcilerSettings,
    hands: Arc<dyn Hands>,
    owner: String,
}

/// What became of one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A load balancer was worked on.
    Worked,
    /// There was nothing to do.
    Idle,
}

impl Reconciler {
    /// Makes a reconciler.
    pub fn new(world: World, settings: ReconcilerSettings) -> Self {
        let hands = Arc::new(Executor::new(world.clone(), settings.clone()));
        Self::with_hands(world, settings, hands)
    }

    /// Makes a reconciler whose actions are done by somebody else, as tests want it.
    pub fn with_hands(world: World, settings: ReconcilerSettings, hands: Arc<dyn Hands>) -> Self {
        let owner = format!("worker-{}", world.ids.next());
        Self {
            world,
            settings,
            hands,
            owner,
        }
    }

    /// Works until `token` is cancelled; then ends the actions under way and returns.
    pub async fn run(self: Arc<Self>, token: CancellationToken) {
        let tracker = TaskTracker::new();
        let slots = Arc::new(Semaphore::new(self.settings.worker.concurrency));
        let mut wakeups = self.world.store.wakeups();
        while !token.is_cancelled() {
            wakeups.mark_unchanged();
            let found = self.take_all(&slots, &tracker, &token).await;
            if let Err(error) = found {
                tracing::warn!(error = %error.chain(), "could not look for work");
            }
            tokio::select! {
                () = token.cancelled() => {}
                _ = wakeups.changed() => {}
                () = self.pause() => {}
            }
        }
        tracker.close();
        tracker.wait().await;
    }

    /// Works on the load balancer that waits longest, if there is one.
    ///
    /// # Errors
    ///
    /// When the database fails, or the lease is lost. Other failures are written down.
    pub async fn turn(&self) -> Result<Turn> {
        match self.take().await? {
            None => Ok(Turn::Idle),
            Some(lease) => {
                self.pass(&lease, &CancellationToken::new()).await?;
                Ok(Turn::Worked)
            }
        }
    }

    /// Takes leases as long as there are free slots and something to do.
    async fn take_all(
        self: &Arc<Self>,
        slots: &Arc<Semaphore>,
        tracker: &TaskTracker,
        token: &CancellationToken,
    ) -> Result<()> {
        loop {
            let permit = tokio::select! {
                () = token.cancelled() => return Ok(()),
                permit = Arc::clone(slots).acquire_owned() => permit,
            };
            let Some(lease) = self.take().await? else {
                return Ok(());
            };
            let this = Arc::clone(self);
            let token = token.clone();
            tracker.spawn(async move {
                let _permit = permit;
                this.work(lease, &token).await;
            });
        }
    }

    async fn work(&self, lease: Lease, token: &CancellationToken) {
        let id = lease.load_balancer_id;
        if let Err(error) = self.pass(&lease, token).await {
            tracing::warn!(
                lb.id = %id, error = %error.chain(),
                "stopped working on load balancer {id}; it is looked at again when the lease ends"
            );
        }
    }

    async fn take(&self) -> Result<Option<Lease>> {
        let mut tx = self.world.store.begin("reconcile.take").await?;
        let lease = tx
            .lease_next(&self.owner, self.settings.worker.lease_length)
            .await?;
        tx.commit().await?;
        Ok(lease)
    }

    /// Waits until something may be due: what other processes want is found by asking.
    async fn pause(&self) {
        let due = match self.next_look().await {
            Ok(Some(at)) => (at - self.now()).to_std().unwrap_or(Duration::ZERO),
            Ok(None) | Err(_) => Duration::MAX,
        };
        let pause = due.clamp(
            self.settings.worker.boot_probe_interval,
            self.settings.worker.poll_interval,
        );
        tokio::time::sleep(pause).await;
    }

    async fn next_look(&self) -> Result<Option<DateTime<Utc>>> {
        let mut tx = self.world.store.read("reconcile.next_look").await?;
        Ok(tx.next_look().await?)
    }

    fn now(&self) -> DateTime<Utc> {
        self.world.clock.now()
    }
}

/// The future of an action.
pub type Acting<'a> = BoxFuture<'a, Result<Outcome>>;
