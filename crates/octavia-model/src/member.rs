use std::net::IpAddr;

use chrono::{DateTime, Utc};

use crate::{Id, OperatingStatus, Pool, ProvisioningStatus, Subnet, VnicType};

/// A member's share of the traffic, 0 to 256; 0 takes no new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Weight(u16);

/// A weight outside 0 to 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("weight {0} is not between 0 and 256")]
pub struct WeightOutOfRange(pub i64);

impl Weight {
    /// The weight of a member that names none.
    pub const DEFAULT: Self = Self(1);

    /// Returns the number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<i64> for Weight {
    type Error = WeightOutOfRange;

    fn try_from(value: i64) -> Result<Self, WeightOutOfRange> {
        u16::try_from(value)
            .ok()
            .filter(|weight| *weight <= 256)
            .map(Self)
            .ok_or(WeightOutOfRange(value))
    }
}

/// A server behind a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: Id<Member>,
    /// The project that owns it.
    pub project_id: Option<String>,
    /// The pool it belongs to.
    pub pool_id: Id<Pool>,
    /// Name, at most 255 characters.
    pub name: Option<String>,
    /// The subnet it is reached through.
    pub subnet_id: Option<Id<Subnet>>,
    /// Its address.
    pub ip_address: IpAddr,
    /// The address as the caller wrote it; upstream does not normalise, and compares texts.
    pub ip_address_text: String,
    /// Its port.
    pub protocol_port: u16,
    /// Its share of the traffic; `None` was given as null and counts as the default.
    pub weight: Option<Weight>,
    /// Whether it serves only when no other member can.
    pub backup: bool,
    /// What the controller is doing with it.
    pub provisioning_status: ProvisioningStatus,
    /// What the traffic sees.
    pub operating_status: OperatingStatus,
    /// The administrative state (`admin_state_up`).
    pub enabled: bool,
    /// Where the health monitor asks, if not at the member's address.
    pub monitor_address: Option<IpAddr>,
    /// The monitor's address as the caller wrote it.
    pub monitor_address_text: Option<String>,
    /// The port where the health monitor asks, if not the member's.
    pub monitor_port: Option<u16>,
    /// How its port is attached.
    pub vnic_type: VnicType,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was accepted.
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_between_0_and_256() {
        assert_eq!(Weight::try_from(256).map(Weight::get), Ok(256));
        assert_eq!(Weight::try_from(257), Err(WeightOutOfRange(257)));
        assert_eq!(Weight::try_from(-1), Err(WeightOutOfRange(-1)));
    }
}
