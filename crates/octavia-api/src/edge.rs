//! What is done for every request, around the handlers. From the outside in, in upstream's order:
//! its id and its line in the log; what pages of other origins are told; what proxies say of it; who
//! calls; limits and content negotiation; the forms of a path; and the last resort when a handler
//! fails.

mod acceptable;
mod access_log;
mod audit;
mod cors;
mod idempotency;
mod origin;
mod path;
mod rate_limit;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::ORIGIN;
use http::{HeaderValue, Method};
use tower::ServiceExt;
use tracing::Instrument;

use crate::Api;
use crate::error::Error;
use crate::policy::Credentials;
use access_log::Entry;
use idempotency::Passage;
use rate_limit::Limiter;

pub(crate) use idempotency::commit_created;
pub(crate) use origin::Origin;
pub use origin::Peer;

/// How long a handler may work, beside the waits that are configured.
const LONGEST_WORK: Duration = Duration::from_secs(30);

/// Wraps the routes.
pub(crate) fn around(routes: Router, api: Api) -> Router {
    let routes = routes.map_request(path::canonical);
    let limiter = Limiter::new(api.config.edge.rate_limit).map(Arc::new);
    Router::new()
        .fallback_service(routes)
        .layer(from_fn_with_state(Edge { api, limiter }, handle))
}

#[derive(Clone)]
struct Edge {
    api: Api,
    limiter: Option<Arc<Limiter>>,
}

async fn handle(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let api = &edge.api;
    let mut entry = Entry::begin(api, &request);
    let span = entry.span();
    let is_head = request.method() == Method::HEAD;
    let page = request.headers().get(ORIGIN).cloned();

    let answer = octavia_store::counting(enter(&edge, request, next, &mut entry));
    let (mut response, queries) = answer.instrument(span.clone()).await;
    if is_head {
        *response.body_mut() = Body::empty();
    }
    let headers = response.headers_mut();
    cors::decorate(&api.config.edge.cors, page.as_ref(), headers);
    if let Ok(id) = HeaderValue::try_from(&entry.id) {
        headers.insert("x-openstack-request-id", id);
    }
    let _entered = span.enter();
    entry.end(api.config.edge.access_log, &response, queries);
    response
}

/// Passes the door: finds out where the request was sent to, and who sent it.
async fn enter(edge: &Edge, mut request: Request, next: Next, entry: &mut Entry) -> Response {
    let api = &edge.api;
    let config = &api.config.edge;
    if request.method() == Method::OPTIONS {
        return cors::preflight(&config.cors, request.headers());
    }
    let mut origin = Origin::of(&request);
    if config.enable_proxy_headers_parsing {
        origin = origin.forwarded(request.headers());
    }
    entry.client = origin.client;
    request.extensions_mut().insert(origin);
    if let Err(refusal) = api.auth.admit(&mut request).await {
        return refusal;
    }
    let caller = api.auth.caller(&request);
    entry.caller(&caller);
    let record = audit::begin(api, &request, &caller, entry);
    let response = inside(edge, request, next, &caller).await;
    if let Some(record) = record {
        record.end(api, &response);
    }
    response
}

/// Answers whoever came past the door.
async fn inside(edge: &Edge, request: Request, next: Next, caller: &Credentials) -> Response {
    let api = &edge.api;
    if let Some(limiter) = &edge.limiter
        && let Err(error) = limiter.check(caller, request.extensions().get::<Origin>())
    {
        return error.into_response();
    }
    if let Err(error) = acceptable::check(&request, api.config.max_request_body_size) {
        return error.into_response();
    }
    match idempotency::passage(api, request, caller).await {
        Ok(Passage::Free(request)) => answer(api, request, next).await,
        Ok(Passage::Once(once, request)) => once.run(api, answer(api, request, next)).await,
        Ok(Passage::Answered(response)) => response,
        Err(error) => error.into_response(),
    }
}

async fn answer(api: &Api, request: Request, next: Next) -> Response {
    let limit = LONGEST_WORK + api.config.immutable_wait + api.config.sync_wait;
    let work = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            let cause = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("a panic without words");
            Error::Internal(cause.to_owned()).into_response()
        }
        Err(_elapsed) => Error::TooLate(limit).into_response(),
    }
}
