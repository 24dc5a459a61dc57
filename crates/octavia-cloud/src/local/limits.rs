//! Control groups: what an amphora may use, where the host lets us say so.

use std::io;
use std::path::{Path, PathBuf};

use octavia_model::{Id, Server as ServerId};

use super::config::Limits;

/// Where control groups are mounted.
const ROOT: &str = "/sys/fs/cgroup";
/// The group that holds ours.
const PARENT: &str = "octavia";
/// The period of a CPU quota in microseconds.
const CPU_PERIOD: u64 = 100_000;

/// The groups of a host, of whichever version it has.
pub(super) struct Groups {
    files: Vec<LimitFile>,
}

/// One limit: a file to write in a group below a hierarchy.
struct LimitFile {
    hierarchy: PathBuf,
    name: &'static str,
    value: String,
}

impl Groups {
    /// Finds the groups that the limits need; without limits, none.
    pub(super) fn new(limits: Limits) -> Self {
        let root = Path::new(ROOT);
        let files = if root.join("cgroup.controllers").exists() {
            unified(root, limits)
        } else {
            separate(root, limits)
        };
        let groups = Self { files };
        if let Err(error) = groups.prepare() {
            tracing::warn!(error = %error, "amphorae run without limits: no control groups: {error}");
            return Self { files: Vec::new() };
        }
        groups
    }

    fn prepare(&self) -> io::Result<()> {
        for file in &self.files {
            let parent = file.hierarchy.join(PARENT);
            std::fs::create_dir_all(&parent)?;
            if file.hierarchy.join("cgroup.controllers").exists() {
                for group in [&file.hierarchy, &parent] {
                    std::fs::write(group.join("cgroup.subtree_control"), "+cpu +memory")?;
                }
            }
        }
        Ok(())
    }

    /// Puts a process under the limits.
    pub(super) fn apply(&self, server: Id<ServerId>, pid: i32) {
        for file in &self.files {
            if let Err(error) = file.apply(server, pid) {
                let name = file.name;
                tracing::warn!(error = %error, "amphora {server} runs without {name}: {error}");
            }
        }
    }

    /// Removes the groups of a server that has ended. The kernel may need a moment to let go of
    /// them; what stays is empty, and is used again or removed with the next try.
    pub(super) fn remove(&self, server: Id<ServerId>) {
        for file in &self.files {
            if let Err(error) = std::fs::remove_dir(file.group(server)) {
                tracing::debug!(error = %error, "control group of {server} stays: {error}");
            }
        }
    }
}

impl LimitFile {
    fn group(&self, server: Id<ServerId>) -> PathBuf {
        self.hierarchy.join(PARENT).join(server.to_string())
    }

    fn apply(&self, server: Id<ServerId>, pid: i32) -> io::Result<()> {
        let group = self.group(server);
        std::fs::create_dir_all(&group)?;
        std::fs::write(group.join(self.name), &self.value)?;
        std::fs::write(group.join("cgroup.procs"), pid.to_string())
    }
}

/// Version 2: one hierarchy.
fn unified(root: &Path, limits: Limits) -> Vec<LimitFile> {
    let file = |name, value| LimitFile {
        hierarchy: root.to_owned(),
        name,
        value,
    };
    let memory = limits
        .memory_bytes
        .map(|b| file("memory.max", b.to_string()));
    let cpu = limits.cpu_percent.map(|percent| {
        let quota = quota(percent);
        file("cpu.max", format!("{quota} {CPU_PERIOD}"))
    });
    memory.into_iter().chain(cpu).collect()
}

/// Version 1: a hierarchy a resource.
fn separate(root: &Path, limits: Limits) -> Vec<LimitFile> {
    let memory = limits.memory_bytes.map(|bytes| LimitFile {
        hierarchy: root.join("memory"),
        name: "memory.limit_in_bytes",
        value: bytes.to_string(),
    });
    let cpu = limits.cpu_percent.map(|percent| LimitFile {
        hierarchy: root.join("cpu"),
        name: "cpu.cfs_quota_us",
        value: quota(percent).to_string(),
    });
    memory.into_iter().chain(cpu).collect()
}

/// Returns the CPU time in microseconds in one period.
fn quota(percent: u32) -> u64 {
    u64::from(percent) * CPU_PERIOD / 100
}
