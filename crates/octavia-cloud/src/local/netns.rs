//! Network namespaces: made, named as `ip netns` names them, entered, removed.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, RawFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use octavia_model::{Id, Server as ServerId};

/// Where `ip netns` looks.
const DIRECTORY: &str = "/run/netns";
/// The namespace of the thread that asks.
const CURRENT: &str = "/proc/thread-self/ns/net";
/// No file system, no kind and no data: what mount(2) takes for "not needed".
const NOTHING: Option<&str> = None;

/// A network namespace that is held open.
pub(super) struct Namespace(File);

impl Namespace {
    /// Opens the namespace of a server; makes it if need be.
    pub(super) fn ensure(server: Id<ServerId>) -> io::Result<Self> {
        let path = path(server);
        if !is_namespace(&path) {
            prepare_directory()?;
            // What a crash may have left is an empty file to mount on, so it is used as it is.
            File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            let target = path.clone();
            in_new_namespace(move || {
                mount(Some(CURRENT), &target, NOTHING, MsFlags::MS_BIND, NOTHING)?;
                Ok(())
            })?;
        }
        Ok(Self(File::open(&path)?))
    }

    /// Makes a namespace without a name, which ends when nothing holds it.
    pub(super) fn unnamed() -> io::Result<Self> {
        in_new_namespace(|| Ok(Self(File::open(CURRENT)?)))
    }

    /// Moves the calling thread into the namespace.
    pub(super) fn enter(&self) -> io::Result<()> {
        Ok(setns(&self.0, CloneFlags::CLONE_NEWNET)?)
    }

    /// Returns the descriptor, for a message to the kernel; it is valid while this lives.
    pub(super) fn descriptor(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Removes the namespace of a server; one that is gone already is fine.
pub(super) fn remove(server: Id<ServerId>) -> io::Result<()> {
    let path = path(server);
    match umount2(&path, MntFlags::MNT_DETACH) {
        Ok(()) | Err(Errno::EINVAL | Errno::ENOENT) => {}
        Err(error) => return Err(error.into()),
    }
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Returns the path of a server's namespace. The end of the id is the part that always varies.
fn path(server: Id<ServerId>) -> PathBuf {
    let id = server.uuid().simple().to_string();
    Path::new(DIRECTORY).join(format!("octavia-{}", &id[20..]))
}

/// Runs something in a new network namespace, on a thread that ends afterwards.
fn in_new_namespace<T: Send + 'static>(
    act: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let thread = std::thread::Builder::new()
        .name("new namespace".to_owned())
        .spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET)?;
            act()
        })?;
    thread
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the thread that makes it panicked")))
}

/// Makes the directory as `ip netns` does: mounts in it are seen by all who share the mounts.
pub(super) fn prepare_directory() -> io::Result<()> {
    std::fs::create_dir_all(DIRECTORY)?;
    let share = || {
        let flags = MsFlags::MS_SHARED | MsFlags::MS_REC;
        mount(NOTHING, DIRECTORY, NOTHING, flags, NOTHING)
    };
    if share() == Err(Errno::EINVAL) {
        let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
        mount(Some(DIRECTORY), DIRECTORY, NOTHING, flags, NOTHING)?;
        share()?;
    }
    Ok(())
}

fn is_namespace(path: &Path) -> bool {
    nix::sys::statfs::statfs(path)
        .is_ok_and(|file_system| file_system.filesystem_type() == nix::sys::statfs::NSFS_MAGIC)
}
