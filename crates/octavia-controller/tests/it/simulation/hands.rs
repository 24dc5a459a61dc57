use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use octavia_controller::plan::Action;
use octavia_controller::reconcile::{Executor, Hands, Outcome, Site};
use octavia_controller::{Error, Result};
use octavia_model::{Id, LoadBalancer};

use super::scenarios::Scenario;
use crate::stage::{Stage, Wish};

/// What goes wrong in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// The worker dies before this action.
    CrashBefore(usize),
    /// The worker dies after this action, and tells nobody.
    CrashAfter(usize),
    /// This action fails, and nothing was done.
    FailBefore(usize),
    /// This action fails, and all was done.
    FailAfter(usize),
    /// Every action is done twice.
    Twice,
    /// The second wish comes before this action instead of before the first.
    WishAt(usize),
    /// Crashes, failures and repetitions by chance.
    Random(u64),
}

/// Whether there was anything left to wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    Wished,
    Nothing,
}

/// What goes wrong with one action.
enum Mishap {
    None,
    CrashBefore,
    CrashAfter,
    FailBefore,
    FailAfter,
    Twice,
}

/// Does actions for real, with a fault.
pub(super) struct FaultyHands {
    executor: Executor,
    stage: Arc<Stage>,
    id: Id<LoadBalancer>,
    fault: Fault,
    second: Option<Wish>,
    wished: AtomicUsize,
    actions: AtomicUsize,
    chance: AtomicU64,
}

impl FaultyHands {
    pub(super) fn new(
        stage: &Arc<Stage>,
        id: Id<LoadBalancer>,
        fault: Fault,
        scenario: &Scenario,
    ) -> Self {
        Self {
            executor: Executor::new(stage.world.clone(), scenario.settings()),
            stage: Arc::clone(stage),
            id,
            fault,
            second: scenario.second,
            wished: AtomicUsize::new(0),
            actions: AtomicUsize::new(0),
            chance: AtomicU64::new(match fault {
                Fault::Random(seed) => seed,
                _ => 0,
            }),
        }
    }

    /// Returns how many actions were begun.
    pub(super) fn actions(&self) -> usize {
        self.actions.load(Ordering::Relaxed)
    }

    /// Lets the second wish come, if it has not yet.
    pub(super) async fn wish_the_rest(&self) -> Rest {
        match self.second {
            Some(wish) if self.wished.fetch_add(1, Ordering::Relaxed) == 0 => {
                self.stage.wish(self.id, wish).await;
                Rest::Wished
            }
            _ => Rest::Nothing,
        }
    }

    fn mishap(&self, n: usize) -> Mishap {
        match self.fault {
            Fault::CrashBefore(at) if at == n => Mishap::CrashBefore,
            Fault::CrashAfter(at) if at == n => Mishap::CrashAfter,
            Fault::FailBefore(at) if at == n => Mishap::FailBefore,
            Fault::FailAfter(at) if at == n => Mishap::FailAfter,
            Fault::Twice => Mishap::Twice,
            Fault::Random(_) => match self.roll() % 12 {
                0 => Mishap::CrashBefore,
                1 => Mishap::CrashAfter,
                2 => Mishap::FailBefore,
                3 => Mishap::FailAfter,
                4 | 5 => Mishap::Twice,
                _ => Mishap::None,
            },
            _ => Mishap::None,
        }
    }

    /// Splitmix64: the same seed gives the same run.
    fn roll(&self) -> u64 {
        let state = self
            .chance
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Lets the second wish come, if this is its moment.
    async fn wish(&self, n: usize) {
        let at = match self.fault {
            Fault::WishAt(at) => at,
            _ => 0,
        };
        if n >= at {
            self.wish_the_rest().await;
        }
    }
}

impl Hands for FaultyHands {
    fn act<'a>(&'a self, site: &'a Site<'a>, action: &'a Action) -> BoxFuture<'a, Result<Outcome>> {
        Box::pin(async move {
            let n = self.actions.fetch_add(1, Ordering::Relaxed);
            self.wish(n).await;
            let act = || self.executor.act(site, action);
            match self.mishap(n) {
                Mishap::None => act().await,
                Mishap::CrashBefore => Err(Error::LeaseLost),
                Mishap::CrashAfter => {
                    act().await?;
                    Err(Error::LeaseLost)
                }
                Mishap::FailBefore => Err(lost_answer()),
                Mishap::FailAfter => {
                    act().await?;
                    Err(lost_answer())
                }
                Mishap::Twice => {
                    let outcome = act().await?;
                    match act().await {
                        // What ends a pass gives its lease back: the second time finds it gone.
                        Ok(_) | Err(Error::LeaseLost) => Ok(outcome),
                        Err(error) => Err(error),
                    }
                }
            }
        })
    }
}

fn lost_answer() -> Error {
    octavia_cloud::Error::unavailable("do an action", "the answer was lost").into()
}
