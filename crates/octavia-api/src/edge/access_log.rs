use std::net::IpAddr;

use axum::body::HttpBody;
use axum::extract::Request;
use axum::response::Response;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method};
use tokio::time::Instant;
use tracing::Span;
use uuid::Uuid;

use crate::policy::Credentials;
use crate::{AccessLog, Api};

/// What becomes a line of the log when a request has been answered.
pub(super) struct Entry {
    /// The request's own id: `req-<uuid>`.
    pub(super) id: String,
    /// The id that the caller gave the request, or the chain of requests that it is part of.
    pub(super) global_id: Option<String>,
    method: Method,
    path: String,
    bytes_in: Option<u64>,
    started: Instant,
    /// The client's address.
    pub(super) client: Option<IpAddr>,
    user: Option<String>,
    project: Option<String>,
}

impl Entry {
    /// Begins with what is known when a request comes in.
    pub(super) fn begin(api: &Api, request: &Request) -> Self {
        let headers = request.headers();
        let length = headers.get(CONTENT_LENGTH);
        Self {
            id: format!("req-{}", api.ids.next()),
            global_id: global_id(headers),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            bytes_in: length.and_then(|length| length.to_str().ok()?.parse().ok()),
            started: Instant::now(),
            client: None,
            user: None,
            project: None,
        }
    }

    /// Returns what every line of the log says that is written for this request.
    pub(super) fn span(&self) -> Span {
        let span = tracing::info_span!("request", request.id = %self.id, request.global_id = tracing::field::Empty);
        if let Some(id) = &self.global_id {
            span.record("request.global_id", id);
        }
        span
    }

    /// Notes who calls.
    pub(super) fn caller(&mut self, caller: &Credentials) {
        self.user.clone_from(&caller.user_id);
        self.project.clone_from(&caller.project_id);
    }

    /// Writes the line. What may have changed something, or failed, is always at `info`.
    pub(super) fn end(self, which: AccessLog, response: &Response, queries: u32) {
        let status = response.status();
        let duration = self.started.elapsed();
        let duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let Self { method, path, .. } = &self;
        let looked = method.is_safe() && status.is_success();
        let quiet = path.ends_with("/healthcheck") || which == AccessLog::Changes;
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    client = self.client.map(tracing::field::display),
                    project = self.project,
                    user = self.user,
                    %method,
                    path,
                    status = status.as_u16(),
                    bytes_in = self.bytes_in,
                    bytes_out = response.body().size_hint().exact(),
                    duration_us,
                    queries,
                    "{method} {path}: {} in {duration:?}", status.as_u16()
                )
            };
        }
        if looked && quiet {
            line!(debug);
        } else {
            line!(info);
        }
    }
}

/// Reads the id that a caller gives a request; other things than ids are left out, as upstream does.
fn global_id(headers: &HeaderMap) -> Option<String> {
    let given = headers.get("x-openstack-request-id")?.to_str().ok()?;
    let id = given.strip_prefix("req-")?;
    let lower = !id.bytes().any(|byte| byte.is_ascii_uppercase());
    (id.len() == 36 && lower && Uuid::try_parse(id).is_ok()).then(|| given.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_request_id_is_one() {
        let id = "req-f4fa18b7-8a3f-4c9c-9f4f-000000000001";
        let read = |given: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-openstack-request-id", given.parse().unwrap());
            global_id(&headers)
        };
        assert_eq!(read(id).as_deref(), Some(id));
        for other in [
            "",
            "f4fa18b7-8a3f-4c9c-9f4f-000000000001",
            "req-f4fa18b78a3f4c9c9f4f000000000001",
            "req-F4FA18B7-8a3f-4c9c-9f4f-000000000001",
            "req-<script>",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
