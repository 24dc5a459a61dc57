use octavia_model::{Limits, Quota};
use serde_json::{Value, json};

use super::decode::integer;
use super::given::Given;
use super::shape::shape;

const MAX: i32 = 2_000_000_000;

shape! {
    /// The body of an update call. Two limits have two names; the short one wins.
    struct QuotaPut {
        "loadbalancer" loadbalancer: optional i32 = integer(-1, MAX),
        "load_balancer" load_balancer: optional i32 = integer(-1, MAX),
        "listener" listener: optional i32 = integer(-1, MAX),
        "member" member: optional i32 = integer(-1, MAX),
        "pool" pool: optional i32 = integer(-1, MAX),
        "healthmonitor" healthmonitor: optional i32 = integer(-1, MAX),
        "health_monitor" health_monitor: optional i32 = integer(-1, MAX),
        "l7policy" l7policy: optional i32 = integer(-1, MAX),
        "l7rule" l7rule: optional i32 = integer(-1, MAX),
    }
}

impl QuotaPut {
    /// Returns the limits as this update wants them; null is the default, which is written down.
    pub(crate) fn apply_to(self, present: Limits, default: Limits) -> Limits {
        let set = |given: Given<i32>, present, default| match given {
            Given::Absent => present,
            Given::Null => default,
            Given::Value(limit) => Some(limit),
        };
        let first = |short: Given<i32>, long| if short.is_absent() { long } else { short };
        Limits {
            load_balancer: set(
                first(self.loadbalancer, self.load_balancer),
                present.load_balancer,
                default.load_balancer,
            ),
            listener: set(self.listener, present.listener, default.listener),
            member: set(self.member, present.member, default.member),
            pool: set(self.pool, present.pool, default.pool),
            health_monitor: set(
                first(self.healthmonitor, self.health_monitor),
                present.health_monitor,
                default.health_monitor,
            ),
            l7policy: set(self.l7policy, present.l7policy, default.l7policy),
            l7rule: set(self.l7rule, present.l7rule, default.l7rule),
        }
    }
}

/// Shows a quota.
pub(crate) fn view(quota: &Quota) -> Value {
    let limits = quota.limits;
    json!({
        "project_id": quota.project_id,
        "loadbalancer": limits.load_balancer,
        "load_balancer": limits.load_balancer,
        "listener": limits.listener,
        "member": limits.member,
        "pool": limits.pool,
        "healthmonitor": limits.health_monitor,
        "health_monitor": limits.health_monitor,
        "l7policy": limits.l7policy,
        "l7rule": limits.l7rule,
        "tenant_id": quota.project_id,
    })
}
