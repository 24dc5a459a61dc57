//! One binary, many roles: `octavia <role>`.
//!
//! Each role is a file. They share nothing but the database and this frame: the command line (`cli`),
//! the configuration (`config`), logs (`telemetry`), and start and stop (`lifecycle`).

#[cfg(feature = "amphora")]
mod amphora;
mod cli;
mod failure;
mod lifecycle;
mod telemetry;

#[cfg(feature = "control-plane")]
mod all_in_one;
#[cfg(feature = "control-plane")]
mod api;
#[cfg(feature = "control-plane")]
mod config;
#[cfg(feature = "conformance")]
mod conformance;
#[cfg(feature = "control-plane")]
mod control_plane;
#[cfg(feature = "control-plane")]
mod db;
#[cfg(feature = "control-plane")]
mod demo;
#[cfg(feature = "control-plane")]
mod health_manager;
#[cfg(feature = "control-plane")]
mod housekeeping;
#[cfg(feature = "control-plane")]
mod parts;
#[cfg(feature = "control-plane")]
mod policy;
#[cfg(feature = "control-plane")]
mod state;
#[cfg(feature = "control-plane")]
mod worker;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(cli: cli::Cli) -> Result<(), failure::Failure> {
    match cli.command {
        #[cfg(feature = "control-plane")]
        cli::Command::ControlPlane(command) => control_plane::run(command, &cli.common),
        #[cfg(feature = "amphora")]
        cli::Command::Amphora(args) => amphora::run(&args, &cli.common),
    }
}
