use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use octavia_model::{Clock, Secret};

use super::{Identity, Token, Validity};
use crate::{Error, Result};

/// How a [`CachedIdentity`] remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// How long an answer is good for; `None` asks each time.
    pub keep: Option<TimeDelta>,
    /// How many answers are kept at most, of valid tokens and of refused ones each.
    pub most: usize,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            keep: Some(TimeDelta::seconds(300)),
            most: 10_000,
        }
    }
}

/// Remembers what another says of tokens for a while. Tokens are kept as hashes only, and questions
/// about the same token at the same time are one question.
pub struct CachedIdentity {
    inner: Arc<dyn Identity>,
    settings: CacheSettings,
    clock: Arc<dyn Clock>,
    memory: Mutex<Memory>,
}

type Key = ([u8; 32], Validity);
type Outcome = std::result::Result<Option<Arc<Token>>, Arc<Error>>;
type Asking = Shared<BoxFuture<'static, Outcome>>;

#[derive(Default)]
struct Memory {
    valid: Shelf<Arc<Token>>,
    refused: Shelf<()>,
    asking: HashMap<Key, WeakShared<BoxFuture<'static, Outcome>>>,
}

/// What is remembered of a token.
enum Recalled {
    Valid(Arc<Token>),
    Refused,
    Nothing,
}

/// Answers with the time of their end, the oldest first.
struct Shelf<T> {
    entries: HashMap<Key, (T, DateTime<Utc>)>,
    order: VecDeque<Key>,
}

impl CachedIdentity {
    /// Remembers what `inner` says.
    pub fn new(inner: Arc<dyn Identity>, settings: CacheSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner,
            settings,
            clock,
            memory: Mutex::default(),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins whoever asks about the token now, or begins to ask.
    fn ask(&self, key: Key, token: &Secret<String>) -> Asking {
        let mut memory = self.memory();
        if let Some(asking) = memory.asking.get(&key).and_then(WeakShared::upgrade) {
            return asking;
        }
        let inner = Arc::clone(&self.inner);
        let token = token.clone();
        let asking = async move { inner.validate(&token, key.1).await.map_err(Arc::new) }
            .boxed()
            .shared();
        // Questions that were given up leave their entry behind.
        memory.asking.retain(|_, other| other.upgrade().is_some());
        if let Some(weak) = asking.downgrade() {
            memory.asking.insert(key, weak);
        }
        asking
    }

    fn remember(&self, key: Key, answer: Option<&Arc<Token>>) {
        let mut memory = self.memory();
        memory.asking.remove(&key);
        let Some(keep) = self.settings.keep else {
            return;
        };
        let now = self.clock.now();
        let end = now + keep;
        let most = self.settings.most;
        match answer {
            Some(token) if key.1 == Validity::Now => {
                let end = end.min(token.expires_at);
                memory.valid.put(key, Arc::clone(token), end, most);
            }
            Some(_) => {}
            None => memory.refused.put(key, (), end, most),
        }
    }

    fn recall(&self, key: &Key) -> Recalled {
        let now = self.clock.now();
        let memory = self.memory();
        if let Some(token) = memory.valid.get(key, now) {
            Recalled::Valid(Arc::clone(token))
        } else if memory.refused.get(key, now).is_some() {
            Recalled::Refused
        } else {
            Recalled::Nothing
        }
    }
}

impl Identity for CachedIdentity {
    fn validate<'a>(
        &'a self,
        token: &'a Secret<String>,
        validity: Validity,
    ) -> BoxFuture<'a, Result<Option<Arc<Token>>>> {
        async move {
            let key = (hash(token), validity);
            match self.recall(&key) {
                Recalled::Valid(token) => return Ok(Some(token)),
                Recalled::Refused => return Ok(None),
                Recalled::Nothing => {}
            }
            match self.ask(key, token).await {
                Ok(answer) => {
                    self.remember(key, answer.as_ref());
                    Ok(answer)
                }
                Err(error) => Err(Error::unavailable("ask who a token belongs to", error)),
            }
        }
        .boxed()
    }
}

fn hash(token: &Secret<String>) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, token.reveal().as_bytes()).as_ref());
    key
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<T> Shelf<T> {
    fn get(&self, key: &Key, now: DateTime<Utc>) -> Option<&T> {
        let (value, end) = self.entries.get(key)?;
        (now < *end).then_some(value)
    }

    fn put(&mut self, key: Key, value: T, end: DateTime<Utc>, most: usize) {
        if self.entries.insert(key, (value, end)).is_none() {
            self.order.push_back(key);
        }
        while self.entries.len() > most {
            if let Some(oldest) = self.order.pop_front() {
                self.entries.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests;
