//! A database that is away.

use std::sync::Arc;
use std::time::Duration;

use octavia_model::ManualClock;
use octavia_store::Error;
use octavia_testing::{MortalServer, TestDatabase};

use crate::fixture::{Tree, start};

/// Clients are told to come back; much later they would have given up.
const SOON: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn who_has_sent_nothing_is_told_soon_that_the_server_is_away() {
    let Some(server) = MortalServer::start() else {
        return;
    };
    let database = TestDatabase::on(&server).await;
    let clock = Arc::new(ManualClock::new(start()));
    let store = database.store_with(clock).await;
    let tree = Tree::new();
    tree.insert(&store).await;
    server.kill();
    // The first ones find connections that are dead; then there are none.
    for _ in 0..2 {
        let read = tokio::time::timeout(SOON, store.read("test"))
            .await
            .unwrap();
        let begun = tokio::time::timeout(SOON, store.begin("test"))
            .await
            .unwrap();
        for refused in [read, begun] {
            assert!(
                matches!(refused, Err(Error::Unavailable { .. })),
                "{refused:?}"
            );
        }
    }
    server.revive();
    let mut tx = store.read("test").await.unwrap();
    assert!(tx.load_balancer(tree.id()).await.unwrap().is_some());
}
