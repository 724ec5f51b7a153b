//! Cargo for the host: the worker, the clients, the tests.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{context::Context, process, stamp, toolchain::apt, version::Version, workspace::Workspace};

/// The Rust that Agave's crates declare. They build on older ones, but cargo wants to be told so.
const DECLARED_RUST: Version = Version(1, 97, 1);

/// Cargo, set up for this checkout and the shared target folder.
#[derive(Debug)]
pub struct Host {
    root: PathBuf,
    target: PathBuf,
    ignore_rust_version: bool,
}

impl Host {
    /// Checks the compiler and makes the target folder this checkout's.
    pub fn prepare(context: &Context) -> Result<Self> {
        let text = process::output(Command::new("rustc").arg("-V").current_dir(&context.workspace.root))?;
        let version = Version::find(&text).context("`rustc -V` printed no version")?;
        let host = Self {
            root: context.workspace.root.clone(),
            target: context.cache.host_target(),
            ignore_rust_version: version < DECLARED_RUST,
        };
        let mut clean = host.command("clean");
        clean.arg("--locked");
        claim(&host.target, &context.workspace, clean)?;
        Ok(host)
    }

    /// Installs what C sources in host crates need.
    pub fn install() -> Result<()> {
        apt::install(&apt::HOST_PACKAGES)
    }

    /// `cargo <subcommand>` with the flags that every build takes.
    pub fn cargo(&self, subcommand: &str) -> Command {
        let mut command = self.command(subcommand);
        command.arg("--locked");
        if self.ignore_rust_version {
            command.arg("--ignore-rust-version");
        }
        command
    }

    /// `cargo <subcommand>` for those that take no such flags.
    ///
    /// Without what `cargo run` told this program about its own package: build scripts that look at it (that of `ring` does)
    /// would have everything behind them compiled anew whenever cargo is called by hand in between.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(cargo());
        command.arg(subcommand).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(tells_of_a_package) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Compiles a binary with the features that the whole workspace asks for, as the tests do: for one package alone cargo
    /// would compile its dependencies anew.
    pub fn compile(&self, binary: &str) -> Result<()> {
        process::run(&format!("compile {binary}"), self.cargo("build").args(["--workspace", "--bin", binary]))
    }

    /// Where finished binaries and compiled crates lie.
    pub fn outputs(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// A finished binary.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.outputs().join(name)
    }
}

/// Whether cargo sets the variable for a program that it runs, to tell it about its package.
fn tells_of_a_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}

/// The cargo that runs this command.
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Makes a target folder this checkout's.
///
/// Cargo goes by file times and by paths inside the workspace. Where another checkout built into the folder last, an
/// older file of this one looks built already, so what was compiled from either checkout is cleaned away;
/// registry crates stay.
pub fn claim(target: &Path, workspace: &Workspace, mut clean: Command) -> Result<()> {
    let owner = target.join(".grid-checkout");
    let root = workspace.root.display().to_string();
    if stamp::matches(&owner, &root) {
        return Ok(());
    }
    if has_outputs(target) {
        process::step(&format!("{} was another checkout's: cleaning its crates", target.display()));
        for package in workspace.members()? {
            clean.args(["--package", &package]);
        }
        process::quiet(&mut clean)?;
    }
    stamp::write(&owner, &root)
}

/// Whether cargo has built something into the folder.
fn has_outputs(target: &Path) -> bool {
    let entries = fs::read_dir(target).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.path().is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("grid-xtask-{name}-{}", std::process::id()));
        stamp::remove_folder(&folder).unwrap();
        folder
    }

    fn workspace() -> Workspace {
        Workspace { root: Path::new(env!("CARGO_MANIFEST_DIR")).join("..") }
    }

    #[test]
    fn a_folder_of_another_checkout_is_cleaned_once() {
        let target = scratch("claim");
        stamp::write(&target.join("debug/output"), "").unwrap();
        stamp::write(&target.join(".grid-checkout"), "elsewhere").unwrap();
        // `false` fails when it runs: that is how this test sees it.
        assert!(claim(&target, &workspace(), Command::new("false")).is_err());
        claim(&target, &workspace(), Command::new("true")).unwrap();
        claim(&target, &workspace(), Command::new("false")).unwrap();
        stamp::remove_folder(&target).unwrap();
    }

    #[test]
    fn an_empty_folder_is_taken_without_cleaning() {
        let target = scratch("claim-empty");
        stamp::write(&target.join(".grid-toolchain"), "").unwrap();
        claim(&target, &workspace(), Command::new("false")).unwrap();
        stamp::remove_folder(&target).unwrap();
    }
}
