//! Schemathesis, which nobody here wrote: it reads the API's OpenAPI document and calls the service with
//! what it makes up. No call may fail, and every answer must be as the document describes it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use clap::Parser;

use crate::bench::process::{Program, free_address, last_lines};
use crate::shell::{Step, root, target};
use crate::venv;

/// How long to call.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// For so many seconds.
    #[arg(long, default_value_t = SECONDS)]
    pub(crate) seconds: u32,
    /// The binary to call; built for debugging if absent.
    #[arg(long)]
    pub(crate) binary: Option<PathBuf>,
}

/// How long CI calls.
pub(crate) const SECONDS: u32 = 75;

/// Pinned, so that a run says the same tomorrow.
const SCHEMATHESIS: [&str; 1] = ["schemathesis==4.32.5"];

/// What an answer is checked for. Whether a body that the document describes is accepted is not: rules
/// across fields are not in it. Nor whether all others are refused: requests are read loosely.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let binary = match &args.binary {
        Some(binary) => std::path::absolute(binary)?,
        None => build()?,
    };
    let venv = venv::install("schemathesis", &SCHEMATHESIS)?;
    let directory = tempfile::tempdir()?;
    let database = directory.path().join("octavia.db");
    let (mut service, address) = start(&binary, directory.path(), &database)?;
    let log = directory.path().join("api.log");
    let listens = service.wait_for(address);
    listens.with_context(|| last_lines(&log))?;
    let ours = root().join("crates/xtask/schemathesis");
    let outcome = Step::new(venv.join("bin/schemathesis"))
        .args(["--config-file"])
        .args([ours.join("schemathesis.toml")])
        .args(["run"])
        .args([format!("http://{address}/v2.0/openapi.json")])
        .args(["--url", &format!("http://{address}")])
        .args(["--max-time", &args.seconds.to_string()])
        .args(["--checks", CHECKS])
        .args(["--continue-on-failure", "--suppress-health-check", "all"])
        .args(["--warnings", "off"])
        .env("SCHEMATHESIS_HOOKS", "aim")
        .env("PYTHONPATH", ours)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SERVICE", format!("http://{address}"))
        .env("DATABASE", &database)
        .run();
    outcome.with_context(|| last_lines(&log))
}

fn build() -> anyhow::Result<PathBuf> {
    Step::new("cargo")
        .args(["build", "--package", "octavia"])
        .run()?;
    Ok(target().join("debug/octavia"))
}

/// Starts the API alone, on a database of its own.
fn start(
    binary: &Path,
    directory: &Path,
    database: &Path,
) -> anyhow::Result<(Program, SocketAddr)> {
    let address = free_address()?;
    let configuration = directory.join("octavia.conf");
    std::fs::write(&configuration, settings(address, directory, database))?;
    let octavia = |words: &[&str]| {
        let mut command = Command::new(binary);
        command.arg("--config-file").arg(&configuration).args(words);
        command.stdin(Stdio::null());
        command
    };
    let upgraded = octavia(&["db", "upgrade"]).output()?;
    if !upgraded.status.success() {
        let said = String::from_utf8_lossy(&upgraded.stderr);
        bail!("octavia db upgrade failed:\n{said}");
    }
    let output = std::fs::File::create(directory.join("api.log"))?;
    let mut command = octavia(&["api"]);
    command.stdout(output.try_clone()?).stderr(output);
    Ok((Program::start_anywhere(command)?, address))
}

fn settings(address: SocketAddr, directory: &Path, database: &Path) -> String {
    format!(
        "[api_settings]
auth_strategy = noauth
bind_host = {}
bind_port = {}
sync_wait = 0
immutable_wait = 0
healthcheck_enabled = True
default_provider_driver = noop_driver
enabled_provider_drivers = noop_driver:Does nothing.,amphora:The amphora provider.

[database]
connection = sqlite:///{}

[controller_worker]
compute_driver = compute_local_driver
network_driver = network_local_driver

[local_cloud]
state_dir = {}
isolation = process
",
        address.ip(),
        address.port(),
        database.display(),
        directory.display(),
    )
}
