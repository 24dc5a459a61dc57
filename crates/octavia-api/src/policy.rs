//! Who may do what: rules in the language of oslo.policy, their defaults, and the files that override
//! them.
//!
//! Text becomes a [`Check`] (`parse`), checks become a [`RuleSet`], and asking one is pure. [`Policy`]
//! keeps a set up to date with its files.

mod check;
mod credentials;
mod defaults;
mod error;
mod file;
mod live;
mod parse;
mod rule_set;
mod template;

pub use check::{Check, Subject};
pub use credentials::Credentials;
pub use defaults::{DefaultRule, Operation, defaults};
pub use error::PolicyError;
pub use live::{Policy, PolicySettings};
pub use parse::ParseError;
pub use rule_set::{EffectiveRule, RuleSet};
pub use template::Template;

/// The rule that makes `is_admin` true.
pub const CONTEXT_IS_ADMIN: &str = "context_is_admin";

/// The name of an access rule, as operators write it in `policy.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule(&'static str);

impl Rule {
    /// Returns the name.
    pub(crate) const fn name(self) -> &'static str {
        self.0
    }

    /// Returns the name of the rule that allows the same for all projects at once.
    pub(crate) fn global(self) -> String {
        format!("{}-global", self.0)
    }
}

/// Rule `load-balancer:read`, for reads that upstream does not have.
pub(crate) const READ: Rule = Rule("load-balancer:read");
/// Rule `load-balancer:admin`, for reads of operators that upstream does not have.
pub(crate) const ADMIN: Rule = Rule("load-balancer:admin");

/// The rules of a kind of object. Those for what cannot be done to it (to make an amphora, say) do not
/// exist, and nobody asks them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) get_all: Rule,
    pub(crate) get_one: Rule,
    pub(crate) post: Rule,
    pub(crate) put: Rule,
    pub(crate) delete: Rule,
}

macro_rules! rules_of {
    ($($constant:ident = $name:literal,)*) => {
        $(
            #[doc = concat!("Rules `os_load-balancer_api:", $name, ":...`.")]
            pub(crate) const $constant: Rules = Rules {
                get_all: Rule(concat!("os_load-balancer_api:", $name, ":get_all")),
                get_one: Rule(concat!("os_load-balancer_api:", $name, ":get_one")),
                post: Rule(concat!("os_load-balancer_api:", $name, ":post")),
                put: Rule(concat!("os_load-balancer_api:", $name, ":put")),
                delete: Rule(concat!("os_load-balancer_api:", $name, ":delete")),
            };
        )*
    };
}

rules_of! {
    LOAD_BALANCER = "loadbalancer",
    LISTENER = "listener",
    POOL = "pool",
    MEMBER = "member",
    HEALTH_MONITOR = "healthmonitor",
    L7_POLICY = "l7policy",
    L7_RULE = "l7rule",
    AMPHORA = "amphora",
    QUOTA = "quota",
    FLAVOR = "flavor",
    FLAVOR_PROFILE = "flavor-profile",
    AVAILABILITY_ZONE = "availability-zone",
    AVAILABILITY_ZONE_PROFILE = "availability-zone-profile",
}

macro_rules! rules {
    ($($constant:ident = $name:literal,)*) => {
        $(
            #[doc = concat!("Rule `os_load-balancer_api:", $name, "`.")]
            pub(crate) const $constant: Rule = Rule(concat!("os_load-balancer_api:", $name));
        )*
    };
}

rules! {
    LOAD_BALANCER_POST_VIP_SG_IDS = "loadbalancer:post:vip_sg_ids",
    LOAD_BALANCER_PUT_VIP_SG_IDS = "loadbalancer:put:vip_sg_ids",
    LOAD_BALANCER_GET_STATUS = "loadbalancer:get_status",
    LOAD_BALANCER_GET_STATS = "loadbalancer:get_stats",
    LOAD_BALANCER_PUT_FAILOVER = "loadbalancer:put_failover",
    LISTENER_GET_STATS = "listener:get_stats",
    AMPHORA_GET_STATS = "amphora:get_stats",
    AMPHORA_PUT_CONFIG = "amphora:put_config",
    AMPHORA_PUT_FAILOVER = "amphora:put_failover",
    QUOTA_GET_DEFAULTS = "quota:get_defaults",
    PROVIDER_GET_ALL = "provider:get_all",
    PROVIDER_FLAVOR_GET_ALL = "provider-flavor:get_all",
    PROVIDER_ZONE_GET_ALL = "provider-availability-zone:get_all",
}
