use octavia_model::FlavorProfile;
use serde_json::{Value, json};

use super::decode::text;
use super::shape::shape;

shape! {
    /// The body of a create call.
    struct FlavorProfilePost {
        "name" name: required String = text(255),
        "provider_name" provider_name: required String = text(255),
        "flavor_data" flavor_data: required String = text(4096),
    }
}

shape! {
    /// The body of an update call.
    struct FlavorProfilePut {
        "name" name: optional String = text(255),
        "provider_name" provider_name: optional String = text(255),
        "flavor_data" flavor_data: optional String = text(4096),
    }
}

/// Shows a profile.
pub(crate) fn view(profile: &FlavorProfile) -> Value {
    json!({
        "id": profile.id.to_string(),
        "name": profile.name,
        "provider_name": profile.provider_name,
        "flavor_data": profile.data,
    })
}
