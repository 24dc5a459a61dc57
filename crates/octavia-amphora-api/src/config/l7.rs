use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a listener does with the requests for which all rules hold.
///
/// Policies that reject come first, then those that answer otherwise, then those that
/// choose a pool; among equals the order of the document counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct L7Policy {
    /// Its id.
    pub id: Uuid,
    /// What it does.
    pub action: L7Action,
    /// When: all of them must hold. At least one.
    pub rules: Vec<L7Rule>,
}

/// What a policy does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum L7Action {
    /// Answers 403.
    Reject,
    /// Sends the client to a URL.
    RedirectToUrl {
        /// The URL.
        url: String,
        /// The status: 301, 302, 303, 307 or 308.
        code: u16,
    },
    /// Sends the client to a URL made of a prefix and the request's path and query.
    RedirectPrefix {
        /// What stands before the path.
        prefix: String,
        /// The status: 301, 302, 303, 307 or 308.
        code: u16,
    },
    /// Answers with what is given here; counts among redirections, and upstream has it not.
    FixedResponse {
        /// The status: 200 to 599.
        status: u16,
        /// The media type of the body.
        content_type: String,
        /// The body.
        body: String,
    },
    /// Has a pool serve the request; without effect while the pool is disabled.
    RedirectToPool {
        /// The pool.
        pool: Uuid,
    },
}

/// A condition on a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct L7Rule {
    /// What it looks at.
    pub subject: L7Subject,
    /// How it compares.
    pub compare: L7Compare,
    /// What it compares with.
    pub value: String,
    /// Whether it holds when the comparison does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invert: bool,
}

/// What of a request a rule looks at. Where there are several, one is enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
pub enum L7Subject {
    /// The Host header, in any case.
    HostName,
    /// The path, without the query.
    Path,
    /// The end of the path; `EQUAL_TO` means that it ends so.
    FileType,
    /// A header: each of its comma-separated values.
    Header {
        /// Its name, in any case.
        name: String,
    },
    /// A cookie.
    Cookie {
        /// Its name.
        name: String,
    },
    /// Whether the client showed a certificate; nothing is compared.
    SslConnHasCert,
    /// What checking the client's certificate gave, as a number: 0, since others are not let in.
    SslVerifyResult,
    /// A part of the subject of the client's certificate.
    SslDnField {
        /// Its name, in any case: `CN`, `OU`.
        name: String,
    },
}

/// How a rule compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum L7Compare {
    /// The value is somewhere inside.
    Contains,
    /// It ends with the value.
    EndsWith,
    /// It is the value.
    EqualTo,
    /// The value is a regular expression that finds something.
    Regex,
    /// It begins with the value.
    StartsWith,
}
