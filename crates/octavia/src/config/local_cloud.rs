//! `[local_cloud]`, and the choice of the cloud in `[controller_worker]`.

use octavia_cloud::{Limits, LocalCloudConfig, Mode, SubnetDefinition};

use super::problem::Problem;
use super::reader::Reader;
use super::settings::Name;

const CLOUD: &str = "local_cloud";
const SUBNET: Name = (CLOUD, "subnet");
/// The drivers of a cloud that we have, and what is said of another one.
const DRIVERS: [(Name, &str, &str); 2] = [
    (
        ("controller_worker", "compute_driver"),
        "compute_local_driver",
        "other clouds come with a later version; use compute_local_driver",
    ),
    (
        ("controller_worker", "network_driver"),
        "network_local_driver",
        "other clouds come with a later version; use network_local_driver",
    ),
];
const MEBIBYTE: u64 = 1024 * 1024;

/// The cloud that amphorae live in.
#[derive(Debug, Clone)]
pub(crate) struct CloudRole {
    /// The cloud of this host.
    pub(crate) local: LocalCloudConfig,
    /// What keeps a role that needs a cloud from starting with this configuration.
    pub(crate) obstacles: Vec<Problem>,
}

/// Reads the options.
pub(super) fn read(reader: &Reader<'_>) -> CloudRole {
    let state_dir = reader.path((CLOUD, "state_dir")).unwrap_or_default();
    let local = LocalCloudConfig {
        mode: mode(reader),
        subnets: subnets(reader),
        management: reader.parsed(
            (CLOUD, "management_cidr"),
            "it is a range of addresses: 10.99.0.0/16",
        ),
        limits: limits(reader),
        ..LocalCloudConfig::new(state_dir)
    };
    let obstacles = DRIVERS
        .into_iter()
        .filter(|(name, ours, _)| reader.text(*name).as_deref() != Some(*ours))
        .map(|(name, _, instead)| reader.problem(name, instead))
        .collect();
    CloudRole { local, obstacles }
}

fn mode(reader: &Reader<'_>) -> Mode {
    match reader.text((CLOUD, "isolation")).as_deref() {
        Some("namespace") => Mode::Namespace,
        Some("process") => Mode::Process,
        _ => Mode::Auto,
    }
}

fn subnets(reader: &Reader<'_>) -> Vec<SubnetDefinition> {
    let subnet = |text: &String| {
        let mut words = text.split_whitespace();
        let (name, network, cidr) = (words.next()?, words.next()?, words.next()?);
        let nothing_else = words.next().is_none();
        let cidr = cidr.parse().ok().filter(|_| nothing_else)?;
        Some(SubnetDefinition::new(name, network, cidr))
    };
    let texts = reader.list(SUBNET);
    let found: Vec<_> = texts.iter().filter_map(subnet).collect();
    if found.len() < texts.len() {
        reader.refuse(
            SUBNET,
            "it is a name, a network's name and its addresses: private-subnet private 10.98.0.0/24",
        );
    }
    found
}

fn limits(reader: &Reader<'_>) -> Limits {
    let limit = |name: Name| reader.integer(name).map(|_| reader.number::<u32>(name));
    Limits {
        memory_bytes: limit((CLOUD, "amphora_memory")).map(|mib| u64::from(mib) * MEBIBYTE),
        cpu_percent: limit((CLOUD, "amphora_cpu")),
    }
}
