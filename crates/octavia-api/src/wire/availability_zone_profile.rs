use octavia_model::AvailabilityZoneProfile;
use serde_json::{Value, json};

use super::decode::text;
use super::shape::shape;

shape! {
    /// The body of a create call.
    struct AvailabilityZoneProfilePost {
        "name" name: required String = text(255),
        "provider_name" provider_name: required String = text(255),
        "availability_zone_data" availability_zone_data: required String = text(4096),
    }
}

shape! {
    /// The body of an update call.
    struct AvailabilityZoneProfilePut {
        "name" name: optional String = text(255),
        "provider_name" provider_name: optional String = text(255),
        "availability_zone_data" availability_zone_data: optional String = text(4096),
    }
}

/// Shows a profile.
pub(crate) fn view(profile: &AvailabilityZoneProfile) -> Value {
    json!({
        "id": profile.id.to_string(),
        "name": profile.name,
        "provider_name": profile.provider_name,
        "availability_zone_data": profile.data,
    })
}
