//! What every task works with.

use anyhow::Result;

use crate::{cache::Cache, workspace::Workspace};

/// The checkout and the cache.
#[derive(Debug)]
pub struct Context {
    /// The checkout.
    pub workspace: Workspace,
    /// The cache folder.
    pub cache: Cache,
}

impl Context {
    /// Finds both.
    pub fn locate() -> Result<Self> {
        Ok(Self { workspace: Workspace::locate()?, cache: Cache::locate()? })
    }
}
