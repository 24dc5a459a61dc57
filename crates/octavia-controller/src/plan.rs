//! The planner: from what is wanted and what is seen to the next actions. Pure.
//!
//! All thinking is here. There is no undo and no journal: whoever looks next plans from what is
//! there. An action is only planned when the look shows that it is missing, so a plan never
//! undoes itself, and everything that nobody wants any more is planned away by the same look.

mod action;
mod amphora;
mod pair;
mod removal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use octavia_cloud::{Port, PortPurpose, Server};
use octavia_model::{
    Amphora, AmphoraRole, AmphoraStatus, Id, LoadBalancerTree, ProvisioningStatus,
    Subnet as SubnetId, Topology, VrrpGroup,
};
use octavia_store::Reconciliation;

pub use action::Action;

use crate::document::AmphoraNetworking;

/// What is wanted of a load balancer.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The load balancer with all below it.
    pub tree: LoadBalancerTree,
    /// Where the reconciler stands with it.
    pub reconciliation: Reconciliation,
    /// What its amphorae share, if it has a pair.
    pub vrrp_group: Option<VrrpGroup>,
}

/// What was seen of the world.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The ports made for the load balancer, and its VIP's if somebody else made that.
    pub ports: Vec<Port>,
    /// The servers made for it.
    pub servers: Vec<Server>,
    /// What the agents of running servers say.
    pub agents: BTreeMap<Id<Amphora>, AgentSeen>,
    /// How those that have a twin stand with it.
    pub pairs: BTreeMap<Id<Amphora>, PairSeen>,
}

/// How an amphora stands with its twin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PairSeen {
    /// Whether it has the VIPs.
    pub is_master: bool,
    /// The amphorae that it knows as its peers.
    pub peers: BTreeSet<Id<Amphora>>,
}

/// What an agent says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentSeen {
    /// Nothing.
    Silent,
    /// It answers, and serves this generation; `None` when it serves nothing.
    Serves(Option<u64>),
}

/// What a plan depends on beside the wish and the world.
#[derive(Debug, Clone, Copy)]
pub struct PlanSettings {
    /// Where the addresses of amphorae live.
    pub networking: AmphoraNetworking,
    /// How long a new amphora may take until its agent answers.
    pub boot_timeout: Duration,
    /// How long to wait for the agent of one that is not new.
    pub agent_patience: Duration,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Nothing: the world is as wanted.
    Converged,
    /// These, in this order; then look again.
    Act(Vec<Action>),
    /// Nothing until something happens, or until this moment; then look again.
    Wait {
        /// When waiting has been in vain.
        until: DateTime<Utc>,
        /// For what.
        why: Waiting,
    },
}

/// What a plan waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// The server of an amphora is being made.
    Server(Id<Amphora>),
    /// The agent of an amphora does not answer yet.
    Agent(Id<Amphora>),
    /// None of a pair has the VIPs yet.
    Master,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(amphora) => write!(f, "wait for the server of amphora {amphora}"),
            Self::Agent(amphora) => write!(f, "wait for the agent of amphora {amphora}"),
            Self::Master => f.write_str("wait until one of the pair has the VIP"),
        }
    }
}

/// Returns what to do next.
pub fn plan(wanted: &Wanted, seen: &Observed, settings: &PlanSettings, now: DateTime<Utc>) -> Plan {
    let view = View {
        wanted,
        seen,
        settings,
        now,
    };
    if wanted.is_deletion() {
        return act_or_converged(removal::everything(&view));
    }
    if let Some(plan) = view.condemned_now() {
        return plan;
    }
    let mut steps = Steps::default();
    steps.act(removal::orphans(&view));
    view.vip_port(&mut steps);
    view.missing_amphorae(&mut steps);
    let ready: Vec<_> = view
        .kept()
        .map(|amphora| amphora::steps(&view, amphora, &mut steps))
        .collect();
    if pair::is_one(&view) {
        pair::steps(&view, &ready, &mut steps);
    } else {
        removal::condemned(&view, &ready, &mut steps);
    }
    steps.into_plan()
}

/// How far an amphora is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    /// Its agent does not answer yet.
    Making,
    /// Its agent answers and it could serve.
    Ready,
    /// It serves what is wanted.
    Serving,
}

/// The planner's question and all that the answer depends on.
struct View<'a> {
    wanted: &'a Wanted,
    seen: &'a Observed,
    settings: &'a PlanSettings,
    now: DateTime<Utc>,
}

/// What was found to do, and to wait for.
#[derive(Default)]
struct Steps {
    actions: Vec<Action>,
    wait: Option<(DateTime<Utc>, Waiting)>,
}

impl Wanted {
    /// Tells whether the load balancer is to go.
    pub fn is_deletion(&self) -> bool {
        self.reconciliation.deleting
    }

    /// Tells whether an amphora is to go: a failover was asked for, or it was given up.
    fn is_condemned(&self, amphora: &Amphora) -> bool {
        amphora.status == AmphoraStatus::PendingDelete
            || self.reconciliation.unwanted_amphorae.contains(&amphora.id)
    }

