use octavia_model::{Flavor, FlavorProfile, Id};

use super::decode::{boolean, id, text};
use super::shape::shape;
use super::view::view;

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

view! {
    /// A flavor.
    Flavor as flavor {
        "id": Id<Self> = flavor.id,
        "name": String = flavor.name,
        "description": &str = flavor.description.as_deref().unwrap_or_default(),
        "enabled": bool = flavor.enabled,
        "flavor_profile_id": Id<FlavorProfile> = flavor.profile_id,
    }
}
