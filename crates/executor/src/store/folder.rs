//! [`FolderStore`]: a folder on this machine.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use tempfile::NamedTempFile;

use super::{ContentSource, ContentStore, StoreError, blocking};
use crate::{Digest, digest::Hasher};

/// Content-addressed files below one folder: `ab/abcd…`, by the digest's first two digits.
///
/// A file is written beside its place, synced, and renamed into it, so that a crash leaves the whole file or none.
#[derive(Clone, Debug)]
pub struct FolderStore {
    root: PathBuf,
}

impl FolderStore {
    /// Opens the store in the folder `root`, and makes the folder where there is none.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let store = Self { root: root.into() };
        let staging = store.staging();
        fs::create_dir_all(&staging).map_err(StoreError::io(&staging))?;
        Ok(store)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where files lie until they are whole.
    pub(super) fn staging(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// The file that holds the bytes, if the store has them. Its content is as unchecked as any file's.
    pub fn path_of(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join(&name[..2]).join(name)
    }

    /// Writes what `reader` yields and gives its digest and size. What is there already is written anew, which
    /// heals a damaged file.
    fn keep(&self, mut reader: impl Read) -> Result<(Digest, u64), StoreError> {
        let staging = self.staging();
        let mut file = NamedTempFile::new_in(&staging).map_err(StoreError::io(&staging))?;
        let (digest, size_bytes) =
            copy_hashed(&mut reader, file.as_file_mut()).map_err(StoreError::io(file.path()))?;
        let path = self.path_of(digest);
        place(file, &path, true)?;
        Ok((digest, size_bytes))
    }

    /// Opens the bytes for reading; their size is at most `max_bytes`.
    fn open_checked(&self, digest: Digest, max_bytes: u64) -> Result<File, StoreError> {
        let path = self.path_of(digest);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NotFound { digest, from: self.name() });
            }
            opened => opened.map_err(StoreError::io(&path))?,
        };
        if file.metadata().map_err(StoreError::io(&path))?.len() > max_bytes {
            return Err(StoreError::TooLarge { digest, limit_bytes: max_bytes, from: self.name() });
        }
        Ok(file)
    }

    fn check(&self, expected: Digest, actual: Digest) -> Result<(), StoreError> {
        if actual == expected {
            return Ok(());
        }
        Err(StoreError::DigestMismatch {
            expected,
            actual,
            from: self.path_of(expected).display().to_string(),
        })
    }
}

#[async_trait]
impl ContentSource for FolderStore {
    fn name(&self) -> String {
        format!("the folder {}", self.root.display())
    }

    async fn has(&self, digest: Digest) -> Result<bool, StoreError> {
        let path = self.path_of(digest);
        tokio::fs::try_exists(&path).await.map_err(StoreError::io(&path))
    }

    async fn get(&self, digest: Digest, max_bytes: u64) -> Result<Vec<u8>, StoreError> {
        let store = self.clone();
        blocking(&self.root, move || {
            let mut bytes = Vec::new();
            let mut file = store.open_checked(digest, max_bytes)?.take(max_bytes);
            file.read_to_end(&mut bytes).map_err(StoreError::io(&store.path_of(digest)))?;
            store.check(digest, Digest::of(&bytes))?;
            Ok(bytes)
        })
        .await
    }

    async fn get_file(&self, digest: Digest, max_bytes: u64, to: &Path) -> Result<u64, StoreError> {
        let (store, to) = (self.clone(), to.to_owned());
        blocking(&self.root, move || {
            let mut from = store.open_checked(digest, max_bytes)?.take(max_bytes);
            let mut file = beside(&to)?;
            let (actual, size_bytes) =
                copy_hashed(&mut from, file.as_file_mut()).map_err(StoreError::io(&to))?;
            store.check(digest, actual)?;
            place(file, &to, false)?;
            Ok(size_bytes)
        })
        .await
    }
}

