//! What browsers are told about pages of other origins (the Fetch standard's CORS protocol), as
//! oslo.middleware does it: what is not allowed is answered without a word about it.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::CorsSettings;

/// The headers that every page may send.
const ALWAYS_ALLOWED: [&str; 8] = [
    "Accept",
    "Accept-Language",
    "Content-Type",
    "Cache-Control",
    "Content-Language",
    "Expires",
    "Last-Modified",
    "Pragma",
];

/// Answers OPTIONS: the question whether a page may make a call. It comes without a token.
pub(super) fn preflight(settings: &CorsSettings, asked: &HeaderMap) -> Response {
    let mut response = StatusCode::OK.into_response();
    if let Some(allowed) = allowed(settings, asked) {
        response.headers_mut().extend(allowed);
    }
    response
}

fn allowed(settings: &CorsSettings, asked: &HeaderMap) -> Option<HeaderMap> {
    let origin = known_origin(settings, asked.get(ORIGIN))?;
    let method = asked.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    if !settings
        .allow_methods
        .iter()
        .any(|allowed| method == allowed)
    {
        return None;
    }
    let wanted = asked.get(ACCESS_CONTROL_REQUEST_HEADERS);
    let wanted: Vec<&str> = wanted
        .map_or(Ok(""), HeaderValue::to_str)
        .ok()?
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if !wanted.iter().all(|name| may_send(settings, name)) {
        return None;
    }
    let mut headers = for_origin(settings, origin);
    if settings.max_age > 0 {
        headers.insert(ACCESS_CONTROL_MAX_AGE, settings.max_age.into());
    }
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
    if !wanted.is_empty() {
        put(
            &mut headers,
            ACCESS_CONTROL_ALLOW_HEADERS,
            &wanted.join(","),
        );
    }
    Some(headers)
}

fn may_send(settings: &CorsSettings, name: &str) -> bool {
    let configured = settings.allow_headers.iter().map(String::as_str);
    configured
        .chain(ALWAYS_ALLOWED)
        .any(|allowed| allowed.eq_ignore_ascii_case(name))
}

/// Says in an answer that the page of the call may read it.
pub(super) fn decorate(
    settings: &CorsSettings,
    origin: Option<&HeaderValue>,
    answer: &mut HeaderMap,
) {
    let Some(origin) = known_origin(settings, origin) else {
        return;
    };
    answer.extend(for_origin(settings, origin));
    if !settings.expose_headers.is_empty() {
        let names = settings.expose_headers.join(",");
        put(answer, ACCESS_CONTROL_EXPOSE_HEADERS, &names);
    }
}

/// Returns the origin as it is to be named in the answer.
fn known_origin(settings: &CorsSettings, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
    let origin = origin?;
    let known = |name: &str| settings.allowed_origin.iter().any(|known| known == name);
    match origin.to_str() {
        Ok(name) if known(name) => Some(origin.clone()),
        _ => known("*").then(|| HeaderValue::from_static("*")),
    }
}

fn for_origin(settings: &CorsSettings, origin: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if settings.allow_credentials {
        let yes = HeaderValue::from_static("true");
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
    headers
}

/// Names from the configuration that no header can hold are left out.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
