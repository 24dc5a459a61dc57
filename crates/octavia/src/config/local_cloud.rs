//! `[local_cloud]`, and the choice of the cloud in `[controller_worker]`.

use octavia_cloud::{Limits, LocalCloudConfig, Mode, SubnetDefinition};

use super::problem::Problem;
use super::reader::Reader;
use super::settings::Name;

const CLOUD: &str = "local_cloud";
const SUBNET: Name = (CLOUD, "subnet");
const COMPUTE_DRIVER: Name = ("controller_worker", "compute_driver");
const CERT_MANAGER: Name = ("certificates", "cert_manager");
const NETWORK_DRIVER: Name = ("controller_worker", "network_driver");
const MEBIBYTE: u64 = 1024 * 1024;

/// The cloud that amphorae live in.
#[derive(Debug, Clone)]
pub(crate) struct CloudRole {
    /// The cloud of this host.
    pub(crate) local: LocalCloudConfig,
    /// The networks that the API asks.
    pub(crate) networks: Networks,
    /// `[certificates] cert_manager` is `noop_cert_manager`: every reference leads to one certificate.
    pub(crate) noop_secrets: bool,
    /// What keeps the API from starting with this configuration.
    pub(crate) api_obstacles: Vec<Problem>,
    /// What keeps a role that builds in the cloud from starting with this configuration.
    pub(crate) obstacles: Vec<Problem>,
}

/// `[controller_worker] network_driver`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Networks {
    /// `network_local_driver`: those of this host.
    Local,
    /// `network_noop_driver`: whatever is asked for exists.
    Noop,
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
    let (networks, api_obstacles) = networks(reader);
    let mut obstacles = Vec::new();
    if reader.text(COMPUTE_DRIVER).as_deref() != Some("compute_local_driver") {
        let later = "other clouds come with a later version; use compute_local_driver";
        obstacles.push(reader.problem(COMPUTE_DRIVER, later));
    }
    obstacles.extend(api_obstacles.iter().cloned());
    if networks == Networks::Noop {
        let nowhere = "amphorae need a network; use network_local_driver";
        obstacles.push(reader.problem(NETWORK_DRIVER, nowhere));
    }
    CloudRole {
        local,
        networks,
        noop_secrets: reader.text(CERT_MANAGER).as_deref() == Some("noop_cert_manager"),
        api_obstacles,
        obstacles,
    }
}

fn networks(reader: &Reader<'_>) -> (Networks, Vec<Problem>) {
    match reader.text(NETWORK_DRIVER).as_deref() {
        Some("network_local_driver") => (Networks::Local, Vec::new()),
        Some("network_noop_driver") => (Networks::Noop, Vec::new()),
        _ => {
            let later = "other clouds come with a later version; use network_local_driver";
            (Networks::Local, vec![reader.problem(NETWORK_DRIVER, later)])
        }
    }
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
