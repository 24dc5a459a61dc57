//! `octavia api` alone, on the core that is measured.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::database::Database;
use crate::bench::process::{Core, Program, free_address, last_lines};

/// A running API.
pub(super) struct Server {
    pub(super) program: Program,
    pub(super) address: SocketAddr,
    log: PathBuf,
    _database: Database,
}

impl Server {
    pub(super) fn start(
        binary: &Path,
        directory: &Path,
        database: Database,
    ) -> anyhow::Result<Self> {
        let address = free_address()?;
        let configuration = directory.join("octavia.conf");
        std::fs::write(&configuration, settings(address, directory, &database))?;
        let octavia = |role: &[&str]| {
            let mut command = Command::new(binary);
            command.arg("--config-file").arg(&configuration).args(role);
            command.stdin(Stdio::null());
            command
        };
        let upgraded = octavia(&["db", "upgrade"]).output();
        let upgraded = upgraded.with_context(|| format!("start {}", binary.display()))?;
        if !upgraded.status.success() {
            let said = String::from_utf8_lossy(&upgraded.stderr);
            bail!("octavia db upgrade failed:\n{said}");
        }
        let log = directory.join("api.log");
        let output = std::fs::File::create(&log)?;
        let mut command = octavia(&["api"]);
        command.stdout(output.try_clone()?).stderr(output);
        let mut program = Program::start(command, Core::Measured)?;
        let listens = program.wait_for(address);
        listens.with_context(|| last_lines(&log))?;
        Ok(Self {
            program,
            address,
            log,
            _database: database,
        })
    }

    /// Returns the end of what it printed.
    pub(super) fn log(&self) -> String {
        last_lines(&self.log)
    }
}

/// Nothing makes load balancers live here, so no answer waits for that.
fn settings(address: SocketAddr, directory: &Path, database: &Database) -> String {
    format!(
        "[api_settings]
auth_strategy = noauth
bind_host = {}
bind_port = {}
sync_wait = 0

[database]
connection = {}

[controller_worker]
compute_driver = compute_local_driver
network_driver = network_local_driver

[local_cloud]
state_dir = {}
isolation = process
",
        address.ip(),
        address.port(),
        database.url,
        directory.display(),
    )
}
