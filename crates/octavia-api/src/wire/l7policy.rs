use chrono::{DateTime, Utc};
use octavia_model::{
    Id, L7Policy, L7PolicyAction, L7Rule, Listener, OperatingStatus, Pool, ProvisioningStatus,
};
use serde_json::{Value, json};

use super::decode::{
    As, Codec, boolean, id, integer, list, object, one_of, tags, text, text_within,
};
use super::l7rule::L7RuleFields;
use super::pool::PoolFields;
use super::schema::{Components, Described, also_as_integer, with_also};
use super::shape::{Fault, shape};
use super::view::{self, OnlyIds, View, view};

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
        "redirect_url" redirect_url: optional String = url(),
        "redirect_prefix" redirect_prefix: optional String = url(),
        "position" position: optional i32 = integer(1, i32::MAX),
        "rules" rules: optional Vec<L7RuleFields> = list(object),
        "tags" tags: optional Vec<String> = tags(),
        "redirect_http_code" redirect_http_code: optional i32 = code(),
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
        "redirect_url" redirect_url: optional String = url(),
        "redirect_prefix" redirect_prefix: optional String = url(),
        "position" position: optional i32 = integer(1, i32::MAX),
        "tags" tags: optional Vec<String> = tags(),
        "redirect_http_code" redirect_http_code: optional i32 = code(),
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

fn code() -> impl Codec<i32> {
    As {
        decode: |value: &Value| {
            let number = integer(i32::MIN, i32::MAX).decode(value)?;
            if CODES.contains(&number) {
                return Ok(number);
            }
            Err(Fault::Rejected {
                shown: Some(number.to_string()),
                reason: "Value should be one of: 301, 302, 303, 307, 308".to_owned(),
            })
        },
        schema: |_: &mut Components| {
            let schema = json!({ "type": "integer", "enum": CODES });
            with_also(schema, Some(also_as_integer()))
        },
    }
}

fn url() -> impl Codec<String> {
    As {
        decode: |value: &Value| match value.as_str() {
            // The column takes 255 characters.
            Some(url) if is_url(url) => text_within(value, 0, 255),
            _ => Err(Fault::rejected("Value must be a valid URL string")),
        },
        schema: |_: &mut Components| json!({ "type": "string", "pattern": r"^https?://[^\s/:]", "maxLength": 255 }),
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

view! {
    /// An L7 policy.
    L7Policy as policy {
        "id": Id<Self> = policy.id,
        "name": &str = policy.name.as_deref().unwrap_or_default(),
        "description": &str = policy.description.as_deref().unwrap_or_default(),
        "provisioning_status": ProvisioningStatus = policy.provisioning_status,
        "operating_status": OperatingStatus = policy.operating_status,
        "admin_state_up": bool = policy.enabled,
        "project_id": Option<String> = policy.project_id,
        "action": L7PolicyAction = policy.action,
        "listener_id": Id<Listener> = policy.listener_id,
        "redirect_pool_id": Option<Id<Pool>> = policy.redirect_pool_id,
        "redirect_url": Option<String> = policy.redirect_url,
        "redirect_prefix": Option<String> = policy.redirect_prefix,
        "position": i32 = policy.position,
        "rules": OnlyIds<'_, L7Rule> = OnlyIds(&policy.rules.iter().map(|rule| rule.id).collect::<Vec<_>>()),
        "created_at": Option<DateTime<Utc>> = policy.created_at,
        "updated_at": Option<DateTime<Utc>> = policy.updated_at,
        "tags": Vec<String> = policy.tags,
        "redirect_http_code": Option<i32> = policy.redirect_http_code,
        "tenant_id": Option<String> = policy.project_id,
    }
}

/// Shows a policy inside the answer to a load balancer's creation: with its rules, which come first.
pub(crate) fn full(policy: &L7Policy) -> Value {
    let rules: Vec<_> = policy.rules.iter().map(View::view).collect();
    let mut full = json!({ "rules": rules });
    if let (Value::Object(full), Value::Object(fields)) = (&mut full, policy.view()) {
        for (key, value) in fields {
            full.entry(key).or_insert(value);
        }
    }
    full
}

/// Refers to the schema of [`full`].
pub(crate) fn full_schema(components: &mut Components) -> Value {
    view::changed::<L7Policy>("L7PolicyTree", components, |properties, components| {
        let rules = Vec::<L7Rule>::schema(components);
        properties.required("rules", rules);
    })
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
