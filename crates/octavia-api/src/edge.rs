//! What is done for every request, around the handlers: its id, its place in the log, limits,
//! content negotiation, the forms of a path, and the last resort when a handler fails.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{ACCEPT, CONTENT_LENGTH, HOST};
use http::{HeaderValue, Method, StatusCode, Uri};
use tower::ServiceExt;
use tracing::Instrument;

use crate::Api;
use crate::error::{Error, Result};

/// How long a handler may work, beside the waits that are configured.
const LONGEST_WORK: Duration = Duration::from_secs(30);

/// Where the service may be mounted behind a web server; also part of upstream's open paths.
const MOUNT: &str = "/load-balancer";

/// Where a request was sent to: links in answers start with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// Scheme and host: `http://api.example`.
    pub(crate) base: String,
    /// The mount point, or nothing.
    pub(crate) mount: &'static str,
    /// The path, as it was sent, without the mount point.
    pub(crate) path: String,
}

/// Wraps the routes.
pub(crate) fn around(routes: Router, api: Api) -> Router {
    let routes = routes.map_request(canonical);
    Router::new()
        .fallback_service(routes)
        .layer(from_fn_with_state(api, handle))
}

async fn handle(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let id = format!("req-{}", api.ids.next());
    let origin = origin(&request);
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!("request", request.id = %id);
    request.extensions_mut().insert(origin);

    let started = tokio::time::Instant::now();
    let limit = LONGEST_WORK + api.config.immutable_wait + api.config.sync_wait;
    let answer = async {
        if let Err(refusal) = api.auth.admit(&mut request).await {
            return refusal;
        }
        match acceptable(&request, api.config.max_request_body_size) {
            Ok(()) => answer(request, next, limit).await,
            Err(error) => error.into_response(),
        }
    };
    let mut response = answer.instrument(span.clone()).await;
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    let duration = started.elapsed();
    if let Ok(id) = HeaderValue::try_from(&id) {
        response.headers_mut().insert("x-openstack-request-id", id);
    }
    let _entered = span.enter();
    log(&method, &path, response.status(), duration);
    response
}

/// Logs a call: what may have changed something, or failed, at `info`; a mere look at `debug`.
fn log(method: &Method, path: &str, status: StatusCode, duration: Duration) {
    let (code, duration_us) = (status.as_u16(), duration.as_micros());
    if method.is_safe() && status.is_success() {
        tracing::debug!(%method, path, status = code, duration_us, "{method} {path}: {code} in {duration:?}");
    } else {
        tracing::info!(%method, path, status = code, duration_us, "{method} {path}: {code} in {duration:?}");
    }
}

async fn answer(request: Request, next: Next, limit: Duration) -> Response {
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
        Err(_elapsed) => {
            Error::Internal(format!("the request took longer than {limit:?}")).into_response()
        }
    }
}

fn acceptable(request: &Request, limit: usize) -> Result<()> {
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let length = header(&CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(Error::TooLarge(limit));
    }
    let path = request.uri().path();
    if path.ends_with("/healthcheck") {
        return Ok(());
    }
    if request.method() == Method::HEAD && path.len() > 1 {
        return Err(Error::wrong_method());
    }
    match header(&ACCEPT) {
        Some(accept) if !accepts_json(accept) => Err(Error::Routing {
            status: StatusCode::NOT_ACCEPTABLE,
            title: "Not Acceptable",
            description: Some("Only content type application/json is accepted.".to_owned()),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Tells whether an `Accept` header lets JSON pass; an empty one does.
fn accepts_json(accept: &str) -> bool {
    accept.trim().is_empty()
        || accept.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let refused = parts.any(|part| part == "q=0" || part == "q=0.0");
            !refused && matches!(kind, "*/*" | "application/*" | "application/json")
        })
}

fn origin(request: &Request) -> Origin {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| request.uri().authority().map(http::uri::Authority::as_str))
        .unwrap_or("localhost");
    let path = request.uri().path();
    let (mount, path) = path
        .strip_prefix(MOUNT)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .map_or(("", path), |rest| (MOUNT, rest));
    Origin {
        base: format!("http://{host}"),
        mount,
        path: path.to_owned(),
    }
}

/// Brings the forms in which a path may be written down to the one that the routes know:
/// `/v2/loadbalancers.json/` is `/v2.0/lbaas/loadbalancers`.
fn canonical(mut request: Request) -> Request {
    let path = request
        .extensions()
        .get::<Origin>()
        .map_or_else(|| request.uri().path().to_owned(), |o| o.path.clone());
    let query = request.uri().query();
    let target = query.map_or_else(
        || canonical_path(&path),
        |query| format!("{}?{query}", canonical_path(&path)),
    );
    if let Ok(uri) = target.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// The first part of a load-balancing path, which may stand without `lbaas/`.
const RESOURCES: [&str; 11] = [
    "loadbalancers",
    "listeners",
    "pools",
    "healthmonitors",
    "l7policies",
    "quotas",
    "providers",
    "flavors",
    "flavorprofiles",
    "availabilityzones",
    "availabilityzoneprofiles",
];

fn canonical_path(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if let Some(last) = parts.last_mut() {
        *last = last.strip_suffix(".json").unwrap_or(last);
    }
    if let Some(version @ &mut ("v2" | "v2.0")) = parts.first_mut() {
        *version = "v2.0";
        if parts.get(1).is_some_and(|part| RESOURCES.contains(part)) {
            parts.insert(1, "lbaas");
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_path_is_one() {
        for path in [
            "/v2/loadbalancers",
            "/v2.0/lbaas/loadbalancers/",
            "/v2/lbaas/loadbalancers.json",
            "//v2.0//loadbalancers",
        ] {
            assert_eq!(canonical_path(path), "/v2.0/lbaas/loadbalancers");
        }
        assert_eq!(canonical_path("/"), "/");
        assert_eq!(canonical_path("/v2"), "/v2.0");
        assert_eq!(canonical_path("/v2.0/subnets"), "/v2.0/subnets");
        assert_eq!(canonical_path("/v2/nope"), "/v2.0/nope");
    }

    #[test]
    fn json_must_be_acceptable() {
        for accept in [
            "",
            "*/*",
            "application/*",
            "text/html, application/json;q=0.5",
        ] {
            assert!(accepts_json(accept), "{accept}");
        }
        for accept in ["text/html", "application/xml", "application/json;q=0"] {
            assert!(!accepts_json(accept), "{accept}");
        }
    }
}
