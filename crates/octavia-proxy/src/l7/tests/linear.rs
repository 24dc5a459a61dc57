//! Rules and policies as their definition has them, one after the other: what the compiled ones are
//! held against.

use octavia_amphora_api::config::{L7Action, L7Compare, L7Policy, L7Rule, L7Subject};
use regex::bytes::RegexBuilder;

use crate::l7::request::{Request, cookies, values};

/// Tells whether a rule holds.
pub(super) fn holds(rule: &L7Rule, request: &Request<'_>) -> bool {
    finds(rule, request) != rule.invert
}

fn finds(rule: &L7Rule, request: &Request<'_>) -> bool {
    let lines = |name: &str| {
        let headers = request.headers.iter();
        let same = headers.filter(|header| header.name.eq_ignore_ascii_case(name));
        same.map(|header| header.value).collect::<Vec<_>>()
    };
    let any = |name: &str| {
        let lines = lines(name);
        let mut values = lines.into_iter().flat_map(values);
        values.any(|value| accepts(rule, value))
    };
    match &rule.subject {
        L7Subject::Path | L7Subject::FileType => accepts(rule, request.path),
        L7Subject::HostName => any("host"),
        L7Subject::Header { name } => any(name),
        L7Subject::Cookie { name } => lines("cookie")
            .into_iter()
            .flat_map(cookies)
            .any(|(own, value)| own == name.as_bytes() && accepts(rule, value)),
        L7Subject::SslConnHasCert => request.peer.is_some(),
        L7Subject::SslVerifyResult => accepts(rule, b"0"),
        L7Subject::SslDnField { name } => {
            let part = request.peer.and_then(|peer| peer.subject_part(name));
            part.is_some_and(|part| accepts(rule, part))
        }
    }
}

fn accepts(rule: &L7Rule, text: &[u8]) -> bool {
    let any_case = rule.subject == L7Subject::HostName;
    let fold = |bytes: &[u8]| {
        if any_case {
            bytes.to_ascii_lowercase()
        } else {
            bytes.to_vec()
        }
    };
    let (text, value) = (fold(text), fold(rule.value.as_bytes()));
    match (rule.compare, &rule.subject) {
        (L7Compare::EndsWith, _) | (L7Compare::EqualTo, L7Subject::FileType) => {
            text.ends_with(&value)
        }
        (L7Compare::EqualTo, _) => text == value,
        (L7Compare::StartsWith, _) => text.starts_with(&value),
        (L7Compare::Contains, _) => memchr::memmem::find(&text, &value).is_some(),
        (L7Compare::Regex, _) => RegexBuilder::new(&rule.value)
            .case_insensitive(any_case)
            .build()
            .expect("an expression")
            .is_match(&text),
    }
}

/// Returns the place of the policy that takes a request: the smallest stage, then the first.
pub(super) fn decide(
    policies: &[L7Policy],
    request: &Request<'_>,
    had: impl Fn(&L7Policy) -> bool,
) -> Option<usize> {
    let stage = |policy: &L7Policy| match policy.action {
        L7Action::Reject => 0,
        L7Action::RedirectToUrl { .. }
        | L7Action::RedirectPrefix { .. }
        | L7Action::FixedResponse { .. } => 1,
        L7Action::RedirectToPool { .. } => 2,
    };
    let taking = policies.iter().enumerate().filter(|(_, policy)| {
        let mut rules = policy.rules.iter();
        rules.all(|rule| holds(rule, request)) && had(policy)
    });
    taking
        .min_by_key(|(position, policy)| (stage(policy), *position))
        .map(|(position, _)| position)
}
