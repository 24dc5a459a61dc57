use crate::{Id, LoadBalancer, Secret};

/// What the amphorae of one load balancer share, to agree on who has its VIPs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VrrpGroup {
    /// The load balancer.
    pub load_balancer_id: Id<LoadBalancer>,
    /// What only they know, at most 36 characters; of version 2's password, eight count.
    pub auth_pass: Secret<String>,
    /// How often a master advertises where version 2 is spoken, in seconds.
    pub advert_interval_s: i32,
}
