use octavia_model::{AvailabilityZone, AvailabilityZoneProfile, Id};
use serde_json::{Value, json};

use super::decode::{boolean, id, text};
use super::shape::shape;

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

/// Shows an availability zone.
pub(crate) fn view(zone: &AvailabilityZone) -> Value {
    json!({
        "name": zone.name,
        "description": zone.description.as_deref().unwrap_or_default(),
        "enabled": zone.enabled,
        "availability_zone_profile_id": zone.profile_id.to_string(),
    })
}
