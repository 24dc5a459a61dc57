//! The client's process: commands go in, answers come out.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::shell::root;

/// The `openstack` client of one account, which stays for all commands.
pub(super) struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// What it adds to `openstack` for load balancers.
    pub(super) subcommands: Vec<String>,
}

/// What a command came to.
pub(super) struct Answer {
    pub(super) succeeded: bool,
    /// What it printed.
    pub(super) printed: String,
    /// What it wrote beside that: why it failed.
    pub(super) complained: String,
}

impl Client {
    /// Starts the client of a virtual environment for an account.
    pub(super) fn start(venv: &Path, account: &[(String, String)]) -> anyhow::Result<Self> {
        let mut child = Command::new(venv.join("bin/python"))
            .arg(root().join("crates/xtask/cli/shell.py"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", std::env::temp_dir())
            .envs(account.iter().cloned())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the openstack client")?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let mut client = Self {
            child,
            input: input.context("the client takes no commands")?,
            output: BufReader::new(output.context("the client answers nothing")?),
            subcommands: Vec::new(),
        };
        client.subcommands = serde_json::from_value(client.line()?)?;
        Ok(client)
    }

    /// Types `openstack <words>`.
    pub(super) fn run(&mut self, words: &[String]) -> anyhow::Result<Answer> {
        writeln!(self.input, "{}", json!(words)).context("ask the client")?;
        let answer = self.line()?;
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        Ok(Answer {
            succeeded: answer["succeeded"] == true,
            printed: text("printed"),
            complained: text("complained"),
        })
    }

    fn line(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("the client ended");
        }
        serde_json::from_str(&line).with_context(|| format!("read {line}"))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Fails only when the process has ended, which is what is wanted.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
