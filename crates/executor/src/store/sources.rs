//! [`Sources`]: several places, asked in order.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;

use super::{ContentSource, StoreError};
use crate::Digest;

/// Several sources, asked in order: put the nearest first.
///
/// A source that lacks the bytes, lies about them or cannot be reached is stepped over; when none is left the error
/// says what each of them answered.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Arc<dyn ContentSource>>);

impl Sources {
    /// Sources in the order they are asked.
    pub fn new(sources: Vec<Arc<dyn ContentSource>>) -> Self {
        Self(sources)
    }

    /// Adds one that is asked last.
    pub fn push(&mut self, source: Arc<dyn ContentSource>) {
        self.0.push(source);
    }
}

#[async_trait]
impl ContentSource for Sources {
    fn name(&self) -> String {
        format!("any of {} sources", self.0.len())
    }

    async fn has(&self, digest: Digest) -> Result<bool, StoreError> {
        let mut tried = Vec::new();
        for source in &self.0 {
            match source.has(digest).await {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => tried.push(error.to_string()),
            }
        }
        if tried.is_empty() { Ok(false) } else { Err(StoreError::NoSource { digest, tried }) }
    }

    async fn get(&self, digest: Digest, max_bytes: u64) -> Result<Vec<u8>, StoreError> {
        let mut tried = Vec::new();
        for source in &self.0 {
            match source.get(digest, max_bytes).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => tried.push(error.to_string()),
            }
        }
        Err(StoreError::NoSource { digest, tried })
    }

    async fn get_file(&self, digest: Digest, max_bytes: u64, to: &Path) -> Result<u64, StoreError> {
        let mut tried = Vec::new();
        for source in &self.0 {
            match source.get_file(digest, max_bytes, to).await {
                Ok(size_bytes) => return Ok(size_bytes),
                Err(error) => tried.push(error.to_string()),
            }
        }
        Err(StoreError::NoSource { digest, tried })
    }
}
