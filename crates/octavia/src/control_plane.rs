//! From the command line to a role of the control plane.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::cli::Common;
use crate::config::{Configuration, Sources};
use crate::failure::Failure;
use crate::telemetry::Telemetry;
use crate::{all_in_one, api, db, demo, health_manager, housekeeping, policy, worker};

/// The roles of the control plane.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves the Load Balancer API v2.
    #[command(after_help = "\
Needs: a database (`octavia db upgrade` first), and a worker that makes its wishes true.
Listens on [api_settings] bind_host and bind_port; a clean stop lets running requests end.")]
    Api,
    /// Makes the world as it is wanted: servers, ports, amphorae.
    #[command(after_help = "\
Needs: the database, a cloud ([controller_worker] compute_driver, network_driver), and
[health_manager] heartbeat_key. Any number may run: each load balancer is held by one of them at a
time, and the others take over within seconds when it dies.")]
    Worker,
    /// Listens to the amphorae's heartbeats: statuses, counters, repair.
    #[command(after_help = "\
Needs: the database, the cloud, and [health_manager] heartbeat_key. Listens for UDP on
[health_manager] bind_ip and bind_port; controller_ip_port_list names every health manager.")]
    HealthManager,
    /// Forgets what was deleted long ago, and renews certificates in time.
    #[command(after_help = "\
Needs: the database, the cloud, and [health_manager] heartbeat_key. Ages and intervals are in
[house_keeping].")]
    Housekeeping,
    /// Runs every role of the control plane in one process, on SQLite and this host.
    #[command(after_help = "\
Needs nothing: no configuration file, no database server, no root. As root, each amphora lives in a
network namespace of its own; else amphorae are processes on loopback addresses.

Examples:
  octavia all-in-one
  octavia all-in-one --state-dir ~/octavia --bind-port 9877
  octavia all-in-one --print-config > octavia.conf
  octavia all-in-one --config-file octavia.conf

Ctrl-C stops everything, the amphorae too; the next start brings every load balancer back.")]
    AllInOne(all_in_one::Arguments),
    /// Creates, adopts and checks the database.
    #[command(subcommand)]
    Db(db::Command),
    /// Shows and tries the rules that say who may do what.
    #[command(subcommand)]
    Policy(policy::Command),
    /// Shows a load balancer at work, from nothing to a failure and back.
    #[command(after_help = "\
Needs nothing, and leaves nothing behind: it runs on a temporary folder, on loopback addresses and
ports of its own, beside whatever else runs here.")]
    Demo(demo::Arguments),
}

/// Runs a role to its end.
pub(crate) fn run(command: Command, common: &Common) -> Result<(), Failure> {
    match command {
        Command::Api => block_on(api::run(usual(common)?)),
        Command::Worker => block_on(worker::run(usual(common)?)),
        Command::HealthManager => block_on(health_manager::run(usual(common)?)),
        Command::Housekeeping => block_on(housekeeping::run(usual(common)?)),
        Command::Db(command) => block_on(db::run(command, usual(common)?)),
        Command::Policy(command) => policy::run(&command, usual(common)?),
        Command::AllInOne(arguments) => all_in_one(&arguments, common),
        Command::Demo(arguments) => demo(arguments, common),
    }
}

fn all_in_one(arguments: &all_in_one::Arguments, common: &Common) -> Result<(), Failure> {
    let folder = arguments.state_folder()?;
    if arguments.print_config {
        return all_in_one::print_config(&folder);
    }
    let configuration = configured(&arguments.sources(common, &folder), common)?;
    block_on(all_in_one::run(configuration, &folder))
}

fn demo(arguments: demo::Arguments, common: &Common) -> Result<(), Failure> {
    let folder = tempfile::Builder::new()
        .prefix("octavia-demo-")
        .tempdir()
        .map_err(|error| Failure::Other(error.into()))?;
    let ground = demo::Ground::draw();
    // The story is the output; the log speaks up when something is wrong.
    let common = Common {
        log_filter: common.log_filter.clone().or_else(|| quiet(common)),
        ..common.clone()
    };
    let configuration = configured(&ground.sources(&common, folder.path()), &common)?;
    block_on(demo::run(arguments, ground, configuration, folder.path()))
}

fn quiet(common: &Common) -> Option<String> {
    (!common.debug).then(|| "error".to_owned())
}

/// Returns the configuration of a role that is not all-in-one.
fn usual(common: &Common) -> Result<Configuration, Failure> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let sources = Sources {
        files: common.config_file.clone(),
        folders: common.config_dir.clone(),
        environment: std::env::vars().collect(),
        ..Sources::default()
    };
    configured(
        &sources.or_usual_places(home.as_deref().map(Path::new)),
        common,
    )
}

/// Reads the configuration, begins to log as it says, and logs what is remarkable about it.
fn configured(sources: &Sources, common: &Common) -> Result<Configuration, Failure> {
    let configuration = Configuration::load(sources)?;
    let process = &configuration.process;
    Telemetry::of(common, process.debug, process.json_log).start()?;
    configuration.log_remarks();
    Ok(configuration)
}

fn block_on(role: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(error.into()))?;
    let outcome = runtime.block_on(role);
    // A stop at once waits for nothing, not even for threads that are in the middle of something.
    runtime.shutdown_background();
    outcome
}
