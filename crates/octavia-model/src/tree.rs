use crate::{Amphora, HealthMonitor, L7Policy, Listener, LoadBalancer, Member, Pool};

/// A load balancer with everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancerTree {
    /// The load balancer.
    pub load_balancer: LoadBalancer,
    /// Its listeners, in order of creation.
    pub listeners: Vec<Listener>,
    /// The policies of its listeners, by listener and position.
    pub l7_policies: Vec<L7Policy>,
    /// Its pools, in order of creation.
    pub pools: Vec<PoolTree>,
    /// Its amphorae that are not `DELETED`.
    pub amphorae: Vec<Amphora>,
}

/// A pool with everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolTree {
    /// The pool.
    pub pool: Pool,
    /// Its members, in order of creation.
    pub members: Vec<Member>,
    /// Its health monitor.
    pub health_monitor: Option<HealthMonitor>,
}
