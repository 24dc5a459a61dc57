//! `Idempotency-Key`: a POST that comes again under the same key is answered as it was the first
//! time, and does nothing. ADR 0010 says what is kept, for whom, and what happens in races and crashes.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use octavia_store::{Attempt, Claim, StoredAnswer, Tx};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{Origin, path};
use crate::Api;
use crate::error::{Error, Result, causes};
use crate::payload;
use crate::policy::Credentials;

/// How long a try has its key after its last sign of life.
const HOLD: Duration = Duration::from_secs(10);
/// How long an answer is given again.
const KEPT: TimeDelta = TimeDelta::days(1);
/// How often a try looks whether the one before it was answered.
const POLL: Duration = Duration::from_millis(25);
/// The longest key.
const LONGEST_KEY: usize = 255;

tokio::task_local! {
    static HELD: Arc<Held>;
}

/// A key that a request has.
struct Held {
    attempt: Attempt,
    /// The answer was written together with what was made.
    answered: AtomicBool,
}

/// Commits what a create call made. Where the call has an idempotency key, its answer is written
/// in the same transaction: there is no moment at which the one is kept and the other is not.
///
/// # Errors
///
/// Nothing was made; also when the key is another try's by now.
pub(crate) async fn commit_created(mut tx: Tx, body: &Value) -> Result<()> {
    let Ok(held) = HELD.try_with(Arc::clone) else {
        return Ok(tx.commit().await?);
    };
    let answer = StoredAnswer {
        status: StatusCode::CREATED.as_u16(),
        body: body.to_string(),
    };
    tx.answer_key(&held.attempt, &answer).await?;
    tx.commit().await?;
    held.answered.store(true, Ordering::Relaxed);
    Ok(())
}

/// What is to be done with a request.
pub(super) enum Passage {
    /// It has no key.
    Free(Request),
    /// It has a key, and nobody had it before.
    Once(Once, Request),
    /// It was answered before.
    Answered(Response),
}

/// Finds out whether a request was answered before. Waits for a try that is under way.
pub(super) async fn passage(api: &Api, request: Request, caller: &Credentials) -> Result<Passage> {
    let Some(key) = key(&request)? else {
        return Ok(Passage::Free(request));
    };
    let (parts, body) = request.into_parts();
    let bytes = payload::read(body, api.config.max_request_body_size).await?;
    let origin = parts
        .extensions
        .get::<Origin>()
        .cloned()
        .unwrap_or_default();
    let who = |id: &Option<String>| id.clone().unwrap_or_default();
    let (project, user) = (who(&caller.project_id), who(&caller.user_id));
    let path = path::canonical_path(&origin.path);
    let query = parts.uri.query().unwrap_or_default();
    let attempt = Attempt {
        key: digest([
            project.as_bytes(),
            user.as_bytes(),
            path.as_bytes(),
            key.as_bytes(),
        ]),
        request: digest([query.as_bytes(), &bytes]),
        owner: api.ids.next().to_string(),
    };
    let last_moment = Instant::now() + api.config.immutable_wait;
    loop {
        match claim(api, &attempt).await? {
            Claim::Taken => {
                let request = Request::from_parts(parts, Body::from(bytes));
                return Ok(Passage::Once(Once::new(attempt), request));
            }
            Claim::Answered(answer) => return Ok(Passage::Answered(replay(answer))),
            Claim::OtherRequest => return Err(Error::KeyReused),
            Claim::Running if Instant::now() < last_moment => sleep(POLL).await,
            Claim::Running => return Err(Error::KeyBusy),
        }
    }
}

/// Returns the key of a request that may have one.
fn key(request: &Request) -> Result<Option<String>> {
    let header = request.headers().get("idempotency-key");
    let Some(header) = header.filter(|_| request.method() == Method::POST) else {
        return Ok(None);
    };
    let key = header.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(Error::BadRequest(format!(
            "Idempotency-Key is 1 to {LONGEST_KEY} visible ASCII characters"
        )));
    }
    Ok(Some(key.to_owned()))
}

async fn claim(api: &Api, attempt: &Attempt) -> Result<Claim> {
    let oldest = api.clock.now() - KEPT;
    let claimed = async {
        let mut tx = api.store.begin("idempotency_key.claim").await?;
        let claim = tx.claim_key(attempt, HOLD, oldest).await?;
        tx.commit().await?;
        Ok(claim)
    };
    match claimed.await {
        // Another try came in between: it has the key, or the next look tells.
        Err(octavia_store::Error::Busy { .. }) => Ok(Claim::Running),
        other => Ok(other?),
    }
}

fn replay(answer: StoredAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

/// A request that is done once.
pub(super) struct Once(Arc<Held>);

impl Once {
    fn new(attempt: Attempt) -> Self {
        Self(Arc::new(Held {
            attempt,
            answered: AtomicBool::new(false),
        }))
    }

    /// Does the work while keeping the key, and keeps the answer.
    pub(super) async fn run(self, api: &Api, work: impl Future<Output = Response>) -> Response {
        let work = HELD.scope(Arc::clone(&self.0), work);
        let response = tokio::select! {
            response = work => response,
            never = self.stay(api) => match never {},
        };
        if self.0.answered.load(Ordering::Relaxed) {
            return response;
        }
        let (response, kept) = self.keep(api, response).await;
        if let Err(error) = kept {
            let error = causes(&error);
            tracing::warn!(error, "could not settle an idempotency key: {error}");
        }
        response
    }

    /// Shows, while the work goes on, that it does.
    async fn stay(&self, api: &Api) -> Infallible {
        loop {
            sleep(HOLD / 3).await;
            let held = async {
                let mut tx = api.store.begin("idempotency_key.hold").await?;
                tx.hold_key(&self.0.attempt, HOLD).await?;
                tx.commit().await
            };
            if let Err(error) = held.await {
                let error = causes(&error);
                tracing::debug!(error, "could not hold an idempotency key: {error}");
            }
        }
    }

    /// Keeps the answer of a call that made nothing, where asking again would change nothing; else
    /// gives the key back.
    async fn keep(&self, api: &Api, response: Response) -> (Response, octavia_store::Result<()>) {
        let attempt = &self.0.attempt;
        let status = response.status();
        if status.is_server_error() || passes_by_itself(status) {
            return (response, give_back(api, attempt).await);
        }
        let (parts, body) = response.into_parts();
        // Answers are made here, and in memory.
        let bytes = body.collect().await.unwrap_or_default().to_bytes();
        let answer = StoredAnswer {
            status: status.as_u16(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
        };
        let kept = async {
            let mut tx = api.store.begin("idempotency_key.answer").await?;
            tx.answer_key(attempt, &answer).await?;
            tx.commit().await
        };
        let kept = kept.await;
        (Response::from_parts(parts, Body::from(bytes)), kept)
    }
}

async fn give_back(api: &Api, attempt: &Attempt) -> octavia_store::Result<()> {
    let mut tx = api.store.begin("idempotency_key.give_back").await?;
    tx.give_key_back(attempt).await?;
    tx.commit().await
}

/// Tells whether a refusal is about a moment: a client does well to come again.
fn passes_by_itself(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
    )
}

/// Hashes parts, each with its length before it.
fn digest<const N: usize>(parts: [&[u8]; N]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut text = String::new();
    for byte in context.finish().as_ref() {
        write!(text, "{byte:02x}").expect("a String takes all that is written");
    }
    text
}
