use chrono::TimeDelta;
use octavia_model::{AmphoraHealth, AmphoraStatus, ProvisioningStatus};
use octavia_store::{EventKind, NewEvent, Resource};

use crate::fixture::{LENGTH, Tree, start, stores};

#[tokio::test]
async fn a_deleted_load_balancer_is_purged_with_all_its_rows_when_it_is_old() {
    for (database, store, clock) in stores().await {
        let mut tree = Tree::new();
        tree.load_balancer.tags = vec!["a".to_owned()];
        tree.load_balancer.provisioning_status = ProvisioningStatus::PendingDelete;
        tree.insert(&store).await;
        let id = tree.id();
        let mut tx = store.begin("test").await.unwrap();
        tx.wake_for_cascade_delete(id).await.unwrap();
        let lease = tx.lease_next("a", LENGTH).await.unwrap().unwrap();
        tx.finish_delete(&lease).await.unwrap();
        tx.add_events(&[event(&tree, 0)]).await.unwrap();
        tx.commit().await.unwrap();

        clock.advance(TimeDelta::hours(1));
        let mut tx = store.begin("test").await.unwrap();
        assert_eq!(tx.purge_load_balancers(start()).await.unwrap(), 0);
        let later = start() + TimeDelta::minutes(1);
        assert_eq!(tx.purge_load_balancers(later).await.unwrap(), 1);
        assert!(
            !tx.exists(Resource::LoadBalancer, &id.to_string())
                .await
                .unwrap()
        );
        assert_eq!(tx.reconciliation(id).await.unwrap(), None);
        assert_eq!(tx.events(id, 10).await.unwrap(), []);
        assert_eq!(tx.purge_amphorae(later).await.unwrap(), 1);
        assert_eq!(tx.amphora(tree.amphora.id).await.unwrap(), None);
        tx.commit().await.unwrap();
        for table in [
            "load_balancer",
            "vip",
            "amphora",
            "tags",
            "rs_reconciliation",
            "rs_events",
        ] {
            let count = format!("SELECT COUNT(*) AS value FROM {table}");
            assert_eq!(database.numbers(&count).await, [0], "{table}");
        }
    }
}

#[tokio::test]
async fn a_deleted_amphora_that_was_heard_lately_stays() {
    for (_database, store, _) in stores().await {
        let mut tree = Tree::new();
        tree.amphora.status = AmphoraStatus::Deleted;
        tree.insert(&store).await;
        let later = start() + TimeDelta::hours(1);
        let mut tx = store.begin("test").await.unwrap();
        for (heard, purged) in [(later, 0), (start(), 1)] {
            let health = AmphoraHealth {
                amphora_id: tree.amphora.id,
                last_update: heard,
                busy: false,
            };
            tx.save_amphora_health(&[health]).await.unwrap();
            assert_eq!(tx.purge_amphorae(later).await.unwrap(), purged);
        }
    }
}

#[tokio::test]
async fn what_lives_is_never_purged() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let far = start() + TimeDelta::days(9999);
        let mut tx = store.begin("test").await.unwrap();
        assert_eq!(tx.purge_load_balancers(far).await.unwrap(), 0);
        assert_eq!(tx.purge_amphorae(far).await.unwrap(), 0);
    }
}

fn event(tree: &Tree, minute: i64) -> NewEvent {
    NewEvent {
        load_balancer_id: tree.id(),
        at: start() + TimeDelta::minutes(minute),
        kind: EventKind::Did,
        message: format!("at {minute}"),
    }
}

#[tokio::test]
async fn a_timeline_is_read_newest_first() {
    for (_database, store, _) in stores().await {
        let (tree, other) = (Tree::new(), Tree::new());
        let mut long = event(&tree, 2);
        long.message = "ü".repeat(2000);
        let mut tx = store.begin("test").await.unwrap();
        tx.add_events(&[]).await.unwrap();
        tx.add_events(&[event(&tree, 0), event(&other, 1), long])
            .await
            .unwrap();
        let found = tx.events(tree.id(), 10).await.unwrap();
        assert_eq!(found[0].event.message, "ü".repeat(1000));
        assert_eq!(found[1].event, event(&tree, 0));
        assert!(found[0].sequence > found[1].sequence);
        assert_eq!(tx.events(tree.id(), 1).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_timeline_loses_what_is_old_and_what_is_too_many() {
    for (_database, store, _) in stores().await {
        let (tree, other) = (Tree::new(), Tree::new());
        let events: Vec<_> = (0..10).map(|minute| event(&tree, minute)).collect();
        let mut tx = store.begin("test").await.unwrap();
        tx.add_events(&events).await.unwrap();
        tx.add_events(&[event(&other, 5)]).await.unwrap();
        let before = start() + TimeDelta::minutes(2);
        assert_eq!(tx.prune_events(before, 3).await.unwrap(), 7);
        let left: Vec<_> = tx
            .events(tree.id(), 100)
            .await
            .unwrap()
            .into_iter()
            .map(|event| event.event.message)
            .collect();
        assert_eq!(left, ["at 9", "at 8", "at 7"]);
        assert_eq!(tx.events(other.id(), 100).await.unwrap().len(), 1);
        assert_eq!(tx.prune_events(before, 3).await.unwrap(), 0);
    }
}
