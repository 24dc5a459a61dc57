use std::sync::Arc;
use std::time::Duration;

use octavia_model::{Id, LoadBalancer, OperatingStatus, SystemClock};
use octavia_store::{DatabaseUrl, Error, Store};
use octavia_testing::{TestDatabase, listener, load_balancer, member, pool};

use crate::fixture::{Tree, stores};

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_load_balancer(&tree.load_balancer).await.unwrap();
        tx.insert_pool(&tree.pool).await.unwrap();
        tx.wake(tree.id()).await.unwrap();
        drop(tx);
        let mut tx = store.begin("test").await.unwrap();
        assert_eq!(tx.load_balancer(tree.id()).await.unwrap(), None);
        assert_eq!(tx.pool(tree.pool.id).await.unwrap(), None);
        assert_eq!(tx.reconciliation(tree.id()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_transaction_whose_task_is_killed_leaves_nothing() {
    for (_database, store, _) in stores().await {
        let load_balancer = load_balancer();
        let unfinished = async {
            let mut tx = store.begin("test").await.unwrap();
            tx.insert_load_balancer(&load_balancer).await.unwrap();
            std::future::pending::<()>().await;
            tx.commit().await.unwrap();
        };
        let killed = tokio::time::timeout(Duration::from_millis(300), unfinished).await;
        assert!(killed.is_err());
        let mut tx = store.begin("test").await.unwrap();
        assert_eq!(tx.load_balancer(load_balancer.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_reader_sees_one_state_while_a_writer_commits() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut reader = store.read("test").await.unwrap();
        let before = reader.tree(tree.id()).await.unwrap();
        let mut writer = store.begin("test").await.unwrap();
        writer.delete_listener(tree.listener.id).await.unwrap();
        writer.commit().await.unwrap();
        assert_eq!(reader.tree(tree.id()).await.unwrap(), before);
        drop(reader);
        let mut reader = store.read("test").await.unwrap();
        assert_ne!(reader.tree(tree.id()).await.unwrap(), before);
    }
}

#[tokio::test]
async fn a_second_writer_waits_for_the_first_and_sees_what_it_wrote() {
    for (database, store, clock) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let other = database.store_with(clock).await;
        let mut first = store.begin("test.first").await.unwrap();
        let mut locked = first.lock_load_balancer(tree.id()).await.unwrap().unwrap();
        let second = async {
            let mut tx = other.begin("test.second").await.unwrap();
            let seen = tx.lock_load_balancer(tree.id()).await.unwrap().unwrap();
            tx.commit().await.unwrap();
            seen.name
        };
        let first = async {
            locked.name = Some("changed".to_owned());
            first.save_load_balancer(&locked).await.unwrap();
            first.commit().await.unwrap();
        };
        let (seen, ()) = tokio::join!(second, first);
        assert_eq!(seen.as_deref(), Some("changed"));
    }
}

#[tokio::test]
async fn many_writers_of_one_process_all_succeed() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let write = async |port: u16| {
            let mut tx = store.begin("test").await.unwrap();
            tx.lock_load_balancer(tree.id()).await.unwrap();
            let mut one = listener(&tree.load_balancer);
            one.protocol_port = port;
            tx.insert_listener(&one).await.unwrap();
            tx.commit().await.unwrap();
        };
        tokio::join!(write(1), write(2), write(3), write(4), write(5), write(6));
        let mut tx = store.read("test").await.unwrap();
        let mut ports: Vec<_> = tx
            .listeners_of(tree.id())
            .await
            .unwrap()
            .iter()
            .filter_map(|listener| listener.peer_port)
            .collect();
        ports.sort_unstable();
        assert_eq!(ports, [1025, 1026, 1027, 1028, 1029, 1030, 1031]);
    }
}

#[tokio::test]
async fn a_deadlock_is_busy_and_may_be_retried() {
    let Some(database) = TestDatabase::mysql().await else {
        return;
    };
    let store = database.store().await;
    let (one, other) = (load_balancer(), load_balancer());
    let mut tx = store.begin("test").await.unwrap();
    tx.insert_load_balancer(&one).await.unwrap();
    tx.insert_load_balancer(&other).await.unwrap();
    tx.commit().await.unwrap();
    let mut left = store.begin("test.left").await.unwrap();
    let mut right = store.begin("test.right").await.unwrap();
    left.lock_load_balancer(one.id).await.unwrap();
    right.lock_load_balancer(other.id).await.unwrap();
    let (left, right) = tokio::join!(
        left.lock_load_balancer(other.id),
        right.lock_load_balancer(one.id)
    );
    let errors: Vec<Error> = [left.err(), right.err()].into_iter().flatten().collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(matches!(errors[0], Error::Busy { .. }), "{:?}", errors[0]);
    assert!(errors[0].may_retry());
}

#[tokio::test]
async fn unique_keys_are_kept_and_named() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        let taken = tx.insert_listener(&listener(&tree.load_balancer)).await;
        assert_eq!(
            taken.unwrap_err().to_string(),
            "listener on HTTP port 80 already exists"
        );
        let taken = tx.insert_member(&member(&tree.pool)).await.unwrap_err();
        let pool = tree.pool.id;
        assert_eq!(
            taken.to_string(),
            format!("member 192.0.2.10 port 80 of pool {pool} already exists")
        );
        let second = octavia_testing::health_monitor(&tree.pool);
        let taken = tx.insert_health_monitor(&second).await.unwrap_err();
        assert!(matches!(taken, Error::Duplicate(_)), "{taken}");
        let taken = tx
            .insert_load_balancer(&tree.load_balancer)
            .await
            .unwrap_err();
        assert!(matches!(taken, Error::Duplicate(_)), "{taken}");
    }
}

