use chrono::{DateTime, Utc};

use crate::status::names;
use crate::{Id, Listener, OperatingStatus, Pool, ProvisioningStatus};

names! {
    /// What a policy does with a request that it takes.
    "L7 policy action"
    pub enum L7PolicyAction {
        /// Sends the client to another host, keeping path and query.
        RedirectPrefix = "REDIRECT_PREFIX",
        /// Has another pool serve it.
        RedirectToPool = "REDIRECT_TO_POOL",
        /// Sends the client to a URL.
        RedirectToUrl = "REDIRECT_TO_URL",
        /// Refuses it.
        Reject = "REJECT",
    }
}

names! {
    /// What of a request a rule looks at.
    "L7 rule type"
    pub enum L7RuleType {
        /// A cookie.
        Cookie = "COOKIE",
        /// The end of the path.
        FileType = "FILE_TYPE",
        /// A header.
        Header = "HEADER",
        /// The Host header.
        HostName = "HOST_NAME",
        /// The path, without the query.
        Path = "PATH",
        /// Whether the client showed a certificate.
        SslConnHasCert = "SSL_CONN_HAS_CERT",
        /// A field of the subject of the client's certificate.
        SslDnField = "SSL_DN_FIELD",
        /// How the verification of the client's certificate ended.
        SslVerifyResult = "SSL_VERIFY_RESULT",
    }
}

names! {
    /// How a rule compares.
    "L7 rule compare type"
    pub enum L7CompareType {
        /// The value is somewhere inside.
        Contains = "CONTAINS",
        /// It ends with the value.
        EndsWith = "ENDS_WITH",
        /// It is the value.
        EqualTo = "EQUAL_TO",
        /// The value is a regular expression that finds something.
        Regex = "REGEX",
        /// It begins with the value.
        StartsWith = "STARTS_WITH",
    }
}

/// What a listener does with certain requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct L7Policy {
    /// Its id.
    pub id: Id<L7Policy>,
    /// The project that owns it.
    pub project_id: Option<String>,
    /// The listener it belongs to.
    pub listener_id: Id<Listener>,
    /// Name, at most 255 characters.
    pub name: Option<String>,
    /// Description, at most 255 characters.
    pub description: Option<String>,
    /// What it does.
    pub action: L7PolicyAction,
    /// The pool that serves what it takes.
    pub redirect_pool_id: Option<Id<Pool>>,
    /// Where it sends clients.
    pub redirect_url: Option<String>,
    /// What it puts before path and query to send clients there.
    pub redirect_prefix: Option<String>,
    /// The status of a redirection.
    pub redirect_http_code: Option<i32>,
    /// Its place among the policies of its listener, from 1 on, without gaps.
    pub position: i32,
    /// What the controller is doing with it.
    pub provisioning_status: ProvisioningStatus,
    /// Whether it is deployed.
    pub operating_status: OperatingStatus,
    /// The administrative state (`admin_state_up`).
    pub enabled: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was accepted.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Its rules, all of which must hold, in order of creation. Read only.
    pub rules: Vec<L7Rule>,
}

/// A condition on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct L7Rule {
    /// Its id.
    pub id: Id<L7Rule>,
    /// The project that owns it.
    pub project_id: Option<String>,
    /// The policy it belongs to.
    pub l7_policy_id: Id<L7Policy>,
    /// What it looks at.
    pub kind: L7RuleType,
    /// How it compares.
    pub compare_type: L7CompareType,
    /// The name of the header, cookie or field.
    pub key: Option<String>,
    /// What it compares with.
    pub value: String,
    /// Whether it holds when the comparison does not.
    pub invert: bool,
    /// What the controller is doing with it.
    pub provisioning_status: ProvisioningStatus,
    /// Whether it is deployed.
    pub operating_status: OperatingStatus,
    /// The administrative state (`admin_state_up`).
    pub enabled: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was accepted.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
}
