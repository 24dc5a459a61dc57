use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::DateTime;
use futures_util::future::BoxFuture;
use octavia_amphora_api::agent::{AgentStatus, Applied, Refusal, RefusalReason};
use octavia_amphora_api::{AmphoraConfig, Report};
use octavia_model::{Amphora, Id, Secret};

use super::{AgentAddress, AgentClient, AgentError};

/// Agents in memory, for tests: each answers and remembers what it was told, unless it is silent.
#[derive(Default)]
pub struct FakeAgents {
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
}

impl FakeAgents {
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
        let mut state = self.lock();
        if state.all_silent || state.silent.contains(&agent.amphora) {
            return Err(AgentError::Unreachable {
                amphora: agent.amphora,
                source: "connection refused".into(),
            });
        }
        answer(&mut state)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AgentClient for FakeAgents {
    fn status(&self, agent: AgentAddress) -> BoxFuture<'_, Result<AgentStatus, AgentError>> {
        Box::pin(async move {
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
            self.call(agent, |state| {
                let amphora = agent.amphora;
                if let Some(refusal) = state
                    .refuse_next
                    .take()
                    .or_else(|| state.check(agent, config))
                {
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
    /// Refuses what a real agent refuses: another's document, and a step back.
    fn check(&self, agent: AgentAddress, config: &AmphoraConfig) -> Option<Refusal> {
        let refusal = |reason, message: &str| {
            Some(Refusal {
                reason,
                message: message.to_owned(),
            })
        };
        if config.amphora_id != agent.amphora.uuid() {
            return refusal(RefusalReason::Misdirected, "another amphora");
        }
        let served = self.served.get(&agent.amphora)?;
        if served.generation > config.generation {
            return refusal(RefusalReason::Outdated, "a newer generation is served");
        }
        None
    }
}
