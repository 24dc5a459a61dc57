use octavia_amphora_api::config::{L7Action, L7Policy};
use uuid::Uuid;

use super::request::Request;
use super::rule::{self, Rule};

/// A policy that cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("L7 policy {policy}: {problem}")]
pub(crate) struct BadPolicy {
    policy: Uuid,
    problem: String,
}

/// Policies, compiled: by what they do, and in their order.
pub(super) struct Matcher {
    source: Vec<L7Policy>,
    rejecting: Vec<Vec<Rule>>,
    redirecting: Vec<(Vec<Rule>, Redirect)>,
    choosing: Vec<(Vec<Rule>, Uuid)>,
}

/// Where a client is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    /// The status.
    pub(super) code: u16,
    target: String,
    keeps_path: bool,
}

impl Redirect {
    /// Returns the URL for a request.
    pub(super) fn location(&self, request: &Request<'_>) -> Vec<u8> {
        let mut location = self.target.clone().into_bytes();
        if self.keeps_path {
            location.extend_from_slice(request.path_and_query);
        }
        location
    }
}

impl Matcher {
    /// Compiles policies.
    pub(super) fn compile(policies: &[L7Policy]) -> Result<Self, BadPolicy> {
        let mut matcher = Self {
            source: policies.to_vec(),
            rejecting: Vec::new(),
            redirecting: Vec::new(),
            choosing: Vec::new(),
        };
        for policy in policies {
            let rules = compile_rules(policy)?;
            let redirect = |target: &String, code: u16, keeps_path| Redirect {
                code,
                target: target.clone(),
                keeps_path,
            };
            match &policy.action {
                L7Action::Reject => matcher.rejecting.push(rules),
                L7Action::RedirectToUrl { url, code } => {
                    let there = redirect(url, *code, false);
                    matcher.redirecting.push((rules, there));
                }
                L7Action::RedirectPrefix { prefix, code } => {
                    let there = redirect(prefix, *code, true);
                    matcher.redirecting.push((rules, there));
                }
                L7Action::RedirectToPool { pool } => matcher.choosing.push((rules, *pool)),
            }
        }
        Ok(matcher)
    }

    /// Tells whether these are the policies that it was compiled of.
    pub(super) fn is_of(&self, policies: &[L7Policy]) -> bool {
        self.source == policies
    }

    /// Tells whether a policy chooses that pool.
    pub(super) fn chooses(&self, pool: Uuid) -> bool {
        self.choosing.iter().any(|(_, chosen)| *chosen == pool)
    }

    /// Tells whether a policy refuses the request.
    pub(super) fn rejects(&self, request: &Request<'_>) -> bool {
        self.rejecting.iter().any(|rules| all_hold(rules, request))
    }

    /// Returns where the first policy that takes the request sends the client.
    pub(super) fn redirect(&self, request: &Request<'_>) -> Option<&Redirect> {
        let mut redirecting = self.redirecting.iter();
        redirecting
            .find(|(rules, _)| all_hold(rules, request))
            .map(|(_, redirect)| redirect)
    }

    /// Returns the pools of the policies that take the request.
    pub(super) fn pools(&self, request: &Request<'_>) -> impl Iterator<Item = Uuid> {
        self.choosing
            .iter()
            .filter(|(rules, _)| all_hold(rules, request))
            .map(|(_, pool)| *pool)
    }
}

fn compile_rules(policy: &L7Policy) -> Result<Vec<Rule>, BadPolicy> {
    let bad = |problem: String| BadPolicy {
        policy: policy.id,
        problem,
    };
    if policy.rules.is_empty() {
        return Err(bad("it has no rule".to_owned()));
    }
    let codes = match &policy.action {
        L7Action::RedirectToUrl { code, .. } | L7Action::RedirectPrefix { code, .. } => Some(*code),
        L7Action::Reject | L7Action::RedirectToPool { .. } => None,
    };
    if let Some(code) = codes.filter(|code| super::answer::reason(*code).is_none()) {
        return Err(bad(format!("{code} does not redirect")));
    }
    let target = match &policy.action {
        L7Action::RedirectToUrl { url: target, .. }
        | L7Action::RedirectPrefix { prefix: target, .. } => target.as_str(),
        L7Action::Reject | L7Action::RedirectToPool { .. } => "",
    };
    if target.contains(char::is_control) {
        return Err(bad("its target has control characters".to_owned()));
    }
    policy
        .rules
        .iter()
        .map(|rule| rule::compile(rule).map_err(bad))
        .collect()
}

fn all_hold(rules: &[Rule], request: &Request<'_>) -> bool {
    rules.iter().all(|rule| rule.holds(request))
}
