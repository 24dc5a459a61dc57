//! An amphora on loopback, and a controller's view of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use octavia_agent::{Agent, AgentConfig, AgentOptions, TrafficLogConfig};
use octavia_amphora_api::agent::{AgentStatus, Refusal};
use octavia_amphora_api::config::{Listener, ListenerProtocol};
use octavia_amphora_api::heartbeat::Key;
use octavia_amphora_api::{AmphoraConfig, Heartbeat};
use reqwest::{Certificate, Client, Identity, Response, StatusCode};
use tempfile::TempDir;
use tokio::net::UdpSocket;
use uuid::Uuid;

use crate::authority::Authority;
use crate::data_plane::FakeDataPlane;

pub(crate) const AMPHORA: Uuid = Uuid::from_u128(0xa3a3_0000_0000_4000_8000_0000_0000_0001);
pub(crate) const LISTENER: Uuid = Uuid::from_u128(0x1515_0000_0000_4000_8000_0000_0000_0001);

/// Longer than any test: what happens within it does not happen because it passed.
const NEVER: Duration = Duration::from_hours(1);
const LIMIT: Duration = Duration::from_secs(20);
const KEY: &[u8] = b"lab-heartbeat-key";

/// The files of an amphora; agents come and go.
pub(crate) struct Amphora {
    _directory: TempDir,
    pub(crate) authority: Authority,
    pub(crate) config: AgentConfig,
}

impl Amphora {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let path = |name| directory.path().join(name);
        std::fs::write(path("server.pem"), authority.amphora(AMPHORA)).unwrap();
        std::fs::write(path("client_ca.pem"), authority.pem()).unwrap();
        let config = AgentConfig {
            amphora_id: AMPHORA,
            bind: "127.0.0.1:0".parse().unwrap(),
            base_path: path("state"),
            server_certificate: path("server.pem"),
            client_ca: path("client_ca.pem"),
            request_read_timeout: LIMIT,
            controllers: Vec::new(),
            heartbeat_interval: NEVER,
            heartbeat_key: Key::new(KEY),
            traffic_log: TrafficLogConfig::default(),
        };
        Self {
            _directory: directory,
            authority,
            config,
        }
    }

    pub(crate) async fn start(&self) -> Running {
        self.start_with(Arc::default()).await
    }

    pub(crate) async fn start_with(&self, data_plane: Arc<FakeDataPlane>) -> Running {
        let agent = Agent::start(AgentOptions {
            config: self.config.clone(),
            data_plane: Arc::<FakeDataPlane>::clone(&data_plane),
            now: Arc::new(|| DateTime::UNIX_EPOCH),
            inheritance: None,
        });
        let agent = agent.await.unwrap();
        let identity = self.authority.controller();
        Running {
            controller: Controller::new(
                SocketAddr::new(Ipv4Addr::LOCALHOST.into(), agent.address().port()),
                self.authority.pem(),
                Some(&identity),
            ),
            agent,
            data_plane,
        }
    }

    /// Writes what an earlier run would have stored.
    pub(crate) fn store(&self, text: &[u8]) {
        std::fs::create_dir_all(&self.config.base_path).unwrap();
        std::fs::write(self.config.base_path.join("config.json"), text).unwrap();
    }
}

/// An agent that runs, with a controller that may talk to it.
pub(crate) struct Running {
    pub(crate) agent: Agent,
    pub(crate) data_plane: Arc<FakeDataPlane>,
    pub(crate) controller: Controller,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.agent.stop(Duration::ZERO).await;
    }
}

/// A client of the agent's API.
pub(crate) struct Controller {
    client: Client,
    base: String,
}

impl Controller {
    /// A controller that trusts the authority and shows the identity, if any.
    pub(crate) fn new(agent: SocketAddr, authority: &str, identity: Option<&str>) -> Self {
        let name = AMPHORA.to_string();
        let mut client = Client::builder()
            .no_proxy()
            .tls_certs_only([Certificate::from_pem(authority.as_bytes()).unwrap()])
            .resolve(&name, agent)
            // Each request makes a handshake of its own.
            .pool_max_idle_per_host(0)
            .timeout(LIMIT);
        if let Some(identity) = identity {
            client = client.identity(Identity::from_pem(identity.as_bytes()).unwrap());
        }
        Self {
            client: client.build().unwrap(),
            base: format!("https://{name}:{}", agent.port()),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Result<Response> {
        self.client.get(format!("{}{path}", self.base)).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        let request = self.client.put(format!("{}{path}", self.base));
        request.body(body).send().await.unwrap()
    }

    pub(crate) async fn push(&self, document: &AmphoraConfig) -> Response {
        self.put("/v1/config", serde_json::to_vec(document).unwrap())
            .await
    }

    pub(crate) async fn forget(&self) -> StatusCode {
        let request = self.client.delete(format!("{}/v1/config", self.base));
        request.send().await.unwrap().status()
    }

    pub(crate) async fn status(&self) -> AgentStatus {
        self.get("/v1/status").await.unwrap().json().await.unwrap()
    }
}

pub(crate) async fn refusal(response: Response) -> (StatusCode, Refusal) {
    (response.status(), response.json().await.unwrap())
}

pub(crate) fn document(generation: u64) -> AmphoraConfig {
    AmphoraConfig {
        generation,
        amphora_id: AMPHORA,
        load_balancer_id: Uuid::from_u128(2),
        vips: vec!["127.0.0.1".parse().unwrap()],
        interfaces: Vec::new(),
        vrrp: None,
        listeners: vec![Listener {
            id: LISTENER,
            protocol: ListenerProtocol::Http,
            port: 80,
            connection_limit: None,
            default_pool: None,
            timeouts: octavia_amphora_api::config::Timeouts::default(),
            insert_headers: octavia_amphora_api::config::InsertHeaders::default(),
            log: None,
            allowed_cidrs: Vec::new(),
            rate_limit: None,
            l7_policies: Vec::new(),
            tls: None,
        }],
        pools: Vec::new(),
    }
}

/// A controller's health manager, as far as it listens.
pub(crate) struct HealthManager {
    socket: UdpSocket,
}

impl HealthManager {
    pub(crate) async fn new() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn at(address: SocketAddr) -> Self {
        Self {
            socket: UdpSocket::bind(address).await.unwrap(),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Waits for the next heartbeat.
    pub(crate) async fn hear(&self) -> Heartbeat {
        let mut datagram = vec![0; 65536];
        let heard = tokio::time::timeout(LIMIT, self.socket.recv(&mut datagram));
        let length = heard.await.expect("a heartbeat comes").unwrap();
        Heartbeat::decode(&datagram[..length], &Key::new(KEY)).unwrap()
    }

    /// Waits for a heartbeat that is as it should be.
    pub(crate) async fn hear_until(&self, wanted: impl Fn(&Heartbeat) -> bool) -> Heartbeat {
        loop {
            let heartbeat = self.hear().await;
            if wanted(&heartbeat) {
                return heartbeat;
            }
        }
    }
}
