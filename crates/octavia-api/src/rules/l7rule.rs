mod syntax;

use octavia_model::{
    L7CompareType as Compare, L7Policy, L7Rule, L7RuleType as Type, OperatingStatus,
    ProvisioningStatus,
};

use crate::Api;
use crate::error::{Error, Result};
use crate::wire::l7rule::{L7RuleFields, L7RulePut};

/// How many rules a policy may have.
const MOST: usize = 50;

/// Checks what a create call or a tree asks for, and makes the rule of it.
pub(crate) fn build(api: &Api, policy: &L7Policy, fields: L7RuleFields) -> Result<L7Rule> {
    let kind = fields.kind.value().ok_or_else(no_type)?;
    let compare_type = fields.compare_type.value().ok_or_else(no_comparison)?;
    let tags = fields.tags.value().unwrap_or_default();
    super::distinct(&tags)?;
    let rule = L7Rule {
        id: api.id(),
        project_id: policy.project_id.clone(),
        l7_policy_id: policy.id,
        kind,
        compare_type,
        key: fields.key.value(),
        value: fields.value.value().unwrap_or_default(),
        invert: fields.invert.value().unwrap_or(false),
        provisioning_status: ProvisioningStatus::PendingCreate,
        operating_status: OperatingStatus::Offline,
        enabled: fields.admin_state_up.or_default(true).unwrap_or(false),
        tags,
        created_at: Some(api.clock.now()),
        updated_at: None,
    };
    check(&rule)?;
    Ok(rule)
}

/// Checks what an update asks for, and changes the rule.
pub(crate) fn update(mut rule: L7Rule, put: L7RulePut) -> Result<L7Rule> {
    if put.kind.is_null() {
        return Err(no_type());
    }
    if put.compare_type.is_null() {
        return Err(no_comparison());
    }
    rule.kind = put.kind.value().unwrap_or(rule.kind);
    rule.compare_type = put.compare_type.value().unwrap_or(rule.compare_type);
    rule.key = put.key.change_or_clear(rule.key.take());
    if matches!(rule.kind, Type::HostName | Type::Path | Type::FileType) {
        rule.key = None;
    }
    rule.value = put.value.change(rule.value, String::new());
    rule.invert = put.invert.change(rule.invert, false);
    rule.enabled = put.admin_state_up.change(rule.enabled, false);
    if let Some(tags) = put.tags.value() {
        super::distinct(&tags)?;
        rule.tags = tags;
    }
    check(&rule)?;
    Ok(rule)
}

/// Refuses one rule more than a policy may have.
pub(crate) fn room_for_one(policy: &L7Policy) -> Result<()> {
    if policy.rules.len() < MOST {
        return Ok(());
    }
    let id = policy.id;
    Err(Error::Conflict(format!("Too many rules on L7 policy {id}")))
}

/// Refuses what spans lines, as the types of the single calls do.
pub(crate) fn on_one_line(key: Option<&String>, value: Option<&String>) -> Result<()> {
    for (field, text) in [("key", key), ("value", value)] {
        if let Some(text) = text.filter(|text| text.contains(['\r', '\n'])) {
            let reason = r"Value should match the pattern ^[^\r\n]*$";
            return Err(Error::invalid_input(field, text, reason));
        }
    }
    Ok(())
}

fn check(rule: &L7Rule) -> Result<()> {
    on_one_line(rule.key.as_ref(), Some(&rule.value))
        .map_err(|error| parsing(error.to_string()))?;
    match rule.kind {
        Type::SslConnHasCert | Type::SslVerifyResult => of_flag(rule)?,
        Type::SslDnField => of_name(rule)?,
        Type::Cookie | Type::FileType | Type::Header | Type::HostName | Type::Path => {
            of_request(rule)?;
        }
    }
    Ok(())
}

fn of_request(rule: &L7Rule) -> Result<()> {
    let keyed = matches!(rule.kind, Type::Header | Type::Cookie);
    let key = rule.key.as_deref().filter(|key| !key.is_empty());
    if rule.value.is_empty() {
        return Err(invalid("L7 rule type requires a value"));
    }
    match key {
        None if keyed => return Err(invalid("L7 rule type requires a key")),
        Some(key) if keyed && !syntax::is_key(key) => {
            return Err(parsing("Invalid characters in key"));
        }
        Some(_) | None => {}
    }
    if rule.kind == Type::FileType
        && !matches!(rule.compare_type, Compare::EqualTo | Compare::Regex)
    {
        return Err(no_comparison());
    }
    if rule.compare_type == Compare::Regex {
        return syntax::regex(&rule.value).map_err(parsing);
    }
    let (what, accepted) = match rule.kind {
        Type::Cookie => ("cookie", syntax::is_cookie_value(&rule.value)),
        Type::Header => ("header", syntax::is_value(&rule.value)),
        Type::FileType
        | Type::HostName
        | Type::Path
        | Type::SslConnHasCert
        | Type::SslDnField
        | Type::SslVerifyResult => ("comparison", syntax::is_value(&rule.value)),
    };
    if accepted {
        return Ok(());
    }
    Err(parsing(format!("Invalid characters in {what} value")))
}

/// Checks a rule on something that is or is not so.
fn of_flag(rule: &L7Rule) -> Result<()> {
    let (kind, value) = (rule.kind, &rule.value);
    if rule.key.as_ref().is_some_and(|key| !key.is_empty()) {
        let text = format!("L7rule type {kind} does not use the \"key\" field.");
        return Err(invalid(&text));
    }
    if kind == Type::SslConnHasCert && !value.eq_ignore_ascii_case("true") {
        let text = format!("L7rule value {value} is not a boolean True string.");
        return Err(invalid(&text));
    }
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    if kind == Type::SslVerifyResult && !digits {
        return Err(invalid(
            "L7rule type SSL_VERIFY_RESULT needs a int value, which is >= 0",
        ));
    }
    if rule.compare_type != Compare::EqualTo {
        let text = format!("L7rule type {kind} only supports the EQUAL_TO compare type.");
        return Err(invalid(&text));
    }
    Ok(())
}

/// Checks a rule on a field of the name in the client's certificate.
fn of_name(rule: &L7Rule) -> Result<()> {
    let key = rule.key.as_deref().unwrap_or_default();
    if key.is_empty() || rule.value.is_empty() {
        return Err(invalid(
            "L7rule type SSL_DN_FIELD needs to specify a key and a value.",
        ));
    }
    if !syntax::is_name_field(key) {
        return Err(invalid("Invalid L7rule distinguished name field."));
    }
    if rule.compare_type == Compare::Regex {
        return syntax::regex(&rule.value).map_err(parsing);
    }
    Ok(())
}

fn no_type() -> Error {
    invalid("invalid rule type")
}

fn no_comparison() -> Error {
    invalid("invalid comparison type for rule type")
}

fn invalid(text: &str) -> Error {
    parsing(format!("Invalid L7 Rule: {text}"))
}

fn parsing(text: impl AsRef<str>) -> Error {
    Error::BadRequest(format!("Error parsing L7Rule: {}", text.as_ref()))
}
