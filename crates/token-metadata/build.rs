//! Puts the Metaplex Token Metadata program into the crate, without a foreign binary in the repository.
//!
//! The program lies among the test fixtures of the published `spl-stake-pool` package; its SHA-256 is pinned here. Cargo
//! unpacks packages below its home: if this one is not there, `cargo info` fetches it, alone, without what it depends on.
//! The bytes are copied to `OUT_DIR`, so that no path of the build machine gets into the crate. `GRID_METADATA_SO` replaces
//! the search. A build that finds nothing still succeeds, with a warning: the program can be given at run time.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest as _, Sha256};

const PACKAGE: &str = "spl-stake-pool";
const VERSION: &str = "2.0.1";
const FIXTURE: &str = "tests/fixtures/mpl_token_metadata.so";
const SHA256: &str = "ea92efaa367ed3e23adeff8f1caef602ecea5f824df1c96591c961a6cded5a41";
const VARIABLE: &str = "GRID_METADATA_SO";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");

    let elf = given().unwrap_or_else(published).unwrap_or_else(|reason| {
        println!(
            "cargo::warning=The Token Metadata program is not built in: {reason}. \
             Set {VARIABLE} to its .so file, now or when the program is needed."
        );
        Vec::new()
    });
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("token_metadata.so"), elf).expect("OUT_DIR is writable");
}

/// The file that the variable names, if it is set.
fn given() -> Option<Result<Vec<u8>, String>> {
    let path = PathBuf::from(env::var_os(VARIABLE)?);
    println!("cargo::rerun-if-changed={}", path.display());
    Some(read(&path))
}

/// The file in the published package.
fn published() -> Result<Vec<u8>, String> {
    let home = cargo_home().ok_or("neither CARGO_HOME nor HOME is set")?;
    let path = match unpacked(&home) {
        Some(path) => path,
        None => {
            fetch(&home)?;
            unpacked(&home).ok_or_else(|| format!("cargo did not unpack {PACKAGE} {VERSION}"))?
        }
    };
    let elf = read(&path)?;
    let found = hex::encode(Sha256::digest(&elf));
    if found != SHA256 {
        return Err(format!("{} has SHA-256 {found}, not {SHA256}", path.display()));
    }
    Ok(elf)
}

fn cargo_home() -> Option<PathBuf> {
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}

/// The program's file, if a registry's folder below cargo's home has the package.
fn unpacked(home: &Path) -> Option<PathBuf> {
    let registries = fs::read_dir(home.join("registry/src")).ok()?;
    registries
        .flatten()
        .map(|registry| registry.path().join(format!("{PACKAGE}-{VERSION}")).join(FIXTURE))
        .find(|path| path.is_file())
}

/// Has cargo fetch and unpack the package; from its own home, where no workspace is in the way.
fn fetch(home: &Path) -> Result<(), String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["info", "--quiet", &format!("{PACKAGE}@{VERSION}")]).current_dir(home);
    let output = cargo.output().map_err(|error| format!("cannot run cargo info: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let last = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(format!("cargo info {PACKAGE}@{VERSION} failed: {}", last.trim()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
