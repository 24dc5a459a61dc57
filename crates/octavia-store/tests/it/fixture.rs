//! What the tests of the store share.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use octavia_model::{
    Amphora, HealthMonitor, Id, Listener, LoadBalancer, ManualClock, Member, Pool,
};
use octavia_store::{Lease, Settlement, Store};
use octavia_testing::{
    TestDatabase, amphora, health_monitor, listener, load_balancer, member, pool,
};

pub(crate) const LENGTH: Duration = Duration::from_secs(30);

/// A load balancer with one of everything below it, all `ACTIVE`.
pub(crate) struct Tree {
    pub(crate) load_balancer: LoadBalancer,
    pub(crate) listener: Listener,
    pub(crate) pool: Pool,
    pub(crate) member: Member,
    pub(crate) health_monitor: HealthMonitor,
    pub(crate) amphora: Amphora,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let load_balancer = load_balancer();
        let pool = pool(&load_balancer);
        let mut listener = listener(&load_balancer);
        listener.default_pool_id = Some(pool.id);
        Self {
            listener,
            member: member(&pool),
            health_monitor: health_monitor(&pool),
            amphora: amphora(&load_balancer),
            pool,
            load_balancer,
        }
    }

    pub(crate) async fn insert(&self, store: &Store) {
        let mut tx = store.begin("test.insert").await.unwrap();
        tx.insert_load_balancer(&self.load_balancer).await.unwrap();
        tx.insert_pool(&self.pool).await.unwrap();
        tx.insert_listener(&self.listener).await.unwrap();
        tx.insert_member(&self.member).await.unwrap();
        tx.insert_health_monitor(&self.health_monitor)
            .await
            .unwrap();
        tx.insert_amphora(&self.amphora).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) fn id(&self) -> Id<LoadBalancer> {
        self.load_balancer.id
    }
}

pub(crate) fn start() -> DateTime<Utc> {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

/// Returns the databases of this machine, each with a store whose clock stands still.
pub(crate) async fn stores() -> Vec<(TestDatabase, Store, Arc<ManualClock>)> {
    let mut all = Vec::new();
    for database in TestDatabase::everywhere().await {
        let clock = Arc::new(ManualClock::new(start()));
        let store = database.store_with(Arc::clone(&clock) as _).await;
        all.push((database, store, clock));
    }
    all
}

pub(crate) async fn wake(store: &Store, id: Id<LoadBalancer>) -> i64 {
    let mut tx = store.begin("test.wake").await.unwrap();
    let generation = tx.wake(id).await.unwrap();
    tx.commit().await.unwrap();
    generation
}

pub(crate) async fn lease_next(store: &Store, owner: &str) -> Option<Lease> {
    let mut tx = store.begin("test.lease").await.unwrap();
    let lease = tx.lease_next(owner, LENGTH).await.unwrap();
    tx.commit().await.unwrap();
    lease
}

pub(crate) async fn settle(store: &Store, lease: &Lease, settlement: &Settlement) -> bool {
    let mut tx = store.begin("test.settle").await.unwrap();
    let written = tx.settle(lease, settlement).await.unwrap();
    tx.commit().await.unwrap();
    written
}
