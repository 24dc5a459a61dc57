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

macro_rules! rules {
    ($($constant:ident = $name:literal,)*) => {
        $(
            #[doc = concat!("Rule `os_load-balancer_api:", $name, "`.")]
            pub(crate) const $constant: Rule = Rule(concat!("os_load-balancer_api:", $name));
        )*
    };
}

rules! {
    LOAD_BALANCER_GET_ALL = "loadbalancer:get_all",
    LOAD_BALANCER_POST = "loadbalancer:post",
    LOAD_BALANCER_POST_VIP_SG_IDS = "loadbalancer:post:vip_sg_ids",
    LOAD_BALANCER_GET_ONE = "loadbalancer:get_one",
    LOAD_BALANCER_PUT = "loadbalancer:put",
    LOAD_BALANCER_PUT_VIP_SG_IDS = "loadbalancer:put:vip_sg_ids",
    LOAD_BALANCER_DELETE = "loadbalancer:delete",
    LOAD_BALANCER_GET_STATUS = "loadbalancer:get_status",
    LOAD_BALANCER_GET_STATS = "loadbalancer:get_stats",
    LOAD_BALANCER_PUT_FAILOVER = "loadbalancer:put_failover",
    LISTENER_GET_ALL = "listener:get_all",
    LISTENER_POST = "listener:post",
    LISTENER_GET_ONE = "listener:get_one",
    LISTENER_PUT = "listener:put",
    LISTENER_DELETE = "listener:delete",
    LISTENER_GET_STATS = "listener:get_stats",
    POOL_GET_ALL = "pool:get_all",
    POOL_POST = "pool:post",
    POOL_GET_ONE = "pool:get_one",
    POOL_PUT = "pool:put",
    POOL_DELETE = "pool:delete",
    MEMBER_GET_ALL = "member:get_all",
    MEMBER_POST = "member:post",
    MEMBER_GET_ONE = "member:get_one",
    MEMBER_PUT = "member:put",
    MEMBER_DELETE = "member:delete",
    HEALTH_MONITOR_GET_ALL = "healthmonitor:get_all",
    HEALTH_MONITOR_POST = "healthmonitor:post",
    HEALTH_MONITOR_GET_ONE = "healthmonitor:get_one",
    HEALTH_MONITOR_PUT = "healthmonitor:put",
    HEALTH_MONITOR_DELETE = "healthmonitor:delete",
    AMPHORA_GET_ALL = "amphora:get_all",
    AMPHORA_GET_ONE = "amphora:get_one",
    AMPHORA_DELETE = "amphora:delete",
    AMPHORA_GET_STATS = "amphora:get_stats",
    AMPHORA_PUT_CONFIG = "amphora:put_config",
    AMPHORA_PUT_FAILOVER = "amphora:put_failover",
    L7_POLICY_GET_ALL = "l7policy:get_all",
    L7_POLICY_POST = "l7policy:post",
    L7_POLICY_GET_ONE = "l7policy:get_one",
    L7_POLICY_PUT = "l7policy:put",
    L7_POLICY_DELETE = "l7policy:delete",
    L7_RULE_GET_ALL = "l7rule:get_all",
    L7_RULE_POST = "l7rule:post",
    L7_RULE_GET_ONE = "l7rule:get_one",
    L7_RULE_PUT = "l7rule:put",
    L7_RULE_DELETE = "l7rule:delete",
    QUOTA_GET_ALL = "quota:get_all",
    QUOTA_GET_ONE = "quota:get_one",
    QUOTA_PUT = "quota:put",
    QUOTA_DELETE = "quota:delete",
    QUOTA_GET_DEFAULTS = "quota:get_defaults",
    PROVIDER_GET_ALL = "provider:get_all",
    PROVIDER_FLAVOR_GET_ALL = "provider-flavor:get_all",
    PROVIDER_ZONE_GET_ALL = "provider-availability-zone:get_all",
    FLAVOR_GET_ALL = "flavor:get_all",
    FLAVOR_POST = "flavor:post",
    FLAVOR_GET_ONE = "flavor:get_one",
    FLAVOR_PUT = "flavor:put",
    FLAVOR_DELETE = "flavor:delete",
    FLAVOR_PROFILE_GET_ALL = "flavor-profile:get_all",
    FLAVOR_PROFILE_POST = "flavor-profile:post",
    FLAVOR_PROFILE_GET_ONE = "flavor-profile:get_one",
    FLAVOR_PROFILE_PUT = "flavor-profile:put",
    FLAVOR_PROFILE_DELETE = "flavor-profile:delete",
    AVAILABILITY_ZONE_GET_ALL = "availability-zone:get_all",
    AVAILABILITY_ZONE_POST = "availability-zone:post",
    AVAILABILITY_ZONE_GET_ONE = "availability-zone:get_one",
    AVAILABILITY_ZONE_PUT = "availability-zone:put",
    AVAILABILITY_ZONE_DELETE = "availability-zone:delete",
    AVAILABILITY_ZONE_PROFILE_GET_ALL = "availability-zone-profile:get_all",
    AVAILABILITY_ZONE_PROFILE_POST = "availability-zone-profile:post",
    AVAILABILITY_ZONE_PROFILE_GET_ONE = "availability-zone-profile:get_one",
    AVAILABILITY_ZONE_PROFILE_PUT = "availability-zone-profile:put",
    AVAILABILITY_ZONE_PROFILE_DELETE = "availability-zone-profile:delete",
}
