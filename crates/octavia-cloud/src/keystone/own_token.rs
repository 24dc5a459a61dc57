use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use octavia_model::Clock;
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;

use super::{Keystone, unexpected, wire};
use crate::{Error, Result};

/// How long before its end the service's token is renewed.
const EARLY: TimeDelta = TimeDelta::seconds(120);

/// The token by which the service asks, renewed before it ends.
pub(super) struct OwnToken {
    clock: Arc<dyn Clock>,
    /// Held while it is renewed, so that it is renewed once.
    held: Mutex<Option<(HeaderValue, DateTime<Utc>)>>,
}

impl OwnToken {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            held: Mutex::default(),
        }
    }

    /// Returns the token, and not the one that Keystone refused.
    pub(super) async fn get(
        &self,
        keystone: &Keystone,
        refused: Option<&HeaderValue>,
    ) -> Result<HeaderValue> {
        let mut held = self.held.lock().await;
        if let Some((token, end)) = &*held
            && Some(token) != refused
            && self.clock.now() + EARLY < *end
        {
            return Ok(token.clone());
        }
        *held = None;
        let (token, end) = make(keystone).await?;
        *held = Some((token.clone(), end));
        Ok(token)
    }
}

async fn make(keystone: &Keystone) -> Result<(HeaderValue, DateTime<Utc>)> {
    let url = format!("{}?nocatalog", keystone.url);
    let body = wire::authentication(&keystone.settings.account);
    let answer = keystone
        .send(|| keystone.client.post(&url).json(&body))
        .await?;
    match (answer.status, answer.subject_token) {
        (StatusCode::CREATED, Some(mut token)) => {
            token.set_sensitive(true);
            let end = wire::read_token(&answer.body)?.expires_at;
            Ok((token, end))
        }
        (StatusCode::CREATED, None) => Err(Error::unavailable(
            "ask Keystone for a token",
            "the answer has no X-Subject-Token",
        )),
        (other, _) => Err(unexpected(other)),
    }
}
