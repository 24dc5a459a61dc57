//! What the roles of the control plane are put together from.

use std::net::SocketAddr;
use std::sync::Arc;

use octavia_api::Capabilities;
use octavia_cloud::noop::NoopSecrets;
use octavia_cloud::{Compute, Isolation, LocalCloud, LocalSecrets, NetworkDriver, Secrets};
use octavia_controller::agent_client::HttpsAgents;
use octavia_controller::ca::Authority;
use octavia_controller::config::CertificateConfig;
use octavia_controller::document::AmphoraNetworking;
use octavia_controller::reconcile::ReconcilerSettings;
use octavia_controller::{SecretKeeper, World};
use octavia_model::{Clock, RandomIds, SystemClock};
use octavia_store::Store;

use crate::api::Surroundings;
use crate::config::{Configuration, Problems};
use crate::db;
use crate::failure::Failure;

/// Opens the cloud of this host.
pub(crate) async fn local_cloud(configuration: &Configuration) -> Result<Arc<LocalCloud>, Failure> {
    let cloud = LocalCloud::open(configuration.cloud.local.clone()).await;
    cloud
        .map(Arc::new)
        .map_err(|error| Failure::Other(error.into()))
}

/// Opens the store of the tenants' certificates.
pub(crate) fn secrets(configuration: &Configuration) -> Arc<dyn Secrets> {
    if configuration.cloud.noop_secrets {
        return Arc::new(NoopSecrets);
    }
    let folder = configuration.cloud.local.state_dir.join("secrets");
    Arc::new(LocalSecrets::new(folder))
}

/// The database, the cloud, and the tenants' certificates.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) cloud: Arc<LocalCloud>,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Parts {
    /// Opens the configured database and cloud.
    pub(crate) async fn open(configuration: &Configuration) -> Result<Self, Failure> {
        Problems::none_of(&configuration.cloud.obstacles)?;
        let store = db::open(configuration).await?;
        Self::over(store, configuration).await
    }

    /// Opens the configured cloud beside a database that is open.
    pub(crate) async fn over(store: Store, configuration: &Configuration) -> Result<Self, Failure> {
        Ok(Self {
            store,
            cloud: local_cloud(configuration).await?,
            secrets: secrets(configuration),
            clock: Arc::new(SystemClock),
        })
    }

    /// Returns what the API works on.
    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings {
            store: self.store.clone(),
            network: self.network(),
            secrets: Arc::clone(&self.secrets),
            clock: Arc::clone(&self.clock),
            capabilities: capabilities(&self.cloud),
        }
    }

    fn network(&self) -> Arc<dyn NetworkDriver> {
        Arc::clone(&self.cloud) as Arc<dyn NetworkDriver>
    }

    /// Returns what the roles of the controller work on.
    pub(crate) fn world(
        &self,
        configuration: &Configuration,
        settings: &ReconcilerSettings,
    ) -> Result<World, Failure> {
        let controller = |error: octavia_controller::Error| Failure::Other(error.into());
        let certificates = match &configuration.controller.certificates {
            Some(files) => CertificateConfig::Files(files.clone()),
            None => CertificateConfig::Own(configuration.cloud.local.state_dir.join("ca")),
        };
        let authority = Authority::open(&certificates, self.clock.now()).map_err(controller)?;
        let agents =
            HttpsAgents::new(authority.identity(), settings.amphora.clone()).map_err(controller)?;
        Ok(World {
            store: self.store.clone(),
            compute: Arc::clone(&self.cloud) as Arc<dyn Compute>,
            network: self.network(),
            agents: Arc::new(agents),
            authority: Arc::new(authority),
            secrets: SecretKeeper::new(Arc::clone(&self.secrets)),
            clock: Arc::clone(&self.clock),
            ids: Arc::new(RandomIds),
            heard: octavia_controller::Heard::default(),
        })
    }

    /// Returns the settings of a reconciler: what is configured, and what follows from the cloud.
    pub(crate) fn reconciler_settings(&self, configuration: &Configuration) -> ReconcilerSettings {
        let controller = &configuration.controller;
        let mut settings = ReconcilerSettings {
            worker: controller.worker.clone(),
            amphora: controller.amphora.clone(),
        };
        settings.worker.networking = match self.cloud.isolation() {
            Isolation::Namespace => AmphoraNetworking::Own,
            Isolation::Process => AmphoraNetworking::Host,
        };
        if settings.amphora.controllers.is_empty() {
            let here = SocketAddr::new(controller.health.bind_ip, controller.health.bind_port);
            settings.amphora.controllers.push(here);
        }
        settings
    }
}

/// Returns what the amphorae of a cloud carry.
pub(crate) fn capabilities(cloud: &LocalCloud) -> Capabilities {
    match cloud.isolation() {
        Isolation::Namespace => Capabilities::default(),
        Isolation::Process => Capabilities::on_one_host(),
    }
}
