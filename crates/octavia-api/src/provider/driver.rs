use std::sync::Arc;

use octavia_model::{
    HealthMonitor, L7Rule, LbAlgorithm, Listener, ListenerProtocol, LoadBalancer, Member, Pool,
    Topology, VnicType,
};

use super::Capabilities;
use super::settings::{FlavorSettings, ZoneSettings};
use crate::error::{Error, Result};
use crate::rules::protocol;

/// The provider of one load balancer, and what it refuses: with 501, after all else is found well.
#[derive(Debug, Clone)]
pub(crate) struct Driver {
    carried: Arc<Capabilities>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `amphora` and its aliases.
    Amphora,
    /// Carries nothing, and therefore everything.
    Noop,
}

impl Driver {
    /// Returns the driver that a provider has; `None` is the one of a load balancer that names none.
    pub(super) fn of(provider: Option<&str>, of_amphora: &Arc<Capabilities>) -> Self {
        if provider.is_some_and(super::is_noop) {
            Self {
                carried: Arc::new(Capabilities::everything()),
                kind: Kind::Noop,
            }
        } else {
            Self {
                carried: Arc::clone(of_amphora),
                kind: Kind::Amphora,
            }
        }
    }

    /// Refuses what a load balancer asks for beside its VIP.
    pub(crate) fn vip<Q, G, A>(
        &self,
        qos_policy: Option<&Q>,
        groups: &[G],
        additional: &[A],
    ) -> Result<()> {
        let carried = &self.carried;
        check(carried.additional_vips || additional.is_empty(), || {
            "additional VIPs are not supported yet".to_owned()
        })?;
        check(carried.qos_policies || qos_policy.is_none(), || {
            "QoS policies of VIPs are not supported yet".to_owned()
        })?;
        check(carried.security_groups || groups.is_empty(), || {
            "security groups of VIPs are not supported yet".to_owned()
        })
    }

    /// Refuses a topology.
    pub(crate) fn topology(&self, topology: Topology) -> Result<()> {
        check(self.carried.topologies.contains(&topology), || {
            format!("topology {topology} needs amphorae with interfaces of their own")
        })
    }

    /// Refuses what a flavor and a zone ask for.
    pub(crate) fn choice(&self, flavor: FlavorSettings, zone: &ZoneSettings) -> Result<()> {
        let carried = &self.carried;
        check(carried.sriov || !flavor.sriov_vip, no_sriov)?;
        let chooses = flavor.chooses_compute || zone.chooses_compute;
        check(carried.compute_choices || !chooses, || {
            "choosing image, compute flavor, zone or management network of amphorae is not \
             supported yet"
                .to_owned()
        })
    }

    /// Refuses what a listener asks for.
    pub(crate) fn listener(&self, listener: &Listener) -> Result<()> {
        let (carried, protocol) = (&self.carried, listener.protocol);
        check(carried.listener_protocols.contains(&protocol), || {
            format!("{protocol} protocol listeners are not supported yet")
        })?;
        let ends_tls =
            listener.tls_certificate_id.is_some() || !listener.sni_container_refs.is_empty();
        check(carried.tls || !ends_tls, || {
            "TLS listeners are not supported yet".to_owned()
        })?;
        let limited = !listener.allowed_cidrs.is_empty();
        check(carried.allowed_cidrs || !limited, || {
            "allowed_cidrs are not supported yet".to_owned()
        })
    }

    /// Refuses what a pool asks for.
    pub(crate) fn pool(&self, pool: &Pool) -> Result<()> {
        let (carried, protocol, algorithm) = (&self.carried, pool.protocol, pool.lb_algorithm);
        check(carried.pool_protocols.contains(&protocol), || {
            format!("{protocol} protocol pools are not supported yet")
        })?;
        check(carried.algorithms.contains(&algorithm), || {
            format!("Amphora provider does not support {algorithm} algorithm.")
        })?;
        check(carried.tls || !pool.tls_enabled, || {
            "TLS to members is not supported yet".to_owned()
        })?;
        let kind = pool.session_persistence.as_ref().map(|kept| kept.kind);
        kind.map_or(Ok(()), |kind| {
            check(carried.session_persistence.contains(&kind), || {
                format!("session persistence of type {kind} is not supported yet")
            })
        })
    }

