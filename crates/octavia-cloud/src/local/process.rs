//! The processes that amphorae are: started, found again, stopped.

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};
use serde::{Deserialize, Serialize};

use super::netns::Namespace;

/// The size from which a log is set aside at the next start.
const LARGE_LOG_BYTES: u64 = 8 << 20;
/// What of our environment an amphora gets.
const ENVIRONMENT: [&str; 4] = ["PATH", "OCTAVIA_LOG", "RUST_BACKTRACE", "TZ"];
/// How long the kernel may take to end a process that it was told to kill.
const KILL_PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether an ended process was reaped, and how long between two looks.
const REAP_TRIES: u32 = 1000;
const REAP_PAUSE: Duration = Duration::from_millis(1);

/// Where the kernel tells about processes.
const PROC: &str = "/proc";

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    pid: i32,
    /// In ticks since the host started.
    start_time: u64,
    /// Which start of the host.
    boot_id: String,
}

/// How to start a process.
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) agent_config: PathBuf,
    pub(super) bind_host: IpAddr,
    pub(super) extra_arguments: Vec<String>,
    pub(super) directory: PathBuf,
    pub(super) log: PathBuf,
    /// The network namespace to start in; our own if absent.
    pub(super) namespace: Option<Namespace>,
}

impl Launch {
    /// Starts the process in its namespace, from a thread of its own that then waits for its end,
    /// so that it never stays a zombie.
    pub(super) fn start(self) -> io::Result<Process> {
        let (sender, receiver) = mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("amphora".to_owned())
            .spawn(move || match self.begin() {
                Ok((mut child, process)) => {
                    let pid = process.pid;
                    sender.send(Ok(process)).ok();
                    log_end(pid, child.wait());
                }
                Err(error) => {
                    sender.send(Err(error)).ok();
                }
            })?;
        receiver
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that starts it ended")))
    }

    fn begin(&self) -> io::Result<(Child, Process)> {
        let mut child = self.spawn()?;
        // Nobody has waited for the child yet, so its number is still its own.
        match Process::of_child(&child) {
            Ok(process) => Ok((child, process)),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    fn spawn(&self) -> io::Result<Child> {
        if let Some(namespace) = &self.namespace {
            namespace.enter()?;
        }
        let log = open_log(&self.log)?;
        let kept = ENVIRONMENT
            .into_iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        Command::new(&self.program)
            .arg("amphora")
            .arg("--config-file")
            .arg(&self.agent_config)
            .arg("--bind-host")
            .arg(self.bind_host.to_string())
            .args(&self.extra_arguments)
            .current_dir(&self.directory)
            .env_clear()
            .envs(kept)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
    }
}

/// Opens the log of a process that is about to start; one that has grown large is set aside.
fn open_log(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path).is_ok_and(|log| log.len() > LARGE_LOG_BYTES) {
        std::fs::rename(path, path.with_extension("log.old"))?;
    }
    File::options()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

fn log_end(pid: i32, ended: io::Result<ExitStatus>) {
    match ended {
        Ok(status) => {
            tracing::info!(pid, status = %status, "amphora process {pid} ended: {status}");
        }
        Err(error) => {
            tracing::warn!(pid, error = %error, "could not wait for process {pid}: {error}");
        }
    }
}

impl Process {
    fn of_child(child: &Child) -> io::Result<Self> {
        let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
        let stat = Stat::read(pid).ok_or_else(|| io::Error::other("the new process is unknown"))?;
        Self::new(pid, &stat)
    }

    fn new(pid: i32, stat: &Stat) -> io::Result<Self> {
        Ok(Self {
            pid,
            start_time: stat.start_time,
            boot_id: boot_id()?,
        })
    }

    /// Finds the process that was started with a configuration file, whoever started it.
    pub(super) fn find(agent_config: &Path) -> io::Result<Option<Self>> {
        for entry in std::fs::read_dir(PROC)? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let command = std::fs::read(format!("{PROC}/{pid}/cmdline")).unwrap_or_default();
            if !is_amphora(&command, agent_config) {
                continue;
            }
            // A shell's children look like it for a moment, but do not lead the group.
            if let Some(stat) = Stat::read(pid).filter(|stat| stat.runs && stat.group == pid) {
                return Self::new(pid, &stat).map(Some);
            }
        }
        Ok(None)
    }

    /// Tells whether it runs. One that ended and was not waited for does not.
    pub(super) fn is_running(&self) -> bool {
        let same = |stat: Stat| stat.runs && stat.start_time == self.start_time;
        Stat::read(self.pid).is_some_and(same) && boot_id().is_ok_and(|id| id == self.boot_id)
    }

    /// Returns its number.
    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    /// Asks it and its children to end, waits, and kills what is left. One that is frozen cannot
    /// hear, and is not waited for.
    pub(super) fn stop(&self, patience: Duration) -> io::Result<()> {
        let Some(handle) = self.open()? else {
            return Ok(());
        };
        self.signal(Signal::TERM)?;
        let is_frozen = Stat::read(self.pid).is_some_and(|stat| stat.is_frozen);
        if is_frozen || !ends_within(&handle, patience)? {
            let pid = self.pid;
            tracing::warn!(
                pid,
                "amphora process {pid} did not end when asked; killing it"
            );
        }
        // Also after an orderly end: its children, if it has any, are in its group.
        self.signal(Signal::KILL)?;
        if ends_within(&handle, KILL_PATIENCE)? {
            self.wait_until_reaped();
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("process {} does not end", self.pid),
        ))
    }

