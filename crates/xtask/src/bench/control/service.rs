//! The binary, as all-in-one, in a directory of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::bench::process::{Program, free_address, last_lines, octavia};

/// A running all-in-one; it is stopped softly when this is dropped, before its directory goes.
pub(super) struct Service {
    _program: Program,
    pub(super) api: SocketAddr,
    state: TempDir,
}

impl Service {
    pub(super) fn start(binary: Option<&Path>, isolation: &str) -> anyhow::Result<Self> {
        let binary = octavia(binary)?;
        let state = tempfile::tempdir()?;
        let api = free_address()?;
        let log = std::fs::File::create(state.path().join("log"))?;
        let mut command = Command::new(binary);
        command
            .arg("all-in-one")
            .arg("--state-dir")
            .arg(state.path())
            .arg("--bind-port")
            .arg(api.port().to_string())
            .arg("--isolation")
            .arg(isolation)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut program = Program::start_anywhere(command)?;
        program.wait_for(api)?;
        Ok(Self {
            _program: program,
            api,
            state,
        })
    }

    /// Returns the end of its log.
    pub(super) fn log(&self) -> String {
        last_lines(&self.state.path().join("log"))
    }
}
