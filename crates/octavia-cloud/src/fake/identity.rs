use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use octavia_model::{Clock, Secret};
use tokio::sync::watch;

use crate::{Error, Identity, Result, Token, Validity};

/// An identity service in memory. Tokens are issued by hand; it can be held up, and break down.
pub struct FakeIdentity {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
    held: watch::Sender<bool>,
}

#[derive(Default)]
struct Inner {
    tokens: HashMap<String, Token>,
    questions: usize,
    broken: bool,
}

impl FakeIdentity {
    /// Makes a service that knows no token.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            inner: Mutex::default(),
            held: watch::Sender::new(false),
        }
    }

    /// Issues a token with role `member` in project `<user>-project`.
    pub fn issue(&self, id: &str, user: &str, life: TimeDelta) {
        self.issue_as(id, user, life, |_| {});
    }

    /// Issues a token that is changed first.
    pub fn issue_as(&self, id: &str, user: &str, life: TimeDelta, change: impl FnOnce(&mut Token)) {
        let mut token = Token {
            user_id: user.to_owned(),
            user_name: Some(user.to_owned()),
            user_domain_id: Some("default".to_owned()),
            project_id: Some(format!("{user}-project")),
            project_domain_id: Some("default".to_owned()),
            domain_id: None,
            is_for_system: false,
            roles: vec!["member".to_owned(), "reader".to_owned()],
            is_admin_project: true,
            access_rules: None,
            catalogue: None,
            expires_at: self.clock.now() + life,
        };
        change(&mut token);
        self.inner().tokens.insert(id.to_owned(), token);
    }

    /// Makes a token worthless.
    pub fn revoke(&self, id: &str) {
        self.inner().tokens.remove(id);
    }

    /// Fails from now on.
    pub fn break_down(&self) {
        self.inner().broken = true;
    }

    /// Works again.
    pub fn heal(&self) {
        self.inner().broken = false;
    }

    /// Answers nobody from now on.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Answers those who wait.
    pub fn let_go(&self) {
        self.held.send_replace(false);
    }

    /// Returns how often it was asked.
    pub fn questions(&self) -> usize {
        self.inner().questions
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, token: &str, validity: Validity) -> Result<Option<Arc<Token>>> {
        let inner = self.inner();
        if inner.broken {
            return Err(Error::unavailable(
                "ask about a token",
                "the fake identity service broke down",
            ));
        }
        let now = self.clock.now();
        let lives = |token: &&Token| validity == Validity::EvenExpired || now < token.expires_at;
        let found = inner.tokens.get(token).filter(lives);
        Ok(found.cloned().map(Arc::new))
    }
}

impl Identity for FakeIdentity {
    fn validate<'a>(
        &'a self,
        token: &'a Secret<String>,
        validity: Validity,
    ) -> BoxFuture<'a, Result<Option<Arc<Token>>>> {
        async move {
            self.inner().questions += 1;
            let mut held = self.held.subscribe();
            // The sender lives as long as this service.
            drop(held.wait_for(|held| !held).await);
            self.answer(token.reveal(), validity)
        }
        .boxed()
    }
}
