use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use octavia_cloud::fake::FakeCloud;
use octavia_model::SystemClock;
use octavia_testing::TestDatabase;

use super::*;

async fn service(database: &TestDatabase) -> Api {
    let network = Arc::new(FakeCloud::new());
    Api::new(database.store().await, network, Arc::new(SystemClock))
}

fn busy() -> Error {
    octavia_store::Error::Busy {
        attempt: "test",
        source: "deadlock".into(),
    }
    .into()
}

/// Tries a write that fails with `error` so many times before it succeeds; returns how often it ran.
async fn tries(failures: u32, error: fn() -> Error) -> (u32, Result<&'static str>) {
    let database = TestDatabase::sqlite().await;
    let api = service(&database).await;
    let attempts = AtomicU32::new(0);
    let result = api
        .in_turn(|| async {
            if attempts.fetch_add(1, Ordering::Relaxed) < failures {
                return Err(error());
            }
            Ok(Accepted {
                load_balancer: None,
                answer: "done",
            })
        })
        .await;
    (attempts.into_inner(), result)
}

#[tokio::test]
async fn a_write_that_another_came_in_between_of_is_tried_again() {
    let (attempts, result) = tries(2, busy).await;
    assert_eq!((attempts, result.unwrap()), (3, "done"));
}

#[tokio::test]
async fn a_database_that_stays_busy_is_said_to_be() {
    let (attempts, result) = tries(u32::MAX, busy).await;
    assert_eq!(attempts, 1 + BUSY_TRIES);
    assert_eq!(
        result.unwrap_err().status(),
        http::StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn a_refused_write_is_not_tried_again() {
    let (attempts, result) = tries(u32::MAX, || Error::Forbidden).await;
    assert_eq!(attempts, 1);
    assert_eq!(result.unwrap_err().status(), http::StatusCode::FORBIDDEN);
}
