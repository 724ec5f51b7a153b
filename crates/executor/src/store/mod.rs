//! Content-addressed bytes: whoever holds a digest can ask any store for the bytes and check them.
//!
//! Bytes are hashed again on every read, whatever store they come from.

mod answer;
mod folder;
mod http;
mod serve;
mod sources;
mod upload;

use std::{fmt, io, path::Path, path::PathBuf};

use async_trait::async_trait;

pub use self::{
    answer::AnswerBody,
    folder::FolderStore,
    http::{HttpConfig, HttpStore},
    serve::{ServedFolder, serve_folder},
    sources::Sources,
    upload::Upload,
};
use crate::Digest;

/// Where bytes can be had.
#[async_trait]
pub trait ContentSource: Send + Sync + fmt::Debug {
    /// What error messages call it.
    fn name(&self) -> String;

    /// Whether it holds the bytes.
    async fn has(&self, digest: Digest) -> Result<bool, StoreError>;

    /// The bytes, checked; at most `max_bytes` of them.
    async fn get(&self, digest: Digest, max_bytes: u64) -> Result<Vec<u8>, StoreError>;

    /// Writes the bytes, checked, to the new file `to`, and gives their number. No file is left where that fails.
    async fn get_file(&self, digest: Digest, max_bytes: u64, to: &Path) -> Result<u64, StoreError>;
}

/// Where bytes can be had and put.
#[async_trait]
pub trait ContentStore: ContentSource {
    /// Keeps `bytes`. They are on disk when this returns.
    async fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError>;

    /// Keeps a copy of the file `from`, and gives its digest and size in bytes.
    async fn put_file(&self, from: &Path) -> Result<(Digest, u64), StoreError>;
}

/// Why bytes cannot be had or put.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store does not hold them.
    #[error("{from} does not hold {digest}")]
    NotFound {
        /// The bytes asked for.
        digest: Digest,
        /// The store.
        from: String,
    },
    /// The store gave other bytes.
    #[error("{from} gave {actual} for {expected}: the bytes are damaged or forged and were thrown away")]
    DigestMismatch {
        /// The bytes asked for.
        expected: Digest,
        /// What came.
        actual: Digest,
        /// The store.
        from: String,
    },
    /// More bytes than the caller takes.
    #[error("{digest} from {from} is larger than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// The bytes asked for.
        digest: Digest,
        /// The limit.
        limit_bytes: u64,
        /// The store.
        from: String,
    },
    /// The file system refused.
    #[error("{path}: {error}; check that the folder can be written and the disk has room")]
    Io {
        /// The path.
        path: PathBuf,
        /// What the file system said.
        error: io::Error,
    },
    /// A server could not be reached, or answered something else.
    #[error("{from}: {problem}")]
    Server {
        /// The store.
        from: String,
        /// What went wrong.
        problem: String,
    },
    /// None of several sources had them.
    #[error("no source gave {digest}: {}", tried.join("; "))]
    NoSource {
        /// The bytes asked for.
        digest: Digest,
        /// What each source said.
        tried: Vec<String>,
    },
}

impl StoreError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }
}

/// Runs file work away from the async threads.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(StoreError::io(path)(io::Error::other(error))),
    }
}
