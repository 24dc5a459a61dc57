use chrono::TimeDelta;
use octavia_model::ProvisioningStatus;
use octavia_store::{Error, Settlement};

use crate::fixture::{LENGTH, Tree, lease_next, settle, start, stores, wake};

#[tokio::test]
async fn a_woken_load_balancer_is_leased_to_one_worker() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        assert_eq!(lease_next(&store, "a").await, None);
        assert_eq!(wake(&store, tree.id()).await, 1);
        let lease = lease_next(&store, "a").await.unwrap();
        assert_eq!(lease.load_balancer_id, tree.id());
        assert_eq!(lease.expires_at, start() + LENGTH);
        assert_eq!(lease_next(&store, "b").await, None);
    }
}

#[tokio::test]
async fn a_lease_that_ends_is_taken_over_and_its_holder_can_write_no_more() {
    for (_database, store, clock) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        wake(&store, tree.id()).await;
        let dead = lease_next(&store, "a").await.unwrap();
        clock.advance(TimeDelta::from_std(LENGTH).unwrap());
        let taken = lease_next(&store, "b").await.unwrap();
        assert_eq!(taken.token, dead.token + 1);

        let mut tx = store.begin("test").await.unwrap();
        assert!(matches!(
            tx.renew(&dead, LENGTH).await,
            Err(Error::Conflict(_))
        ));
        assert!(matches!(tx.fence(&dead).await, Err(Error::Conflict(_))));
        assert!(matches!(
            tx.record_failure(&dead, "x").await,
            Err(Error::Conflict(_))
        ));
        tx.release(&dead, None).await.unwrap();
        tx.fence(&taken).await.unwrap();
        tx.commit().await.unwrap();
        let settlement = Settlement::Converged { generation: 1 };
        assert!(!settle(&store, &dead, &settlement).await);
        assert!(settle(&store, &taken, &settlement).await);
    }
}

#[tokio::test]
async fn a_renewed_lease_does_not_end() {
    for (_database, store, clock) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        wake(&store, tree.id()).await;
        let lease = lease_next(&store, "a").await.unwrap();
        clock.advance(TimeDelta::seconds(20));
        let mut tx = store.begin("test").await.unwrap();
        let renewed = tx.renew(&lease, LENGTH).await.unwrap();
        tx.commit().await.unwrap();
        clock.advance(TimeDelta::seconds(20));
        assert_eq!(lease_next(&store, "b").await, None);
        assert_eq!(renewed.token, lease.token);
        let mut tx = store.read("test").await.unwrap();
        assert_eq!(tx.next_look().await.unwrap(), Some(renewed.expires_at));
    }
}

#[tokio::test]
async fn a_released_load_balancer_waits_for_its_next_look() {
    for (_database, store, clock) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        wake(&store, tree.id()).await;
        let lease = lease_next(&store, "a").await.unwrap();
        let later = start() + TimeDelta::seconds(60);
        let mut tx = store.begin("test").await.unwrap();
        tx.record_failure(&lease, "no server").await.unwrap();
        tx.release(&lease, Some(later)).await.unwrap();
        tx.commit().await.unwrap();

        assert_eq!(lease_next(&store, "a").await, None);
        let mut tx = store.read("test").await.unwrap();
        assert_eq!(tx.next_look().await.unwrap(), Some(later));
        let row = tx.reconciliation(tree.id()).await.unwrap().unwrap();
        assert_eq!((row.attempts, row.cause.as_deref()), (1, Some("no server")));
        drop(tx);
        clock.advance(TimeDelta::seconds(60));
        assert!(lease_next(&store, "a").await.is_some());
    }
}

#[tokio::test]
async fn a_wake_up_while_leased_is_not_postponed_by_the_release() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        wake(&store, tree.id()).await;
        let lease = lease_next(&store, "a").await.unwrap();
        wake(&store, tree.id()).await;
        let mut tx = store.begin("test").await.unwrap();
        let later = start() + TimeDelta::hours(1);
        tx.release(&lease, Some(later)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(lease_next(&store, "a").await.is_some());
    }
}

#[tokio::test]
async fn a_look_asks_for_no_new_generation() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        tx.look(tree.id()).await.unwrap();
        tx.commit().await.unwrap();
        let lease = lease_next(&store, "a").await.unwrap();
        let mut tx = store.begin("test").await.unwrap();
        let row = tx.fence(&lease).await.unwrap();
        assert_eq!((row.wanted, row.done, row.pending_since), (0, 0, None));
        tx.release(&lease, None).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(lease_next(&store, "a").await, None);
    }
}

#[tokio::test]
async fn a_wake_up_ends_the_back_off_and_keeps_the_deadline() {
    for (_database, store, clock) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        wake(&store, tree.id()).await;
        let lease = lease_next(&store, "a").await.unwrap();
        let mut tx = store.begin("test").await.unwrap();
        tx.record_failure(&lease, &"x".repeat(2000)).await.unwrap();
        let later = start() + TimeDelta::hours(1);
        tx.release(&lease, Some(later)).await.unwrap();
        tx.commit().await.unwrap();
        clock.advance(TimeDelta::seconds(5));
        assert_eq!(wake(&store, tree.id()).await, 2);
        let mut tx = store.read("test").await.unwrap();
        let row = tx.reconciliation(tree.id()).await.unwrap().unwrap();
        assert_eq!(row.pending_since, Some(start()));
        assert_eq!((row.attempts, row.cause), (0, None));
        assert_eq!(row.next_look_at, Some(start() + TimeDelta::seconds(5)));
    }
}

