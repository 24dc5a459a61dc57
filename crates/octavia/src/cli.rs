//! The command line. What it prints for `--help` is written to be learnt from.

use clap::{Args, Parser, Subcommand};

use crate::telemetry::LogFormat;

/// Load balancing as a service: the Octavia API, its control plane and its amphorae.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
#[cfg_attr(feature = "control-plane", command(after_help = TOP_EXAMPLES))]
pub(crate) struct Cli {
    /// What every role understands.
    #[command(flatten)]
    pub(crate) common: Common,
    /// The role to play.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[cfg(feature = "control-plane")]
const TOP_EXAMPLES: &str = "\
Examples:
  octavia demo                      see it work: a load balancer, two web servers, a failure
  octavia all-in-one                every role in one process, no configuration file needed
  octavia --config-file /etc/octavia/octavia.conf api
  octavia db upgrade                create the database, or adopt upstream's

Any number of each role may run, on any hosts: they share nothing but the database.

Exit codes: 0 stopped as asked, 2 command line, 75 a port or folder is taken,
78 the configuration cannot be used, 1 anything else.";

/// Options of every role.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every role")]
pub(crate) struct Common {
    /// Configuration file (octavia.conf); may be repeated, a later one wins.
    ///
    /// Without one: octavia.conf in ~/.octavia, ~, /etc/octavia or /etc, the first that exists.
    #[cfg(feature = "control-plane")]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config_file: Vec<std::path::PathBuf>,
    /// Folder of *.conf files, read in the order of their names after the files; may be repeated.
    #[cfg(feature = "control-plane")]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) config_dir: Vec<std::path::PathBuf>,
    /// Logs more, as `[DEFAULT] debug = true` does.
    #[arg(long, global = true)]
    pub(crate) debug: bool,
    /// Form of the log: text for people, JSON for machines; auto is text on a terminal.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
    /// What to log, by module: `info,octavia_controller=debug`.
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "OCTAVIA_LOG",
        hide_env_values = true
    )]
    pub(crate) log_filter: Option<String>,
}

/// The roles.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[cfg(feature = "control-plane")]
    #[command(flatten)]
    ControlPlane(crate::control_plane::Command),
    /// What runs in an amphora: the agent and the data plane.
    #[cfg(feature = "amphora")]
    Amphora(crate::amphora::AmphoraArgs),
}
