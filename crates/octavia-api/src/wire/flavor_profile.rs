use octavia_model::{FlavorProfile, Id};

use super::decode::text;
use super::shape::shape;
use super::view::view;

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

view! {
    /// A profile of flavors.
    FlavorProfile as profile {
        "id": Id<Self> = profile.id,
        "name": String = profile.name,
        "provider_name": String = profile.provider_name,
        "flavor_data": String = profile.data,
    }
}
