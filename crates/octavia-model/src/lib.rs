//! The vocabulary of the service: ids, statuses, resources, the clock.
//!
//! No I/O and no serde: a JSON body, a domain type and a database row are three
//! shapes, and this crate holds the middle one. Every value of a type here is
//! valid by construction; parsing happens at the edges.

mod amphora;
mod availability_zone;
mod clock;
mod flavor;
mod health_monitor;
mod id;
mod l7;
mod listener;
mod load_balancer;
mod member;
mod pool;
mod protocol;
mod quota;
mod secret;
mod statistics;
mod status;
mod tree;
mod vrrp_group;

pub use amphora::{Amphora, AmphoraHealth, AmphoraRole, AmphoraStatus};
pub use availability_zone::{AvailabilityZone, AvailabilityZoneProfile};
pub use clock::{Clock, ManualClock, SystemClock};
pub use flavor::{Flavor, FlavorProfile};
pub use health_monitor::{HealthMonitor, HealthMonitorType, HttpMethod, HttpVersion};
pub use id::{Id, IdSource, NotAnId, RandomIds, SequentialIds};
pub use l7::{L7CompareType, L7Policy, L7PolicyAction, L7Rule, L7RuleType};
pub use listener::{ClientAuthentication, Listener};
pub use load_balancer::{AdditionalVip, LoadBalancer, Topology, Vip, VnicType};
pub use member::{Member, Weight, WeightOutOfRange};
pub use pool::{LbAlgorithm, Pool, SessionPersistence, SessionPersistenceType};
pub use protocol::{ListenerProtocol, PoolProtocol};
pub use quota::{Limits, Quota, QuotaKind};
pub use secret::Secret;
pub use statistics::Statistics;
pub use status::{Change, Immutable, OperatingStatus, ProvisioningStatus, UnknownName};
pub use tree::{LoadBalancerTree, PoolTree};
pub use vrrp_group::VrrpGroup;

/// Marks an id as one of a network of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Network {}
/// Marks an id as one of a subnet of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subnet {}
/// Marks an id as one of a port of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Port {}
/// Marks an id as one of a server (compute instance) of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Server {}
/// Marks an id as one of a QoS policy of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QosPolicy {}
/// Marks an id as one of a security group of the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecurityGroup {}
