use octavia_amphora_api::config::{L7Compare, L7Rule, L7Subject};

/// What a rule asks, but for its inversion, in a form that is the same for all that ask the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Condition {
    /// Where it looks.
    pub(super) place: Place,
    /// How it compares.
    pub(super) test: Test,
}

/// A part of a request, or of what is known of its client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// The path, without the query.
    Path,
    /// The Host header, in lower case.
    Host,
    /// A header, whose name is in lower case.
    Header(Vec<u8>),
    /// A cookie.
    Cookie(Vec<u8>),
    /// Whether the client showed a certificate.
    Certificate,
    /// What checking it gave.
    VerifyResult,
    /// A part of its subject.
    SubjectPart(String),
}

/// How a text is compared, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Test {
    Contains(Vec<u8>),
    EndsWith(Vec<u8>),
    EqualTo(Vec<u8>),
    Regex(String),
    StartsWith(Vec<u8>),
}

impl Condition {
    /// Reads what a rule asks.
    pub(super) fn of(rule: &L7Rule) -> Self {
        let place = Place::of(&rule.subject);
        // The host is compared in lower case, and so is what it is compared with.
        let value = if place == Place::Host {
            rule.value.to_ascii_lowercase()
        } else {
            rule.value.clone()
        };
        let test = match (rule.compare, &rule.subject) {
            (_, L7Subject::SslConnHasCert) => Test::EqualTo(Vec::new()),
            (L7Compare::Regex, _) => Test::Regex(rule.value.clone()),
            (L7Compare::Contains, _) => Test::Contains(value.into_bytes()),
            (L7Compare::EndsWith, _) | (L7Compare::EqualTo, L7Subject::FileType) => {
                Test::EndsWith(value.into_bytes())
            }
            (L7Compare::EqualTo, _) => Test::EqualTo(value.into_bytes()),
            (L7Compare::StartsWith, _) => Test::StartsWith(value.into_bytes()),
        };
        Self { place, test }
    }
}

impl Place {
    fn of(subject: &L7Subject) -> Self {
        match subject {
            L7Subject::Path | L7Subject::FileType => Self::Path,
            L7Subject::HostName => Self::Host,
            L7Subject::Header { name } => Self::Header(name.to_ascii_lowercase().into_bytes()),
            L7Subject::Cookie { name } => Self::Cookie(name.clone().into_bytes()),
            L7Subject::SslConnHasCert => Self::Certificate,
            L7Subject::SslVerifyResult => Self::VerifyResult,
            L7Subject::SslDnField { name } => Self::SubjectPart(name.to_ascii_lowercase()),
        }
    }
}
