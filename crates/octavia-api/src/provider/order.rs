use std::fmt;

use octavia_model::{Id, Member, Pool};

/// What a provider is told.
#[derive(Debug, Clone, Copy)]
pub enum Order<'a> {
    /// An object was made.
    Create(ObjectKind, &'a str),
    /// An object was changed.
    Update(ObjectKind, &'a str),
    /// An object is to go.
    Delete(ObjectKind, &'a str),
    /// The load balancer was declared whole: anything of it may have changed.
    Declare,
    /// The load balancer is to go, with all below it.
    CascadeDelete,
    /// What serves the load balancer is to be replaced.
    Failover,
    /// The members of a pool were changed together: these are all that it is to have.
    Members(Id<Pool>, &'a [MemberOrder]),
}

/// What the provider that drives amphorae is told of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmphoraOrder {
    /// It is to be replaced.
    Failover,
    /// It does not work, and is to go.
    Delete,
    /// It is to be given its configuration again.
    Configure,
}

/// A kind of object that providers are told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A load balancer.
    LoadBalancer,
    /// A listener.
    Listener,
    /// A pool.
    Pool,
    /// A member.
    Member,
    /// A health monitor.
    HealthMonitor,
    /// An L7 policy.
    L7Policy,
    /// An L7 rule.
    L7Rule,
}

/// A member of a pool whose members were changed together.
#[derive(Debug, Clone)]
pub struct MemberOrder {
    /// The member as it is to be.
    pub member: Member,
    /// The fields that are left as they were, by their names in the API.
    pub untouched: Vec<&'static str>,
}

impl MemberOrder {
    /// A member that is told whole.
    pub const fn new(member: Member) -> Self {
        Self {
            member,
            untouched: Vec::new(),
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoadBalancer => "load balancer",
            Self::Listener => "listener",
            Self::Pool => "pool",
            Self::Member => "member",
            Self::HealthMonitor => "health monitor",
            Self::L7Policy => "L7 policy",
            Self::L7Rule => "L7 rule",
        })
    }
}

/// The words of the timeline, which is the load balancer's own.
impl fmt::Display for Order<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, kind, id) = match self {
            Self::Create(kind, id) => ("creation", kind, id),
            Self::Update(kind, id) => ("update", kind, id),
            Self::Delete(kind, id) => ("deletion", kind, id),
            Self::Declare => return f.write_str("declaration of the load balancer"),
            Self::CascadeDelete => return f.write_str("deletion of the load balancer"),
            Self::Failover => return f.write_str("failover of the load balancer"),
            Self::Members(pool, _) => return write!(f, "change of the members of pool {pool}"),
        };
        if *kind == ObjectKind::LoadBalancer {
            write!(f, "{what} of the load balancer")
        } else {
            write!(f, "{what} of {kind} {id}")
        }
    }
}
