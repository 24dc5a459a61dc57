use octavia_model::{AvailabilityZone, AvailabilityZoneProfile, Id};

use super::decode::{boolean, id, text};
use super::shape::shape;
use super::view::view;

shape! {
    /// The body of a create call.
    struct AvailabilityZonePost {
        "name" name: required String = text(255),
        "description" description: optional String = text(255),
        "enabled" enabled: optional bool = boolean,
        "availability_zone_profile_id" profile_id: required Id<AvailabilityZoneProfile> = id,
    }
}

shape! {
    /// The body of an update call; the name stays.
    struct AvailabilityZonePut {
        "description" description: optional String = text(255),
        "enabled" enabled: optional bool = boolean,
    }
}

view! {
    /// An availability zone.
    AvailabilityZone as zone {
        "name": String = zone.name,
        "description": &str = zone.description.as_deref().unwrap_or_default(),
        "enabled": bool = zone.enabled,
        "availability_zone_profile_id": Id<AvailabilityZoneProfile> = zone.profile_id,
    }
}
