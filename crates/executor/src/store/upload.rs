//! [`Upload`]: bytes that come piece by piece and must turn out to be what they were announced as.

use std::{fs, io, io::Write, mem, path::Path, time::Duration, time::SystemTime};

use bytes::Bytes;
use tempfile::NamedTempFile;

use super::{FolderStore, StoreError, blocking, folder};
use crate::{Digest, digest::Hasher};

/// Bytes that are gathered before they are hashed and written.
const BATCH_BYTES: usize = 1 << 20;

/// Bytes on their way into a [`FolderStore`]. They are hashed as they come; dropped before [`finish`](Self::finish),
/// nothing of them stays.
#[derive(Debug)]
pub struct Upload {
    store: FolderStore,
    digest: Digest,
    max_bytes: u64,
    batch: Vec<Bytes>,
    batch_bytes: usize,
    taken_bytes: u64,
    /// `None` only while a batch is being written.
    file: Option<Written>,
}

#[derive(Debug)]
struct Written {
    file: NamedTempFile,
    hasher: Hasher,
}

impl FolderStore {
    /// Begins to take the bytes of `digest`, at most `max_bytes` of them.
    pub async fn upload(&self, digest: Digest, max_bytes: u64) -> Result<Upload, StoreError> {
        let staging = self.staging();
        let file = blocking(self.root(), move || {
            let file = NamedTempFile::new_in(&staging).map_err(StoreError::io(&staging))?;
            Ok(Written { file, hasher: Hasher::default() })
        })
        .await?;
        let (store, file) = (self.clone(), Some(file));
        Ok(Upload { store, digest, max_bytes, batch: Vec::new(), batch_bytes: 0, taken_bytes: 0, file })
    }

    /// Removes what was put longer than `age` ago, and what was begun then and never finished; gives the bytes that
    /// are left. For a folder whose content others can put again.
    pub async fn sweep(&self, age: Duration) -> Result<u64, StoreError> {
        let root = self.root().to_owned();
        blocking(self.root(), move || sweep(&root, age)).await
    }
}

