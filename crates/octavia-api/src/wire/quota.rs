use octavia_model::{Limits, Quota};

use super::decode::integer;
use super::given::Given;
use super::shape::shape;
use super::view::view;

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

view! {
    /// How much a project may have of each kind; -1 is no limit.
    Quota as quota {
        "project_id": String = quota.project_id,
        "loadbalancer": Option<i32> = quota.limits.load_balancer,
        "load_balancer": Option<i32> = quota.limits.load_balancer,
        "listener": Option<i32> = quota.limits.listener,
        "member": Option<i32> = quota.limits.member,
        "pool": Option<i32> = quota.limits.pool,
        "healthmonitor": Option<i32> = quota.limits.health_monitor,
        "health_monitor": Option<i32> = quota.limits.health_monitor,
        "l7policy": Option<i32> = quota.limits.l7policy,
        "l7rule": Option<i32> = quota.limits.l7rule,
        "tenant_id": String = quota.project_id,
    }
}
