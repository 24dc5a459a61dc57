use crate::Id;

/// Where load balancers may be: a name for the settings of a profile. The name is its identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityZone {
    /// Its name; no two zones have the same.
    pub name: String,
    /// Description, at most 255 characters.
    pub description: Option<String>,
    /// Whether new load balancers may be there.
    pub enabled: bool,
    /// Where its settings are.
    pub profile_id: Id<AvailabilityZoneProfile>,
}

/// Settings of a provider for a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityZoneProfile {
    /// Its id.
    pub id: Id<AvailabilityZoneProfile>,
    /// Its name; others may have the same.
    pub name: String,
    /// The provider that understands the settings.
    pub provider_name: String,
    /// The settings: a JSON document, as the operator wrote it.
    pub data: String,
}
