//! The state folder of all-in-one: who holds it, and the secrets that are made on first start.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use octavia_model::Secret;
use rand::TryRng;

use crate::failure::Failure;

/// A state folder that this process alone uses, until it ends.
#[derive(Debug)]
pub(crate) struct StateFolder {
    path: PathBuf,
    /// Held, not read: the lock goes when the file is closed, even by SIGKILL.
    _lock: File,
}

impl StateFolder {
    /// Makes the folder, for its owner only, and takes it.
    pub(crate) fn take(path: &Path) -> Result<Self, Failure> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| unusable(path, &error))?;
        let path = path
            .canonicalize()
            .map_err(|error| unusable(path, &error))?;
        let lock = lock(&path)?;
        Ok(Self { path, _lock: lock })
    }

    /// Returns the folder, as an absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the key of heartbeats, which is drawn by chance on first start.
    pub(crate) fn heartbeat_key(&self) -> Result<Secret<String>, Failure> {
        let mut key = [0_u8; 32];
        rand::rngs::SysRng
            .try_fill_bytes(&mut key)
            .map_err(|error| Failure::Other(error.into()))?;
        let hex = key
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        self.kept("heartbeat.key", &hex).map(Secret::new)
    }

    /// Returns what the file holds; writes `first` into it when there is none.
    ///
    /// The file appears whole or not at all, and only its owner reads it.
    pub(crate) fn kept(&self, name: &str, first: &str) -> Result<String, Failure> {
        let path = self.path.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => return Ok(text.trim().to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(&path, &error)),
        }
        write_whole(&path, first).map_err(|error| unusable(&path, &error))?;
        Ok(first.to_owned())
    }
}

/// Returns where the state of a user lies when nothing else is said.
pub(crate) fn usual_place() -> Result<PathBuf, Failure> {
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/octavia"));
    }
    let from = |variable: &str| {
        std::env::var_os(variable)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    from("XDG_STATE_HOME")
        .or_else(|| from("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("octavia"))
        .ok_or_else(|| {
            Failure::text("there is no $HOME to keep state in: name a folder with --state-dir")
        })
}

fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join("octavia.lock");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| unusable(&path, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(taken(folder, &mut file)),
        Err(TryLockError::Error(error)) => return Err(unusable(&path, &error)),
    }
    let pid = std::process::id().to_string();
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(pid.as_bytes()))
        .map_err(|error| unusable(&path, &error))?;
    Ok(file)
}

fn taken(folder: &Path, lock: &mut File) -> Failure {
    let mut pid = String::new();
    let holder = match lock.read_to_string(&mut pid) {
        Ok(_) if !pid.is_empty() => format!("process {pid}"),
        Ok(_) | Err(_) => "another process".to_owned(),
    };
    Failure::Taken(format!(
        "{holder} runs on the state folder {}: stop it, or name another folder with --state-dir",
        folder.display()
    ))
}

fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::text(format!(
        "{}: {error}; all-in-one keeps its state there, --state-dir names another folder",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_second_process_is_told_who_holds_the_folder() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("state");
        let held = StateFolder::take(&folder).unwrap();
        let refused = StateFolder::take(&folder).unwrap_err().to_string();
        assert!(
            refused.contains(&std::process::id().to_string()),
            "{refused}"
        );
        assert!(refused.contains("--state-dir"), "{refused}");
        drop(held);
        StateFolder::take(&folder).unwrap();
    }

    #[test]
    fn the_heartbeat_key_is_made_once_and_only_its_owner_reads_it() {
        let parent = tempfile::tempdir().unwrap();
        let folder = StateFolder::take(parent.path()).unwrap();
        let key = folder.heartbeat_key().unwrap();
        assert_eq!(key.reveal().len(), 64);
        assert!(key == folder.heartbeat_key().unwrap(), "the key is kept");
        let file = folder.path().join("heartbeat.key");
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let failure = StateFolder::take(Path::new("/proc/nonexistent/state")).unwrap_err();
        assert!(
            failure.to_string().contains("/proc/nonexistent"),
            "{failure}"
        );
    }
}