impl Upload {
    /// Takes the next piece.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), StoreError> {
        self.taken_bytes = self.taken_bytes.saturating_add(piece.len() as u64);
        if self.taken_bytes > self.max_bytes {
            return Err(StoreError::TooLarge {
                digest: self.digest,
                limit_bytes: self.max_bytes,
                from: "the upload".to_owned(),
            });
        }
        self.batch_bytes += piece.len();
        self.batch.push(piece);
        match self.batch_bytes >= BATCH_BYTES {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    /// Keeps the bytes, if they are those that were announced; gives their number. They are on disk when this returns.
    pub async fn finish(mut self) -> Result<u64, StoreError> {
        self.flush().await?;
        let (store, digest) = (self.store, self.digest);
        let Some(written) = self.file else { return Err(broken(store.root())) };
        let path = store.path_of(digest);
        blocking(store.root(), move || {
            let (actual, size_bytes) = written.hasher.finish();
            if actual != digest {
                let from = "the upload".to_owned();
                return Err(StoreError::DigestMismatch { expected: digest, actual, from });
            }
            folder::place(written.file, &path, true)?;
            Ok(size_bytes)
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let batch = mem::take(&mut self.batch);
        self.batch_bytes = 0;
        let Some(mut written) = self.file.take() else { return Err(broken(self.store.root())) };
        let write = move || {
            for piece in batch {
                written.hasher.update(&piece);
                written.file.write_all(&piece).map_err(StoreError::io(written.file.path()))?;
            }
            Ok(written)
        };
        self.file = Some(blocking(self.store.root(), write).await?);
        Ok(())
    }
}

/// What follows when an upload is used after a write of it failed.
fn broken(path: &Path) -> StoreError {
    StoreError::io(path)(io::Error::other("an upload went on after one of its pieces could not be written"))
}

fn sweep(root: &Path, age: Duration) -> Result<u64, StoreError> {
    let now = SystemTime::now();
    let mut left_bytes = 0_u64;
    for folder in fs::read_dir(root).map_err(StoreError::io(root))? {
        let folder = folder.map_err(StoreError::io(root))?.path();
        if !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(&folder).map_err(StoreError::io(&folder))? {
            let path = file.map_err(StoreError::io(&folder))?.path();
            // Gone meanwhile: an upload that was just finished or given up.
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            let is_old =
                metadata.modified().is_ok_and(|put| now.duration_since(put).is_ok_and(|been| been > age));
            match is_old && metadata.is_file() {
                true => fs::remove_file(&path).map_err(StoreError::io(&path))?,
                false => left_bytes = left_bytes.saturating_add(metadata.len()),
            }
        }
    }
    Ok(left_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ContentSource;

    fn store() -> (tempfile::TempDir, FolderStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::open(folder.path()).unwrap();
        (folder, store)
    }

    fn staged(store: &FolderStore) -> usize {
        fs::read_dir(store.staging()).unwrap().count()
    }

    #[tokio::test]
    async fn pieces_become_the_whole() {
        let (_folder, store) = store();
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|i| (i * 31 % 253) as u8).collect();
        let digest = Digest::of(&bytes);
        let mut upload = store.upload(digest, bytes.len() as u64).await.unwrap();
        for piece in bytes.chunks(70_001) {
            upload.write(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        assert!(!store.has(digest).await.unwrap(), "not before it is whole");
        assert_eq!(upload.finish().await.unwrap(), bytes.len() as u64);
        assert_eq!(store.get(digest, 1 << 30).await.unwrap(), bytes);
        assert_eq!(staged(&store), 0);
    }

    #[tokio::test]
    async fn other_bytes_are_refused_and_leave_nothing() {
        let (_folder, store) = store();
        let digest = Digest::of(b"announced");
        let mut upload = store.upload(digest, 100).await.unwrap();
        upload.write(Bytes::from_static(b"forged")).await.unwrap();
        let error = upload.finish().await.unwrap_err();
        assert!(matches!(error, StoreError::DigestMismatch { expected, actual, .. }
                if expected == digest && actual == Digest::of(b"forged")));
        assert!(!store.has(digest).await.unwrap());
        assert_eq!(staged(&store), 0);
    }

    #[tokio::test]
    async fn too_many_bytes_and_too_few_leave_nothing() {
        let (_folder, store) = store();
        let mut upload = store.upload(Digest::of(b"12345"), 5).await.unwrap();
        upload.write(Bytes::from_static(b"12345")).await.unwrap();
        let error = upload.write(Bytes::from_static(b"6")).await.unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { limit_bytes: 5, .. }), "{error}");
        drop(upload);
        let mut cut = store.upload(Digest::of(b"12345"), 5).await.unwrap();
        cut.write(Bytes::from(vec![1; BATCH_BYTES / 2])).await.unwrap_err();
        drop(cut);
        let gone = store.upload(Digest::of(b"12345"), 5).await.unwrap();
        assert_eq!(staged(&store), 1, "begun");
        drop(gone);
        assert_eq!(staged(&store), 0, "and given up");
    }

    #[tokio::test]
    #[ignore = "needs GRID_SMALL_DISK, a folder on a file system with less than 4 MiB free"]
    async fn a_full_disk_is_told_and_left_as_it_was() {
        let folder = std::env::var_os("GRID_SMALL_DISK").expect("GRID_SMALL_DISK");
        let store = FolderStore::open(folder).unwrap();
        let mut upload = store.upload(Digest::of(b"large"), 8 << 20).await.unwrap();
        let mut written = Ok(());
        for _ in 0..8 {
            written = upload.write(Bytes::from(vec![7; 1 << 20])).await;
            if written.is_err() {
                break;
            }
        }
        let error = written.unwrap_err();
        assert!(
            matches!(&error, StoreError::Io { error, .. } if error.kind() == io::ErrorKind::StorageFull),
            "{error}"
        );
        drop(upload);
        assert_eq!(staged(&store), 0);
        let mut small = store.upload(Digest::of(b"small"), 5).await.unwrap();
        small.write(Bytes::from_static(b"small")).await.unwrap();
        assert_eq!(small.finish().await.unwrap(), 5, "there is room again");
    }

    #[tokio::test]
    async fn a_sweep_takes_the_old_and_leaves_the_new() {
        let (_folder, store) = store();
        let put = async |bytes: &'static [u8]| {
            let mut upload = store.upload(Digest::of(bytes), 100).await.unwrap();
            upload.write(Bytes::from_static(bytes)).await.unwrap();
            upload.finish().await.unwrap();
            store.path_of(Digest::of(bytes))
        };
        let (old, new) = (put(b"old").await, put(b"newer").await);
        let left_over = store.staging().join("left over");
        fs::write(&left_over, "of a crash").unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(7_200);
        for path in [&old, &left_over] {
            fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
        }
        assert_eq!(store.sweep(Duration::from_secs(10_000)).await.unwrap(), 3 + 5 + 10, "all are young");
        assert_eq!(store.sweep(Duration::from_secs(3_600)).await.unwrap(), 5);
        assert!(!old.exists() && new.exists() && !left_over.exists());
    }
}
