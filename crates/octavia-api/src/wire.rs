//! What goes over the wire: request shapes with upstream's error texts, and response bodies.

pub(crate) mod amphora;
pub(crate) mod availability_zone;
pub(crate) mod availability_zone_profile;
pub(crate) mod decode;
pub(crate) mod flavor;
pub(crate) mod flavor_profile;
pub(crate) mod given;
pub(crate) mod health_monitor;
pub(crate) mod l7policy;
pub(crate) mod l7rule;
pub(crate) mod listener;
pub(crate) mod load_balancer;
pub(crate) mod member;
pub(crate) mod place;
pub(crate) mod pool;
pub(crate) mod python;
pub(crate) mod quota;
pub(crate) mod shape;

use chrono::{DateTime, Utc};
use octavia_model::Id;
use serde_json::{Value, json};

/// Shows a moment as upstream does: UTC, whole seconds, no offset.
pub(crate) fn time(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, |at| {
        at.format("%Y-%m-%dT%H:%M:%S").to_string().into()
    })
}

/// Shows ids as objects that hold nothing but the id.
pub(crate) fn only_ids<T>(ids: &[Id<T>]) -> Value {
    ids.iter()
        .map(|id| json!({ "id": id.to_string() }))
        .collect()
}

/// Shows an optional id.
pub(crate) fn id<T>(id: Option<Id<T>>) -> Value {
    id.map_or(Value::Null, |id| id.to_string().into())
}

/// Shows an empty list as null, as upstream does where the column is null.
pub(crate) fn list_or_null(items: &[String]) -> Value {
    if items.is_empty() {
        Value::Null
    } else {
        items.into()
    }
}
