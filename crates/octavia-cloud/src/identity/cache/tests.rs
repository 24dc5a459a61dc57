use chrono::TimeZone;
use octavia_model::ManualClock;

use super::*;
use crate::fake::FakeIdentity;

struct Stage {
    keystone: Arc<FakeIdentity>,
    clock: Arc<ManualClock>,
    cache: CachedIdentity,
}

impl Stage {
    fn new(settings: CacheSettings) -> Self {
        let start = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
        let clock = Arc::new(ManualClock::new(start));
        let keystone = Arc::new(FakeIdentity::new(Arc::<ManualClock>::clone(&clock)));
        let inner: Arc<dyn Identity> = Arc::<FakeIdentity>::clone(&keystone);
        let cache = CachedIdentity::new(inner, settings, Arc::<ManualClock>::clone(&clock));
        Self {
            keystone,
            clock,
            cache,
        }
    }

    async fn user(&self, token: &str) -> Option<String> {
        let token = Secret::new(token.to_owned());
        let found = self.cache.validate(&token, Validity::Now).await.unwrap();
        found.map(|token| token.user_id.clone())
    }
}

#[tokio::test]
async fn an_answer_is_good_for_its_time_and_no_longer() {
    let stage = Stage::new(CacheSettings::default());
    stage.keystone.issue("t", "alice", TimeDelta::hours(1));
    assert_eq!(stage.user("t").await, Some("alice".to_owned()));
    stage.keystone.revoke("t");
    stage.clock.advance(TimeDelta::seconds(299));
    assert_eq!(stage.user("t").await, Some("alice".to_owned()));
    assert_eq!(stage.keystone.questions(), 1);
    stage.clock.advance(TimeDelta::seconds(1));
    assert_eq!(stage.user("t").await, None, "it was revoked");
    assert_eq!(stage.user("t").await, None);
    assert_eq!(
        stage.keystone.questions(),
        2,
        "a refusal is remembered, too"
    );
}

#[tokio::test]
async fn a_token_that_expires_is_refused_though_it_is_remembered() {
    let stage = Stage::new(CacheSettings::default());
    stage.keystone.issue("t", "alice", TimeDelta::seconds(10));
    assert_eq!(stage.user("t").await, Some("alice".to_owned()));
    stage.clock.advance(TimeDelta::seconds(10));
    assert_eq!(stage.user("t").await, None);
}

#[tokio::test]
async fn without_a_time_every_call_asks() {
    let stage = Stage::new(CacheSettings {
        keep: None,
        ..CacheSettings::default()
    });
    stage.keystone.issue("t", "alice", TimeDelta::hours(1));
    for _ in 0..3 {
        assert_eq!(stage.user("t").await, Some("alice".to_owned()));
    }
    assert_eq!(stage.keystone.questions(), 3);
}

#[tokio::test]
async fn calls_with_one_token_at_one_time_ask_once() {
    let stage = Stage::new(CacheSettings::default());
    stage.keystone.issue("t", "alice", TimeDelta::hours(1));
    stage.keystone.hold();
    let mut calls: Vec<_> = (0..20).map(|_| Box::pin(stage.user("t"))).collect();
    for call in &mut calls {
        assert_eq!(futures_util::poll!(call.as_mut()), std::task::Poll::Pending);
    }
    stage.keystone.let_go();
    for call in calls {
        assert_eq!(call.await, Some("alice".to_owned()));
    }
    assert_eq!(stage.keystone.questions(), 1);
}

#[tokio::test]
async fn a_caller_who_gives_up_leaves_the_others_their_answer() {
    let stage = Stage::new(CacheSettings::default());
    stage.keystone.issue("t", "alice", TimeDelta::hours(1));
    stage.keystone.hold();
    let mut first = Box::pin(stage.user("t"));
    let mut second = Box::pin(stage.user("t"));
    assert!(futures_util::poll!(first.as_mut()).is_pending());
    assert!(futures_util::poll!(second.as_mut()).is_pending());
    drop(first);
    stage.keystone.let_go();
    assert_eq!(second.await, Some("alice".to_owned()));
}

#[tokio::test]
async fn a_failure_is_nobodys_answer_and_is_not_remembered() {
    let stage = Stage::new(CacheSettings::default());
    stage.keystone.issue("t", "alice", TimeDelta::hours(1));
    stage.keystone.break_down();
    let token = Secret::new("t".to_owned());
    assert!(stage.cache.validate(&token, Validity::Now).await.is_err());
    stage.keystone.heal();
    assert_eq!(stage.user("t").await, Some("alice".to_owned()));
}

#[tokio::test]
async fn only_so_much_is_kept_and_refusals_push_no_valid_token_out() {
    let stage = Stage::new(CacheSettings {
        most: 2,
        ..CacheSettings::default()
    });
    stage.keystone.issue("t", "alice", TimeDelta::hours(1));
    assert_eq!(stage.user("t").await, Some("alice".to_owned()));
    for forged in 0..10 {
        assert_eq!(stage.user(&format!("forged-{forged}")).await, None);
    }
    assert_eq!(stage.keystone.questions(), 11);
    assert_eq!(stage.user("t").await, Some("alice".to_owned()));
    assert_eq!(stage.keystone.questions(), 11);
    let memory = stage.cache.memory();
    assert_eq!(memory.refused.entries.len(), 2);
    assert!(memory.asking.is_empty());
}

#[tokio::test]
async fn an_expired_token_is_asked_about_each_time() {
    let stage = Stage::new(CacheSettings::default());
    stage.keystone.issue("t", "alice", TimeDelta::seconds(1));
    stage.clock.advance(TimeDelta::seconds(2));
    let token = Secret::new("t".to_owned());
    for _ in 0..2 {
        let found = stage.cache.validate(&token, Validity::EvenExpired).await;
        assert!(found.unwrap().is_some());
    }
    assert_eq!(stage.keystone.questions(), 2);
    assert_eq!(stage.user("t").await, None);
}
