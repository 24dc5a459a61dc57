use axum::extract::Request;
use http::header::{ACCEPT, CONTENT_LENGTH};
use http::{Method, StatusCode};

use crate::error::{Error, Result};

/// Refuses what no handler would take: too large, or of a kind that is not spoken here.
pub(super) fn check(request: &Request, limit: usize) -> Result<()> {
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

/// Tells whether an `Accept` header lets JSON pass; an empty one does, and one that is no list of
/// media types.
fn accepts_json(accept: &str) -> bool {
    accept.split(',').any(|range| !range.contains('/'))
        || accept.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let refused = parts.any(|part| part == "q=0" || part == "q=0.0");
            !refused && matches!(kind, "*/*" | "application/*" | "application/json")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_must_be_acceptable() {
        for accept in [
            "",
            "*/*",
            "application/*",
            "text/html, application/json;q=0.5",
            "bogus",
            "bogus, text/html",
        ] {
            assert!(accepts_json(accept), "{accept}");
        }
        for accept in ["text/html", "application/xml", "application/json;q=0"] {
            assert!(!accepts_json(accept), "{accept}");
        }
    }
}
