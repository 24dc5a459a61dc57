use octavia_model::{
    Id, L7CompareType, L7Policy, L7PolicyAction, L7RuleType, ProvisioningStatus, RandomIds,
};
use octavia_store::{Settlement, Store, Tx};
use octavia_testing::{l7_policy, l7_rule};

use crate::fixture::{Tree, lease_next, settle, start, stores, wake};

#[tokio::test]
async fn a_policy_and_its_rules_are_read_back_as_they_were_written() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut wanted = l7_policy(&tree.listener);
        wanted.action = L7PolicyAction::RedirectToPool;
        wanted.redirect_pool_id = Some(tree.pool.id);
        wanted.tags = vec!["blue".to_owned()];
        let mut rule = l7_rule(&wanted);
        rule.kind = L7RuleType::Header;
        rule.compare_type = L7CompareType::Regex;
        rule.key = Some("X-Key".to_owned());
        rule.invert = true;
        rule.tags = vec!["green".to_owned()];
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_l7_policy(&wanted).await.unwrap();
        tx.insert_l7_rule(&rule).await.unwrap();
        rule.created_at = Some(start());
        wanted.created_at = Some(start());
        wanted.position = 1;
        wanted.rules = vec![rule.clone()];
        assert_eq!(
            tx.l7_policy(wanted.id).await.unwrap().as_ref(),
            Some(&wanted)
        );
        assert_eq!(tx.l7_rule(rule.id).await.unwrap().as_ref(), Some(&rule));
        assert_eq!(
            tx.l7_policy_using(tree.pool.id).await.unwrap(),
            Some(wanted.id)
        );

        rule.key = None;
        rule.enabled = false;
        rule.tags.clear();
        tx.save_l7_rule(&rule).await.unwrap();
        rule.updated_at = Some(start());
        wanted.action = L7PolicyAction::RedirectPrefix;
        wanted.redirect_pool_id = None;
        wanted.redirect_prefix = Some("https://example.org".to_owned());
        wanted.redirect_http_code = Some(308);
        tx.save_l7_policy(&wanted).await.unwrap();
        wanted.updated_at = Some(start());
        wanted.rules = vec![rule];
        let tree_read = tx.tree(tree.id()).await.unwrap().unwrap();
        assert_eq!(tree_read.l7_policies, [wanted]);
        assert_eq!(tx.l7_policy_using(tree.pool.id).await.unwrap(), None);
        tx.commit().await.unwrap();
    }
}

async fn order(tx: &mut Tx, tree: &Tree) -> String {
    let policies = tx.tree(tree.id()).await.unwrap().unwrap().l7_policies;
    let places: Vec<i32> = policies.iter().map(|policy| policy.position).collect();
    let dense: Vec<i32> = (1..=i32::try_from(policies.len()).unwrap()).collect();
    assert_eq!(places, dense);
    let names = policies.iter().map(|policy| policy.name.clone().unwrap());
    names.collect::<Vec<_>>().join(" ")
}

async fn add(tx: &mut Tx, tree: &Tree, name: &str, position: i32) -> L7Policy {
    let mut policy = l7_policy(&tree.listener);
    policy.name = Some(name.to_owned());
    policy.position = position;
    tx.insert_l7_policy(&policy).await.unwrap();
    tx.l7_policy(policy.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn positions_stay_dense_whatever_is_put_moved_and_removed() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        for name in ["a", "b", "c"] {
            add(&mut tx, &tree, name, i32::MAX).await;
        }
        let first = add(&mut tx, &tree, "first", 1).await;
        add(&mut tx, &tree, "third", 3).await;
        add(&mut tx, &tree, "last", 100).await;
        assert_eq!(order(&mut tx, &tree).await, "first a third b c last");
        let mut moved = first.clone();
        for (position, expected) in [
            (4, "a third b first c last"),
            (2, "a first third b c last"),
            (2, "a first third b c last"),
            (100, "a third b c last first"),
            (1, "first a third b c last"),
        ] {
            moved.position = position;
            tx.save_l7_policy(&moved).await.unwrap();
            assert_eq!(order(&mut tx, &tree).await, expected);
        }
        tx.delete_l7_policy(first.id).await.unwrap();
        assert_eq!(order(&mut tx, &tree).await, "a third b c last");
        tx.commit().await.unwrap();
    }
}

/// Marks every policy whose name is in the list for deletion, and settles.
async fn remove(store: &Store, tree: &Tree, names: &[&str]) {
    let mut tx = store.begin("test").await.unwrap();
    for mut policy in tx.tree(tree.id()).await.unwrap().unwrap().l7_policies {
        if names.contains(&policy.name.as_deref().unwrap()) {
            policy.provisioning_status = ProvisioningStatus::PendingDelete;
            tx.save_l7_policy(&policy).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
    let generation = wake(store, tree.id()).await;
    let lease = lease_next(store, "a").await.unwrap();
    assert!(settle(store, &lease, &Settlement::Converged { generation }).await);
}

#[tokio::test]
async fn settling_closes_the_gaps_of_removed_policies() {
    for (database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        for name in ["a", "b", "c", "d", "e"] {
            let policy = add(&mut tx, &tree, name, i32::MAX).await;
            tx.insert_l7_rule(&l7_rule(&policy)).await.unwrap();
        }
        tx.commit().await.unwrap();
        remove(&store, &tree, &["b", "c", "e"]).await;
        let mut tx = store.read("test").await.unwrap();
        assert_eq!(order(&mut tx, &tree).await, "a d");
        let rules = "SELECT COUNT(*) AS value FROM l7rule";
        assert_eq!(database.numbers(rules).await, [2]);
    }
}

#[tokio::test]
async fn a_listener_takes_its_policies_with_it() {
    for (database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        for name in ["a", "b"] {
            let policy = add(&mut tx, &tree, name, 1).await;
            tx.insert_l7_rule(&l7_rule(&policy)).await.unwrap();
        }
        tx.delete_listener(tree.listener.id).await.unwrap();
        assert_eq!(tx.l7_policy(Id::new(&RandomIds)).await.unwrap(), None);
        tx.commit().await.unwrap();
        for table in ["l7policy", "l7rule"] {
            let rows = format!("SELECT COUNT(*) AS value FROM {table}");
            assert_eq!(database.numbers(&rows).await, [0], "{table}");
        }
    }
}
