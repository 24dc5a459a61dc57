//! The headers of answers.

use serde_json::{Map, Value, json};

/// Describes what every answer has.
pub(super) fn of_every_answer() -> Map<String, Value> {
    let id = text(true, "Under which the log speaks of this request.");
    Map::from_iter([("X-Openstack-Request-Id".to_owned(), id)])
}

/// Describes by what a client knows that nothing was done this time.
pub(super) fn replayed() -> Value {
    json!({
        "description": "There if the Idempotency-Key was used before: this is the answer of then.",
        "schema": { "const": "true" },
    })
}

/// Describes a header, and whether it is always there.
pub(super) fn text(required: bool, description: &str) -> Value {
    json!({
        "description": description,
        "required": required,
        "schema": { "type": "string" },
    })
}
