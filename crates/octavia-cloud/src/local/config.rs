use std::path::PathBuf;

use ipnet::IpNet;

use crate::{Error, Result, SubnetDefinition};

/// What the local cloud is told.
#[derive(Debug, Clone)]
pub struct LocalCloudConfig {
    /// Where state is kept; the cloud uses the directory `cloud` in it.
    pub state_dir: PathBuf,
    /// How amphorae are kept apart.
    pub mode: Mode,
    /// The subnets; when empty, `private-subnet` of network `private`, with addresses that suit
    /// the mode.
    pub subnets: Vec<SubnetDefinition>,
    /// The addresses of agents; some that suit the mode if absent.
    pub management: Option<IpNet>,
    /// The program of an amphora; this very program if absent.
    pub program: Option<PathBuf>,
    /// Arguments that follow the ones that every amphora gets.
    pub extra_arguments: Vec<String>,
    /// What an amphora may use.
    pub limits: Limits,
}

impl LocalCloudConfig {
    /// Returns the default configuration, with its state in `state_dir`.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        Self {
            state_dir: state_dir.into(),
            mode: Mode::Auto,
            subnets: Vec::new(),
            management: None,
            program: None,
            extra_arguments: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// How amphorae are to be kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// In network namespaces if they can be made here, else as processes.
    #[default]
    Auto,
    /// Each in a network namespace of its own; needs root.
    Namespace,
    /// As processes that share the host's loopback addresses.
    Process,
}

/// How amphorae are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Each has a network namespace of its own.
    Namespace,
    /// They share the host's loopback addresses.
    Process,
}

impl Isolation {
    /// Returns the word that is kept on disk.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Process => "process",
        }
    }

    /// Returns the subnets to use when none are configured.
    pub(super) fn default_subnets(self) -> Vec<SubnetDefinition> {
        let cidr = match self {
            Self::Namespace => "10.98.0.0/24",
            Self::Process => "127.98.0.0/24",
        };
        let cidr = cidr.parse().expect("the default subnet is well formed");
        vec![SubnetDefinition::new("private-subnet", "private", cidr)]
    }

    /// Returns the addresses of agents to use when none are configured.
    pub(super) fn default_management(self) -> IpNet {
        let cidr = match self {
            Self::Namespace => "10.99.0.0/16",
            Self::Process => "127.99.0.0/16",
        };
        cidr.parse().expect("the default network is well formed")
    }

    /// Refuses a subnet that cannot be used this way.
    pub(super) fn check(self, name: &str, cidr: IpNet) -> Result<()> {
        let suits = match self {
            Self::Namespace => !cidr.addr().is_loopback(),
            Self::Process => cidr.addr().is_ipv4() && cidr.addr().is_loopback(),
        };
        if suits {
            return Ok(());
        }
        Err(Error::Refused(match self {
            Self::Namespace => {
                format!("subnet {name}: {cidr} is loopback, which namespaces cannot share")
            }
            Self::Process => format!(
                "subnet {name}: {cidr} is not inside 127.0.0.0/8; other addresses need root and \
                 the namespace mode"
            ),
        }))
    }
}

/// What an amphora may use, where the host has control groups. Nothing is limited by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// CPU time in percent of one core.
    pub cpu_percent: Option<u32>,
}
