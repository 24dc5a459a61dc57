//! Many workers, and one that loses its lease in the middle of an action.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{BoxFuture, join_all};
use octavia_controller::plan::Action;
use octavia_controller::reconcile::{Executor, Hands, Outcome, Site};
use octavia_controller::{Error, Reconciler, Result};
use octavia_model::AmphoraStatus;
use octavia_testing::eventually;
use tokio_util::sync::CancellationToken;

use crate::stage::{House, Stage, settings};

const LOAD_BALANCERS: usize = 12;

/// Before its first action of that kind, another worker takes over and does all there is to do.
struct Overtaken {
    stage: Stage,
    executor: Executor,
    is_due: fn(&Action) -> bool,
    is_over: AtomicBool,
}

impl Hands for Overtaken {
    fn act<'a>(&'a self, site: &'a Site<'a>, action: &'a Action) -> BoxFuture<'a, Result<Outcome>> {
        Box::pin(async move {
            if (self.is_due)(action) && !self.is_over.swap(true, Ordering::Relaxed) {
                self.stage.advance(settings().worker.lease_length);
                self.stage.settle(site.id()).await;
            }
            self.executor.act(site, action).await
        })
    }
}

/// Has a worker overtaken at an action, and returns how its turn ended.
async fn overtake(stage: &Stage, house: &House, is_due: fn(&Action) -> bool) -> Result<()> {
    let hands = Overtaken {
        stage: Stage {
            world: stage.world.clone(),
            cloud: Arc::clone(&stage.cloud),
            secrets: Arc::clone(&stage.secrets),
            agents: Arc::clone(&stage.agents),
            clock: house.stage().clock,
        },
        executor: Executor::new(stage.world.clone(), settings()),
        is_due,
        is_over: AtomicBool::new(false),
    };
    let worker = Reconciler::with_hands(stage.world.clone(), settings(), Arc::new(hands));
    worker.turn().await.map(drop)
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing() {
    let dues: [fn(&Action) -> bool; 4] = [
        |action| matches!(action, Action::RecordAmphora(_)),
        |action| matches!(action, Action::CreateServer(_)),
        |action| matches!(action, Action::Allocate(_)),
        |action| matches!(action, Action::Settle),
    ];
    for house in House::everywhere().await {
        for is_due in dues {
            let stage = house.stage();
            let id = stage.create_tree().await;
            let ended = overtake(&stage, &house, is_due).await;
            assert!(matches!(ended, Err(Error::LeaseLost)), "{ended:?}");
            let tree = stage.tree(id).await.unwrap();
            assert_eq!(tree.amphorae.len(), 1);
            assert_eq!(tree.amphorae[0].status, AmphoraStatus::Allocated);
            assert_eq!(stage.cloud.held_servers().len(), 1);
            assert_eq!(stage.cloud.held_ports().len(), 2);
            let reconciliation = stage.reconciliation(id).await;
            assert_eq!(reconciliation.wanted, reconciliation.done);
        }
    }
}

#[tokio::test]
async fn many_workers_share_many_load_balancers_without_a_collision() {
    for house in House::everywhere().await {
        share(&house.stage()).await;
    }
}

async fn share(stage: &Stage) {
    let token = CancellationToken::new();
    let workers = (0..3).map(|_| Arc::new(stage.reconciler()).run(token.clone()));
    let test = async {
        let mut ids = Vec::new();
        for _ in 0..LOAD_BALANCERS {
            ids.push(stage.create_tree().await);
        }
        for id in ids {
            eventually("all are as wanted", async || {
                let reconciliation = stage.reconciliation(id).await;
                reconciliation.wanted == reconciliation.done
            })
            .await;
            assert_eq!(stage.reconciliation(id).await.attempts, 0);
        }
        token.cancel();
    };
    tokio::join!(join_all(workers), test);
    assert_eq!(stage.cloud.held_servers().len(), LOAD_BALANCERS);
    assert_eq!(stage.cloud.held_ports().len(), 2 * LOAD_BALANCERS);
}
