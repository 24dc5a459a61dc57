//! A service with its own database, and calls to it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use chrono::{TimeDelta, TimeZone, Utc};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use octavia_api::{Api, ApiConfig, Auth, Capabilities};
use octavia_cloud::NetworkDriver;
use octavia_cloud::fake::FakeSecrets;
use octavia_cloud::noop::NoopNetwork;
use octavia_model::{Clock, ManualClock, SequentialIds, Topology};
use octavia_store::{Settlement, Store};
use octavia_testing::TestDatabase;
use serde_json::Value;
use tower::ServiceExt;

use crate::secrets;

/// The project that calls when nobody else is named.
pub(crate) const PROJECT: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// Upstream's behaviour: no waiting; otherwise as the recordings were made.
pub(crate) fn impatient() -> ApiConfig {
    ApiConfig {
        immutable_wait: Duration::ZERO,
        sync_wait: Duration::ZERO,
        loadbalancer_topology: Topology::ActiveStandby,
        ..ApiConfig::default()
    }
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) network: Arc<NoopNetwork>,
    pub(crate) secrets: Arc<FakeSecrets>,
    pub(crate) clock: Arc<ManualClock>,
    ids: Arc<SequentialIds>,
    pub(crate) router: Router,
    database: TestDatabase,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) request_id: Option<String>,
}

impl Answer {
    /// Stands for a call that could not be made.
    pub(crate) fn none() -> Self {
        Self {
            status: StatusCode::IM_A_TEAPOT,
            body: Value::Null,
            request_id: None,
        }
    }
}

impl World {
    /// Starts a service that does not wait and carries everything.
    pub(crate) async fn new() -> Self {
        Self::with(impatient()).await
    }

    pub(crate) async fn with(config: ApiConfig) -> Self {
        Self::on(TestDatabase::sqlite().await, config).await
    }

    pub(crate) async fn on(database: TestDatabase, config: ApiConfig) -> Self {
        let clock = Arc::new(ManualClock::new(
            Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap(),
        ));
        let store = database.store_with(as_clock(&clock)).await;
        let mut world = Self {
            store,
            network: Arc::default(),
            secrets: Arc::new(secrets::store()),
            clock,
            ids: Arc::default(),
            router: Router::new(),
            database,
        };
        world.router = world.router_with(config);
        world
    }

    /// Returns the same service with another configuration.
    pub(crate) fn router_with(&self, config: ApiConfig) -> Router {
        let network = Arc::clone(&self.network);
        self.router_over(config, network)
    }

    /// Returns the same service, to be altered.
    pub(crate) fn service(&self) -> Api {
        self.api(impatient(), Arc::<NoopNetwork>::clone(&self.network))
    }

    /// Returns the same service with other capabilities.
    pub(crate) fn router_carrying(&self, capabilities: Capabilities) -> Router {
        self.service().with_capabilities(capabilities).router()
    }

    /// Returns the same service, which asks who calls.
    pub(crate) fn router_asking(&self, auth: Auth) -> Router {
        self.router_asking_with(impatient(), auth)
    }

    /// Returns the same service with another configuration, which asks who calls.
    pub(crate) fn router_asking_with(&self, config: ApiConfig, auth: Auth) -> Router {
        self.api(config, Arc::<NoopNetwork>::clone(&self.network))
            .with_capabilities(Capabilities::everything())
            .with_auth(auth)
            .router()
    }

    pub(crate) fn router_over(&self, config: ApiConfig, network: Arc<dyn NetworkDriver>) -> Router {
        self.api(config, network)
            .with_capabilities(Capabilities::everything())
            .router()
    }

    /// Returns the same service with another configuration and network, to be altered.
    pub(crate) fn api(&self, config: ApiConfig, network: Arc<dyn NetworkDriver>) -> Api {
        let ids = Arc::clone(&self.ids);
        Api::new(self.store.clone(), network, as_clock(&self.clock))
            .with_ids(ids)
            .with_secrets(Arc::<FakeSecrets>::clone(&self.secrets))
            .with_config(config)
    }

    /// Calls with a JSON body.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        send(&self.router, request(method, path).body(body).unwrap()).await
    }

    /// Calls without a body, and returns the JSON of an answer that must be 200.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.body
    }

    /// Creates something that must be accepted, lets the worker finish, and returns its id.
    pub(crate) async fn make(&self, kind: &str, body: Value) -> String {
        let root_key = kind.rsplit('/').next().unwrap();
        let root = serde_json::json!({ root_key: body });
        let kind = kind.replace('_', "");
        let plural = kind
            .strip_suffix('y')
            .map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies"));
        let path = format!("/v2.0/lbaas/{plural}");
        let answer = self.call("POST", &path, root).await;
        assert_eq!(
            answer.status,
            StatusCode::CREATED,
            "{path}: {}",
            answer.body
        );
        self.settle().await;
        let made = &answer.body[root_key];
        let key = made.get("id").unwrap_or(&made["name"]);
        key.as_str().unwrap().to_owned()
    }

    /// Connects to the database again, as another process does.
    pub(crate) async fn another_process(&self) -> Store {
        self.database.store_with(as_clock(&self.clock)).await
    }

    /// Counts rows: `table`, or `table WHERE ...`.
    pub(crate) async fn count(&self, rows: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) AS value FROM {rows}");
        self.database.numbers(&sql).await[0]
    }

    /// Lets a second pass.
    pub(crate) fn tick(&self) {
        self.clock.advance(TimeDelta::seconds(1));
    }

    /// Does what a worker does when everything succeeds, until nothing is left.
    pub(crate) async fn settle(&self) {
        settle(&self.store).await;
    }
}

fn as_clock(clock: &Arc<ManualClock>) -> Arc<dyn Clock> {
    Arc::<ManualClock>::clone(clock)
}

/// Does what a worker does when everything succeeds, until nothing is left.
pub(crate) async fn settle(store: &Store) {
    loop {
        let mut tx = store.begin("test.lease").await.unwrap();
        let lease = tx.lease_next("test", Duration::from_mins(1)).await.unwrap();
        tx.commit().await.unwrap();
        let Some(lease) = lease else { return };
        let mut tx = store.begin("test.settle").await.unwrap();
        let generation = tx.fence(&lease).await.unwrap().wanted;
        let done = tx
            .settle(&lease, &Settlement::Converged { generation })
            .await
            .unwrap();
        if done {
            tx.release(&lease, None).await.unwrap();
        } else {
            tx.finish_delete(&lease).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

/// Begins a request of the default project.
pub(crate) fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "api.example")
        .header("content-type", "application/json")
        .header("x-project-id", PROJECT)
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = Box::pin(router.clone().oneshot(request)).await.unwrap();
    let status = response.status();
    let request_id = response
        .headers()
        .get("x-openstack-request-id")
        .map(|id| id.to_str().unwrap().to_owned());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into())
    };
    Answer {
        status,
        body,
        request_id,
    }
}
