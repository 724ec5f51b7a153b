//! Where the journal lies.

use redb::{StorageBackend, backends::FileBackend};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// A place for the journal's bytes, which can be opened again after it failed.
pub trait Disk: Send + Sync {
    /// How it is called in messages.
    fn name(&self) -> String;

    /// Opens it; what was written and synced before is there.
    ///
    /// # Errors
    /// What the machine says.
    fn open(&self) -> io::Result<Box<dyn StorageBackend>>;
}

/// A folder with the journal's file and a lock, which one process holds at a time.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Locked as long as this lives; the system unlocks it when the process dies.
    _lock: File,
}

/// Why a folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process has it.
    #[error(
        "another process uses the journal in {folder}: stop it first, two workers with one journal would pay twice"
    )]
    Locked {
        /// The folder.
        folder: String,
    },
    /// The machine refuses.
    #[error("the journal's folder {folder}: {source}")]
    Io {
        /// The folder.
        folder: String,
        /// Why.
        source: io::Error,
    },
}

impl Folder {
    /// Makes the folder if it is not there, and locks it.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn lock(path: &Path) -> Result<Self, FolderError> {
        let folder = || path.display().to_string();
        let failed = |source| FolderError::Io { folder: folder(), source };
        std::fs::create_dir_all(path).map_err(failed)?;
        let mut options = OpenOptions::new();
        let lock =
            options.create(true).truncate(false).write(true).open(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(FolderError::Locked { folder: folder() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

impl Disk for Folder {
    fn name(&self) -> String {
        self.path.join("journal.redb").display().to_string()
    }

    fn open(&self) -> io::Result<Box<dyn StorageBackend>> {
        let path = self.path.join("journal.redb");
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).read(true).write(true).open(path)?;
        // The file's name must be as durable as its content.
        File::open(&self.path)?.sync_all()?;
        Ok(Box::new(FileBackend::new(file).map_err(io::Error::other)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let first = Folder::lock(&path).unwrap();
        let refused = Folder::lock(&path).unwrap_err();
        assert!(refused.to_string().contains("another process"), "{refused}");
        drop(first);
        Folder::lock(&path).unwrap();
    }

    #[test]
    fn a_file_in_the_way_is_an_error_that_names_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refused = Folder::lock(file.path()).unwrap_err().to_string();
        assert!(refused.contains(&file.path().display().to_string()), "{refused}");
    }
}
