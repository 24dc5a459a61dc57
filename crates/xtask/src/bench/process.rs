//! Programs that are measured: kept on one core, with the CPU time that they used.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

use super::report::say;
use crate::shell::{Step, until};

/// How long a program may take until it listens.
const START_PATIENCE: Duration = Duration::from_secs(20);

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
    pub(crate) fn start(mut command: Command, core: Core) -> anyhow::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = on_core(core, || command.spawn())?;
        let child = child.with_context(|| format!("start {name}"))?;
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

    /// Returns its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only when it has ended, which is what is wanted.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Builds what is measured, as it is released.
pub(crate) fn build(what: &[&str]) -> anyhow::Result<()> {
    say(&format!("building {} for release", what.join(" ")));
    let cargo = Step::new("cargo").args(["build", "--release"]);
    cargo.args(what.iter().copied()).output().map(|_| ())
}

/// Returns the CPU time of a process: that of all its threads, ended ones too.
pub(crate) fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let pid = Pid::from_raw(i32::try_from(pid)?);
    let clock = clock_getcpuclockid(pid).context("find the CPU clock of a process")?;
    Ok(clock.now().context("read a CPU clock")?.into())
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
