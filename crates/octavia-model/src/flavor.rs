use crate::Id;

/// What operators offer for load balancers: a name for the settings of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flavor {
    /// Its id.
    pub id: Id<Flavor>,
    /// Its name; no two flavors have the same.
    pub name: String,
    /// Description, at most 255 characters.
    pub description: Option<String>,
    /// Whether new load balancers may use it.
    pub enabled: bool,
    /// Where its settings are.
    pub profile_id: Id<FlavorProfile>,
}

/// Settings of a provider for load balancers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlavorProfile {
    /// Its id.
    pub id: Id<FlavorProfile>,
    /// Its name; others may have the same.
    pub name: String,
    /// The provider that understands the settings.
    pub provider_name: String,
    /// The settings: a JSON document, as the operator wrote it.
    pub data: String,
}
