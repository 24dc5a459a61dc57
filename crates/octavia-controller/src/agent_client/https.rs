use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use octavia_amphora_api::AmphoraConfig;
use octavia_amphora_api::agent::{
    AgentStatus, Applied, CERTIFICATE_PATH, CONFIG_PATH, Refusal, STATUS_PATH,
};
use octavia_model::Secret;
use reqwest::{Certificate, Client, Identity, RequestBuilder, Response, StatusCode};

use super::{AgentAddress, AgentClient, AgentError};
use crate::config::AmphoraSettings;
use crate::error::{Error, Result};

/// How many agents' connections are kept; with more, all begin anew.
const CLIENTS_MAX: usize = 4096;

/// How much of an answer that makes no sense is kept for people.
const EXCERPT_CHARS: usize = 200;

/// With what the controller shows itself to agents, and checks them.
#[derive(Debug, Clone)]
pub struct ClientIdentity {
    /// The controller's certificate and key, PEM.
    pub certificate_and_key: Secret<String>,
    /// The authorities that sign agents' certificates, PEM.
    pub server_authorities: String,
}

/// Agents behind HTTPS with certificates on both sides. Connections are kept between calls.
pub struct HttpsAgents {
    identity: Identity,
    authorities: Vec<Certificate>,
    settings: AmphoraSettings,
    clients: Mutex<HashMap<AgentAddress, Client>>,
}

impl HttpsAgents {
    /// Makes a client; connects to nothing yet.
    pub fn new(identity: &ClientIdentity, settings: AmphoraSettings) -> Result<Self> {
        let wrong = |source| Error::certificate("read the controller's certificate", source);
        Ok(Self {
            identity: Identity::from_pem(identity.certificate_and_key.reveal().as_bytes())
                .map_err(wrong)?,
            authorities: Certificate::from_pem_bundle(identity.server_authorities.as_bytes())
                .map_err(wrong)?,
            settings,
            clients: Mutex::new(HashMap::new()),
        })
    }

    /// Returns the client of one agent. The name that its certificate must carry is the amphora's
    /// id, which no resolver knows: it is bound to the address here.
    fn client(&self, agent: AgentAddress) -> std::result::Result<Client, AgentError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&agent) {
            return Ok(client.clone());
        }
        let client = self.connect(agent).map_err(|e| unreachable(agent, e))?;
        // Amphorae come and go, and nobody tells which are gone.
        if clients.len() >= CLIENTS_MAX {
            clients.clear();
        }
        clients.insert(agent, client.clone());
        Ok(client)
    }

    fn connect(&self, agent: AgentAddress) -> reqwest::Result<Client> {
        Client::builder()
            .identity(self.identity.clone())
            .tls_certs_only(self.authorities.clone())
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.settings.connect_timeout)
            .timeout(self.settings.read_timeout)
            .resolve(
                &agent.amphora.to_string(),
                SocketAddr::new(agent.address, self.settings.bind_port),
            )
            .build()
    }

    fn url(&self, agent: AgentAddress, path: &str) -> String {
        format!(
            "https://{}:{}{path}",
            agent.amphora, self.settings.bind_port
        )
    }
}

impl AgentClient for HttpsAgents {
    fn status(
        &self,
        agent: AgentAddress,
    ) -> BoxFuture<'_, std::result::Result<AgentStatus, AgentError>> {
        Box::pin(async move {
            let request = self.client(agent)?.get(self.url(agent, STATUS_PATH));
            read(agent, send(agent, request).await?).await
        })
    }

    fn configure<'a>(
        &'a self,
        agent: AgentAddress,
        config: &'a AmphoraConfig,
    ) -> BoxFuture<'a, std::result::Result<Applied, AgentError>> {
        Box::pin(async move {
            let client = self.client(agent)?;
            let request = client.put(self.url(agent, CONFIG_PATH)).json(config);
            read(agent, send(agent, request).await?).await
        })
    }

    fn replace_certificate<'a>(
        &'a self,
        agent: AgentAddress,
        pem: &'a Secret<String>,
    ) -> BoxFuture<'a, std::result::Result<(), AgentError>> {
        Box::pin(async move {
            let client = self.client(agent)?;
            let request = client
                .put(self.url(agent, CERTIFICATE_PATH))
                .body(pem.reveal().clone());
            send(agent, request).await.map(drop)
        })
    }

    fn release(&self, agent: AgentAddress) -> BoxFuture<'_, std::result::Result<(), AgentError>> {
        Box::pin(async move {
            let request = self.client(agent)?.delete(self.url(agent, CONFIG_PATH));
            send(agent, request).await.map(drop)
        })
    }
}

async fn send(
    agent: AgentAddress,
    request: RequestBuilder,
) -> std::result::Result<Response, AgentError> {
    let response = request.send().await.map_err(|e| unreachable(agent, e))?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let body = response.text().await.map_err(|e| unreachable(agent, e))?;
    Err(refusal(agent, status, &body))
}

fn refusal(agent: AgentAddress, status: StatusCode, body: &str) -> AgentError {
    let amphora = agent.amphora;
    match serde_json::from_str::<Refusal>(body) {
        Ok(refusal) => AgentError::Refused { amphora, refusal },
        Err(_) => AgentError::Unexpected {
            amphora,
            status: status.as_u16(),
            body: body.chars().take(EXCERPT_CHARS).collect(),
        },
    }
}

async fn read<T: serde::de::DeserializeOwned>(
    agent: AgentAddress,
    response: Response,
) -> std::result::Result<T, AgentError> {
    response.json().await.map_err(|e| unreachable(agent, e))
}

fn unreachable(agent: AgentAddress, source: reqwest::Error) -> AgentError {
    AgentError::Unreachable {
        amphora: agent.amphora,
        source: Box::new(source),
    }
}
