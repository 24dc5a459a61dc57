//! Talking to the agents of amphorae.

mod fake;
mod https;

use std::net::IpAddr;

use futures_util::future::BoxFuture;
use octavia_amphora_api::AmphoraConfig;
use octavia_amphora_api::agent::{AgentStatus, Applied, Refusal, RefusalReason};
use octavia_model::{Amphora, Id, Secret};

pub use fake::FakeAgents;
pub use https::{ClientIdentity, HttpsAgents};

/// The agents of all amphorae.
pub trait AgentClient: Send + Sync {
    /// Returns what an agent says of itself.
    fn status(&self, agent: AgentAddress) -> BoxFuture<'_, Result<AgentStatus, AgentError>>;

    /// Has an agent serve a configuration, and returns once it does.
    fn configure<'a>(
        &'a self,
        agent: AgentAddress,
        config: &'a AmphoraConfig,
    ) -> BoxFuture<'a, Result<Applied, AgentError>>;

    /// Gives an agent a new certificate: PEM, certificate then key.
    fn replace_certificate<'a>(
        &'a self,
        agent: AgentAddress,
        pem: &'a Secret<String>,
    ) -> BoxFuture<'a, Result<(), AgentError>>;

    /// Has an agent let go of everything that it serves.
    fn release(&self, agent: AgentAddress) -> BoxFuture<'_, Result<(), AgentError>>;
}

/// Who an agent is, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentAddress {
    /// The amphora; its certificate must carry this name.
    pub amphora: Id<Amphora>,
    /// Its management address.
    pub address: IpAddr,
}

/// What can go wrong with an agent.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// It did not answer.
    #[error("reach the agent of amphora {amphora}")]
    Unreachable {
        /// The amphora.
        amphora: Id<Amphora>,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It refused.
    #[error("amphora {amphora} refused: {}", refusal.message)]
    Refused {
        /// The amphora.
        amphora: Id<Amphora>,
        /// Its words.
        refusal: Refusal,
    },
    /// It answered what no agent of ours answers.
    #[error("the agent of amphora {amphora} answered {status}: {body}")]
    Unexpected {
        /// The amphora.
        amphora: Id<Amphora>,
        /// The status of the answer.
        status: u16,
        /// The first characters of its body.
        body: String,
    },
}

impl AgentError {
    /// Tells whether the same call may succeed later.
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Unexpected { .. } => true,
            Self::Refused { refusal, .. } => match refusal.reason {
                RefusalReason::Host => true,
                RefusalReason::Invalid | RefusalReason::Outdated | RefusalReason::Misdirected => {
                    false
                }
            },
        }
    }
}
