use octavia_model::{AvailabilityZoneProfile, Id};

use super::decode::text;
use super::shape::shape;
use super::view::view;

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

view! {
    /// A profile of availability zones.
    AvailabilityZoneProfile as profile {
        "id": Id<Self> = profile.id,
        "name": String = profile.name,
        "provider_name": String = profile.provider_name,
        "availability_zone_data": String = profile.data,
    }
}
