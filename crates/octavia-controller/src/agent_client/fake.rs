use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::DateTime;
use futures_util::future::BoxFuture;
use octavia_amphora_api::agent::{
    AgentStatus, Applied, Refusal, RefusalReason, VrrpState, VrrpStatus,
};
use octavia_amphora_api::{AmphoraConfig, Report};
use octavia_cloud::ServerStatus;
use octavia_cloud::fake::FakeCloud;
use octavia_model::{Amphora, Id, Secret};
use uuid::Uuid;

use super::{AgentAddress, AgentClient, AgentError};

/// Agents in memory, for tests. Each lives in a server of a [`FakeCloud`]: it answers while that
/// runs, keeps what it was told while that exists, and cannot bind a VIP that another holds.
pub struct FakeAgents {
    cloud: Arc<FakeCloud>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    silent: BTreeSet<Id<Amphora>>,
    all_silent: bool,
    served: BTreeMap<Id<Amphora>, AmphoraConfig>,
    certificates: BTreeMap<Id<Amphora>, Secret<String>>,
    refuse_next: Option<Refusal>,
    pushes: usize,
    /// Which of a load balancer's amphorae has its VIPs, where they agree on that.
    masters: BTreeMap<Uuid, Id<Amphora>>,
}

impl FakeAgents {
    /// Makes agents for the servers of a cloud.
    pub fn of(cloud: Arc<FakeCloud>) -> Self {
        Self {
            cloud,
            state: Mutex::default(),
        }
    }

    /// Makes an agent answer nothing.
    pub fn silence(&self, amphora: Id<Amphora>) {
        self.lock().silent.insert(amphora);
    }

    /// Makes all agents answer nothing.
    pub fn silence_all(&self) {
        self.lock().all_silent = true;
    }

    /// Makes all agents answer again.
    pub fn wake_all(&self) {
        let mut state = self.lock();
        state.all_silent = false;
        state.silent.clear();
    }

    /// Makes all agents answer again but those that were silenced by name.
    pub fn wake_all_but_silenced(&self) {
        self.lock().all_silent = false;
    }

    /// Makes the next configuration be refused.
    pub fn refuse_next(&self, refusal: Refusal) {
        self.lock().refuse_next = Some(refusal);
    }

    /// Forgets what an amphora serves, as one that was restarted without its disk.
    pub fn forget(&self, amphora: Id<Amphora>) {
        self.lock().served.remove(&amphora);
    }

    /// Returns what an amphora serves.
    pub fn served(&self, amphora: Id<Amphora>) -> Option<AmphoraConfig> {
        self.lock().served.get(&amphora).cloned()
    }

    /// Returns the certificate that an amphora was given last, after its first.
    pub fn certificate(&self, amphora: Id<Amphora>) -> Option<Secret<String>> {
        self.lock().certificates.get(&amphora).cloned()
    }

    /// Returns how many configurations were accepted.
    pub fn pushes(&self) -> usize {
        self.lock().pushes
    }

    fn call<T>(
        &self,
        agent: AgentAddress,
        answer: impl FnOnce(&mut State) -> Result<T, AgentError>,
    ) -> Result<T, AgentError> {
        let running = self.running();
        let mut state = self.lock();
        let is_silent = state.all_silent || state.silent.contains(&agent.amphora);
        if is_silent || !running.contains(&agent.amphora) {
            return Err(AgentError::Unreachable {
                amphora: agent.amphora,
                source: "connection refused".into(),
            });
        }
        answer(&mut state)
    }

