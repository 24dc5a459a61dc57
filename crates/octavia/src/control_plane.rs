//! From the command line to a role of the control plane.

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::Common;
use crate::config::{Configuration, Sources};
use crate::db;
use crate::failure::Failure;
use crate::telemetry::Telemetry;

/// The roles of the control plane.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Creates, adopts and checks the database.
    #[command(subcommand)]
    Db(db::Command),
}

/// Runs a role to its end.
pub(crate) fn run(command: Command, common: &Common) -> Result<(), Failure> {
    match command {
        Command::Db(command) => {
            let configuration = configured(sources(common), common)?;
            block_on(db::run(command, configuration))
        }
    }
}

/// Returns what the command line says of where the configuration is.
fn sources(common: &Common) -> Sources {
    Sources {
        files: common.config_file.clone(),
        folders: common.config_dir.clone(),
        environment: std::env::vars().collect(),
        ..Sources::default()
    }
    .or_usual_places(std::env::var_os("HOME").map(PathBuf::from).as_deref())
}

/// Reads the configuration, begins to log as it says, and logs what is remarkable about it.
fn configured(sources: Sources, common: &Common) -> Result<Configuration, Failure> {
    let configuration = Configuration::load(&sources)?;
    Telemetry::of(
        common,
        configuration.process.debug,
        configuration.process.json_log,
    )
    .start()?;
    configuration.log_remarks();
    Ok(configuration)
}

fn block_on(role: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(error.into()))?
        .block_on(role)
}
