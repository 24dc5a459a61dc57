use octavia_model::{
    Id, L7Policy, L7PolicyAction as Action, Listener, OperatingStatus, Pool, ProvisioningStatus,
};

use super::protocol;
use crate::Api;
use crate::error::{Error, Result};
use crate::wire::l7policy::{L7PolicyFields, L7PolicyPut};

/// The status of a redirection that names none.
const DEFAULT_CODE: i32 = 302;

/// Where a policy sends requests: what of it an action does not use is dropped.
#[derive(Debug, Default)]
struct Target {
    pool: Option<Id<Pool>>,
    url: Option<String>,
    prefix: Option<String>,
    code: Option<i32>,
}

impl Target {
    fn of(self, action: Action) -> Result<Self> {
        match action {
            Action::RedirectToUrl => Ok(Self {
                url: Some(needed(self.url, "redirect_url")?),
                code: self.code.or(Some(DEFAULT_CODE)),
                ..Self::default()
            }),
            Action::RedirectToPool => Ok(Self {
                pool: Some(needed(self.pool, "redirect_pool_id or redirect_pool")?),
                ..Self::default()
            }),
            Action::RedirectPrefix if self.pool.is_some() => Err(contradiction()),
            Action::RedirectPrefix => Ok(Self {
                prefix: Some(needed(self.prefix, "redirect_prefix")?),
                code: self.code.or(Some(DEFAULT_CODE)),
                ..Self::default()
            }),
            Action::Reject => Ok(Self {
                code: self.code,
                ..Self::default()
            }),
        }
    }
}

/// Checks what a create call or a tree asks for, and makes the policy of it, without rules.
pub(crate) fn build(
    api: &Api,
    listener: &Listener,
    fields: L7PolicyFields,
    pool: Option<Id<Pool>>,
) -> Result<L7Policy> {
    protocol::may_have_children(listener.protocol)?;
    let action = fields.action.value().ok_or_else(no_action)?;
    let given = Target {
        pool,
        url: fields.redirect_url.value(),
        prefix: fields.redirect_prefix.value(),
        code: fields.redirect_http_code.value(),
    };
    let target = given.of(action)?;
    let tags = fields.tags.value().unwrap_or_default();
    super::distinct(&tags)?;
    Ok(L7Policy {
        id: api.id(),
        project_id: listener.project_id.clone(),
        listener_id: listener.id,
        name: fields.name.value(),
        description: fields.description.value(),
        action,
        redirect_pool_id: target.pool,
        redirect_url: target.url,
        redirect_prefix: target.prefix,
        redirect_http_code: target.code,
        position: fields.position.value().unwrap_or(i32::MAX),
        provisioning_status: ProvisioningStatus::PendingCreate,
        operating_status: OperatingStatus::Offline,
        enabled: fields.admin_state_up.or_default(true).unwrap_or(false),
        tags,
        created_at: Some(api.clock.now()),
        updated_at: None,
        rules: Vec::new(),
    })
}

/// Checks what an update asks for, and changes the policy.
pub(crate) fn update(mut policy: L7Policy, put: L7PolicyPut) -> Result<L7Policy> {
    if put.is_empty() {
        return Err(arguments("Invalid update options"));
    }
    if put.action.is_null() {
        return Err(no_action());
    }
    redirect(&mut policy, &put)?;
    policy.name = put.name.change_or_clear(policy.name.take());
    policy.description = put.description.change_or_clear(policy.description.take());
    policy.enabled = put.admin_state_up.change(policy.enabled, false);
    policy.position = put.position.value().unwrap_or(policy.position);
    if let Some(tags) = put.tags.value() {
        super::distinct(&tags)?;
        policy.tags = tags;
    }
    Ok(policy)
}

/// Changes where a policy sends requests. A target that is given alone decides the action, too.
fn redirect(policy: &mut L7Policy, put: &L7PolicyPut) -> Result<()> {
    let put = put.clone();
    let Some(action) = put
        .action
        .as_ref()
        .copied()
        .map_or_else(|| implied(&put), |a| Ok(Some(a)))?
    else {
        policy.redirect_pool_id = put
            .redirect_pool_id
            .change_or_clear(policy.redirect_pool_id);
        policy.redirect_url = put.redirect_url.change_or_clear(policy.redirect_url.take());
        let prefix = policy.redirect_prefix.take();
        policy.redirect_prefix = put.redirect_prefix.change_or_clear(prefix);
        let code = policy.redirect_http_code;
        policy.redirect_http_code = put.redirect_http_code.change_or_clear(code);
        return Ok(());
    };
    let given = Target {
        pool: put.redirect_pool_id.value(),
        url: put.redirect_url.value(),
        prefix: put.redirect_prefix.value(),
        code: put.redirect_http_code.value(),
    };
    let target = given.of(action)?;
    policy.action = action;
    policy.redirect_pool_id = target.pool;
    policy.redirect_url = target.url;
    policy.redirect_prefix = target.prefix;
    policy.redirect_http_code = target.code.filter(|_| action != Action::Reject);
    Ok(())
}

fn implied(put: &L7PolicyPut) -> Result<Option<Action>> {
    let pool = put.redirect_pool_id.is_value();
    let url = put.redirect_url.is_value();
    let prefix = put.redirect_prefix.is_value();
    match (pool, url, prefix) {
        (true, true, _) | (true, _, true) => Err(contradiction()),
        (true, false, false) => Ok(Some(Action::RedirectToPool)),
        (false, true, _) => Ok(Some(Action::RedirectToUrl)),
        (false, false, true) => Ok(Some(Action::RedirectPrefix)),
        (false, false, false) => Ok(None),
    }
}

fn needed<T>(value: Option<T>, field: &str) -> Result<T> {
    value.ok_or_else(|| arguments(&format!("{field} must not be None")))
}

fn contradiction() -> Error {
    arguments(
        "Cannot specify redirect_pool_id and redirect_url or redirect_prefix at the same time",
    )
}

fn no_action() -> Error {
    Error::BadRequest("Invalid L7 Policy action specified: None".to_owned())
}

fn arguments(text: &str) -> Error {
    Error::BadRequest(format!("Invalid L7 Policy arguments: {text}"))
}
