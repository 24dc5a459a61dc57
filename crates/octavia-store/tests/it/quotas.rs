//! Limits of projects, and what counts against them.

use octavia_model::{Limits, ProvisioningStatus, QuotaKind};
use octavia_store::{ListQuery, Settlement};
use octavia_testing::TestDatabase;

use crate::fixture::{Tree, lease_next, settle, stores, wake};

const LIMITS: Limits = Limits {
    pool: Some(3),
    member: Some(0),
    ..Limits::NONE
};

async fn counters(database: &TestDatabase) -> Vec<i64> {
    let mut all = Vec::new();
    for column in [
        "load_balancer",
        "listener",
        "pool",
        "member",
        "health_monitor",
    ] {
        let sql = format!("SELECT in_use_{column} AS value FROM quotas");
        all.extend(database.numbers(&sql).await);
    }
    all
}

#[tokio::test]
async fn limits_are_read_back_as_they_were_written() {
    for (_database, store, _) in stores().await {
        let mut tx = store.begin("test").await.unwrap();
        assert_eq!(tx.quota("p").await.unwrap(), None);
        let mut quota = tx.lock_quota("p").await.unwrap();
        assert_eq!(quota.limits, Limits::default());
        quota.limits = LIMITS;
        tx.save_quota(&quota).await.unwrap();
        assert_eq!(tx.lock_quota("p").await.unwrap(), quota);
        let few = ListQuery {
            filters: vec![("pool".to_owned(), "3".to_owned())],
            ..ListQuery::default()
        };
        assert_eq!(tx.quotas(&few).await.unwrap(), [quota]);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_deleted_counts_until_it_is_gone() {
    for (database, store, _) in stores().await {
        let mut tree = Tree::new();
        tree.insert(&store).await;
        let project = tree.load_balancer.project_id.clone().unwrap();
        let mut tx = store.begin("test").await.unwrap();
        tx.lock_quota(&project).await.unwrap();
        tree.member.provisioning_status = ProvisioningStatus::PendingDelete;
        tx.save_member(&tree.member).await.unwrap();
        tx.recount(&project).await.unwrap();
        assert_eq!(tx.count(&project, QuotaKind::Member).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(counters(&database).await, [1, 1, 1, 1, 1]);

        let generation = wake(&store, tree.id()).await;
        let lease = lease_next(&store, "w").await.unwrap();
        assert!(settle(&store, &lease, &Settlement::Converged { generation }).await);
        assert_eq!(counters(&database).await, [1, 1, 1, 0, 1]);

        let mut tx = store.begin("test").await.unwrap();
        tree.load_balancer.provisioning_status = ProvisioningStatus::PendingDelete;
        tx.save_load_balancer(&tree.load_balancer).await.unwrap();
        tx.wake_for_cascade_delete(tree.id()).await.unwrap();
        tx.finish_delete(&lease).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(counters(&database).await, [0, 0, 0, 0, 0]);
    }
}
