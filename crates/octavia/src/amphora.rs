//! `octavia amphora`: the agent and the data plane, in one process.

mod data_plane;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use octavia_agent::{Agent, AgentConfig, AgentOptions};
use octavia_model::{Clock, SystemClock};
use octavia_proxy::{LogOptions, LogProtocol};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::cli::Common;
use crate::failure::Failure;
use crate::lifecycle::Lifecycle;
use crate::telemetry::{Telemetry, forward};
use data_plane::ProxyDataPlane;

/// How long connections of clients may go on after the request to stop.
const DRAIN: Duration = Duration::from_secs(3);
/// How long the whole stop may take.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// Options of the role.
#[derive(Debug, Args)]
pub(crate) struct AmphoraArgs {
    /// What the amphora is told at boot, in the format of upstream's amphora-agent.conf.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/octavia/amphora-agent.conf"
    )]
    pub(crate) config_file: PathBuf,
    /// Where the agent listens, instead of `[haproxy_amphora] bind_host`.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind_host: Option<IpAddr>,
}

/// Runs the role until a signal ends it.
pub(crate) fn run(args: &AmphoraArgs, common: &Common) -> Result<(), Failure> {
    Telemetry::of(common, false, false).start()?;
    let config = configuration(&args.config_file, args.bind_host)?;
    raise_descriptor_limit();
    // The agent has little to do; what clients feel runs on threads of the data plane.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(error.into()))?;
    let outcome = runtime.block_on(serve(config));
    // At a second signal, the data plane may still be draining on a thread of the runtime.
    runtime.shutdown_background();
    outcome
}

fn configuration(file: &Path, bind_host: Option<IpAddr>) -> Result<AgentConfig, Failure> {
    let read = AgentConfig::read(file);
    let mut config = read.map_err(|error| Failure::Configuration(error.into()))?;
    if let Some(host) = bind_host {
        config.bind.set_ip(host);
    }
    Ok(config)
}

/// A connection needs two descriptors, and the usual soft limit of 1,024 is there only for programs
/// that use `select`.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "could not raise the limit of open files: {error}");
    }
}

async fn serve(config: AgentConfig) -> Result<(), Failure> {
    let amphora_id = config.amphora_id;
    // Amphorae differ, so that they do not all ask the same member at the same moment.
    let seed = amphora_id.as_u64_pair().0;
    forward_log(&config)?;
    let data_plane = ProxyDataPlane::start(seed, log_options(&config))?;
    let agent = Agent::start(AgentOptions {
        config,
        data_plane: Arc::new(data_plane),
        now: Arc::new(|| SystemClock.now()),
    });
    let agent = agent.await?;
    tracing::info!(
        amphora.id = %amphora_id,
        "amphora {amphora_id} is ready, its agent listens on {}", agent.address()
    );
    let mut lifecycle = Lifecycle::new(STOP_LIMIT);
    let stopping = lifecycle.stopping();
    lifecycle.start("agent", async move {
        stopping.cancelled().await;
        agent.stop(DRAIN).await;
        Ok(())
    });
    lifecycle.run().await
}

/// Sends the amphora's own log where operators want to have it.
fn forward_log(config: &AgentConfig) -> Result<(), Failure> {
    let log = &config.traffic_log;
    if log.admin_targets.is_empty() {
        return Ok(());
    }
    let options = LogOptions {
        file: None,
        targets: log.admin_targets.clone(),
        facility: log.admin_facility,
        program: "octavia-amphora",
        ..log_options(config)
    };
    forward::to(options).map_err(|error| Failure::Other(error.into()))
}

/// Tells the proxy where lines about traffic go.
fn log_options(config: &AgentConfig) -> LogOptions {
    let log = &config.traffic_log;
    LogOptions {
        file: log.file.clone(),
        targets: log.targets.clone(),
        protocol: if log.over_tcp {
            LogProtocol::Tcp
        } else {
            LogProtocol::Udp
        },
        facility: log.facility,
        queue_size: log.queue_size,
        retries: log.retries,
        retry_interval: log.retry_interval,
        program: "octavia-proxy",
        host: format!("amphora-{}", config.amphora_id),
    }
}

impl From<octavia_agent::Error> for Failure {
    fn from(error: octavia_agent::Error) -> Self {
        match error {
            octavia_agent::Error::Certificate { .. } => Self::Configuration(error.into()),
            octavia_agent::Error::Listen { .. } | octavia_agent::Error::BasePath { .. } => {
                Self::Other(error.into())
            }
        }
    }
}
