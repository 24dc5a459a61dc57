use memchr::memmem;
use octavia_amphora_api::config::{L7Compare, L7Rule, L7Subject};
use regex::bytes::{Regex, RegexBuilder};

use super::request::Request;
use crate::limits;

/// A condition, compiled.
pub(super) struct Rule {
    subject: L7Subject,
    test: Test,
    invert: bool,
}

enum Test {
    Contains(Box<memmem::Finder<'static>>),
    EndsWith(Vec<u8>),
    EqualTo(Vec<u8>),
    StartsWith(Vec<u8>),
    Regex(Regex),
}

/// Compiles a rule.
pub(super) fn compile(rule: &L7Rule) -> Result<Rule, String> {
    // The host is compared in lower case, and so is what it is compared with.
    let any_case = rule.subject == L7Subject::HostName;
    let value = if any_case {
        rule.value.to_ascii_lowercase()
    } else {
        rule.value.clone()
    };
    let bytes = value.into_bytes();
    let test = match (rule.compare, &rule.subject) {
        (L7Compare::Regex, _) => Test::Regex(expression(&rule.value, any_case)?),
        (L7Compare::Contains, _) => {
            Test::Contains(Box::new(memmem::Finder::new(&bytes).into_owned()))
        }
        (L7Compare::EndsWith, _) | (L7Compare::EqualTo, L7Subject::FileType) => {
            Test::EndsWith(bytes)
        }
        (L7Compare::EqualTo, _) => Test::EqualTo(bytes),
        (L7Compare::StartsWith, _) => Test::StartsWith(bytes),
    };
    Ok(Rule {
        subject: rule.subject.clone(),
        test,
        invert: rule.invert,
    })
}

fn expression(text: &str, any_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .case_insensitive(any_case)
        .size_limit(limits::REGEX_BYTES)
        .build()
        .map_err(|error| format!("the regular expression '{text}' cannot be used: {error}"))
}

impl Rule {
    /// Tells whether the condition holds.
    pub(super) fn holds(&self, request: &Request<'_>) -> bool {
        self.finds(request) != self.invert
    }

    fn finds(&self, request: &Request<'_>) -> bool {
        match &self.subject {
            L7Subject::Path | L7Subject::FileType => self.test.accepts(request.path),
            L7Subject::HostName => request
                .header("host")
                .any(|host| self.test.accepts(&host.to_ascii_lowercase())),
            L7Subject::Header { name } => request.header(name).any(|v| self.test.accepts(v)),
            L7Subject::Cookie { name } => request.cookie(name).any(|v| self.test.accepts(v)),
            L7Subject::SslConnHasCert => request.peer.is_some(),
            // A client whose certificate is not valid gets no connection.
            L7Subject::SslVerifyResult => self.test.accepts(b"0"),
            L7Subject::SslDnField { name } => {
                let part = request.peer.and_then(|peer| peer.subject_part(name));
                part.is_some_and(|part| self.test.accepts(part))
            }
        }
    }
}

impl Test {
    fn accepts(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Contains(value) => value.find(bytes).is_some(),
            Self::EndsWith(value) => bytes.ends_with(value),
            Self::EqualTo(value) => bytes == value,
            Self::StartsWith(value) => bytes.starts_with(value),
            Self::Regex(regex) => regex.is_match(bytes),
        }
    }
}
