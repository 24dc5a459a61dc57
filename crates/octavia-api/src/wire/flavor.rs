use octavia_model::{Flavor, FlavorProfile, Id};
use serde_json::{Value, json};

use super::decode::{boolean, id, text};
use super::shape::shape;

shape! {
    /// The body of a create call.
    struct FlavorPost {
        "name" name: required String = text(255),
        "description" description: optional String = text(255),
        "enabled" enabled: optional bool = boolean,
        "flavor_profile_id" flavor_profile_id: required Id<FlavorProfile> = id,
    }
}

shape! {
    /// The body of an update call.
    struct FlavorPut {
        "name" name: optional String = text(255),
        "description" description: optional String = text(255),
        "enabled" enabled: optional bool = boolean,
    }
}

/// Shows a flavor.
pub(crate) fn view(flavor: &Flavor) -> Value {
    json!({
        "id": flavor.id.to_string(),
        "name": flavor.name,
        "description": flavor.description.as_deref().unwrap_or_default(),
        "enabled": flavor.enabled,
        "flavor_profile_id": flavor.profile_id.to_string(),
    })
}
