//! The tenant guide as a test: from the first line to the last with the unmodified `openstack`
//! client, against the real binary, with real traffic and web servers nobody here wrote.

mod datagrams;
mod host;
mod openstack;
pub(crate) mod service;
mod tls;
mod walk;

pub(crate) use openstack::install_clients;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};

use crate::shell::Step;

/// Where to walk the guide.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Where amphorae and web servers run.
    #[arg(long, value_enum, default_value_t = Mode::Process)]
    pub(crate) mode: Mode,
    /// The binary to test; built if absent.
    #[arg(long)]
    pub(crate) binary: Option<PathBuf>,
    /// The virtual environment with the clients; made if absent.
    #[arg(long)]
    pub(crate) clients: Option<PathBuf>,
}

/// Where amphorae and web servers run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Plain processes on loopback addresses.
    Process,
    /// A network namespace each, all inside one that this command makes (root).
    Namespace,
}

/// Walks the guide.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let binary = match &args.binary {
        Some(path) => path.clone(),
        None => build()?,
    };
    let clients = match &args.clients {
        Some(path) => path.clone(),
        None => install_clients()?,
    };
    if args.mode == Mode::Namespace && !host::is_inside() {
        return host::enter(&binary, &clients);
    }
    walk::walk(args.mode, &binary, &clients)
}

/// Builds the binary and returns its path.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    Step::new("cargo")
        .args(["build", "--package", "octavia"])
        .run()?;
    Ok(crate::shell::target().join("debug/octavia"))
}

/// Walks it as root, a network namespace for each amphora.
pub(crate) fn walk_as_root(binary: &Path, clients: &Path) -> anyhow::Result<()> {
    host::enter(binary, clients)
}

/// Walks it as root who gave root away: as `nobody`, with copies that `nobody` may read.
pub(crate) fn walk_without_root(binary: &Path, clients: &Path) -> anyhow::Result<()> {
    let open = tempfile::tempdir().context("make a temporary directory")?;
    let words = open.path().to_string_lossy().into_owned();
    Step::new("chmod").args(["755", &words]).run()?;
    let this = std::env::current_exe().context("find this program")?;
    let (own, tested) = (open.path().join("xtask"), open.path().join("octavia"));
    std::fs::copy(this, &own)?;
    std::fs::copy(binary, &tested)?;
    // A virtual environment works from wherever it lies, as long as its interpreter is named.
    let venv = open.path().join("clients");
    Step::new("cp").args(["-r"]).args([clients, &venv]).run()?;
    Step::new("setpriv")
        .args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "env",
            "HOME=/tmp",
            "TMPDIR=/tmp",
        ])
        .args([own.as_os_str()])
        .args(["guide", "--mode", "process", "--binary"])
        .args([tested.as_os_str()])
        .args(["--clients"])
        .args([venv.as_os_str()])
        .run()
}
