use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use chrono::{DateTime, Utc};
use octavia_cloud::{NetworkDriver, NoSecrets, Secrets};
use octavia_model::{Amphora, Clock, Id, IdSource, LoadBalancer};
use octavia_store::{EventKind, NewEvent, Store, Tx};

use crate::error::{Error, Result};
use crate::{ApiConfig, Auth, Capabilities, edge, routes};

/// Everything that a handler needs. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub(crate) store: Store,
    pub(crate) network: Arc<dyn NetworkDriver>,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) config: Arc<ApiConfig>,
    pub(crate) capabilities: Arc<Capabilities>,
    pub(crate) auth: Auth,
    pub(crate) health: Arc<Mutex<Option<HealthResult>>>,
}

/// The last result of the health check: what is wrong, and when that was found.
#[derive(Debug, Clone)]
pub(crate) struct HealthResult {
    pub(crate) at: DateTime<Utc>,
    pub(crate) reasons: Vec<String>,
}

impl Api {
    /// Makes the API over a database and a cloud, with random ids, upstream's default configuration,
    /// everything that the data plane carries today, and nobody asked who calls.
    pub fn new(store: Store, network: Arc<dyn NetworkDriver>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            network,
            secrets: Arc::new(NoSecrets),
            clock,
            ids: Arc::new(octavia_model::RandomIds),
            config: Arc::new(ApiConfig::default()),
            capabilities: Arc::new(Capabilities::default()),
            auth: Auth::Nobody,
            health: Arc::default(),
        }
    }

    /// Takes ids from elsewhere.
    #[must_use]
    pub fn with_ids(mut self, ids: Arc<dyn IdSource>) -> Self {
        self.ids = ids;
        self
    }

    /// Sets the configuration.
    #[must_use]
    pub fn with_config(mut self, config: ApiConfig) -> Self {
        self.config = Arc::new(config);
        self
    }

    /// Takes the certificates that listeners and pools name from there; else there are none.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Arc<dyn Secrets>) -> Self {
        self.secrets = secrets;
        self
    }

    /// Sets what the data plane carries.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = Arc::new(capabilities);
        self
    }

    /// Sets how callers are known, and what they may do; without it everybody may do everything.
    #[must_use]
    pub fn with_auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Returns the service: every path of the API, and what is done for every request.
    pub fn router(self) -> Router {
        edge::around(routes::router(self.clone()), self)
    }

    /// Makes an id.
    pub(crate) fn id<T>(&self) -> Id<T> {
        Id::new(&*self.ids)
    }

    /// Says that a change was accepted: calls a reconciler, and notes it in the timeline.
    pub(crate) async fn wake(
        &self,
        tx: &mut Tx,
        id: Id<LoadBalancer>,
        wish: Wish,
        what: &str,
    ) -> Result<()> {
        match wish {
            Wish::Change => tx.wake(id).await?,
            Wish::Failover => tx.wake_for_failover(id).await?,
            Wish::AmphoraFailover(amphora) => tx.wake_for_amphora_failover(id, amphora).await?,
            Wish::CascadeDelete => tx.wake_for_cascade_delete(id).await?,
        };
        let event = NewEvent {
            load_balancer_id: id,
            at: self.clock.now(),
            kind: EventKind::Accepted,
            message: what.to_owned(),
        };
        Ok(tx.add_events(&[event]).await?)
    }

    /// Returns the cached result of the health check, if it is young enough.
    pub(crate) fn recent_health(&self) -> Option<HealthResult> {
        let last = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = self.clock.now() - self.config.healthcheck_refresh_interval;
        last.clone().filter(|result| result.at > oldest)
    }
}

/// What the reconciler is called for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish {
    /// Something else is wanted.
    Change,
    /// The amphorae are to be replaced.
    Failover,
    /// One amphora is to be replaced.
    AmphoraFailover(Id<Amphora>),
    /// The load balancer goes, with all below it.
    CascadeDelete,
}

/// Reads an id of the path; what is not one does not exist.
pub(crate) fn parse_id<T>(text: &str, resource: &'static str) -> Result<Id<T>> {
    text.parse().map_err(|_| Error::not_found(resource, &text))
}
