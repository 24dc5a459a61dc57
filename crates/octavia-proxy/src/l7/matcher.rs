use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use octavia_amphora_api::config::{L7Action, L7Policy};
use uuid::Uuid;

use super::answer::Response;
use super::condition::Condition;
use super::index::{Found, Index};
use super::request::Request;

/// A policy that cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("L7 policy {policy}: {problem}")]
pub(crate) struct BadPolicy {
    policy: Uuid,
    problem: String,
}

/// Policies, compiled: a request costs what it is long and what it meets, not what there is.
///
/// Each policy hangs on one of its conditions, the one that fewest others have; only the policies
/// of conditions that hold are looked at. Those of which all rules are inverted hang on none, and
/// are tried in turn until one takes the request: each that does not has met a condition.
pub(super) struct Matcher {
    source: Vec<L7Policy>,
    index: Index,
    /// In the order in which they count.
    policies: Vec<Policy>,
    /// The policies that hang on each condition, in their order.
    hanging: Vec<Vec<usize>>,
    /// The policies with nothing but inverted rules, in their order.
    inverted: Vec<usize>,
    chosen: HashSet<Uuid>,
}

struct Policy {
    action: Action,
    rules: Vec<Rule>,
}

#[derive(Clone, Copy)]
struct Rule {
    condition: usize,
    invert: bool,
}

/// What a policy does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Refuses the request.
    Reject,
    /// Sends the client elsewhere.
    Redirect(Redirect),
    /// Answers with what was written before.
    Respond(Arc<Response>),
    /// Has a pool serve it.
    Pool(Uuid),
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

impl Action {
    /// Reads what a policy does.
    pub(super) fn of(action: &L7Action) -> Self {
        let redirect = |target: &String, code: &u16, keeps_path| {
            Self::Redirect(Redirect {
                code: *code,
                target: target.clone(),
                keeps_path,
            })
        };
        match action {
            L7Action::Reject => Self::Reject,
            L7Action::RedirectToUrl { url, code } => redirect(url, code, false),
            L7Action::RedirectPrefix { prefix, code } => redirect(prefix, code, true),
            L7Action::FixedResponse {
                status,
                content_type,
                body,
            } => Self::Respond(Arc::new(Response {
                status: *status,
                content_type: content_type.clone(),
                body: body.clone(),
            })),
            L7Action::RedirectToPool { pool } => Self::Pool(*pool),
        }
    }

    /// What rejects comes before other answers, and those before what chooses a pool.
    fn stage(&self) -> u8 {
        match self {
            Self::Reject => 0,
            Self::Redirect(_) | Self::Respond(_) => 1,
            Self::Pool(_) => 2,
        }
    }

    fn problem(&self) -> Option<String> {
        match self {
            Self::Redirect(to) if super::answer::reason(to.code).is_none() => {
                Some(format!("{} does not redirect", to.code))
            }
            Self::Redirect(to) if to.target.contains(char::is_control) => {
                Some("its target has control characters".to_owned())
            }
            Self::Respond(response) => response.problem(),
            Self::Reject | Self::Redirect(_) | Self::Pool(_) => None,
        }
    }
}

impl Matcher {
    /// Compiles policies.
    pub(super) fn compile(source: &[L7Policy]) -> Result<Self, BadPolicy> {
        let mut conditions = Conditions::default();
        let mut policies = Vec::with_capacity(source.len());
        for policy in source {
            policies.push(compile_policy(policy, &mut conditions)?);
        }
        policies.sort_by_key(|policy| policy.action.stage());
        let users = users(&policies, conditions.list.len());
        let mut hanging = vec![Vec::new(); conditions.list.len()];
        let mut inverted = Vec::new();
        for (rank, policy) in policies.iter().enumerate() {
            let positive = policy.rules.iter().filter(|rule| !rule.invert);
            match positive.min_by_key(|rule| users[rule.condition]) {
                Some(rule) => hanging[rule.condition].push(rank),
                None => inverted.push(rank),
            }
        }
        let first_users = conditions.first_users;
        let index = Index::compile(conditions.list).map_err(|bad| BadPolicy {
            policy: first_users[bad.condition],
            problem: bad.problem,
        })?;
        Ok(Self {
            source: source.to_vec(),
            index,
            chosen: policies.iter().filter_map(Policy::pool).collect(),
            policies,
            hanging,
            inverted,
        })
    }

    /// Tells whether these are the policies that it was compiled of.
    pub(super) fn is_of(&self, policies: &[L7Policy]) -> bool {
        self.source == policies
    }

    /// Tells whether a policy chooses that pool.
    pub(super) fn chooses(&self, pool: Uuid) -> bool {
        self.chosen.contains(&pool)
    }

    /// Returns what the first policy does that takes the request; one that chooses a pool which is
    /// not to be `had` does nothing.
    pub(super) fn decide(
        &self,
        request: &Request<'_>,
        had: impl Fn(Uuid) -> bool,
    ) -> Option<&Action> {
        let found = self.index.look(request);
        let takes = |rank: usize| {
            let policy = &self.policies[rank];
            policy.holds(&found) && policy.pool().is_none_or(&had)
        };
        let mut best = usize::MAX;
        for ranks in found.iter().map(|number| &self.hanging[number]) {
            let better = ranks.iter().copied().take_while(|rank| *rank < best);
            best = better.into_iter().find(|rank| takes(*rank)).unwrap_or(best);
        }
        let better = self
            .inverted
            .iter()
            .copied()
            .take_while(|rank| *rank < best);
        best = better.into_iter().find(|rank| takes(*rank)).unwrap_or(best);
        self.policies.get(best).map(|policy| &policy.action)
    }
}

impl Policy {
    fn holds(&self, found: &Found) -> bool {
        let mut rules = self.rules.iter();
        rules.all(|rule| found.has(rule.condition) != rule.invert)
    }

    fn pool(&self) -> Option<Uuid> {
        match self.action {
            Action::Pool(pool) => Some(pool),
            Action::Reject | Action::Redirect(_) | Action::Respond(_) => None,
        }
    }
}

/// Numbers conditions; the same one has one number.
#[derive(Default)]
struct Conditions {
    list: Vec<Condition>,
    numbers: HashMap<Condition, usize>,
    /// The first policy that has each.
    first_users: Vec<Uuid>,
}

impl Conditions {
    fn number(&mut self, condition: Condition, policy: Uuid) -> usize {
        if let Some(number) = self.numbers.get(&condition) {
            return *number;
        }
        self.numbers.insert(condition.clone(), self.list.len());
        self.list.push(condition);
        self.first_users.push(policy);
        self.list.len() - 1
    }
}

fn compile_policy(policy: &L7Policy, conditions: &mut Conditions) -> Result<Policy, BadPolicy> {
    let action = Action::of(&policy.action);
    let problem = if policy.rules.is_empty() {
        Some("it has no rule".to_owned())
    } else {
        action.problem()
    };
    if let Some(problem) = problem {
        let policy = policy.id;
        return Err(BadPolicy { policy, problem });
    }
    let mut rule = |rule| Rule {
        condition: conditions.number(Condition::of(rule), policy.id),
        invert: rule.invert,
    };
    let rules = policy.rules.iter().map(&mut rule).collect();
    Ok(Policy { action, rules })
}

/// Counts the policies that have each of so many conditions.
fn users(policies: &[Policy], conditions: usize) -> Vec<usize> {
    let mut users = vec![0; conditions];
    let rules = policies.iter().flat_map(|policy| &policy.rules);
    rules.for_each(|rule| users[rule.condition] += 1);
    users
}
