//! Programs that are measured: kept on one core, with the CPU time that they used.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{Signal, kill};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

use super::report::say;
use crate::shell::{Step, target, until};

/// How long a program may take until it listens.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// How long a program may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// How many lines of a log are shown.
const SHOWN_LINES: usize = 40;

/// Where a program runs, where there is a choice.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Core {
    /// The core of what is measured.
    Measured,
    /// The cores of everything else.
    Others,
}

/// A program that is stopped when this is dropped.
pub(crate) struct Program {
    child: Child,
    name: String,
}

impl Program {
    /// Starts a program on its core.
    pub(crate) fn start(command: Command, core: Core) -> anyhow::Result<Self> {
        on_core(core, || Self::start_anywhere(command))?
    }

    /// Starts a program on any core.
    pub(crate) fn start_anywhere(mut command: Command) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("start {name}"))?;
        Ok(Self { child, name })
    }

    /// Waits until it listens at an address.
    pub(crate) fn wait_for(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        until(
            START_PATIENCE,
            &format!("{} at {address}", self.name),
            || {
                if let Some(status) = self.child.try_wait()? {
                    bail!("{} ended with {status}", self.name);
                }
                Ok(TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok())
            },
        )
    }

    /// Returns the CPU time that all its threads have used so far.
    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        cpu_time(self.id())
    }

    /// Says a line to it, and returns the next line that it says.
    pub(crate) fn ask(&mut self, line: &str) -> anyhow::Result<String> {
        let input = self.child.stdin.as_mut().context("it does not listen")?;
        writeln!(input, "{line}")?;
        self.hear()
    }

    /// Returns the next line that it says.
    pub(crate) fn hear(&mut self) -> anyhow::Result<String> {
        let output = self.child.stdout.as_mut().context("it does not speak")?;
        let (mut line, mut byte) = (Vec::new(), [0]);
        while output.read(&mut byte)? == 1 {
            match byte {
                [b'\n'] => return Ok(String::from_utf8(line)?),
                [byte] => line.push(byte),
            }
        }
        bail!("{} has ended", self.name)
    }

    /// Returns its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Program {
    /// Asks it to end first, so that it can stop what it has started itself.
    fn drop(&mut self) {
        let asked = i32::try_from(self.id()).map(|id| kill(Pid::from_raw(id), Signal::SIGTERM));
        let ended = until(STOP_PATIENCE, "the end of a program", || {
            Ok(self.child.try_wait()?.is_some())
        });
        if asked.is_err() || ended.is_err() {
            say(&format!(
                "{} does not end when asked; killing it",
                self.name
            ));
            // Both fail only when it has ended, which is what is wanted.
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// Returns a time that only grows.
pub(crate) fn now() -> anyhow::Result<Duration> {
    let now = ClockId::CLOCK_MONOTONIC.now().context("read the clock")?;
    Ok(now.into())
}

/// Builds what is measured, as it is released.
pub(crate) fn build(what: &[&str]) -> anyhow::Result<()> {
    say(&format!("building {} for release", what.join(" ")));
    let cargo = Step::new("cargo").args(["build", "--release"]);
    cargo.args(what.iter().copied()).output().map(|_| ())
}

/// Returns the binary to measure: the given one, or one built for it.
pub(crate) fn octavia(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(binary) = given {
        return Ok(binary.to_owned());
    }
    build(&["--package", "octavia"])?;
    Ok(target().join("release/octavia"))
}

/// Returns our proxy alone, without an agent: the given one, or one built for it.
pub(crate) fn proxy(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(binary) = given {
        return Ok(binary.to_owned());
    }
    build(&["--package", "octavia-proxy", "--example", "proxy"])?;
    Ok(target().join("release/examples/proxy"))
}

/// Returns the CPU time of a process: that of all its threads, ended ones too.
pub(crate) fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let pid = Pid::from_raw(i32::try_from(pid)?);
    let clock = clock_getcpuclockid(pid).context("find the CPU clock of a process")?;
    Ok(clock.now().context("read a CPU clock")?.into())
}

/// Returns a process and all that it started, and they in turn.
pub(crate) fn family(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(parent) = family.get(next) {
        let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        let children = children.unwrap_or_default();
        family.extend(
            children
                .split_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
        next += 1;
    }
    family
}

/// Returns the resident memory of a process, in MiB.
pub(crate) fn resident(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: f64 = size.context("a process without memory")?.parse()?;
    Ok(kibibytes / 1024.0)
}

/// Does something on certain cores. What it starts stays there.
pub(crate) fn on_core<T>(core: Core, act: impl FnOnce() -> T) -> anyhow::Result<T> {
    let this = Pid::from_raw(0);
    let all = sched_getaffinity(this).context("ask for our cores")?;
    sched_setaffinity(this, &cores(&all, core)?).context("move to another core")?;
    let done = act();
    sched_setaffinity(this, &all).context("move back to all cores")?;
    Ok(done)
}

/// Chooses from the cores that we may use; with one alone there is no choice.
fn cores(all: &CpuSet, core: Core) -> anyhow::Result<CpuSet> {
    let mut usable = Vec::new();
    for number in 0..CpuSet::count() {
        if all.is_set(number)? {
            usable.push(number);
        }
    }
    let chosen = match (core, usable.as_slice()) {
        (_, [] | [_]) => return Ok(*all),
        (Core::Measured, [first, ..]) => std::slice::from_ref(first),
        (Core::Others, [_, others @ ..]) => others,
    };
    let mut set = CpuSet::new();
    for number in chosen {
        set.set(*number)?;
    }
    Ok(set)
}

/// Returns an address that nobody uses at this moment.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    let socket = TcpListener::bind(("127.0.0.1", 0))?;
    Ok(socket.local_addr()?)
}

/// Returns the end of a log, to show when something fails.
pub(crate) fn last_lines(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}