    /// Returns the generation of the configuration that makes the wish true.
    pub fn generation(&self) -> u64 {
        u64::try_from(self.reconciliation.wanted).unwrap_or(0)
    }
}

impl<'a> View<'a> {
    /// Returns the amphorae that are to stay.
    fn kept(&self) -> impl Iterator<Item = &'a Amphora> + use<'a> {
        let wanted = self.wanted;
        let amphorae = wanted.tree.amphorae.iter();
        amphorae.filter(|amphora| !wanted.is_condemned(amphora))
    }

    /// Returns the amphorae that are to go once they can be spared.
    fn condemned(&self) -> impl Iterator<Item = &'a Amphora> + use<'a> {
        let wanted = self.wanted;
        let amphorae = wanted.tree.amphorae.iter();
        amphorae.filter(|amphora| wanted.is_condemned(amphora))
    }

    /// Returns when an agent that is not new has been silent for too long.
    fn patience(&self) -> DateTime<Utc> {
        self.now + amphora::delta(self.settings.agent_patience)
    }

    fn server_of(&self, amphora: Id<Amphora>) -> Option<&'a Server> {
        self.seen
            .servers
            .iter()
            .find(|server| server.amphora_id == amphora)
    }

    fn port_for(&self, purpose: PortPurpose) -> Option<&'a Port> {
        self.seen
            .ports
            .iter()
            .find(|port| port.purpose == Some(purpose))
    }

    /// Returns the plan that ends the hopes in some amphorae, if there are such. It stands alone:
    /// which amphorae are to stay must be on record before anything else is decided.
    fn condemned_now(&self) -> Option<Plan> {
        let is_surplus = |position| position >= self.roles().len();
        let lost = self
            .kept()
            .enumerate()
            .filter(|(position, amphora)| is_surplus(*position) || amphora::is_lost(self, amphora));
        let unwanted = self
            .condemned()
            .filter(|amphora| amphora.status != AmphoraStatus::PendingDelete);
        let ids: Vec<_> = lost
            .map(|(_, amphora)| amphora)
            .chain(unwanted)
            .map(|amphora| amphora.id)
            .collect();
        (!ids.is_empty()).then(|| Plan::Act(vec![Action::Condemn(ids)]))
    }

    /// Returns a role for each amphora that the topology asks for.
    fn roles(&self) -> &'static [AmphoraRole] {
        match self.wanted.tree.load_balancer.topology {
            None | Some(Topology::Single) => &[AmphoraRole::Standalone],
            Some(Topology::ActiveStandby) => &[AmphoraRole::Master, AmphoraRole::Backup],
        }
    }

    fn vip_port(&self, steps: &mut Steps) {
        let load_balancer = &self.wanted.tree.load_balancer;
        let vip = &load_balancer.vip;
        let port = self.seen.ports.iter().find(|port| {
            vip.port_id == Some(port.id) || port.purpose == Some(PortPurpose::Vip(load_balancer.id))
        });
        let is_recorded =
            vip.ip_address.is_some() && port.is_some_and(|p| vip.port_id == Some(p.id));
        if !is_recorded {
            steps.act([Action::EnsureVipPort]);
        }
    }

    fn missing_amphorae(&self, steps: &mut Steps) {
        let taken: Vec<_> = self.kept().filter_map(|amphora| amphora.role).collect();
        let missing = self.roles().iter().filter(|role| !taken.contains(role));
        let count = self.roles().len().saturating_sub(self.kept().count());
        steps.act(missing.take(count).map(|role| Action::RecordAmphora(*role)));
    }

    /// Returns the subnets of members that an amphora cannot reach through the VIP's.
    fn member_subnets(&self) -> BTreeSet<Id<SubnetId>> {
        if self.settings.networking == AmphoraNetworking::Host {
            return BTreeSet::new();
        }
        let vip_subnet = self.wanted.tree.load_balancer.vip.subnet_id;
        self.wanted
            .tree
            .pools
            .iter()
            .flat_map(|pool| &pool.members)
            .filter(|member| member.provisioning_status != ProvisioningStatus::PendingDelete)
            .filter_map(|member| member.subnet_id)
            .filter(|subnet| Some(*subnet) != vip_subnet)
            .collect()
    }
}

impl Steps {
    fn act(&mut self, actions: impl IntoIterator<Item = Action>) {
        self.actions.extend(actions);
    }

    fn wait(&mut self, until: DateTime<Utc>, why: Waiting) {
        if self.wait.is_none_or(|(earlier, _)| until < earlier) {
            self.wait = Some((until, why));
        }
    }

    fn into_plan(self) -> Plan {
        match self.wait {
            Some((until, why)) if self.actions.is_empty() => Plan::Wait { until, why },
            _ => act_or_converged(self.actions),
        }
    }
}

fn act_or_converged(actions: Vec<Action>) -> Plan {
    if actions.is_empty() {
        Plan::Converged
    } else {
        Plan::Act(actions)
    }
}
