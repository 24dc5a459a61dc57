use std::collections::BTreeSet;

use octavia_model::{
    HealthMonitorType, L7RuleType, LbAlgorithm, ListenerProtocol, PoolProtocol,
    SessionPersistenceType, Topology,
};

/// What the data plane of the `amphora` provider carries; the rest is refused with 501.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a feature that comes on its own"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Protocols of listeners.
    pub listener_protocols: BTreeSet<ListenerProtocol>,
    /// Protocols of pools.
    pub pool_protocols: BTreeSet<PoolProtocol>,
    /// Balancing algorithms.
    pub algorithms: BTreeSet<LbAlgorithm>,
    /// Kinds of session persistence.
    pub session_persistence: BTreeSet<SessionPersistenceType>,
    /// Types of health monitors.
    pub health_monitors: BTreeSet<HealthMonitorType>,
    /// Types of L7 rules; with none, L7 policies are refused.
    pub l7_rules: BTreeSet<L7RuleType>,
    /// TLS at listeners and towards members.
    pub tls: bool,
    /// `allowed_cidrs` of listeners.
    pub allowed_cidrs: bool,
    /// `additional_vips` of load balancers.
    pub additional_vips: bool,
    /// `vip_sg_ids` of load balancers.
    pub security_groups: bool,
    /// `vip_qos_policy_id` of load balancers.
    pub qos_policies: bool,
    /// How many amphorae a flavor may ask for.
    pub topologies: BTreeSet<Topology>,
    /// VIPs and members on virtual functions of the NIC.
    pub sriov: bool,
    /// Compute flavor, image, zones and management network, as flavors and zones choose them.
    pub compute_choices: bool,
}

impl Capabilities {
    /// Returns the set that refuses nothing.
    pub fn everything() -> Self {
        Self {
            listener_protocols: all(ListenerProtocol::ALL),
            pool_protocols: all(PoolProtocol::ALL),
            algorithms: all(LbAlgorithm::ALL),
            session_persistence: all(SessionPersistenceType::ALL),
            health_monitors: all(HealthMonitorType::ALL),
            l7_rules: all(L7RuleType::ALL),
            tls: true,
            allowed_cidrs: true,
            additional_vips: true,
            security_groups: true,
            qos_policies: true,
            topologies: all(Topology::ALL),
            sriov: true,
            compute_choices: true,
        }
    }
}

impl Capabilities {
    /// Returns what is carried by amphorae that share the addresses of one host: none of them could
    /// hand an address over to another.
    pub fn on_one_host() -> Self {
        Self {
            topologies: all(&[Topology::Single]),
            ..Self::default()
        }
    }
}

impl Default for Capabilities {
    /// What the proxy carries today.
    fn default() -> Self {
        Self {
            listener_protocols: all(&[
                ListenerProtocol::Http,
                ListenerProtocol::Https,
                ListenerProtocol::Prometheus,
                ListenerProtocol::Tcp,
                ListenerProtocol::TerminatedHttps,
                ListenerProtocol::Udp,
            ]),
            pool_protocols: all(&[
                PoolProtocol::Http,
                PoolProtocol::Https,
                PoolProtocol::Proxy,
                PoolProtocol::ProxyV2,
                PoolProtocol::Tcp,
                PoolProtocol::Udp,
            ]),
            algorithms: all(LbAlgorithm::ALL),
            session_persistence: all(SessionPersistenceType::ALL),
            health_monitors: all(&[
                HealthMonitorType::Http,
                HealthMonitorType::Https,
                HealthMonitorType::Ping,
                HealthMonitorType::Tcp,
                HealthMonitorType::TlsHello,
                HealthMonitorType::UdpConnect,
            ]),
            l7_rules: all(L7RuleType::ALL),
            tls: true,
            allowed_cidrs: true,
            additional_vips: false,
            security_groups: false,
            qos_policies: false,
            topologies: all(Topology::ALL),
            sriov: false,
            compute_choices: false,
        }
    }
}

fn all<T: Copy + Ord>(items: &[T]) -> BTreeSet<T> {
    items.iter().copied().collect()
}
