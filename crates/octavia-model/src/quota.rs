use std::fmt;

/// How much a project may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The project.
    pub project_id: String,
    /// Its limits; what is `None` follows the configuration.
    pub limits: Limits,
}

/// A limit for each kind of object: -1 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Load balancers.
    pub load_balancer: Option<i32>,
    /// Listeners.
    pub listener: Option<i32>,
    /// Members.
    pub member: Option<i32>,
    /// Pools.
    pub pool: Option<i32>,
    /// Health monitors.
    pub health_monitor: Option<i32>,
    /// L7 policies.
    pub l7policy: Option<i32>,
    /// L7 rules.
    pub l7rule: Option<i32>,
}

/// What quotas count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaKind {
    /// Load balancers.
    LoadBalancer,
    /// Listeners.
    Listener,
    /// Members.
    Member,
    /// Pools.
    Pool,
    /// Health monitors.
    HealthMonitor,
    /// L7 policies.
    L7Policy,
    /// L7 rules.
    L7Rule,
}

impl QuotaKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::LoadBalancer,
        Self::Listener,
        Self::Member,
        Self::Pool,
        Self::HealthMonitor,
        Self::L7Policy,
        Self::L7Rule,
    ];
}

impl Limits {
    /// What upstream has without configuration: no limit at all.
    pub const NONE: Self = Self {
        load_balancer: Some(-1),
        listener: Some(-1),
        member: Some(-1),
        pool: Some(-1),
        health_monitor: Some(-1),
        l7policy: Some(-1),
        l7rule: Some(-1),
    };

    /// Returns these limits, with those of `others` where there is none.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            load_balancer: self.load_balancer.or(others.load_balancer),
            listener: self.listener.or(others.listener),
            member: self.member.or(others.member),
            pool: self.pool.or(others.pool),
            health_monitor: self.health_monitor.or(others.health_monitor),
            l7policy: self.l7policy.or(others.l7policy),
            l7rule: self.l7rule.or(others.l7rule),
        }
    }

    /// Returns how many of a kind are allowed; `None` is as many as wanted.
    pub fn of(self, kind: QuotaKind) -> Option<u64> {
        let limit = match kind {
            QuotaKind::LoadBalancer => self.load_balancer,
            QuotaKind::Listener => self.listener,
            QuotaKind::Member => self.member,
            QuotaKind::Pool => self.pool,
            QuotaKind::HealthMonitor => self.health_monitor,
            QuotaKind::L7Policy => self.l7policy,
            QuotaKind::L7Rule => self.l7rule,
        };
        u64::try_from(limit?).ok()
    }
}

impl fmt::Display for QuotaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoadBalancer => "Load Balancer",
            Self::Listener => "Listener",
            Self::Member => "Member",
            Self::Pool => "Pool",
            Self::HealthMonitor => "Health Monitor",
            Self::L7Policy => "L7 Policy",
            Self::L7Rule => "L7 Rule",
        })
    }
}
