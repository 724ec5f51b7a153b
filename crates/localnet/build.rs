//! Puts the Metaplex Token Metadata program into the crate, without a foreign binary in the repository.
//!
//! The program lies in the published `anchor-spl` package, which `Cargo.lock` pins by checksum and which the
//! Grid programs depend on, so every build of the `grid` binary has it on the machine. Where it lies depends on
//! the cargo home, on vendoring and on registry mirrors; only cargo knows, so cargo is asked: first offline,
//! which is all that a repeated build or a vendored one needs, then online, because cargo fetches only what the
//! selected package needs while `cargo metadata` wants every package of the lock file. The bytes are copied to
//! `OUT_DIR`, so that no path of the build machine gets into the crate. `GRID_METADATA_SO` replaces the search.
//! A build that finds nothing still succeeds, with a warning: the program can be given at run time.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const PACKAGE: &str = "anchor-spl";
const FIXTURE: &str = "tests/fixtures/metaplex_token_metadata.so";
const VARIABLE: &str = "GRID_METADATA_SO";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../Cargo.lock");
    println!("cargo::rerun-if-env-changed={VARIABLE}");

    let elf = find().and_then(|path| {
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    });
    let elf = elf.unwrap_or_else(|reason| {
        println!(
            "cargo::warning=The Token Metadata program is not built in: {reason}. \
             Set {VARIABLE} to its .so file, now or when the localnet starts."
        );
        Vec::new()
    });

    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("token_metadata.so"), elf).expect("OUT_DIR is writable");
}

/// The path of the program's binary.
fn find() -> Result<PathBuf, String> {
    if let Some(path) = env::var_os(VARIABLE) {
        return Ok(PathBuf::from(path));
    }
    let folder = package_folder(true).or_else(|_| package_folder(false))?;
    Ok(folder.join(FIXTURE))
}

/// The folder of the package, as `cargo metadata` tells it.
fn package_folder(offline: bool) -> Result<PathBuf, String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--format-version", "1", "--locked"]);
    if let Ok(target) = env::var("TARGET") {
        cargo.args(["--filter-platform", &target]);
    }
    if offline {
        cargo.arg("--offline");
    }
    let output = cargo.output().map_err(|error| format!("cannot run cargo metadata: {error}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let last = message.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
        return Err(format!("cargo metadata failed: {}", last.trim()));
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata answered no valid JSON: {error}"))?;
    metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|package| package["name"] == PACKAGE)
        .filter_map(|package| Path::new(package["manifest_path"].as_str()?).parent().map(PathBuf::from))
        .find(|folder| folder.join(FIXTURE).is_file())
        .ok_or_else(|| format!("no package {PACKAGE} of Cargo.lock holds {FIXTURE}"))
}
