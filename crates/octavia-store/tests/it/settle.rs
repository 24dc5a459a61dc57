use ProvisioningStatus::{Active, PendingCreate, PendingDelete, PendingUpdate};
use octavia_model::{
    AmphoraStatus, HealthMonitor, Listener, Member, OperatingStatus, Pool, ProvisioningStatus,
};
use octavia_store::{Error, Settlement, Store};
use octavia_testing::TestDatabase;

use crate::fixture::{LENGTH, Tree, lease_next, settle, stores, wake};

/// Statuses of a tree's load balancer, listener, pool, member and monitor.
type Statuses = [ProvisioningStatus; 5];

/// What the API locks for an operation, by name.
const OPERATIONS: [(&str, Statuses); 15] = [
    ("tree create", [PendingCreate; 5]),
    ("lb update", [PendingUpdate, Active, Active, Active, Active]),
    (
        "listener create",
        [PendingUpdate, PendingCreate, Active, Active, Active],
    ),
    (
        "listener update",
        [PendingUpdate, PendingUpdate, Active, Active, Active],
    ),
    (
        "listener delete",
        [PendingUpdate, PendingDelete, Active, Active, Active],
    ),
    (
        "pool create",
        [PendingUpdate, PendingUpdate, PendingCreate, Active, Active],
    ),
    (
        "pool update",
        [PendingUpdate, PendingUpdate, PendingUpdate, Active, Active],
    ),
    (
        "pool delete",
        [PendingUpdate, PendingUpdate, PendingDelete, Active, Active],
    ),
    (
        "member create",
        [
            PendingUpdate,
            PendingUpdate,
            PendingUpdate,
            PendingCreate,
            Active,
        ],
    ),
    (
        "member update",
        [
            PendingUpdate,
            PendingUpdate,
            PendingUpdate,
            PendingUpdate,
            Active,
        ],
    ),
    (
        "member delete",
        [
            PendingUpdate,
            PendingUpdate,
            PendingUpdate,
            PendingDelete,
            Active,
        ],
    ),
    (
        "monitor create",
        [
            PendingUpdate,
            PendingUpdate,
            PendingUpdate,
            Active,
            PendingCreate,
        ],
    ),
    (
        "monitor update",
        [
            PendingUpdate,
            PendingUpdate,
            PendingUpdate,
            Active,
            PendingUpdate,
        ],
    ),
    (
        "monitor delete",
        [
            PendingUpdate,
            PendingUpdate,
            PendingUpdate,
            Active,
            PendingDelete,
        ],
    ),
    ("periodic look", [Active; 5]),
];

fn locked(statuses: Statuses) -> Tree {
    let mut tree = Tree::new();
    let [load_balancer, listener, pool, member, monitor] = statuses;
    tree.load_balancer.provisioning_status = load_balancer;
    tree.listener.provisioning_status = listener;
    tree.pool.provisioning_status = pool;
    tree.member.provisioning_status = member;
    tree.member.operating_status = OperatingStatus::Offline;
    tree.health_monitor.provisioning_status = monitor;
    tree.health_monitor.operating_status = OperatingStatus::Offline;
    tree
}

/// Shows a tree in one line: provisioning and operating status of each object, or that it is gone.
async fn shown(store: &Store, tree: &Tree) -> String {
    fn of<T>(
        found: Option<T>,
        show: impl Fn(T) -> (ProvisioningStatus, OperatingStatus),
    ) -> String {
        found.map_or("gone".to_owned(), |found| {
            let (provisioning, operating) = show(found);
            format!("{provisioning}/{operating}")
        })
    }
    let mut tx = store.read("test").await.unwrap();
    let load_balancer = tx.load_balancer(tree.id()).await.unwrap();
    let listener = tx.listener(tree.listener.id).await.unwrap();
    let pool = tx.pool(tree.pool.id).await.unwrap();
    let member = tx.member(tree.pool.id, tree.member.id).await.unwrap();
    let monitor = tx.health_monitor(tree.health_monitor.id).await.unwrap();
    [
        of(load_balancer, |it| {
            (it.provisioning_status, it.operating_status)
        }),
        of(listener, |it: Listener| {
            (it.provisioning_status, it.operating_status)
        }),
        of(pool, |it: Pool| {
            (it.provisioning_status, it.operating_status)
        }),
        of(member, |it: Member| {
            (it.provisioning_status, it.operating_status)
        }),
        of(monitor, |it: HealthMonitor| {
            (it.provisioning_status, it.operating_status)
        }),
    ]
    .map(|text| format!("{text:<16}"))
    .join(" ")
    .trim_end()
    .to_owned()
}

