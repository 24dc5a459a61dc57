use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::status::names;
use crate::{Id, LoadBalancer, Port, Server};

names! {
    /// The life of an amphora.
    "amphora status"
    pub enum AmphoraStatus {
        /// Its server is being made.
        Booting = "BOOTING",
        /// It serves its load balancer.
        Allocated = "ALLOCATED",
        /// A spare (no longer made).
        Ready = "READY",
        /// It is being made.
        PendingCreate = "PENDING_CREATE",
        /// It is being changed.
        PendingUpdate = "PENDING_UPDATE",
        /// It is not wanted any more.
        PendingDelete = "PENDING_DELETE",
        /// It is gone.
        Deleted = "DELETED",
        /// It does not work.
        Error = "ERROR",
        /// It is silent, and failover is held back.
        FailoverStopped = "FAILOVER_STOPPED",
    }
}

impl AmphoraStatus {
    /// Tells whether it may have served since it was made.
    pub const fn has_served(self) -> bool {
        !matches!(self, Self::PendingCreate | Self::Booting)
    }
}

names! {
    /// The first preference of an amphora in its pair.
    "amphora role"
    pub enum AmphoraRole {
        /// The only one.
        Standalone = "STANDALONE",
        /// Serves first.
        Master = "MASTER",
        /// Stands by first.
        Backup = "BACKUP",
    }
}

/// An instance that carries the traffic of a load balancer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amphora {
    /// Its id.
    pub id: Id<Amphora>,
    /// The load balancer that it serves.
    pub load_balancer_id: Option<Id<LoadBalancer>>,
    /// Its server, once that is made.
    pub compute_id: Option<Id<Server>>,
    /// Where it is in its life.
    pub status: AmphoraStatus,
    /// The address of its agent.
    pub lb_network_ip: Option<IpAddr>,
    /// Its own address on the VIP's subnet.
    pub vrrp_ip: Option<IpAddr>,
    /// The VIP.
    pub ha_ip: Option<IpAddr>,
    /// The port of `vrrp_ip`.
    pub vrrp_port_id: Option<Id<Port>>,
    /// The port of the VIP.
    pub ha_port_id: Option<Id<Port>>,
    /// Its role.
    pub role: Option<AmphoraRole>,
    /// When its certificate ends.
    pub cert_expiration: Option<DateTime<Utc>>,
    /// Whether its certificate is being replaced.
    pub cert_busy: bool,
    /// The interface of the VIP.
    pub vrrp_interface: Option<String>,
    /// The VRRP id, 1 to 255.
    pub vrrp_id: Option<i32>,
    /// The VRRP priority, 1 to 255.
    pub vrrp_priority: Option<i32>,
    /// The availability zone of its server.
    pub cached_zone: Option<String>,
    /// The image of its server.
    pub image_id: Option<String>,
    /// The compute flavor of its server.
    pub compute_flavor: Option<String>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

/// When an amphora was last heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmphoraHealth {
    /// The amphora.
    pub amphora_id: Id<Amphora>,
    /// The time of its last heartbeat that counted.
    pub last_update: DateTime<Utc>,
    /// Whether a failover of it runs.
    pub busy: bool,
}
