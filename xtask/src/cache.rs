//! The folder outside the checkout that holds tools and build outputs, shared by every checkout and CI run.

use std::{
    env,
    fs::{self, File, TryLockError},
    path::{self, Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// The cache folder.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

/// Held while a command builds into the cache or runs from it.
#[derive(Debug)]
pub struct CacheLock {
    _file: File,
}

impl Cache {
    /// `$GRID_CACHE`, else `grid` in the user's cache folder.
    pub fn locate() -> Result<Self> {
        let root = choose(
            env::var_os("GRID_CACHE").map(PathBuf::from),
            env::var_os("XDG_CACHE_HOME").map(PathBuf::from),
            env::var_os("HOME").map(PathBuf::from),
        )
        .context("no cache folder: set GRID_CACHE, XDG_CACHE_HOME or HOME to an absolute path")?;
        fs::create_dir_all(&root).with_context(|| {
            format!("cannot create {}: set GRID_CACHE to a folder you can write to", root.display())
        })?;
        Ok(Self { root })
    }

    /// Downloaded and prepared tools.
    pub fn toolchain(&self) -> PathBuf {
        self.root.join("toolchain")
    }

    /// Build outputs for the host; `CARGO_TARGET_DIR` wins.
    pub fn host_target(&self) -> PathBuf {
        match env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty()) {
            // Relative to where the user is, not to where a child runs.
            Some(folder) => path::absolute(&folder).unwrap_or(folder.into()),
            None => self.root.join("target"),
        }
    }

    /// Build outputs for the Solana VM.
    pub fn sbf_target(&self) -> PathBuf {
        self.root.join("sbf-target")
    }

    /// Where connectors are installed; the worker looks here as well.
    pub fn connectors(&self) -> PathBuf {
        self.root.join("connectors")
    }

    /// The cache folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Copies of the clients in other languages, with the packages that they need.
    pub fn clients(&self) -> PathBuf {
        self.root.join("clients")
    }

    /// A copy of the checkout whose sources may be changed.
    pub fn guards(&self) -> PathBuf {
        self.root.join("guards")
    }

    /// Copies of the checkout that are built from nothing.
    pub fn reproduction(&self) -> PathBuf {
        self.root.join("reproduction")
    }

    /// Another cache, for build outputs that share nothing with those of this one.
    pub fn apart(root: PathBuf) -> Self {
        Self { root }
    }

    /// What the deployment drill keeps: a checkout with keys of its own, and its build outputs.
    pub fn drill(&self) -> PathBuf {
        self.root.join("drill")
    }

    /// Waits until no other command builds into the cache or runs from it.
    pub fn lock(&self) -> Result<CacheLock> {
        let path = self.root.join("lock");
        lock(&path).with_context(|| format!("cannot lock {}", path.display()))
    }
}

fn lock(path: &Path) -> Result<CacheLock> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another `cargo xtask` that uses {}", path.display());
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    Ok(CacheLock { _file: file })
}

/// The first of the three that names a folder; relative paths would mean another folder at every call.
fn choose(own: Option<PathBuf>, xdg: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |path: Option<PathBuf>| path.filter(|path| path.is_absolute());
    absolute(own)
        .or_else(|| absolute(xdg).map(|path| path.join("grid")))
        .or_else(|| absolute(home).map(|path| path.join(".cache/grid")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_variable_wins_then_the_users_cache_folder() {
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(choose(path("/a"), path("/b"), path("/c")), path("/a"));
        assert_eq!(choose(None, path("/b"), path("/c")), path("/b/grid"));
        assert_eq!(choose(path("relative"), path(""), path("/c")), path("/c/.cache/grid"));
        assert_eq!(choose(None, None, None), None);
    }
}
