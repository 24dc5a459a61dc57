//! The unmodified `openstack` client, from PyPI.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::venv;

/// The clients, pinned so that a run says the same tomorrow.
const CLIENTS: [&str; 2] = [
    "python-openstackclient==10.5.0",
    "python-octaviaclient==3.15.0",
];

/// Makes a virtual environment with the clients, once, and returns its path.
pub(crate) fn install_clients() -> anyhow::Result<PathBuf> {
    venv::install("clients", &CLIENTS)
}

/// The client with its credentials.
pub(crate) struct OpenStack {
    program: PathBuf,
    endpoint: String,
}

impl OpenStack {
    /// Uses the client of a virtual environment, without Keystone.
    pub(crate) fn new(venv: &Path, endpoint: &str) -> Self {
        Self {
            program: venv.join("bin/python"),
            endpoint: endpoint.to_owned(),
        }
    }

    /// Types `openstack <words>`, prints what it answers, and fails when it does.
    pub(crate) fn run(&self, words: &[&str]) -> anyhow::Result<String> {
        println!("\x1b[1m$ openstack {}\x1b[0m", words.join(" "));
        let text = self.answer(words)?;
        print!("{text}");
        Ok(text)
    }

    /// Asks for JSON without printing it.
    pub(crate) fn json(&self, words: &[&str]) -> anyhow::Result<Value> {
        let words = [words, &["-f", "json"]].concat();
        let text = self.answer(&words)?;
        serde_json::from_str(&text)
            .with_context(|| format!("openstack {} answered {text:?}", words.join(" ")))
    }

    fn answer(&self, words: &[&str]) -> anyhow::Result<String> {
        let output = Command::new(&self.program)
            // The `openstack` script names its interpreter by a path that a copy does not have.
            .args(["-m", "openstackclient.shell"])
            .args(words)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", std::env::temp_dir())
            .env("OS_AUTH_TYPE", "none")
            .env("OS_ENDPOINT", &self.endpoint)
            .output()
            .with_context(|| format!("start {}", self.program.display()))?;
        if !output.status.success() {
            bail!(
                "openstack {} ended with {}:\n{}",
                words.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