#[async_trait]
impl ContentStore for FolderStore {
    async fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let (store, bytes) = (self.clone(), bytes.to_vec());
        blocking(&self.root, move || store.keep(bytes.as_slice()).map(|(digest, _)| digest)).await
    }

    async fn put_file(&self, from: &Path) -> Result<(Digest, u64), StoreError> {
        let (store, from) = (self.clone(), from.to_owned());
        blocking(&self.root, move || store.keep(File::open(&from).map_err(StoreError::io(&from))?)).await
    }
}

/// A nameless-to-be file in the folder of `path`, gone unless [`place`]d.
pub(super) fn beside(path: &Path) -> Result<NamedTempFile, StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    NamedTempFile::new_in(folder).map_err(StoreError::io(folder))
}

/// Syncs `file` and moves it to `path`. A file that is there already is replaced or, with `replace` off, an error.
pub(super) fn place(file: NamedTempFile, path: &Path, replace: bool) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let put = || -> io::Result<()> {
        fs::create_dir_all(folder)?;
        file.as_file().sync_all()?;
        match replace {
            true => file.persist(path)?,
            false => file.persist_noclobber(path)?,
        };
        // The new name lies in the folder, so the folder is synced too.
        File::open(folder)?.sync_all()
    };
    put().map_err(StoreError::io(path))
}

fn copy_hashed(from: &mut impl Read, to: &mut impl Write) -> io::Result<(Digest, u64)> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if count == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, FolderStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(folder.path().join("store")).unwrap();
        (folder, store)
    }

    #[tokio::test]
    async fn bytes_and_files_come_back() {
        let (folder, store) = store();
        let digest = store.put(b"hello").await.unwrap();
        assert_eq!(digest, Digest::of(b"hello"));
        assert!(store.has(digest).await.unwrap());
        assert_eq!(store.get(digest, 5).await.unwrap(), b"hello");
        let to = folder.path().join("copy");
        assert_eq!(store.get_file(digest, 5, &to).await.unwrap(), 5);
        assert_eq!(store.put_file(&to).await.unwrap(), (digest, 5));
        assert!(store.get_file(digest, 5, &to).await.is_err(), "a file that is there is not overwritten");
        assert_eq!(fs::read_dir(store.root().join("tmp")).unwrap().count(), 0, "nothing is left in staging");
    }

    #[tokio::test]
    async fn what_is_not_there_is_said_so() {
        let (_folder, store) = store();
        let digest = Digest::of(b"never put");
        assert!(!store.has(digest).await.unwrap());
        let error = store.get(digest, 10).await.unwrap_err();
        assert!(matches!(&error, StoreError::NotFound { digest: named, .. } if *named == digest), "{error}");
    }

    #[tokio::test]
    async fn larger_than_asked_for_is_an_error() {
        let (folder, store) = store();
        let digest = store.put(b"123456").await.unwrap();
        assert!(matches!(store.get(digest, 5).await, Err(StoreError::TooLarge { limit_bytes: 5, .. })));
        let to = folder.path().join("copy");
        assert!(matches!(store.get_file(digest, 5, &to).await, Err(StoreError::TooLarge { .. })));
        assert!(!to.exists());
    }

    #[tokio::test]
    async fn a_damaged_file_is_found_and_healed() {
        let (folder, store) = store();
        let digest = store.put(b"good").await.unwrap();
        fs::write(store.path_of(digest), b"evil").unwrap();
        let error = store.get(digest, 10).await.unwrap_err();
        assert!(matches!(error, StoreError::DigestMismatch { expected, actual, .. }
                if expected == digest && actual == Digest::of(b"evil")));
        let to = folder.path().join("copy");
        assert!(matches!(store.get_file(digest, 10, &to).await, Err(StoreError::DigestMismatch { .. })));
        assert!(!to.exists());
        store.put(b"good").await.unwrap();
        assert_eq!(store.get(digest, 10).await.unwrap(), b"good");
    }
}
