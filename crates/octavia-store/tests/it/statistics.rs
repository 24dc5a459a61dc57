use std::collections::BTreeMap;

use octavia_model::{AmphoraStatus, Statistics};

use crate::fixture::{Tree, stores};

const SOME: Statistics = Statistics {
    bytes_in: 10,
    bytes_out: 20,
    active_connections: 3,
    total_connections: 4,
    request_errors: 5,
};

#[tokio::test]
async fn counters_grow_and_open_connections_are_replaced() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        let nothing = tx.listener_statistics(tree.listener.id).await.unwrap();
        assert_eq!(nothing, Statistics::default());
        let difference = BTreeMap::from([(tree.listener.id, SOME)]);
        tx.add_statistics(tree.amphora.id, &difference)
            .await
            .unwrap();
        tx.add_statistics(tree.amphora.id, &difference)
            .await
            .unwrap();
        let sum = tx.listener_statistics(tree.listener.id).await.unwrap();
        let wanted = Statistics {
            bytes_in: 20,
            bytes_out: 40,
            active_connections: 3,
            total_connections: 8,
            request_errors: 10,
        };
        assert_eq!(sum, wanted);
        assert_eq!(
            tx.load_balancer_statistics(tree.id()).await.unwrap(),
            wanted
        );
    }
}

#[tokio::test]
async fn an_amphora_that_is_gone_counts_but_for_its_open_connections() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut gone = octavia_testing::amphora(&tree.load_balancer);
        gone.status = AmphoraStatus::Deleted;
        let mut second = octavia_testing::listener(&tree.load_balancer);
        second.protocol_port = 81;
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_amphora(&gone).await.unwrap();
        tx.insert_listener(&second).await.unwrap();
        let difference = BTreeMap::from([(tree.listener.id, SOME), (second.id, SOME)]);
        tx.add_statistics(tree.amphora.id, &difference)
            .await
            .unwrap();
        tx.add_statistics(gone.id, &difference).await.unwrap();
        let sum = tx.load_balancer_statistics(tree.id()).await.unwrap();
        assert_eq!((sum.bytes_in, sum.active_connections), (40, 6));

        tx.delete_listener(second.id).await.unwrap();
        let sum = tx.load_balancer_statistics(tree.id()).await.unwrap();
        assert_eq!((sum.bytes_in, sum.active_connections), (20, 3));
    }
}
