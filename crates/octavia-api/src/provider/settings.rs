//! The settings that profiles of flavors and availability zones hold: a JSON document for a provider.

use std::borrow::Cow;

use octavia_model::{Id, Network, Topology};
use serde_json::{Map, Value};

use super::{is_noop, is_ours, unsupported};
use crate::error::{Error, Result};
use crate::wire::python;

/// A setting that a provider knows.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its key.
    pub name: Cow<'static, str>,
    /// What it says, for operators.
    pub description: Cow<'static, str>,
    kind: Kind,
}

impl Setting {
    /// A setting whose values the provider checks itself.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            kind: Kind::Text,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Flag,
    List,
    Choice(&'static [&'static str]),
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Text | Self::Choice(_) => "string",
            Self::Flag => "boolean",
            Self::List => "array",
        }
    }

    fn holds(self, value: &Value) -> bool {
        match self {
            Self::Text | Self::Choice(_) => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::List => value.is_array(),
        }
    }
}

const fn setting(name: &'static str, kind: Kind, description: &'static str) -> Setting {
    Setting {
        name: Cow::Borrowed(name),
        description: Cow::Borrowed(description),
        kind,
    }
}

/// What a flavor may say to the amphora provider.
static OF_FLAVOR: [Setting; 5] = [
    setting(
        "loadbalancer_topology",
        Kind::Choice(&["ACTIVE_STANDBY", "SINGLE"]),
        "The load balancer topology. One of: SINGLE - One amphora per load balancer. \
         ACTIVE_STANDBY - Two amphora per load balancer.",
    ),
    setting(
        "compute_flavor",
        Kind::Text,
        "The compute driver flavor ID.",
    ),
    setting("amp_image_tag", Kind::Text, "The amphora image tag."),
    setting(
        "sriov_vip",
        Kind::Flag,
        "When true, the VIP port will be created using an SR-IOV VF port.",
    ),
    setting(
        "allow_member_sriov",
        Kind::Flag,
        "When true, users can request a member port be SR-IOV enabled at member creation time.",
    ),
];

/// What a flavor may say to the provider that does nothing.
static OF_NOOP_FLAVOR: [Setting; 1] = [setting(
    "amp_image_tag",
    Kind::Text,
    "The glance image tag to use for this load balancer.",
)];

/// What an availability zone may say to the provider that does nothing.
static OF_NOOP_ZONE: [Setting; 2] = [
    setting(
        "compute_zone",
        Kind::Text,
        "The compute availability zone to use for this loadbalancer.",
    ),
    setting(
        "volume_zone",
        Kind::Text,
        "The volume availability zone to use for this loadbalancer.",
    ),
];

/// What an availability zone may say to the amphora provider.
static OF_ZONE: [Setting; 4] = [
    setting("compute_zone", Kind::Text, "The compute availability zone."),
    setting("volume_zone", Kind::Text, "The volume availability zone."),
    setting(
        "management_network",
        Kind::Text,
        "The management network ID for the amphora.",
    ),
    setting(
        "valid_vip_networks",
        Kind::List,
        "List of network IDs that are allowed for VIP use. This overrides/replaces the list of \
         allowed networks configured in `octavia.conf`.",
    ),
];

/// Returns what a flavor may say to a provider.
pub(crate) fn of_flavor(provider: &str) -> &'static [Setting] {
    if is_noop(provider) {
        &OF_NOOP_FLAVOR
    } else {
        &OF_FLAVOR
    }
}

/// Returns what an availability zone may say to a provider.
pub(crate) fn of_zone(provider: &str) -> &'static [Setting] {
    if is_noop(provider) {
        &OF_NOOP_ZONE
    } else {
        &OF_ZONE
    }
}

/// Reads a profile's document as its provider does, and refuses what the provider does not take.
/// `option` is the name of the document in the text for what is no JSON.
pub(crate) fn read(
    provider: &str,
    known: &[Setting],
    document: &str,
    option: &str,
) -> Result<Map<String, Value>> {
    let value: Value =
        serde_json::from_str(document).map_err(|_| Error::invalid_option(document, option))?;
    let Value::Object(settings) = value else {
        let shown = python::repr(&value);
        return Err(unsupported(format!("{shown} is not of type 'object'")));
    };
    if is_ours(provider) {
        all_known(known, &settings)?;
        for setting in known {
            if let Some(value) = settings.get(&*setting.name) {
                fits(setting, value)?;
            }
        }
    }
    Ok(settings)
}

