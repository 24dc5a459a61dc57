use chrono::{DateTime, Utc};
use octavia_model::{Id, L7CompareType, L7Rule, L7RuleType, OperatingStatus, ProvisioningStatus};

use super::decode::{boolean, one_of, tags, text};
use super::shape::shape;
use super::view::view;

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
        "tags" tags: optional Vec<String> = tags(),
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
        "tags" tags: optional Vec<String> = tags(),
    }
}

view! {
    /// A rule of an L7 policy.
    L7Rule as rule {
        "id": Id<Self> = rule.id,
        "type": L7RuleType = rule.kind,
        "compare_type": L7CompareType = rule.compare_type,
        "key": Option<String> = rule.key,
        "value": String = rule.value,
        "invert": bool = rule.invert,
        "provisioning_status": ProvisioningStatus = rule.provisioning_status,
        "operating_status": OperatingStatus = rule.operating_status,
        "created_at": Option<DateTime<Utc>> = rule.created_at,
        "updated_at": Option<DateTime<Utc>> = rule.updated_at,
        "project_id": Option<String> = rule.project_id,
        "admin_state_up": bool = rule.enabled,
        "tags": Vec<String> = rule.tags,
        "tenant_id": Option<String> = rule.project_id,
    }
}