#[tokio::test]
async fn tags_that_differ_by_case_only_are_refused() {
    for (_database, store, _) in stores().await {
        let mut load_balancer = load_balancer();
        load_balancer.tags = vec!["Blue".to_owned(), "blue".to_owned()];
        let mut tx = store.begin("test").await.unwrap();
        let refused = tx.insert_load_balancer(&load_balancer).await.unwrap_err();
        assert_eq!(refused.to_string(), "tag 'blue' already exists");
    }
}

#[tokio::test]
async fn a_row_that_refers_to_nothing_is_refused() {
    for (_database, store, _) in stores().await {
        let mut tx = store.begin("test").await.unwrap();
        let refused = tx.insert_pool(&pool(&load_balancer())).await.unwrap_err();
        assert!(matches!(refused, Error::InUse(_)), "{refused}");
    }
}

#[tokio::test]
async fn writing_what_is_gone_is_a_conflict() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        let mut tx = store.begin("test").await.unwrap();
        for refused in [
            tx.save_load_balancer(&tree.load_balancer).await,
            tx.save_listener(&tree.listener).await,
            tx.save_pool(&tree.pool).await,
            tx.save_member(&tree.member).await,
            tx.save_health_monitor(&tree.health_monitor).await,
            tx.save_amphora(&tree.amphora).await,
        ] {
            assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn an_operating_status_that_does_not_differ_leaves_updated_at() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        for (status, changed) in [
            (OperatingStatus::Online, false),
            (OperatingStatus::Error, true),
        ] {
            tx.set_load_balancer_operating_status(tree.id(), status)
                .await
                .unwrap();
            tx.set_listener_operating_status(tree.listener.id, status)
                .await
                .unwrap();
            tx.set_pool_operating_status(tree.pool.id, status)
                .await
                .unwrap();
            let found = tx.tree(tree.id()).await.unwrap().unwrap();
            assert_eq!(found.load_balancer.operating_status, status);
            assert_eq!(found.load_balancer.updated_at.is_some(), changed);
            assert_eq!(found.listeners[0].operating_status, status);
            assert_eq!(found.listeners[0].updated_at.is_some(), changed);
            assert_eq!(found.pools[0].pool.operating_status, status);
        }
        tx.set_member_operating_status(tree.member.id, OperatingStatus::Draining)
            .await
            .unwrap();
        let member = tx
            .member(tree.pool.id, tree.member.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(member.operating_status, OperatingStatus::Draining);
    }
}

#[tokio::test]
async fn a_database_in_memory_lives_as_long_as_its_store() {
    let url = DatabaseUrl::parse("sqlite::memory:").unwrap();
    let store = Store::connect(&url, Arc::new(SystemClock)).await.unwrap();
    store.upgrade().await.unwrap();
    let tree = Tree::new();
    tree.insert(&store).await;
    let mut tx = store.read("test").await.unwrap();
    assert!(tx.tree(tree.id()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:///{}", directory.path().display());
    let url = DatabaseUrl::parse(&url).unwrap();
    let connected = Store::connect(&url, Arc::new(SystemClock)).await;
    let error = connected.err().unwrap();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_store_answers_a_ping() {
    for (_database, store, _) in stores().await {
        store.ping().await.unwrap();
    }
}

/// Callers that go away (clients that hang up) cut their transactions off anywhere, also while
/// they begin; no connection may go back to the pool inside one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_that_are_cut_off_anywhere_leave_every_connection_clean() {
    for (_database, store, _) in stores().await {
        let load_balancer = load_balancer();
        for round in 0..40_u64 {
            let mut callers = tokio::task::JoinSet::new();
            for caller in 0..16_u64 {
                let store = store.clone();
                let patience = Duration::from_micros((round * 16 + caller) * 13 % 4_000);
                callers.spawn(cut_off(patience, store, load_balancer.id));
            }
            callers.join_all().await;
            let mut open = Vec::new();
            for _ in 0..4 {
                open.push(store.read("test").await.unwrap());
            }
        }
    }
}

async fn cut_off(patience: Duration, store: Store, id: Id<LoadBalancer>) {
    let read = async {
        let mut tx = store.read("test").await.unwrap();
        tx.tree(id).await.unwrap();
    };
    // Whether it was in time does not matter.
    tokio::time::timeout(patience, read).await.ok();
}