    /// Waits for the thread that reaps it, if it is our child: we may be about to end, too.
    fn wait_until_reaped(&self) {
        let own = i32::try_from(std::process::id()).ok();
        for _ in 0..REAP_TRIES {
            match Stat::read(self.pid) {
                Some(stat) if Some(stat.parent) == own => std::thread::sleep(REAP_PAUSE),
                Some(_) | None => return,
            }
        }
    }

    /// Opens a descriptor that becomes readable when the process ends.
    fn open(&self) -> io::Result<Option<OwnedFd>> {
        let Some(pid) = Pid::from_raw(self.pid) else {
            return Ok(None);
        };
        let handle = match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            Err(Errno::SRCH) => return Ok(None),
            handle => handle?,
        };
        // Only now that it is held can the number not pass to another unnoticed.
        Ok(self.is_running().then_some(handle))
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let Some(group) = Pid::from_raw(self.pid) else {
            return Ok(());
        };
        match rustix::process::kill_process_group(group, signal) {
            Err(Errno::SRCH) => Ok(()),
            sent => Ok(sent?),
        }
    }
}

/// Waits until the process that a descriptor is of has ended.
fn ends_within(handle: &OwnedFd, patience: Duration) -> io::Result<bool> {
    let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
    loop {
        match poll(&mut [PollFd::new(handle, PollFlags::IN)], Some(&patience)) {
            Err(Errno::INTR) => {}
            ready => return Ok(ready? > 0),
        }
    }
}

/// What the kernel tells about a process.
struct Stat {
    runs: bool,
    /// It was stopped by a signal, or by whoever traces it.
    is_frozen: bool,
    parent: i32,
    group: i32,
    start_time: u64,
}

impl Stat {
    fn read(pid: i32) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(format!("{PROC}/{pid}/stat")).ok()?)
    }

    /// See `proc_pid_stat(5)`. The name may hold spaces and parentheses, so fields count from its end.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let state = *fields.first()?;
        Some(Self {
            runs: !matches!(state, "Z" | "X" | "x"),
            is_frozen: matches!(state, "T" | "t"),
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            start_time: fields.get(19)?.parse().ok()?,
        })
    }
}

/// Tells whether a command line is that of an amphora with this configuration file.
fn is_amphora(command: &[u8], agent_config: &Path) -> bool {
    let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
    let wanted = [
        b"amphora".as_slice(),
        b"--config-file",
        agent_config.as_os_str().as_bytes(),
    ];
    words.windows(wanted.len()).any(|words| words == wanted)
}

/// Returns which start of the host this is: process numbers and start times repeat in the next.
fn boot_id() -> io::Result<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_with_spaces_and_parentheses_is_read_past() {
        let stat =
            Stat::parse("42 (a) Z (b) S 1 40 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3")
                .unwrap();
        assert!(stat.runs);
        assert_eq!((stat.group, stat.start_time), (40, 98765));
        assert!(
            !Stat::parse("7 (x) Z 1 7 7 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 5 1")
                .unwrap()
                .runs
        );
        assert!(Stat::parse("7 (x").is_none());
    }

    #[test]
    fn an_amphora_is_known_by_its_configuration_file() {
        let path = Path::new("/s/agent.conf");
        assert!(is_amphora(
            b"sh\0x\0amphora\0--config-file\0/s/agent.conf\0--bind-host\0::1\0",
            path
        ));
        assert!(!is_amphora(
            b"octavia\0amphora\0--config-file\0/t/agent.conf\0",
            path
        ));
        assert!(!is_amphora(b"vim\0/s/agent.conf\0", path));
        assert!(!is_amphora(b"", path));
    }

    #[test]
    fn a_process_is_not_mistaken_for_another_with_its_number() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let this = Process::new(pid, &Stat::read(pid).unwrap()).unwrap();
        assert!(this.is_running());
        let older = Process {
            start_time: this.start_time - 1,
            ..this.clone()
        };
        assert!(!older.is_running());
        let before_a_reboot = Process {
            boot_id: "another".to_owned(),
            ..this
        };
        assert!(!before_a_reboot.is_running());
    }
}