#[tokio::test]
async fn something_wanted_is_never_forgotten_by_a_release_without_a_time() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        wake(&store, tree.id()).await;
        let lease = lease_next(&store, "a").await.unwrap();
        let mut tx = store.begin("test").await.unwrap();
        tx.release(&lease, None).await.unwrap();
        tx.commit().await.unwrap();
        let lease = lease_next(&store, "a").await.unwrap();
        assert!(settle(&store, &lease, &Settlement::Converged { generation: 1 }).await);
        let mut tx = store.begin("test").await.unwrap();
        tx.release(&lease, None).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(lease_next(&store, "a").await, None);
    }
}

#[tokio::test]
async fn who_waits_longest_is_leased_first() {
    for (_database, store, clock) in stores().await {
        let mut order = Vec::new();
        for _ in 0..3 {
            let tree = Tree::new();
            tree.insert(&store).await;
            wake(&store, tree.id()).await;
            clock.advance(TimeDelta::milliseconds(1));
            order.push(tree.id());
        }
        for id in order {
            assert_eq!(lease_next(&store, "a").await.unwrap().load_balancer_id, id);
        }
    }
}

#[tokio::test]
async fn a_load_balancer_that_is_gone_is_nobodys_work() {
    for (database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        wake(&store, tree.id()).await;
        database
            .execute("UPDATE load_balancer SET provisioning_status = 'DELETED'")
            .await;
        assert_eq!(lease_next(&store, "a").await, None);
        let mut tx = store.read("test").await.unwrap();
        assert_eq!(tx.next_look().await.unwrap(), None);
    }
}

#[tokio::test]
async fn many_workers_of_two_processes_share_the_work_without_sharing_a_lease() {
    for (database, store, clock) in stores().await {
        let other = database.store_with(clock).await;
        let mut wanted = Vec::new();
        for _ in 0..12 {
            let tree = Tree::new();
            tree.insert(&store).await;
            wake(&store, tree.id()).await;
            wanted.push(tree.id());
        }
        let worker = async |store: &octavia_store::Store, owner: &str| {
            let mut mine = Vec::new();
            while let Some(lease) = lease_next(store, owner).await {
                mine.push(lease.load_balancer_id);
            }
            mine
        };
        let (a, b, c, d) = tokio::join!(
            worker(&store, "a"),
            worker(&other, "b"),
            worker(&store, "c"),
            worker(&other, "d")
        );
        let mut leased = [a, b, c, d].concat();
        leased.sort();
        wanted.sort();
        assert_eq!(leased, wanted);
    }
}

#[tokio::test]
async fn a_failed_deletion_is_still_wanted_until_a_failover_is() {
    for (_database, store, _) in stores().await {
        let mut tree = Tree::new();
        tree.load_balancer.provisioning_status = ProvisioningStatus::PendingDelete;
        tree.insert(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        tx.wake_for_cascade_delete(tree.id()).await.unwrap();
        tx.commit().await.unwrap();
        let lease = lease_next(&store, "a").await.unwrap();
        let failed = Settlement::Failed {
            generation: 1,
            load_balancer: ProvisioningStatus::Error,
            cause: "no network".to_owned(),
        };
        assert!(settle(&store, &lease, &failed).await);
        let mut tx = store.begin("test").await.unwrap();
        let row = tx.fence(&lease).await.unwrap();
        assert!(row.deleting && row.cascade && row.pending_since.is_none());
        assert_eq!(row.cause.as_deref(), Some("no network"));

        tree.load_balancer.provisioning_status = ProvisioningStatus::PendingUpdate;
        tx.save_load_balancer(&tree.load_balancer).await.unwrap();
        tx.wake_for_failover(tree.id()).await.unwrap();
        let row = tx.fence(&lease).await.unwrap();
        assert!(!row.deleting && !row.cascade && row.failover);
        assert_eq!(row.unwanted_amphorae, [tree.amphora.id]);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn signals_are_sent_by_commits_only() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let (mut wakeups, mut settlements) = (store.wakeups(), store.settlements());
        let mut tx = store.begin("test").await.unwrap();
        tx.wake(tree.id()).await.unwrap();
        drop(tx);
        assert!(!wakeups.has_changed().unwrap());
        wake(&store, tree.id()).await;
        assert!(wakeups.has_changed().unwrap());
        wakeups.mark_unchanged();
        let lease = lease_next(&store, "a").await.unwrap();
        assert!(!settlements.has_changed().unwrap());
        settle(&store, &lease, &Settlement::Converged { generation: 1 }).await;
        assert!(settlements.has_changed().unwrap());
        settlements.mark_unchanged();
    }
}

#[tokio::test]
async fn the_failover_of_one_amphora_leaves_the_others() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let second = octavia_testing::amphora(&tree.load_balancer);
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_amphora(&second).await.unwrap();
        let before = tx.wake(tree.id()).await.unwrap();
        let after = tx
            .wake_for_amphora_failover(tree.id(), second.id)
            .await
            .unwrap();
        assert_eq!(after, before + 1);
        let row = tx.reconciliation(tree.id()).await.unwrap().unwrap();
        assert!(row.failover);
        assert_eq!(row.unwanted_amphorae, [second.id]);
        tx.commit().await.unwrap();
    }
}
