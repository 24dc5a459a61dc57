//! `octavia all-in-one`: every role of the control plane in one process, on SQLite and this host.

mod greeting;
mod heartbeat_port;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use octavia_cloud::{Compute, LocalCloud, NetworkDriver, ServerStatus};
use octavia_model::SystemClock;
use octavia_store::{Store, Upgraded};
use tokio_util::sync::CancellationToken;

use crate::cli::Common;
use crate::config::{Configuration, Problems, Sources};
use crate::failure::Failure;
use crate::lifecycle::Lifecycle;
use crate::parts::Parts;
use crate::state::{self, StateFolder};
use crate::{api, db, health_manager, housekeeping, worker};

/// What `octavia all-in-one` is told.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Arguments {
    /// Folder for everything that is kept: database, keys, the amphorae's folders.
    ///
    /// Without it: `/var/lib/octavia` for root, else `$XDG_STATE_HOME/octavia` or `~/.local/state/octavia`.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Address that the API listens on, as `[api_settings] bind_host`.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind_host: Option<std::net::IpAddr>,
    /// Port that the API listens on, as `[api_settings] bind_port`; 0 is any free one.
    #[arg(long, value_name = "PORT")]
    pub(crate) bind_port: Option<u16>,
    /// How amphorae are kept apart, as `[local_cloud] isolation`.
    #[arg(long, value_enum)]
    pub(crate) isolation: Option<IsolationChoice>,
    /// Prints the configuration that is used where yours says nothing, and ends.
    #[arg(long)]
    pub(crate) print_config: bool,
}

/// How amphorae are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsolationChoice {
    /// Network namespaces for root, else processes.
    Auto,
    /// A network namespace each; needs root.
    Namespace,
    /// Plain processes on loopback addresses.
    Process,
}

/// The configuration that holds where no other says something else.
const BUILT_IN: &str = include_str!("../data/all-in-one.conf");

impl Arguments {
    /// Returns the folder of the state.
    pub(crate) fn state_folder(&self) -> Result<PathBuf, Failure> {
        let folder = match &self.state_dir {
            Some(folder) => folder.clone(),
            None => state::usual_place()?,
        };
        std::path::absolute(&folder).map_err(|error| Failure::Other(error.into()))
    }

    /// Returns where the configuration comes from: the built-in text, then files, then these arguments.
    pub(crate) fn sources(&self, common: &Common, folder: &Path) -> Sources {
        let folder = folder.display().to_string().replace('$', "$$");
        let mut command_line = vec![("--state-dir", "local_cloud", "state_dir", folder)];
        if let Some(host) = self.bind_host {
            command_line.push(("--bind-host", "api_settings", "bind_host", host.to_string()));
        }
        if let Some(port) = self.bind_port {
            command_line.push(("--bind-port", "api_settings", "bind_port", port.to_string()));
        }
        if let Some(isolation) = self.isolation {
            let word = isolation.word().to_owned();
            command_line.push(("--isolation", "local_cloud", "isolation", word));
        }
        Sources {
            built_in: Some(BUILT_IN.to_owned()),
            files: common.config_file.clone(),
            folders: common.config_dir.clone(),
            environment: std::env::vars().collect(),
            command_line,
        }
    }
}

impl IsolationChoice {
    const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Namespace => "namespace",
            Self::Process => "process",
        }
    }
}

/// Prints the built-in configuration.
pub(crate) fn print_config(folder: &Path) -> Result<(), Failure> {
    let text = format!(
        "{BUILT_IN}\n[local_cloud]\nstate_dir = {}\n",
        folder.display()
    );
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::Other(error.into()))
}

/// Runs everything until it is stopped.
pub(crate) async fn run(configuration: Configuration, folder: &Path) -> Result<(), Failure> {
    let everything = Everything::start(configuration, folder).await?;
    everything.greet().await?;
    everything.run().await
}

/// All roles, running.
pub(crate) struct Everything {
    lifecycle: Lifecycle,
    cloud: Arc<LocalCloud>,
    scheme: &'static str,
    address: SocketAddr,
    /// Held until the end.
    _folder: StateFolder,
}

