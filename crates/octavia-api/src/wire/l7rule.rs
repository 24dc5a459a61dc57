use octavia_model::{L7CompareType, L7Rule, L7RuleType};
use serde_json::{Value, json};

use super::decode::{boolean, one_of, tags, text};
use super::shape::shape;

shape! {
    /// A rule inside a load balancer's tree, and the common part of a create call.
    struct L7RuleFields {
        "type" kind: required L7RuleType = one_of(L7RuleType::ALL, L7RuleType::as_str),
        "compare_type" compare_type: required L7CompareType =
            one_of(L7CompareType::ALL, L7CompareType::as_str),
        "key" key: optional String = text(255),
        "value" value: required String = text(255),
        "invert" invert: optional bool = boolean,
        "admin_state_up" admin_state_up: optional bool = boolean,
        "tags" tags: optional Vec<String> = tags,
    }
}

shape! {
    /// The body of a create call. Its project is accepted and ignored: the load balancer's counts.
    struct L7RulePost with rule: L7RuleFields {
        ignored "project_id" = text(36),
        ignored "tenant_id" = text(36),
    }
}

shape! {
    /// The body of an update call.
    struct L7RulePut {
        "type" kind: optional L7RuleType = one_of(L7RuleType::ALL, L7RuleType::as_str),
        "compare_type" compare_type: optional L7CompareType =
            one_of(L7CompareType::ALL, L7CompareType::as_str),
        "key" key: optional String = text(255),
        "value" value: optional String = text(255),
        "invert" invert: optional bool = boolean,
        "admin_state_up" admin_state_up: optional bool = boolean,
        "tags" tags: optional Vec<String> = tags,
    }
}

/// Shows a rule.
pub(crate) fn view(rule: &L7Rule) -> Value {
    json!({
        "id": rule.id.to_string(),
        "type": rule.kind.as_str(),
        "compare_type": rule.compare_type.as_str(),
        "key": rule.key,
        "value": rule.value,
        "invert": rule.invert,
        "provisioning_status": rule.provisioning_status.as_str(),
        "operating_status": rule.operating_status.as_str(),
        "created_at": super::time(rule.created_at),
        "updated_at": super::time(rule.updated_at),
        "project_id": rule.project_id,
        "admin_state_up": rule.enabled,
        "tags": rule.tags,
        "tenant_id": rule.project_id,
    })
}