fn all_known(known: &[Setting], settings: &Map<String, Value>) -> Result<()> {
    let unexpected: Vec<_> = settings
        .keys()
        .filter(|key| known.iter().all(|setting| setting.name != **key))
        .map(|key| python::quoted(key))
        .collect();
    let verb = match unexpected.len() {
        0 => return Ok(()),
        1 => "was",
        _ => "were",
    };
    let names = unexpected.join(", ");
    Err(unsupported(format!(
        "Additional properties are not allowed ({names} {verb} unexpected)"
    )))
}

fn fits(setting: &Setting, value: &Value) -> Result<()> {
    let (name, shown) = (&setting.name, python::repr(value));
    if !setting.kind.holds(value) {
        let kind = setting.kind.name();
        return Err(unsupported(format!(
            "{name} {shown} is not of type '{kind}'"
        )));
    }
    match (setting.kind, value.as_str()) {
        (Kind::Choice(words), Some(word)) if !words.contains(&word) => {
            let words = python::list(words.iter().copied());
            Err(unsupported(format!("{name} {shown} is not one of {words}")))
        }
        _ => Ok(()),
    }
}

/// What a flavor says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FlavorSettings {
    /// How many amphorae.
    pub(crate) topology: Option<Topology>,
    /// The VIP is on a virtual function of the NIC.
    pub(crate) sriov_vip: bool,
    /// Members may ask for a virtual function of the NIC.
    pub(crate) allow_member_sriov: bool,
    /// It chooses the compute flavor or image of the amphorae.
    pub(crate) chooses_compute: bool,
}

impl FlavorSettings {
    /// Reads the document of a flavor's profile.
    pub(crate) fn read(provider: &str, document: &str) -> Result<Self> {
        let settings = read(provider, of_flavor(provider), document, "flavor_data")?;
        let flag = |name: &str| settings.get(name).and_then(Value::as_bool) == Some(true);
        let topology = settings
            .get("loadbalancer_topology")
            .and_then(Value::as_str);
        Ok(Self {
            topology: topology.and_then(|name| name.parse().ok()),
            sriov_vip: flag("sriov_vip"),
            allow_member_sriov: flag("allow_member_sriov"),
            chooses_compute: has_any(&settings, &["compute_flavor", "amp_image_tag"]),
        })
    }
}

/// What an availability zone says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ZoneSettings {
    /// Only these networks may carry VIPs, whatever the configuration says.
    pub(crate) valid_vip_networks: Option<Vec<Id<Network>>>,
    /// It chooses where the amphorae are.
    pub(crate) chooses_compute: bool,
}

impl ZoneSettings {
    /// Reads the document of a zone's profile.
    pub(crate) fn read(provider: &str, document: &str) -> Result<Self> {
        let settings = read(
            provider,
            of_zone(provider),
            document,
            "availability_zone_data",
        )?;
        let networks = settings.get("valid_vip_networks").and_then(Value::as_array);
        Ok(Self {
            // What is no id names no network, so nothing is allowed by it.
            valid_vip_networks: networks.map(|ids| {
                ids.iter()
                    .filter_map(|id| id.as_str()?.parse().ok())
                    .collect()
            }),
            chooses_compute: has_any(
                &settings,
                &["compute_zone", "volume_zone", "management_network"],
            ),
        })
    }
}

fn has_any(settings: &Map<String, Value>, names: &[&str]) -> bool {
    names.iter().any(|name| settings.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(document: &str) -> String {
        FlavorSettings::read("amphora", document)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_named() {
        assert!(refusal(r#"{"b": 1, "a": 2}"#).ends_with("('b', 'a' were unexpected)"));
        assert!(
            refusal(r#"{"loadbalancer_topology": 1}"#)
                .ends_with("loadbalancer_topology 1 is not of type 'string'")
        );
        assert!(
            refusal(r#"{"sriov_vip": null}"#).ends_with("sriov_vip None is not of type 'boolean'")
        );
    }

    #[test]
    fn another_provider_reads_its_settings_itself() {
        let settings = FlavorSettings::read("other", r#"{"speed": 9}"#).unwrap();
        assert_eq!(settings, FlavorSettings::default());
    }
}
