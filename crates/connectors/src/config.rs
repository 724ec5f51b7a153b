//! What an operator says about connectors.

use std::{collections::BTreeMap, env, path::PathBuf};

/// Which connectors a worker has, and what they need to know of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Folders that hold connector folders. What they have of the same name as a built-in one takes its place.
    pub folders: Vec<PathBuf>,
    /// The folder below which [`Connector::set_up`](crate::Connector::set_up) installs.
    pub cache: PathBuf,
    /// The values of the connectors' settings, by connector, then by setting.
    pub settings: BTreeMap<String, BTreeMap<String, String>>,
}

impl Config {
    /// The built-in connectors alone, installed below `cache`.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self { folders: Vec::new(), cache: cache.into(), settings: BTreeMap::new() }
    }
}

/// `$GRID_CACHE`, else `grid` in the user's cache folder; `None` where the environment names neither.
pub fn default_cache() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("GRID_CACHE")
        .or_else(|| absolute("XDG_CACHE_HOME").map(|path| path.join("grid")))
        .or_else(|| absolute("HOME").map(|path| path.join(".cache/grid")))
}
