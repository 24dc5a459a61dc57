//! The arguments of calls, in the path and behind the `?`.

use octavia_store::Resource;
use serde_json::{Value, json};

/// Describes the variable parts of a path.
pub(crate) fn of_path(path: &str) -> Vec<Value> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            let is_id = name != "project_id" && name.ends_with("id");
            let schema = if is_id {
                json!({ "type": "string", "format": "uuid" })
            } else {
                json!({ "type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_-]+$" })
            };
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        })
        .collect()
}

/// Describes an argument behind the `?`.
pub(crate) fn query(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

/// Describes the header under which a POST is done once.
pub(super) fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Under the same key the same call is done once: for a day it is answered as \
            the first time, with Idempotency-Replayed. A key is that of a project, a user and a \
            path. With another body or other arguments it is refused with 422; while the first call \
            is under way, after a wait, with 409 and Retry-After. Answers of 409, 429 and 5xx are \
            not kept: the call may come again under its key.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
    })
}

/// Describes the argument that chooses the fields of an answer.
pub(crate) fn fields() -> Value {
    let names = json!({ "type": "array", "items": { "type": "string" } });
    query("fields", "Shows only these fields.", &names)
}

/// Describes the arguments of a list: order, pages, filters.
pub(crate) fn of_list(resource: Resource) -> Vec<Value> {
    let mut all = paging();
    let text = json!({ "type": "string" });
    all.extend(resource.filters().map(|name| {
        let description = format!("Only where {name} is this.");
        query(name, &description, &text)
    }));
    if resource.has_tags() {
        let tags = [
            ("tags", "Only what has all of these tags."),
            ("tags-any", "Only what has one of these tags."),
            ("not-tags", "Only what does not have all of these tags."),
            ("not-tags-any", "Only what has none of these tags."),
        ];
        all.extend(tags.map(|(name, description)| query(name, description, &text)));
    }
    all
}

/// Describes order and pages.
pub(crate) fn paging() -> Vec<Value> {
    let text = json!({ "type": "string" });
    let limit = json!({ "anyOf": [{ "type": "integer" }, { "const": "infinite" }] });
    let reverse = json!({ "type": "string", "enum": ["True", "False"] });
    vec![
        query("limit", "At most so many.", &limit),
        query("marker", "Only what comes behind this item.", &text),
        query(
            "page_reverse",
            "What comes before the marker instead of behind it.",
            &reverse,
        ),
        query(
            "sort",
            "The order: keys with directions, as in `name:desc,created_at:asc`.",
            &text,
        ),
        query(
            "sort_key",
            "The keys of the order, instead of `sort`.",
            &text,
        ),
        query("sort_dir", "Their directions: asc or desc.", &text),
        fields(),
    ]
}
