//! The Anchor CLI, from the crate registry, and what its commands call: Node, with the packages of `scripts/anchor`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use super::apt;
use crate::{cache::Cache, host, process, stamp, version::Version, way};

/// The version of `anchor-lang` that the programs use, and that `Anchor.toml` names.
pub const VERSION: &str = "2.0.0-rc.2";

/// The oldest Node that runs what `anchor migrate` and `anchor idl` call. Debian 12 has an older one, so that none is installed.
const OLDEST_NODE: Version = Version(20, 18, 0);

fn root(cache: &Cache) -> PathBuf {
    cache.toolchain().join(format!("anchor-cli-{VERSION}"))
}

/// The folder of the binary in the cache.
pub fn folder(cache: &Cache) -> PathBuf {
    root(cache).join("bin")
}

/// Compiles the CLI, unless it is there.
pub fn install(cache: &Cache) -> Result<()> {
    if folder(cache).join("anchor").is_file() {
        return Ok(());
    }
    apt::install(&apt::HOST_PACKAGES)?;
    eprintln!("compiling the Anchor CLI {VERSION} into the cache (once; 6 to 10 minutes on two cores)");
    let target = cache.root().join("anchor-target");
    let mut command = Command::new(host::cargo());
    command
        .args(["install", "anchor-cli", "--locked", "--ignore-rust-version", "--version", VERSION])
        // `anchor idl` leaves local networks alone without it.
        .args(["--features", "idl-localnet-testing", "--root"])
        .arg(root(cache))
        .arg("--target-dir")
        .arg(&target)
        .env_remove("CARGO_TARGET_DIR")
        .current_dir(cache.toolchain());
    process::run("the Anchor CLI", &mut command)
        .context("could not compile the Anchor CLI: it needs the crate registry and a C compiler")?;
    stamp::remove_folder(&target)
}

/// Installs the packages of `scripts/anchor` for Node; returns their folder.
pub fn install_node(checkout: &Path, cache: &Cache) -> Result<PathBuf> {
    let remedy = || format!("install Node {OLDEST_NODE} or newer with npm, and put both on the PATH");
    let version = process::output(Command::new("node").arg("--version")).with_context(remedy)?;
    process::output(Command::new("npm").arg("--version")).with_context(remedy)?;
    let found = Version::find(&version).context("`node --version` printed no version")?;
    ensure!(found >= OLDEST_NODE, "Node is {found}: {}", remedy());
    let (from, to) = (checkout.join("scripts/anchor"), cache.toolchain().join("anchor-node"));
    let lock =
        fs::read_to_string(from.join("package-lock.json")).context("scripts/anchor/package-lock.json")?;
    let packages = to.join("node_modules");
    if stamp::matches(&to.join(".installed"), &lock) {
        return Ok(packages);
    }
    stamp::remove_folder(&to)?;
    for name in ["package.json", "package-lock.json"] {
        stamp::write(&to.join(name), &fs::read_to_string(from.join(name))?)?;
    }
    let mut command = Command::new("npm");
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&to);
    process::run("packages that the Anchor CLI calls", &mut command)
        .context("they could not be installed: that needs npm's package registry")?;
    stamp::write(&to.join(".installed"), &lock)?;
    Ok(packages)
}

/// The PATH with the CLI, with the stand-in for `cargo build-sbf` where that is missing, and with the packages' commands.
pub fn path(checkout: &Path, cache: &Cache, packages: &Path) -> Result<std::ffi::OsString> {
    let stand_in = way::solana_tools().is_err().then(|| checkout.join("scripts/anchor"));
    let own = stand_in.into_iter().chain([folder(cache), packages.join(".bin")]);
    let cargo = host::cargo();
    let cargo = Path::new(&cargo).parent().filter(|folder| folder.join("rustc").exists()).map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = own.chain(cargo).chain(env::split_paths(&path));
    env::join_paths(folders).context("a folder on the PATH has a colon in its name")
}