    /// Returns the amphorae whose servers run.
    fn running(&self) -> BTreeSet<Id<Amphora>> {
        let servers = self.cloud.held_servers().into_iter();
        servers
            .filter(|server| server.status == ServerStatus::Active)
            .map(|server| server.amphora_id)
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AgentClient for FakeAgents {
    fn status(&self, agent: AgentAddress) -> BoxFuture<'_, Result<AgentStatus, AgentError>> {
        Box::pin(async move {
            let running = self.running();
            self.call(agent, |state| {
                let served = state.served.get(&agent.amphora);
                Ok(AgentStatus {
                    amphora_id: agent.amphora.uuid(),
                    version: "fake".to_owned(),
                    started_at: DateTime::UNIX_EPOCH,
                    report: Report {
                        generation: served.map(|config| config.generation),
                        ..Report::default()
                    },
                    fault: None,
                    vrrp: state.vrrp_of(agent.amphora, &running),
                })
            })
        })
    }

    fn configure<'a>(
        &'a self,
        agent: AgentAddress,
        config: &'a AmphoraConfig,
    ) -> BoxFuture<'a, Result<Applied, AgentError>> {
        Box::pin(async move {
            let running = self.running();
            self.call(agent, |state| {
                let amphora = agent.amphora;
                let asked_for = state.refuse_next.take();
                if let Some(refusal) = asked_for.or_else(|| state.check(config, &running)) {
                    return Err(AgentError::Refused { amphora, refusal });
                }
                state.served.insert(amphora, config.clone());
                state.pushes += 1;
                Ok(Applied {
                    generation: config.generation,
                })
            })
        })
    }

    fn replace_certificate<'a>(
        &'a self,
        agent: AgentAddress,
        pem: &'a Secret<String>,
    ) -> BoxFuture<'a, Result<(), AgentError>> {
        Box::pin(async move {
            self.call(agent, |state| {
                state.certificates.insert(agent.amphora, pem.clone());
                Ok(())
            })
        })
    }

    fn release(&self, agent: AgentAddress) -> BoxFuture<'_, Result<(), AgentError>> {
        Box::pin(async move {
            self.call(agent, |state| {
                state.served.remove(&agent.amphora);
                Ok(())
            })
        })
    }
}

impl State {
    /// Returns how an amphora stands with its twin: whoever has the VIPs keeps them, and of those
    /// that could have them, the one that wants most takes them.
    fn vrrp_of(
        &mut self,
        amphora: Id<Amphora>,
        running: &BTreeSet<Id<Amphora>>,
    ) -> Option<VrrpStatus> {
        let config = self.served.get(&amphora)?;
        let vrrp = config.vrrp.as_ref()?;
        let able: Vec<_> = self
            .served
            .iter()
            .filter(|(id, other)| {
                other.load_balancer_id == config.load_balancer_id && running.contains(id)
            })
            .filter_map(|(id, other)| Some((other.vrrp.as_ref()?.priority, *id)))
            .collect();
        let wants_most = able.iter().max().map(|(_, id)| *id);
        let known = self.masters.get(&config.load_balancer_id).copied();
        let master = known
            .filter(|known| able.iter().any(|(_, id)| id == known))
            .or(wants_most);
        let peers = vrrp.peers.iter().map(|peer| peer.amphora_id).collect();
        let load_balancer = config.load_balancer_id;
        self.masters
            .extend(master.map(|master| (load_balancer, master)));
        Some(VrrpStatus {
            state: if master == Some(amphora) {
                VrrpState::Master
            } else {
                VrrpState::Backup
            },
            peers,
        })
    }

    /// Refuses what a real agent refuses: a step back, and an address that is in use.
    fn check(&self, config: &AmphoraConfig, running: &BTreeSet<Id<Amphora>>) -> Option<Refusal> {
        let amphora = Id::from_uuid(config.amphora_id);
        let served = self.served.get(&amphora);
        if served.is_some_and(|served| served.generation > config.generation) {
            return Some(Refusal {
                reason: RefusalReason::Outdated,
                message: "a newer generation is served".to_owned(),
            });
        }
        let mut others = self.served.iter().filter(|(other, served)| {
            **other != amphora
                && served.load_balancer_id == config.load_balancer_id
                && running.contains(*other)
                && !(served.vrrp.is_some() && config.vrrp.is_some())
        });
        others.next().map(|(other, _)| Refusal {
            reason: RefusalReason::Host,
            message: format!("address already in use by amphora {other}"),
        })
    }
}
