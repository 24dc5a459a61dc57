//! Records of who did what, in the CADF form that upstream's middleware writes (DMTF DSP0262): one
//! when a request is let in, one when it is answered. They go to the log, with the target `audit`.

mod map;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::StatusCode;
use http::header::USER_AGENT;
use octavia_cloud::Token;
use serde_json::{Value, json};

use super::Origin;
use super::access_log::Entry;
use crate::policy::Credentials;
use crate::{Api, AuditConfig};

/// What stands where something is not known.
const UNKNOWN: &str = "unknown";

/// A record that has been begun.
pub(super) struct Record(Value);

/// Writes that a request was let in; `None` where no record is kept of it.
pub(super) fn begin(
    api: &Api,
    request: &Request,
    caller: &Credentials,
    entry: &Entry,
) -> Option<Record> {
    let config = api.config.edge.audit.as_ref()?;
    let method = request.method();
    let ignored = |name: &String| name.eq_ignore_ascii_case(method.as_str());
    if config.ignore_req_list.iter().any(ignored) {
        return None;
    }
    let record = event(api, config, request, caller, entry);
    tell("audit.http.request", &record);
    Some(Record(record))
}

impl Record {
    /// Writes how the request was answered.
    pub(super) fn end(mut self, api: &Api, response: &Response) {
        let status = response.status();
        let outcome = if status.is_success() || status.is_redirection() {
            "success"
        } else {
            "failure"
        };
        self.0["outcome"] = outcome.into();
        self.0["reason"] = reason(status);
        self.0["reporterchain"] = json!([{
            "role": "modifier",
            "reporterTime": time(api.clock.now()),
            "reporter": { "id": "target" },
        }]);
        tell("audit.http.response", &self.0);
    }
}

fn reason(status: StatusCode) -> Value {
    json!({ "reasonType": "HTTP", "reasonCode": status.as_str() })
}

fn tell(kind: &str, record: &Value) {
    tracing::info!(target: "audit", event_type = kind, payload = %record, "{kind}");
}

fn event(
    api: &Api,
    config: &AuditConfig,
    request: &Request,
    caller: &Credentials,
    entry: &Entry,
) -> Value {
    let origin = request.extensions().get::<Origin>();
    let path = request.uri().path();
    let token = request.extensions().get::<Arc<Token>>();
    let place = map::Place {
        path,
        host: origin.map_or("", Origin::host),
        catalogue: token.and_then(|token| token.catalogue.as_deref()),
    };
    let whole = request.uri().path_and_query();
    let whole = whole.map_or(path, http::uri::PathAndQuery::as_str);
    json!({
        "typeURI": "http://schemas.dmtf.org/cloud/audit/1.0/event",
        "eventType": "activity",
        "id": api.ids.next(),
        "eventTime": time(api.clock.now()),
        "action": map::action(config, request.method(), path),
        "outcome": "pending",
        "observer": { "id": "target" },
        "initiator": initiator(request, caller, entry, origin),
        "target": map::target(config, &place),
        "requestPath": whole,
        "tags": [format!("correlation_id?value={}", api.ids.next())],
    })
}

/// The token is left out altogether; upstream writes its ends.
fn initiator(
    request: &Request,
    caller: &Credentials,
    entry: &Entry,
    origin: Option<&Origin>,
) -> Value {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| UNKNOWN.to_owned());
    let agent = request.headers().get(USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    let status = if request.extensions().get::<Credentials>().is_some() {
        "Confirmed"
    } else {
        UNKNOWN
    };
    let mut initiator = json!({
        "id": known(&caller.user_id),
        "typeURI": "service/security/account/user",
        "name": known(&caller.user_name),
        "credential": { "token": "xxxxxxxx", "identity_status": status },
        "host": {},
        "project_id": known(&caller.project_id),
        "request_id": entry.id,
    });
    if let Some(client) = origin.and_then(|origin| origin.client) {
        initiator["host"]["address"] = client.to_string().into();
    }
    if let Some(agent) = agent {
        initiator["host"]["agent"] = agent.into();
    }
    if let Some(id) = &entry.global_id {
        initiator["global_request_id"] = id.as_str().into();
    }
    initiator
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6f+0000").to_string()
}