const HEAD: &str = "lb               listener         pool             member           monitor\n";

#[tokio::test]
async fn every_operation_that_ends_well() {
    for (_database, store, _) in stores().await {
        let mut table = format!("{:<16} {HEAD}", "");
        for (name, statuses) in OPERATIONS {
            let tree = locked(statuses);
            tree.insert(&store).await;
            let generation = wake(&store, tree.id()).await;
            let lease = lease_next(&store, "a").await.unwrap();
            assert!(settle(&store, &lease, &Settlement::Converged { generation }).await);
            table += &format!("{name:<16} {}\n", shown(&store, &tree).await);
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(table, @r#"
                             lb               listener         pool             member           monitor
            tree create      ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/ONLINE
            lb update        ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            listener create  ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            listener update  ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            listener delete  ACTIVE/ONLINE    gone             ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            pool create      ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            pool update      ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            pool delete      ACTIVE/ONLINE    ACTIVE/ONLINE    gone             gone             gone
            member create    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            member update    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            member delete    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    gone             ACTIVE/OFFLINE
            monitor create   ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/ONLINE
            monitor update   ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/ONLINE
            monitor delete   ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/NO_MONITOR gone
            periodic look    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            "#);
        }
    }
}

#[tokio::test]
async fn every_operation_that_fails_and_is_healed_later() {
    for (_database, store, _) in stores().await {
        let mut table = format!("{:<16} {HEAD}", "");
        for (name, statuses) in OPERATIONS {
            let tree = locked(statuses);
            tree.insert(&store).await;
            let generation = wake(&store, tree.id()).await;
            let lease = lease_next(&store, "a").await.unwrap();
            let failed = Settlement::Failed {
                generation,
                load_balancer: if name == "tree create" || name == "lb update" {
                    ProvisioningStatus::Error
                } else {
                    Active
                },
                cause: "the world ends".to_owned(),
            };
            assert!(settle(&store, &lease, &failed).await);
            table += &format!("{name:<16} {}\n", shown(&store, &tree).await);
            assert!(settle(&store, &lease, &Settlement::Converged { generation }).await);
            let healed = shown(&store, &tree).await;
            assert!(
                !healed.contains("PENDING") && !healed.contains("ERROR"),
                "{healed}"
            );
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(table, @r#"
                             lb               listener         pool             member           monitor
            tree create      ERROR/ONLINE     ERROR/ONLINE     ERROR/ONLINE     ERROR/OFFLINE    ERROR/OFFLINE
            lb update        ERROR/ONLINE     ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            listener create  ACTIVE/ONLINE    ERROR/ONLINE     ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            listener update  ACTIVE/ONLINE    ERROR/ONLINE     ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            listener delete  ACTIVE/ONLINE    ERROR/ONLINE     ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            pool create      ACTIVE/ONLINE    ACTIVE/ONLINE    ERROR/ONLINE     ACTIVE/OFFLINE   ACTIVE/OFFLINE
            pool update      ACTIVE/ONLINE    ACTIVE/ONLINE    ERROR/ONLINE     ACTIVE/OFFLINE   ACTIVE/OFFLINE
            pool delete      ACTIVE/ONLINE    ACTIVE/ONLINE    ERROR/ONLINE     ACTIVE/OFFLINE   ACTIVE/OFFLINE
            member create    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ERROR/OFFLINE    ACTIVE/OFFLINE
            member update    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ERROR/OFFLINE    ACTIVE/OFFLINE
            member delete    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ERROR/OFFLINE    ACTIVE/OFFLINE
            monitor create   ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ERROR/OFFLINE
            monitor update   ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ERROR/OFFLINE
            monitor delete   ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ERROR/OFFLINE
            periodic look    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/ONLINE    ACTIVE/OFFLINE   ACTIVE/OFFLINE
            "#);
        }
    }
}

#[tokio::test]
async fn something_newer_is_not_settled() {
    for (_database, store, _) in stores().await {
        let tree = locked([PendingUpdate; 5]);
        tree.insert(&store).await;
        wake(&store, tree.id()).await;
        let lease = lease_next(&store, "a").await.unwrap();
        let before = shown(&store, &tree).await;
        assert_eq!(wake(&store, tree.id()).await, 2);
        assert!(!settle(&store, &lease, &Settlement::Converged { generation: 1 }).await);
        let failed = Settlement::Failed {
            generation: 1,
            load_balancer: Active,
            cause: String::new(),
        };
        assert!(!settle(&store, &lease, &failed).await);
        assert_eq!(shown(&store, &tree).await, before);
        assert!(settle(&store, &lease, &Settlement::Converged { generation: 2 }).await);
        let mut tx = store.read("test").await.unwrap();
        let row = tx.reconciliation(tree.id()).await.unwrap().unwrap();
        assert_eq!((row.wanted, row.done, row.pending_since), (2, 2, None));
    }
}

#[tokio::test]
async fn a_disabled_monitor_stays_offline() {
    for (_database, store, _) in stores().await {
        let mut tree = locked([PendingUpdate, Active, Active, Active, PendingCreate]);
        tree.health_monitor.enabled = false;
        tree.insert(&store).await;
        wake(&store, tree.id()).await;
        let lease = lease_next(&store, "a").await.unwrap();
        assert!(settle(&store, &lease, &Settlement::Converged { generation: 1 }).await);
        let mut tx = store.read("test").await.unwrap();
        let monitor = tx
            .health_monitor(tree.health_monitor.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(monitor.provisioning_status, Active);
        assert_eq!(monitor.operating_status, OperatingStatus::Offline);
    }
}

#[tokio::test]
async fn what_was_active_keeps_its_updated_at() {
    for (_database, store, _) in stores().await {
        let tree = locked([PendingUpdate, PendingUpdate, Active, Active, Active]);
        tree.insert(&store).await;
        wake(&store, tree.id()).await;
        let lease = lease_next(&store, "a").await.unwrap();
        assert!(settle(&store, &lease, &Settlement::Converged { generation: 1 }).await);
        let mut tx = store.read("test").await.unwrap();
        let found = tx.tree(tree.id()).await.unwrap().unwrap();
        assert!(found.load_balancer.updated_at.is_some());
        assert!(found.listeners[0].updated_at.is_some());
        assert_eq!(found.pools[0].pool.updated_at, None);
        assert_eq!(found.pools[0].members[0].updated_at, None);
    }
}

#[tokio::test]
async fn another_load_balancer_is_not_touched() {
    for (_database, store, _) in stores().await {
        let (tree, other) = (locked([PendingDelete; 5]), locked([PendingUpdate; 5]));
        tree.insert(&store).await;
        other.insert(&store).await;
        let before = shown(&store, &other).await;
        let mut tx = store.begin("test").await.unwrap();
        tx.wake_for_cascade_delete(tree.id()).await.unwrap();
        let lease = tx.lease_next("a", LENGTH).await.unwrap().unwrap();
        tx.finish_delete(&lease).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(shown(&store, &other).await, before);
    }
}

/// Counts the rows of the tables that hold objects.
async fn rows(database: &TestDatabase) -> String {
    let mut table = String::new();
    for name in [
        "load_balancer",
        "vip",
        "listener",
        "sni",
        "listener_cidr",
        "l7policy",
        "l7rule",
        "pool",
        "session_persistence",
        "member",
        "health_monitor",
        "amphora",
        "amphora_health",
        "listener_statistics",
        "tags",
    ] {
        let count = database
            .numbers(&format!("SELECT COUNT(*) AS value FROM {name}"))
            .await;
        table += &format!("{name}: {}\n", count[0]);
    }
    table
}

#[tokio::test]
async fn a_finished_deletion_leaves_the_load_balancer_its_vip_and_its_amphorae() {
    for (database, store, _) in stores().await {
        let mut tree = locked([PendingDelete, Active, Active, Active, Active]);
        let tag = vec!["tag".to_owned()];
        tree.listener.tags.clone_from(&tag);
        tree.listener.sni_container_refs = vec!["x".to_owned()];
        tree.listener.allowed_cidrs = vec!["10.0.0.0/8".parse().unwrap()];
        tree.pool.tags.clone_from(&tag);
        tree.member.tags.clone_from(&tag);
        tree.health_monitor.tags = tag;
        tree.insert(&store).await;
        with_policy(&database, &tree).await;
        let mut tx = store.begin("test").await.unwrap();
        let health = octavia_model::AmphoraHealth {
            amphora_id: tree.amphora.id,
            last_update: crate::fixture::start(),
            busy: false,
        };
        tx.save_amphora_health(&[health]).await.unwrap();
        let one = std::collections::BTreeMap::from([(tree.listener.id, <_>::default())]);
        tx.add_statistics(tree.amphora.id, &one).await.unwrap();
        tx.wake_for_cascade_delete(tree.id()).await.unwrap();
        let lease = tx.lease_next("a", LENGTH).await.unwrap().unwrap();
        let settled = tx
            .settle(&lease, &Settlement::Converged { generation: 1 })
            .await;
        assert!(!settled.unwrap(), "a deletion is not settled but finished");
        tx.finish_delete(&lease).await.unwrap();
        assert_eq!(tx.lease_next("a", LENGTH).await.unwrap(), None);
        let amphora = tx.amphora(tree.amphora.id).await.unwrap().unwrap();
        assert_eq!(amphora.status, AmphoraStatus::Deleted);
        tx.commit().await.unwrap();
        let left = rows(&database).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(left, @r"
            load_balancer: 1
            vip: 1
            listener: 0
            sni: 0
            listener_cidr: 0
            l7policy: 0
            l7rule: 0
            pool: 0
            session_persistence: 0
            member: 0
            health_monitor: 0
            amphora: 1
            amphora_health: 0
            listener_statistics: 0
            tags: 0
            ");
        }
    }
}

/// Gives the listener a policy with a rule, as upstream leaves them.
async fn with_policy(database: &TestDatabase, tree: &Tree) {
    let policy = "00000000-0000-4000-8000-0000000000aa";
    let listener = tree.listener.id;
    let pool = tree.pool.id;
    database.execute(&format!("INSERT INTO l7policy (id, listener_id, action, redirect_pool_id, position, enabled, provisioning_status, operating_status) VALUES ('{policy}', '{listener}', 'REDIRECT_TO_POOL', '{pool}', 1, 1, 'PENDING_UPDATE', 'OFFLINE')")).await;
    database.execute(&format!("INSERT INTO l7rule (id, l7policy_id, type, compare_type, value, invert, enabled, provisioning_status, operating_status) VALUES ('00000000-0000-4000-8000-0000000000bb', '{policy}', 'PATH', 'EQUAL_TO', '/', 0, 1, 'PENDING_CREATE', 'OFFLINE')")).await;
}

#[tokio::test]
async fn policies_and_rules_are_settled_with_the_rest() {
    for (database, store, _) in stores().await {
        let tree = locked([PendingUpdate, PendingUpdate, Active, Active, Active]);
        tree.insert(&store).await;
        with_policy(&database, &tree).await;
        wake(&store, tree.id()).await;
        let lease = lease_next(&store, "a").await.unwrap();
        let failed = Settlement::Failed {
            generation: 1,
            load_balancer: Active,
            cause: String::new(),
        };
        assert!(settle(&store, &lease, &failed).await);
        let count = async |table: &str, condition: &str| {
            let sql = format!("SELECT COUNT(*) AS value FROM {table} WHERE {condition}");
            database.numbers(&sql).await[0]
        };
        assert_eq!(count("l7rule", "provisioning_status = 'ERROR'").await, 1);
        assert_eq!(count("l7policy", "provisioning_status = 'ACTIVE'").await, 1);
        assert_eq!(count("listener", "provisioning_status = 'ACTIVE'").await, 1);
        assert!(settle(&store, &lease, &Settlement::Converged { generation: 1 }).await);
        let well = "provisioning_status = 'ACTIVE' AND operating_status = 'ONLINE'";
        assert_eq!(count("l7rule", well).await, 1);
        let mut tx = store.read("test").await.unwrap();
        let listener = tx.listener(tree.listener.id).await.unwrap().unwrap();
        assert_eq!(listener.l7_policies.len(), 1);
        let pool = tx.pool(tree.pool.id).await.unwrap().unwrap();
        assert_eq!(pool.listeners, [tree.listener.id]);
    }
}

#[tokio::test]
async fn what_is_not_to_be_deleted_is_not_finished() {
    for (_database, store, _) in stores().await {
        let tree = locked([PendingUpdate, Active, Active, Active, Active]);
        tree.insert(&store).await;
        wake(&store, tree.id()).await;
        let lease = lease_next(&store, "a").await.unwrap();
        let mut tx = store.begin("test").await.unwrap();
        let refused = tx.finish_delete(&lease).await;
        assert!(matches!(refused, Err(Error::Conflict(_))));
    }
}

#[tokio::test]
async fn convergence_ends_a_failover() {
    for (_database, store, _) in stores().await {
        let tree = locked([PendingUpdate, Active, Active, Active, Active]);
        tree.insert(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        let generation = tx.wake_for_failover(tree.id()).await.unwrap();
        let lease = tx.lease_next("a", LENGTH).await.unwrap().unwrap();
        tx.insert_amphora(&octavia_testing::amphora(&tree.load_balancer))
            .await
            .unwrap();
        let row = tx.fence(&lease).await.unwrap();
        assert!(row.failover);
        assert_eq!(row.unwanted_amphorae, [tree.amphora.id]);
        assert!(
            tx.settle(&lease, &Settlement::Converged { generation })
                .await
                .unwrap()
        );
        let row = tx.fence(&lease).await.unwrap();
        assert!(!row.failover);
        assert_eq!(row.unwanted_amphorae, []);
    }
}
