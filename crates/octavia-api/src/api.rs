use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use chrono::{DateTime, Utc};
use octavia_cloud::{NetworkDriver, NoSecrets, Secrets};
use octavia_model::{Amphora, Clock, Id, IdSource, LoadBalancer};
use octavia_store::{Store, Tx};

use crate::error::{Error, Result};
use crate::provider::{AmphoraOrder, Order, Provider, Providers};
use crate::{ApiConfig, Auth, Capabilities, edge, provider, routes};

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
    pub(crate) providers: Providers,
    pub(crate) auth: Auth,
    pub(crate) health: Arc<Mutex<Option<DatabaseHealth>>>,
}

/// Whether the database answered when the health check asked last, and when that was.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseHealth {
    pub(crate) at: DateTime<Utc>,
    /// Why it did not.
    pub(crate) fault: Option<String>,
}

impl Api {
    /// Makes the API over a database and a cloud, with random ids, upstream's default configuration,
    /// everything that the data plane carries today, and nobody asked who calls.
    pub fn new(store: Store, network: Arc<dyn NetworkDriver>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            network,
            secrets: Arc::new(NoSecrets),
            ids: Arc::new(octavia_model::RandomIds),
            config: Arc::new(ApiConfig::default()),
            capabilities: Arc::new(Capabilities::default()),
            providers: Providers::built_in(&clock),
            auth: Auth::Nobody,
            clock,
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

    /// As [`Self::order`], of what an operator wants done with an amphora.
    pub(crate) async fn order_amphora(
        &self,
        tx: &mut Tx,
        amphora: &Amphora,
        order: AmphoraOrder,
    ) -> Result<()> {
        let driver = self.providers.of(provider::OF_AMPHORAE)?;
        driver.take_amphora(tx, amphora, order).await
    }

    /// Puts something around every provider.
    #[must_use]
    pub fn around_providers(
        mut self,
        wrap: impl Fn(&str, Arc<dyn Provider>) -> Arc<dyn Provider>,
    ) -> Self {
        self.providers.around(wrap);
        self
    }

    /// Makes an id.
    pub(crate) fn id<T>(&self) -> Id<T> {
        Id::new(&*self.ids)
    }

    /// Hands a change to the provider of its load balancer, in the transaction that writes it.
    pub(crate) async fn order(
        &self,
        tx: &mut Tx,
        load_balancer: &LoadBalancer,
        order: Order<'_>,
    ) -> Result<()> {
        let named = load_balancer.provider.as_deref();
        let name = named.unwrap_or(&self.config.default_provider_driver);
        let provider = self.providers.of(name)?;
        provider.take(tx, load_balancer.id, &order).await
    }

    /// Returns whether the database answered, if it was asked not long ago.
    pub(crate) fn recent_database_health(&self) -> Option<DatabaseHealth> {
        let last = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = self.clock.now() - self.config.health.refresh_interval;
        last.clone().filter(|last| last.at > oldest)
    }
}

/// Reads an id of the path; what is not one does not exist.
pub(crate) fn parse_id<T>(text: &str, resource: &'static str) -> Result<Id<T>> {
    text.parse().map_err(|_| Error::not_found(resource, &text))
}
