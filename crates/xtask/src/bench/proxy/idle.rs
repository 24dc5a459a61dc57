//! What an idle connection holds.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::Program;
use super::contender::Contender;
use super::load::Listener;
use crate::bench::process::{Core, resident};
use crate::shell::{find, until};

/// How many connections are idle at once.
const COUNT: u32 = 5000;
/// How often it is measured at most: memory hardly varies.
pub(crate) const ROUNDS: u32 = 3;
/// How long all may take to connect.
const PATIENCE: Duration = Duration::from_mins(2);

/// Asks once on each connection, and then never again.
const SCRIPT: &str = "local asked = 0
function delay()
  asked = asked + 1
  if asked <= COUNT then return 0 end
  return 3600000
end
";

/// A kind of idle connection.
pub(crate) struct Idle {
    pub(crate) name: &'static str,
    listener: Listener,
}

/// All that are measured.
pub(crate) const IDLE: [Idle; 2] = [
    Idle {
        name: "memory of an idle HTTP connection, KiB",
        listener: Listener::Http,
    },
    Idle {
        name: "memory of an idle TLS connection, KiB",
        listener: Listener::Ecdsa,
    },
];

impl Idle {
    /// Returns by how much each connection lets the process grow that answered one request on it.
    pub(crate) fn kibibytes(&self, contender: &Contender) -> anyhow::Result<f64> {
        let wrk = find("wrk").context("wrk makes the load: apt install wrk")?;
        let script = tempfile::NamedTempFile::with_suffix(".lua")?;
        std::fs::write(script.path(), SCRIPT.replace("COUNT", &COUNT.to_string()))?;
        let (pid, before) = (contender.program.id(), descriptors(contender.program.id())?);
        let empty = resident(pid)?;
        let mut command = Command::new(wrk);
        command
            .args(["--threads=1", "--duration=1h"])
            .arg(format!("--connections={COUNT}"))
            .arg("--script")
            .arg(script.path())
            .arg(self.listener.url(contender, "small"))
            .stdout(Stdio::null());
        let clients = Program::start(command, Core::Others)?;
        let all = before + COUNT as usize;
        until(PATIENCE, "idle connections", || {
            let cost = contender.program.cpu_time()?;
            std::thread::sleep(Duration::from_secs(1));
            let is_still = contender.program.cpu_time()?.saturating_sub(cost) < STILL;
            Ok(is_still && descriptors(pid)? >= all)
        })?;
        let grown = (resident(pid)? - empty) * 1024.0;
        drop(clients);
        ensure!(grown > 0.0, "memory did not grow");
        Ok(grown / f64::from(COUNT))
    }
}

/// What a process without work uses in a second, at most.
const STILL: Duration = Duration::from_millis(10);

fn descriptors(pid: u32) -> anyhow::Result<usize> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}