    /// Refuses a pool that upstream's amphora provider refuses in single calls; a tree is let
    /// through, as upstream does.
    pub(crate) fn pool_alone(&self, pool: &Pool) -> Result<()> {
        let refused = pool.lb_algorithm == LbAlgorithm::SourceIpPort;
        self.limit(!refused, || {
            "Amphora provider does not support SOURCE_IP_PORT algorithm.".to_owned()
        })
    }

    /// Refuses a type of health monitors.
    pub(crate) fn health_monitor(&self, monitor: &HealthMonitor) -> Result<()> {
        let kind = monitor.kind;
        check(self.carried.health_monitors.contains(&kind), || {
            format!("health monitors of type {kind} are not supported yet")
        })
    }

    /// Refuses what a member asks for.
    pub(crate) fn member(&self, member: &Member) -> Result<()> {
        let wanted = member.vnic_type == VnicType::Direct;
        check(self.carried.sriov || !wanted, no_sriov)
    }

    /// Refuses a member whose address family none of the VIPs has, where datagrams are carried: the
    /// data plane does not translate them.
    pub(crate) fn same_family(
        &self,
        load_balancer: &LoadBalancer,
        pool: &Pool,
        member: &Member,
    ) -> Result<()> {
        let additional = load_balancer.additional_vips.iter();
        let mut vips = std::iter::once(load_balancer.vip.ip_address)
            .chain(additional.map(|vip| vip.ip_address))
            .flatten();
        let served = protocol::is_datagram(pool.protocol) && !pool.listeners.is_empty();
        let same = vips.any(|vip| vip.is_ipv4() == member.ip_address.is_ipv4());
        self.limit(same || !served, || {
            format!(
                "This provider doesn't support mixing IPv4 and IPv6 addresses for its VIP and \
                 members in {} load balancers.",
                pool.protocol
            )
        })
    }

    /// Refuses L7 policies where there are none.
    pub(crate) fn l7_policies(&self) -> Result<()> {
        check(!self.carried.l7_rules.is_empty(), || {
            "L7 policies are not supported yet".to_owned()
        })
    }

    /// Refuses policies of a listener whose requests the amphora does not read; a tree is let
    /// through, as upstream does.
    pub(crate) fn l7_policies_alone(&self, listener: &Listener) -> Result<()> {
        use ListenerProtocol::{Http, TerminatedHttps};
        let protocol = listener.protocol;
        self.limit(matches!(protocol, Http | TerminatedHttps), || {
            format!("{protocol} protocol listeners do not support L7 policies")
        })
    }

    /// Refuses a type of L7 rules.
    pub(crate) fn l7_rule(&self, rule: &L7Rule) -> Result<()> {
        let kind = rule.kind;
        check(self.carried.l7_rules.contains(&kind), || {
            format!("L7 rules of type {kind} are not supported yet")
        })
    }

    /// Refuses what upstream's amphora provider refuses, too.
    fn limit(&self, fine: bool, what: impl FnOnce() -> String) -> Result<()> {
        check(fine || self.kind == Kind::Noop, what)
    }
}

fn no_sriov() -> String {
    "SR-IOV ports are not supported yet".to_owned()
}

/// Refuses what the provider does not carry.
fn check(carried: bool, what: impl FnOnce() -> String) -> Result<()> {
    if carried {
        Ok(())
    } else {
        Err(unsupported(what()))
    }
}

/// Says that the amphora provider does not support something.
pub(super) fn unsupported(what: impl Into<String>) -> Error {
    Error::Unsupported {
        provider: "amphora".to_owned(),
        what: what.into(),
    }
}
