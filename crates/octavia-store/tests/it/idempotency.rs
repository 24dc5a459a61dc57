//! Keys under which requests may come again.

use std::time::Duration;

use chrono::TimeDelta;
use octavia_model::Clock;
use octavia_store::{Attempt, Claim, Error, Store, StoredAnswer};

use crate::fixture::stores;

const HOLD: Duration = Duration::from_secs(10);

fn attempt(owner: &str) -> Attempt {
    Attempt {
        key: "key".to_owned(),
        request: "request".to_owned(),
        owner: owner.to_owned(),
    }
}

fn created() -> StoredAnswer {
    StoredAnswer {
        status: 201,
        body: "{\"name\": \"ü\"}".to_owned(),
    }
}

async fn claim(store: &Store, clock: &impl Clock, attempt: &Attempt) -> Claim {
    let mut tx = store.begin("test").await.unwrap();
    let yesterday = clock.now() - TimeDelta::days(1);
    let claim = tx.claim_key(attempt, HOLD, yesterday).await.unwrap();
    tx.commit().await.unwrap();
    claim
}

async fn answer(store: &Store, attempt: &Attempt) -> Result<(), Error> {
    let mut tx = store.begin("test").await?;
    tx.answer_key(attempt, &created()).await?;
    tx.commit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_one_tries_until_it_is_answered() {
    for (_database, store, clock) in stores().await {
        let (first, second) = (attempt("first"), attempt("second"));
        assert_eq!(claim(&store, &*clock, &first).await, Claim::Taken);
        assert_eq!(claim(&store, &*clock, &second).await, Claim::Running);
        assert!(answer(&store, &second).await.is_err());
        answer(&store, &first).await.unwrap();
        let again = claim(&store, &*clock, &second).await;
        assert_eq!(again, Claim::Answered(created()));
        let other = Attempt {
            request: "other".to_owned(),
            ..second
        };
        assert_eq!(claim(&store, &*clock, &other).await, Claim::OtherRequest);
        clock.advance(TimeDelta::hours(25));
        assert_eq!(claim(&store, &*clock, &other).await, Claim::Taken);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_died_is_followed_by_the_next_and_cannot_answer_any_more() {
    for (_database, store, clock) in stores().await {
        let (first, second) = (attempt("first"), attempt("second"));
        claim(&store, &*clock, &first).await;
        clock.advance(TimeDelta::seconds(9));
        let mut tx = store.begin("test").await.unwrap();
        tx.hold_key(&first, HOLD).await.unwrap();
        tx.commit().await.unwrap();
        clock.advance(TimeDelta::seconds(9));
        assert_eq!(claim(&store, &*clock, &second).await, Claim::Running);
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(claim(&store, &*clock, &second).await, Claim::Taken);
        let late = answer(&store, &first).await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
        answer(&store, &second).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_given_back_is_free_and_an_answer_stays() {
    for (database, store, clock) in stores().await {
        let (first, second) = (attempt("first"), attempt("second"));
        for owner in [&first, &second] {
            assert_eq!(claim(&store, &*clock, owner).await, Claim::Taken);
            let mut tx = store.begin("test").await.unwrap();
            tx.give_key_back(owner).await.unwrap();
            tx.commit().await.unwrap();
        }
        claim(&store, &*clock, &first).await;
        answer(&store, &first).await.unwrap();
        let mut tx = store.begin("test").await.unwrap();
        tx.give_key_back(&first).await.unwrap();
        assert_eq!(tx.prune_keys(clock.now()).await.unwrap(), 0);
        tx.commit().await.unwrap();
        assert_eq!(
            claim(&store, &*clock, &second).await,
            Claim::Answered(created())
        );
        clock.advance(TimeDelta::seconds(1));
        let mut tx = store.begin("test").await.unwrap();
        assert_eq!(tx.prune_keys(clock.now()).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let left = "SELECT COUNT(*) AS value FROM rs_idempotency_keys";
        assert_eq!(database.numbers(left).await, [0]);
    }
}
