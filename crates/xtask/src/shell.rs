//! Running other programs, and saying so.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};

/// One program to run: it is printed first, and its failure names it.
pub(crate) struct Step {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
}

impl Step {
    /// A program, by name or path.
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
        }
    }

    /// Adds arguments.
    pub(crate) fn args<I, S>(mut self, args: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<OsString>,
    {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Runs it with our output, and fails when it does.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        println!("\x1b[1m$ {}\x1b[0m", self.words());
        let status = self
            .command()
            .status()
            .with_context(|| format!("start {}", self.words()))?;
        if !status.success() {
            bail!("{} ended with {status}", self.words());
        }
        Ok(())
    }

    /// Runs it and returns what it printed on its standard output.
    pub(crate) fn output(&self) -> anyhow::Result<String> {
        let output = self
            .command()
            .output()
            .with_context(|| format!("start {}", self.words()))?;
        if !output.status.success() {
            bail!(
                "{} ended with {}: {}",
                self.words(),
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it quietly, and tells whether it succeeded.
    pub(crate) fn succeeds(&self) -> bool {
        self.command()
            .output()
            .is_ok_and(|output| output.status.success())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .current_dir(root());
        command
    }

    fn words(&self) -> String {
        std::iter::once(&self.program)
            .chain(&self.args)
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Returns the root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this crate lies two levels below the root")
        .to_path_buf()
}

/// Returns the directory of build results.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Asks every 50 ms until the answer is yes, and fails after `limit`.
pub(crate) fn until(
    limit: Duration,
    what: &str,
    mut condition: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let pause = Duration::from_millis(50);
    for _ in 0..limit.as_millis().div_ceil(pause.as_millis()) {
        if condition()? {
            return Ok(());
        }
        std::thread::sleep(pause);
    }
    bail!("waited {} s for {what}", limit.as_secs())
}

/// Finds a program on the PATH, or where Debian puts servers.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}
