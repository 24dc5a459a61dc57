use octavia_model::{Id, L7Policy, L7PolicyAction, Listener, Pool};
use serde_json::{Value, json};

use super::decode::{boolean, id, integer, list, object, one_of, tags, text};
use super::l7rule::L7RuleFields;
use super::pool::PoolFields;
use super::shape::{Fault, shape};

/// The statuses of redirections.
const CODES: [i32; 5] = [301, 302, 303, 307, 308];

shape! {
    /// The common part of a policy inside a load balancer's tree and of a create call.
    struct L7PolicyFields {
        "name" name: optional String = text(255),
        "description" description: optional String = text(255),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "action" action: required L7PolicyAction =
            one_of(L7PolicyAction::ALL, L7PolicyAction::as_str),
        "redirect_url" redirect_url: optional String = url,
        "redirect_prefix" redirect_prefix: optional String = url,
        "position" position: optional i32 = integer(1, i32::MAX),
        "rules" rules: optional Vec<L7RuleFields> = list(object),
        "tags" tags: optional Vec<String> = tags,
        "redirect_http_code" redirect_http_code: optional i32 = code,
    }
}

shape! {
    /// A policy inside a load balancer's tree.
    struct L7PolicyInTree with policy: L7PolicyFields {
        "redirect_pool" redirect_pool: optional PoolFields = object,
    }
}

shape! {
    /// The body of a create call. Its project is accepted and ignored: the load balancer's counts.
    struct L7PolicyPost with policy: L7PolicyFields {
        "listener_id" listener_id: required Id<Listener> = id,
        "redirect_pool_id" redirect_pool_id: optional Id<Pool> = id,
        ignored "project_id" = text(36),
        ignored "tenant_id" = text(36),
    }
}

shape! {
    /// The body of an update call.
    struct L7PolicyPut {
        "name" name: optional String = text(255),
        "description" description: optional String = text(255),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "action" action: optional L7PolicyAction =
            one_of(L7PolicyAction::ALL, L7PolicyAction::as_str),
        "redirect_pool_id" redirect_pool_id: optional Id<Pool> = id,
        "redirect_url" redirect_url: optional String = url,
        "redirect_prefix" redirect_prefix: optional String = url,
        "position" position: optional i32 = integer(1, i32::MAX),
        "tags" tags: optional Vec<String> = tags,
        "redirect_http_code" redirect_http_code: optional i32 = code,
    }
}

impl L7PolicyPut {
    /// Tells whether the body says nothing at all.
    pub(crate) const fn is_empty(&self) -> bool {
        self.name.is_absent()
            && self.description.is_absent()
            && self.admin_state_up.is_absent()
            && self.action.is_absent()
            && self.redirect_pool_id.is_absent()
            && self.redirect_url.is_absent()
            && self.redirect_prefix.is_absent()
            && self.position.is_absent()
            && self.tags.is_absent()
            && self.redirect_http_code.is_absent()
    }
}

fn code(value: &Value) -> Result<i32, Fault> {
    let number = integer(i32::MIN, i32::MAX)(value)?;
    if CODES.contains(&number) {
        return Ok(number);
    }
    Err(Fault::Rejected {
        shown: Some(number.to_string()),
        reason: "Value should be one of: 301, 302, 303, 307, 308".to_owned(),
    })
}

fn url(value: &Value) -> Result<String, Fault> {
    match value.as_str() {
        // The column takes 255 characters.
        Some(url) if is_url(url) => super::decode::text_within(value, 0, 255),
        _ => Err(Fault::rejected("Value must be a valid URL string")),
    }
}

fn is_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let host = authority.map(|authority| {
        authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host)
    });
    host.is_some_and(|host| !host.is_empty() && !host.starts_with(':'))
        && !url.contains(|c: char| c.is_control() || c == ' ')
}

/// Shows a policy.
pub(crate) fn view(policy: &L7Policy) -> Value {
    let rules: Vec<_> = policy.rules.iter().map(|rule| rule.id).collect();
    json!({
        "id": policy.id.to_string(),
        "name": policy.name.as_deref().unwrap_or_default(),
        "description": policy.description.as_deref().unwrap_or_default(),
        "provisioning_status": policy.provisioning_status.as_str(),
        "operating_status": policy.operating_status.as_str(),
        "admin_state_up": policy.enabled,
        "project_id": policy.project_id,
        "action": policy.action.as_str(),
        "listener_id": policy.listener_id.to_string(),
        "redirect_pool_id": super::id(policy.redirect_pool_id),
        "redirect_url": policy.redirect_url,
        "redirect_prefix": policy.redirect_prefix,
        "position": policy.position,
        "rules": super::only_ids(&rules),
        "created_at": super::time(policy.created_at),
        "updated_at": super::time(policy.updated_at),
        "tags": policy.tags,
        "redirect_http_code": policy.redirect_http_code,
        "tenant_id": policy.project_id,
    })
}

/// Shows a policy inside the answer to a load balancer's creation: with its rules, which come first.
pub(crate) fn full(policy: &L7Policy) -> Value {
    let rules: Vec<_> = policy.rules.iter().map(super::l7rule::view).collect();
    let mut full = json!({ "rules": rules });
    if let (Value::Object(full), Value::Object(fields)) = (&mut full, view(policy)) {
        for (key, value) in fields {
            full.entry(key).or_insert(value);
        }
    }
    full
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_scheme_in_lower_case_and_a_host() {
        for good in [
            "http://x",
            "https://a.b/c?d=e#f",
            "http://u@[::1]:80/",
            "http://x?y",
        ] {
            assert!(is_url(good), "{good}");
        }
        for bad in [
            "nope",
            "ftp://x",
            "http://",
            "HTTP://x",
            "http:///p",
            "http://:80",
            "http://u@",
            "http://x y",
            "http://x\ny",
            "http://x/\u{85}",
        ] {
            assert!(!is_url(bad), "{bad:?}");
        }
    }
}
