//! The binary under test, as all-in-one.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::Mode;
use crate::shell::{Step, until};

/// How a service is started, beside its state directory.
pub(crate) struct Start<'a> {
    pub(crate) mode: Mode,
    pub(crate) binary: &'a Path,
    /// The port of its API.
    pub(crate) port: u16,
    /// A configuration file, beside what is built in.
    pub(crate) configuration: Option<&'a Path>,
}

/// A running all-in-one.
pub(crate) struct Service {
    child: Child,
    state: PathBuf,
    endpoint: String,
}

impl Service {
    /// Starts all-in-one on a state directory, and waits until its API answers.
    pub(crate) fn start(mode: Mode, binary: &Path, state: &Path) -> anyhow::Result<Self> {
        let start = Start {
            mode,
            binary,
            port: free_port()?,
            configuration: None,
        };
        Self::start_with(&start, state)
    }

    /// As [`Service::start`], with a port and a configuration of its own.
    pub(crate) fn start_with(start: &Start<'_>, state: &Path) -> anyhow::Result<Self> {
        let isolation = match start.mode {
            Mode::Process => "process",
            Mode::Namespace => "namespace",
        };
        let log = std::fs::File::create(state.join("all-in-one.log"))?;
        let mut command = Command::new(start.binary);
        if let Some(file) = start.configuration {
            command.arg("--config-file").arg(file);
        }
        let child = command
            .arg("all-in-one")
            .arg("--state-dir")
            .arg(state)
            .args([
                "--bind-port",
                &start.port.to_string(),
                "--isolation",
                isolation,
            ])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", start.binary.display()))?;
        let endpoint = format!("http://127.0.0.1:{}", start.port);
        let mut service = Self {
            child,
            state: state.to_owned(),
            endpoint,
        };
        service.wait_for_api()?;
        Ok(service)
    }

    /// Returns the endpoint of its API.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns its state directory.
    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// Returns the processes below the state directory: amphorae.
    pub(crate) fn amphorae(&self) -> anyhow::Result<Vec<u32>> {
        let state = self.state.to_string_lossy().into_owned();
        let own = self.child.id();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc")? {
            let entry = entry?;
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
                continue;
            };
            let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if pid != own && String::from_utf8_lossy(&words).contains(&state) {
                found.push(pid);
            }
        }
        Ok(found)
    }

    /// Stops it softly, and fails when it does not end by itself.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        Step::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .run()?;
        let mut status = None;
        until(Duration::from_secs(30), "all-in-one to stop", || {
            status = self.child.try_wait()?;
            Ok(status.is_some())
        })?;
        if !status.is_some_and(|status| status.success()) {
            bail!("all-in-one ended with {status:?}:\n{}", self.log());
        }
        Ok(())
    }

    /// Returns the end of its log.
    pub(crate) fn log(&self) -> String {
        let text = std::fs::read_to_string(self.state.join("all-in-one.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    fn wait_for_api(&mut self) -> anyhow::Result<()> {
        let url = format!("{}/", self.endpoint);
        let answered = until(Duration::from_secs(30), "the API to answer", || {
            if let Some(status) = self.child.try_wait()? {
                bail!("all-in-one ended with {status}");
            }
            Ok(Step::new("curl")
                .args(["-sf", "-m", "2", "-o", "/dev/null", &url])
                .succeeds())
        });
        answered.with_context(|| self.log())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Fails only when the process has ended, which is what is wanted.
        self.child.kill().ok();
        self.child.wait().ok();
        for pid in self.amphorae().unwrap_or_default() {
            Step::new("kill")
                .args(["-KILL", &pid.to_string()])
                .succeeds();
        }
    }
}

/// Returns a port that nobody uses at this moment.
fn free_port() -> anyhow::Result<u16> {
    let socket = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    Ok(socket.local_addr()?.port())
}