impl Everything {
    /// Starts all roles. When this returns, the API answers.
    pub(crate) async fn start(
        mut configuration: Configuration,
        folder: &Path,
    ) -> Result<Self, Failure> {
        Problems::none_of(&configuration.api.obstacles)?;
        Problems::none_of(&configuration.cloud.obstacles)?;
        let folder = StateFolder::take(folder)?;
        let entrance = api::Entrance::open(&configuration.api).await?;
        let (scheme, address) = (entrance.scheme(), entrance.address()?);
        if configuration.controller.obstacles.is_empty() {
            tracing::debug!("the key of heartbeats is configured");
        } else {
            let key = folder.heartbeat_key()?;
            configuration.controller.set_heartbeat_key(&key);
        }
        let store = database(&configuration).await?;
        let parts = Parts::over(store, &configuration).await?;
        heartbeat_port::settle(&mut configuration, &folder, parts.cloud.host_address())?;
        start_stopped(&parts.cloud).await;

        let settings = parts.reconciler_settings(&configuration);
        let world = parts.world(&configuration, &settings)?;
        let mut lifecycle = Lifecycle::new(configuration.process.stop_limit);
        health_manager::start(&mut lifecycle, world.clone(), &configuration).await?;
        let amphora = settings.amphora.clone();
        housekeeping::start(&mut lifecycle, world.clone(), amphora, &configuration);
        worker::start(&mut lifecycle, world, settings);
        api::start(
            &mut lifecycle,
            entrance,
            parts.surroundings(),
            &configuration,
        )?;
        Ok(Self {
            lifecycle,
            cloud: parts.cloud,
            scheme,
            address,
            _folder: folder,
        })
    }

    /// Returns the URL of the API.
    pub(crate) fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Returns the token that stops everything.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.lifecycle.stopping()
    }

    /// Returns the id of the subnet that the client would call the default one.
    pub(crate) async fn default_subnet(&self) -> Result<String, Failure> {
        let subnets = self.cloud.subnets().await;
        let subnets = subnets.map_err(|error| Failure::Other(error.into()))?;
        let first = subnets
            .first()
            .ok_or_else(|| Failure::text("there is no subnet"))?;
        Ok(first.id.to_string())
    }

    /// Prints the endpoint, and what to type next.
    async fn greet(&self) -> Result<(), Failure> {
        greeting::print(&self.endpoint(), &*self.cloud).await
    }

    /// Runs until a signal or a failure; then stops the roles, and then the amphorae.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let cloud = self.cloud;
        let outcome = self.lifecycle.run_then(stop(&cloud)).await;
        tracing::info!("stopped");
        outcome
    }
}

/// Stops the amphorae, and takes away what only they need.
async fn stop(cloud: &LocalCloud) -> Result<(), Failure> {
    let stopped = async {
        cloud.stop_all().await?;
        cloud.teardown().await
    };
    stopped
        .await
        .map_err(|error: octavia_cloud::Error| Failure::Other(error.into()))
}

/// Opens the database; an embedded one is created or adopted, a server's must be ready.
async fn database(configuration: &Configuration) -> Result<Store, Failure> {
    let embedded = configuration
        .database
        .as_ref()
        .filter(|url| url.is_embedded());
    let Some(url) = embedded else {
        return db::open(configuration).await;
    };
    let store = Store::connect(url, Arc::new(SystemClock)).await?;
    match store.upgrade().await? {
        Upgraded::Created => tracing::info!("created the database"),
        Upgraded::Adopted => tracing::info!("adopted the database"),
        Upgraded::Extended => tracing::info!("added what this version brings to the database"),
        Upgraded::AlreadyReady => tracing::debug!("the database is ready"),
    }
    Ok(store)
}

/// Starts the amphorae that the last clean stop stopped, all at once.
///
/// One that does not start is left to the worker, which tries again and says why.
async fn start_stopped(cloud: &LocalCloud) {
    let servers = match cloud.all_servers().await {
        Ok(servers) => servers,
        Err(error) => {
            tracing::warn!(%error, "could not look for stopped amphorae: {error}");
            return;
        }
    };
    let stopped: Vec<_> = servers
        .iter()
        .filter(|server| server.status == ServerStatus::Stopped)
        .collect();
    let started =
        futures_util::future::join_all(stopped.iter().map(|server| cloud.start_server(server.id)));
    for (server, outcome) in stopped.iter().zip(started.await) {
        let id = server.amphora_id;
        match outcome {
            Ok(()) => tracing::info!(amphora.id = %id, "started amphora {id} again"),
            Err(error) => {
                tracing::warn!(amphora.id = %id, %error, "could not start amphora {id}: {error}");
            }
        }
    }
}
