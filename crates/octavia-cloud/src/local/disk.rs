//! Files that are either whole or not there, and locks that processes share.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// How long a lock may be held by others before we give up.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);
/// How often a lock that others hold is tried.
const LOCK_PAUSE: Duration = Duration::from_millis(2);

/// Wraps a fault of the disk.
pub(super) fn fault(attempt: &str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let attempt = format!("{attempt} {}", path.display());
    move |source| Error::unavailable(attempt, source)
}

/// Makes a directory that only we can read, and the ones above it.
pub(super) fn make_directory(path: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(fault("make the directory", path))
}

/// Writes a new file that only we can read.
pub(super) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        });
    written.map_err(fault("write", path))
}

/// Writes a record so that a reader sees the old one or the new one, and nothing between.
pub(super) fn write_record<T: Serialize>(path: &Path, record: &T) -> Result<()> {
    let text = serde_json::to_vec_pretty(record).map_err(|error| {
        Error::unavailable(format!("write {}", path.display()), io::Error::from(error))
    })?;
    let new = path.with_extension("new");
    let written = write_private(&new, &text).and_then(|()| {
        let renamed = std::fs::rename(&new, path);
        renamed.map_err(fault("write", path))
    });
    if written.is_err() {
        remove_file(&new)?;
    }
    written
}

/// What was found where a record should be.
pub(super) enum Found<T> {
    Record(T),
    Nothing,
    /// The host lost power while it was written, or somebody edited it.
    Garbage(serde_json::Error),
}

/// Reads a record.
pub(super) fn read_record<T: DeserializeOwned>(path: &Path) -> Result<Found<T>> {
    match std::fs::read(path) {
        Ok(text) => Ok(match serde_json::from_slice(&text) {
            Ok(record) => Found::Record(record),
            Err(error) => Found::Garbage(error),
        }),
        Err(error) if is_absent(&error) => Ok(Found::Nothing),
        Err(error) => Err(fault("read", path)(error)),
    }
}

/// Removes a file; one that is gone already is fine.
pub(super) fn remove_file(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if !is_absent(&error) => Err(fault("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a directory and all in it; one that is gone already is fine.
pub(super) fn remove_directory(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if !is_absent(&error) => Err(fault("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Returns the names in a directory, sorted.
pub(super) fn list(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(path).map_err(fault("list", path))?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let mut paths: Vec<PathBuf> = paths
        .collect::<io::Result<_>>()
        .map_err(fault("list", path))?;
    paths.sort();
    Ok(paths)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// A lock that is held until this and its clones are dropped, by one task of one process.
///
/// Work on a thread of its own keeps a clone: it goes on when the task is dropped.
#[derive(Debug, Clone)]
pub(super) struct Lock {
    path: PathBuf,
    _file: Arc<File>,
}

impl Lock {
    /// Waits for the lock, but not for ever.
    pub(super) async fn take(path: PathBuf) -> Result<Self> {
        let attempts = LOCK_PATIENCE.as_millis() / LOCK_PAUSE.as_millis();
        for _ in 0..attempts {
            if let Some(lock) = Self::try_take(&path)? {
                return Ok(lock);
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
        let waited = format!("others held it for {} s", LOCK_PATIENCE.as_secs());
        Err(Error::unavailable(
            format!("take the lock {}", path.display()),
            waited,
        ))
    }

    /// Takes the lock if nobody holds it.
    pub(super) fn try_take(path: &Path) -> Result<Option<Self>> {
        let failed = || fault("take the lock", path);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path).map_err(failed())?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed()(error)),
        }
        // Between opening and locking, the holder may have removed the file: that lock is nobody's.
        let ours = file.metadata().map_err(failed())?.ino();
        let current = std::fs::metadata(path).map(|metadata| metadata.ino());
        Ok((current.ok() == Some(ours)).then(|| Self {
            path: path.to_owned(),
            _file: Arc::new(file),
        }))
    }

    /// Removes the lock itself, when what it protects is gone.
    pub(super) fn remove(self) -> Result<()> {
        remove_file(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lock_has_one_holder_and_an_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let held = Lock::take(path.clone()).await.unwrap();
        let error = Lock::take(path.clone()).await.unwrap_err();
        assert!(error.may_retry());
        drop(held);
        let again = Lock::take(path.clone()).await.unwrap();
        again.remove().unwrap();
        assert!(!path.exists());
        assert!(Lock::take(path).await.is_ok());
    }

    #[test]
    fn a_record_that_cannot_be_written_leaves_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record.json");
        write_record(&path, &1).unwrap();
        std::fs::create_dir(path.with_extension("new")).unwrap();
        assert!(write_record(&path, &2).is_err());
        assert!(matches!(read_record(&path), Ok(Found::Record(1))));
    }

    #[test]
    fn half_a_record_is_garbage_and_no_record_is_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record.json");
        assert!(matches!(read_record::<u32>(&path), Ok(Found::Nothing)));
        std::fs::write(&path, "").unwrap();
        assert!(matches!(read_record::<u32>(&path), Ok(Found::Garbage(_))));
    }
}
