use octavia_amphora_api::config::{self, L7Action, L7Compare, L7Subject};
use octavia_model::{
    L7CompareType, L7Policy, L7PolicyAction, L7Rule, L7RuleType, Listener, ListenerProtocol,
    LoadBalancerTree, ProvisioningStatus,
};

use super::listener::pool_of;

/// The status of a redirection that names none, as it may be in a database of upstream's.
const DEFAULT_CODE: u16 = 302;

/// Returns the policies of a listener. Only HTTP listeners read requests; a policy without an
/// enabled rule, or without the target that its action needs, is left out as upstream does.
pub(super) fn policies(tree: &LoadBalancerTree, listener: &Listener) -> Vec<config::L7Policy> {
    if !reads_requests(listener.protocol) {
        return Vec::new();
    }
    let mut policies = Vec::new();
    for policy in &tree.l7_policies {
        let is_here = policy.listener_id == listener.id
            && policy.enabled
            && policy.provisioning_status != ProvisioningStatus::PendingDelete;
        let (true, Some(action)) = (is_here, action(tree, policy)) else {
            continue;
        };
        let rules = rules(policy);
        if !rules.is_empty() {
            policies.push(config::L7Policy {
                id: policy.id.uuid(),
                action,
                rules,
            });
        }
    }
    policies
}

const fn reads_requests(protocol: ListenerProtocol) -> bool {
    matches!(
        protocol,
        ListenerProtocol::Http | ListenerProtocol::TerminatedHttps
    )
}

fn action(tree: &LoadBalancerTree, policy: &L7Policy) -> Option<L7Action> {
    let code = policy.redirect_http_code;
    let code = code.map_or(Some(DEFAULT_CODE), |code| u16::try_from(code).ok())?;
    match policy.action {
        L7PolicyAction::Reject => Some(L7Action::Reject),
        L7PolicyAction::RedirectToUrl => Some(L7Action::RedirectToUrl {
            url: policy.redirect_url.clone()?,
            code,
        }),
        L7PolicyAction::RedirectPrefix => Some(L7Action::RedirectPrefix {
            prefix: policy.redirect_prefix.clone()?,
            code,
        }),
        L7PolicyAction::RedirectToPool => {
            let pool = pool_of(tree, policy.redirect_pool_id)?;
            Some(L7Action::RedirectToPool { pool })
        }
    }
}

fn rules(policy: &L7Policy) -> Vec<config::L7Rule> {
    policy
        .rules
        .iter()
        .filter(|rule| rule.enabled)
        .filter(|rule| rule.provisioning_status != ProvisioningStatus::PendingDelete)
        .map(rule)
        .collect()
}

fn rule(rule: &L7Rule) -> config::L7Rule {
    let compare = compare(rule.compare_type);
    config::L7Rule {
        subject: subject(rule),
        compare,
        value: value(compare, &rule.value),
        invert: rule.invert,
    }
}

fn subject(rule: &L7Rule) -> L7Subject {
    let name = rule.key.clone().unwrap_or_default();
    match rule.kind {
        L7RuleType::Cookie => L7Subject::Cookie { name },
        L7RuleType::FileType => L7Subject::FileType,
        L7RuleType::Header => L7Subject::Header { name },
        L7RuleType::HostName => L7Subject::HostName,
        L7RuleType::Path => L7Subject::Path,
        L7RuleType::SslConnHasCert => L7Subject::SslConnHasCert,
        L7RuleType::SslDnField => L7Subject::SslDnField { name },
        L7RuleType::SslVerifyResult => L7Subject::SslVerifyResult,
    }
}

const fn compare(compare: L7CompareType) -> L7Compare {
    match compare {
        L7CompareType::Contains => L7Compare::Contains,
        L7CompareType::EndsWith => L7Compare::EndsWith,
        L7CompareType::EqualTo => L7Compare::EqualTo,
        L7CompareType::Regex => L7Compare::Regex,
        L7CompareType::StartsWith => L7Compare::StartsWith,
    }
}

/// A value that is quoted as a whole may hold blanks; the quotes are not part of it.
fn value(compare: L7Compare, text: &str) -> String {
    let inside = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match (compare, inside) {
        (L7Compare::Regex, _) | (_, None) => text.to_owned(),
        (_, Some(inside)) => inside.to_owned(),
    }
}
