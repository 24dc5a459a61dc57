//! `octavia amphora`: the agent and the data plane, in one process.

mod data_plane;
mod notify;
mod upgrade;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use octavia_agent::{Agent, AgentConfig, AgentOptions, DataPlane};
use octavia_model::{Clock, SystemClock};
use octavia_proxy::{Inheritance, LogOptions, LogProtocol};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio_util::sync::CancellationToken;

use crate::cli::Common;
use crate::failure::Failure;
use crate::lifecycle::Lifecycle;
use crate::telemetry::{Telemetry, forward};
use data_plane::ProxyDataPlane;
use upgrade::control::{self, Control, SUCCESS};
use upgrade::heir::{self, Received};
use upgrade::{Launch, Successor};

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
    /// Takes over from the process that is at the other end of the standard input.
    #[arg(long, hide = true)]
    take_over: bool,
    #[command(subcommand)]
    action: Option<Action>,
}

/// What is asked of an amphora that runs.
#[derive(Debug, Subcommand)]
enum Action {
    /// Puts the binary that is on disk by now in the place of the running one.
    ///
    /// No connection is lost: the new process serves before the old one stops accepting, and the old
    /// one goes on with what it has, for at most an hour. If the new one does not serve, nothing
    /// changes.
    Upgrade(UpgradeArgs),
}

/// Which amphora.
#[derive(Debug, Args)]
struct UpgradeArgs {
    /// What the amphora was started with.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/octavia/amphora-agent.conf"
    )]
    config_file: PathBuf,
}

/// Runs the role until a signal ends it.
pub(crate) fn run(args: &AmphoraArgs, common: &Common) -> Result<(), Failure> {
    if let Some(Action::Upgrade(args)) = &args.action {
        return ask_for_upgrade(&args.config_file);
    }
    Telemetry::of(common, false, false).start()?;
    let launch = Launch::note().map_err(|error| Failure::Other(error.into()))?;
    let config = configuration(&args.config_file, args.bind_host)?;
    raise_descriptor_limit();
    // The agent has little to do; what clients feel runs on threads of the data plane.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(error.into()))?;
    let received = args.take_over.then(heir::receive).transpose();
    let received = received.map_err(|error| Failure::Other(error.into()))?;
    let outcome = runtime.block_on(serve(config, launch, received));
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

#[expect(
    clippy::print_stdout,
    reason = "the answer to the person who typed the command"
)]
fn ask_for_upgrade(config_file: &Path) -> Result<(), Failure> {
    let config = configuration(config_file, None)?;
    let answer = control::ask(&config.base_path);
    let answer = answer.map_err(|error| Failure::text(format!("upgrade the amphora: {error}")))?;
    println!("{answer}");
    Ok(())
}

async fn serve(
    config: AgentConfig,
    launch: Launch,
    received: Option<Received>,
) -> Result<(), Failure> {
    let amphora_id = config.amphora_id;
    // Amphorae differ, so that they do not all ask the same member at the same moment.
    let seed = amphora_id.as_u64_pair().0;
    forward_log(&config)?;
    let (take_over, for_agent, for_proxy) = match received.map(Received::split) {
        Some((take_over, agent, proxy)) => (Some(take_over), Some(agent), proxy),
        None => (None, None, Inheritance::default()),
    };
    let base_path = config.base_path.clone();
    let data_plane = ProxyDataPlane::start(seed, log_options(&config), for_proxy)?;
    let data_plane = Arc::new(data_plane);
    let agent = Agent::start(AgentOptions {
        config,
        data_plane: Arc::clone(&data_plane) as Arc<dyn DataPlane>,
        now: Arc::new(|| SystemClock.now()),
        inheritance: for_agent,
    });
    let agent = agent.await?;
    if let Some(take_over) = take_over {
        let going_on = take_over.go_on(&agent, Arc::clone(&data_plane));
        going_on.map_err(|error| Failure::Other(error.into()))?;
        notify::main_process();
    }
    tracing::info!(
        amphora.id = %amphora_id,
        "amphora {amphora_id} is ready, its agent listens on {}", agent.address()
    );
    let mut lifecycle = Lifecycle::new(STOP_LIMIT);
    let stopping = lifecycle.stopping();
    let running = Running {
        agent,
        data_plane,
        launch: Arc::new(launch),
        control: control(&base_path),
    };
    lifecycle.start("agent", async move {
        running.run(stopping).await;
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

/// Without the socket an amphora serves as well; it can only not be upgraded in place.
fn control(base_path: &Path) -> Option<Control> {
    Control::listen(base_path)
        .inspect_err(
            |error| tracing::warn!(%error, "no upgrade in place will be possible: {error}"),
        )
        .ok()
}

/// An amphora at work.
struct Running {
    agent: Agent,
    data_plane: Arc<ProxyDataPlane>,
    launch: Arc<Launch>,
    control: Option<Control>,
}

impl Running {
    /// Runs until `stopping`, or until another process has taken over and nobody is left.
    async fn run(self, stopping: CancellationToken) {
        let Some(successor) = stopping.run_until_cancelled(self.successor()).await else {
            return self.agent.stop(DRAIN).await;
        };
        successor
            .finish(self.agent, &self.data_plane, &stopping)
            .await;
        tracing::info!("the last connection from before the upgrade has ended");
        stopping.cancel();
    }

    /// Waits until an upgrade succeeds.
    async fn successor(&self) -> Successor {
        let Some(control) = &self.control else {
            return std::future::pending().await;
        };
        loop {
            let asker = control.next().await;
            match upgrade::begin(&self.launch, &self.agent, &self.data_plane).await {
                Ok(successor) => {
                    let pid = successor.pid;
                    tracing::info!(pid, "process {pid} takes over");
                    asker
                        .answer(&format!("{SUCCESS}process {pid} serves"))
                        .await;
                    return successor;
                }
                Err(error) => {
                    tracing::error!(%error, "the upgrade failed, nothing has changed: {error}");
                    asker.answer(&format!("nothing has changed: {error}")).await;
                }
            }
        }
    }
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
