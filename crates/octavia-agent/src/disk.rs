//! Files that are either the old or the new ones, whatever happens.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The new content of a file, safe on disk but not yet in its place. Dropped, it is gone.
#[must_use = "it takes its place with `commit`"]
#[derive(Debug)]
pub(crate) struct Prepared {
    temporary: PathBuf,
    path: PathBuf,
}

impl Prepared {
    /// Writes the content beside the file, for its owner's eyes only.
    pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<Self> {
        let prepared = Self {
            temporary: path.with_added_extension("new"),
            path: path.to_owned(),
        };
        prepared.fill(content)?;
        Ok(prepared)
    }

    fn fill(&self, content: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&self.temporary)?;
        file.write_all(content)?;
        file.sync_all()
    }

    /// Puts the content in its place. Afterwards it outlives a power cut.
    pub(crate) fn commit(self) -> io::Result<()> {
        std::fs::rename(&self.temporary, &self.path)?;
        sync_directory_of(&self.path)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // After a commit there is nothing to remove. Otherwise the next content takes its place.
        drop(std::fs::remove_file(&self.temporary));
    }
}

/// Removes the file, if it is there, for good.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_directory_of(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_content_stays_until_the_commit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        Prepared::write(&path, b"old").unwrap().commit().unwrap();
        let prepared = Prepared::write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        prepared.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn content_that_is_not_committed_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        drop(Prepared::write(&path, b"new").unwrap());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_full_disk_is_told_and_not_filled_further() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        std::os::unix::fs::symlink("/dev/full", path.with_added_extension("new")).unwrap();
        let error = Prepared::write(&path, b"new").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn removing_twice_is_removing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.json");
        std::fs::write(&path, b"x").unwrap();
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
    }
}
