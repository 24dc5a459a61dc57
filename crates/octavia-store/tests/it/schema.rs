use octavia_store::{DatabaseUrl, Error, SchemaState, Upgraded};
use octavia_testing::TestDatabase;

use crate::fixture::Tree;

const MYSQL: &str = include_str!("../../src/schema/mysql.sql");
const SQLITE: &str = include_str!("../../src/schema/sqlite.sql");

async fn upstream(database: &TestDatabase) {
    let script = if database.is_mysql() { MYSQL } else { SQLITE };
    for statement in script.split(";\n").filter(|part| !part.trim().is_empty()) {
        database.execute(statement).await;
    }
}

#[tokio::test]
async fn an_empty_database_is_created_once() {
    for database in TestDatabase::empty_everywhere().await {
        let store = database.store().await;
        assert_eq!(store.check().await.unwrap(), SchemaState::Empty);
        assert_eq!(store.upgrade().await.unwrap(), Upgraded::Created);
        assert_eq!(store.check().await.unwrap(), SchemaState::Ready);
        assert_eq!(store.upgrade().await.unwrap(), Upgraded::AlreadyReady);
        let lookups = "SELECT COUNT(*) AS value FROM provisioning_status";
        assert_eq!(database.numbers(lookups).await, [10]);
        let placeholder = "SELECT COUNT(*) AS value FROM flavor WHERE name = 'DELETED-PLACEHOLDER'";
        assert_eq!(database.numbers(placeholder).await, [1]);
        assert_eq!(
            database
                .numbers("SELECT COUNT(*) AS value FROM spares_pool")
                .await,
            [1]
        );
    }
}

#[tokio::test]
async fn a_database_of_upstream_is_adopted_with_its_rows() {
    for database in TestDatabase::empty_everywhere().await {
        upstream(&database).await;
        database
            .execute("INSERT INTO tags (resource_id, tag) VALUES ('x', 'kept')")
            .await;
        let store = database.store().await;
        assert_eq!(store.check().await.unwrap(), SchemaState::Upstream);
        assert_eq!(store.upgrade().await.unwrap(), Upgraded::Adopted);
        assert_eq!(store.check().await.unwrap(), SchemaState::Ready);
        assert_eq!(
            database.numbers("SELECT COUNT(*) AS value FROM tags").await,
            [1]
        );
        Tree::new().insert(&store).await;
    }
}

#[tokio::test]
async fn another_revision_is_refused_and_left_alone() {
    for database in TestDatabase::empty_everywhere().await {
        upstream(&database).await;
        database
            .execute("UPDATE alembic_version SET version_num = '0995c26fc506'")
            .await;
        let store = database.store().await;
        let state = store.check().await.unwrap();
        assert_eq!(state, SchemaState::OtherRevision("0995c26fc506".to_owned()));
        let refused = store.upgrade().await.unwrap_err();
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused, @"the database is at revision 0995c26fc506, and this version serves fabf4983846b: run upstream's `octavia-db-manage upgrade head` (release 19.0.0) first");
        }
        assert_eq!(store.check().await.unwrap(), state);
    }
}

#[tokio::test]
async fn a_database_of_something_else_is_refused_and_left_alone() {
    for database in TestDatabase::empty_everywhere().await {
        database.execute("CREATE TABLE customers (id INT)").await;
        let store = database.store().await;
        assert_eq!(store.check().await.unwrap(), SchemaState::Foreign);
        let refused = store.upgrade().await.unwrap_err();
        assert!(matches!(refused, Error::Revision(_)), "{refused}");
        assert_eq!(store.check().await.unwrap(), SchemaState::Foreign);
    }
}

#[tokio::test]
async fn what_is_missing_is_named() {
    for database in TestDatabase::everywhere().await {
        database.execute("DROP TABLE rs_events").await;
        database
            .execute("ALTER TABLE member DROP COLUMN backup")
            .await;
        let store = database.store().await;
        let error = store.check().await.unwrap_err().to_string();
        insta::allow_duplicates! {
            insta::assert_snapshot!(error, @"the database says that it is at revision fabf4983846b, but lacks member.backup, rs_events.at, rs_events.kind, rs_events.load_balancer_id, rs_events.message, rs_events.sequence");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_an_earlier_version_gets_what_is_new() {
    for database in TestDatabase::everywhere().await {
        database.execute("DROP TABLE rs_idempotency_keys").await;
        database.execute("UPDATE rs_schema SET version = 1").await;
        let store = database.store().await;
        assert_eq!(store.check().await.unwrap(), SchemaState::Behind);
        assert_eq!(store.upgrade().await.unwrap(), Upgraded::Extended);
        assert_eq!(store.check().await.unwrap(), SchemaState::Ready);
        assert_eq!(store.upgrade().await.unwrap(), Upgraded::AlreadyReady);
    }
}

#[tokio::test]
async fn a_creation_that_was_cut_short_is_finished() {
    let Some(database) = TestDatabase::empty_mysql().await else {
        return;
    };
    // MySQL keeps what a dead process had made so far: our tables, then some of upstream's.
    let store = database.store().await;
    store.upgrade().await.unwrap();
    database.execute("DELETE FROM rs_schema").await;
    database.execute("DELETE FROM alembic_version").await;
    database.execute("DROP TABLE vrrp_group").await;
    database.execute("DELETE FROM vrrp_auth_method").await;
    assert_eq!(store.check().await.unwrap(), SchemaState::Empty);
    assert_eq!(store.upgrade().await.unwrap(), Upgraded::Created);
    assert_eq!(store.check().await.unwrap(), SchemaState::Ready);
    let rows = "SELECT COUNT(*) AS value FROM vrrp_auth_method";
    assert_eq!(database.numbers(rows).await, [2]);
    assert_eq!(
        database
            .numbers("SELECT COUNT(*) AS value FROM spares_pool")
            .await,
        [1]
    );
}

#[tokio::test]
async fn two_upgrades_at_once_are_one() {
    for database in TestDatabase::empty_everywhere().await {
        let (one, other) = (database.store().await, database.store().await);
        let (one, other) = tokio::join!(one.upgrade(), other.upgrade());
        let mut done = [one.unwrap(), other.unwrap()].map(|done| format!("{done:?}"));
        done.sort();
        assert_eq!(done, ["AlreadyReady", "Created"]);
    }
}

#[tokio::test]
async fn a_database_without_our_tables_says_what_to_do() {
    for database in TestDatabase::empty_everywhere().await {
        let store = database.store().await;
        let mut tx = store.read("test").await.unwrap();
        let error = tx.amphorae().await.unwrap_err();
        assert!(
            error.to_string().ends_with("run `octavia db upgrade`"),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_is_unavailable() {
    let url = DatabaseUrl::parse("mysql+pymysql://octavia:secret@127.0.0.1:1/octavia").unwrap();
    let clock = std::sync::Arc::new(octavia_model::SystemClock);
    let error = octavia_store::Store::connect(&url, clock)
        .await
        .err()
        .unwrap();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(error.may_retry());
}
