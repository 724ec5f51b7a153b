//! `solana-test-validator`, from the crate registry.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use super::apt::{self, Package};
use crate::{cache::Cache, host, process, stamp};

/// The version everything here was tried with.
pub const VERSION: &str = "4.2.2";

/// What compiling it needs besides the host's packages.
const PACKAGES: [Package; 7] = [
    Package { name: "clang", purpose: "RocksDB's bindings, for the validator" },
    Package { name: "libclang-dev", purpose: "RocksDB's bindings, for the validator" },
    Package { name: "cmake", purpose: "C++ sources of the validator" },
    Package { name: "libssl-dev", purpose: "OpenSSL, for the validator" },
    Package { name: "libudev-dev", purpose: "hardware wallets, which the validator links" },
    Package { name: "pkg-config", purpose: "finding the two libraries before" },
    Package { name: "protobuf-compiler", purpose: "the validator's protocols" },
];

fn root(cache: &Cache) -> PathBuf {
    cache.toolchain().join(format!("agave-validator-{VERSION}"))
}

/// The binary in the cache.
pub fn binary(cache: &Cache) -> PathBuf {
    root(cache).join("bin/solana-test-validator")
}

/// Compiles it, unless it is there.
pub fn install(cache: &Cache) -> Result<PathBuf> {
    let binary = binary(cache);
    if binary.is_file() {
        return Ok(binary);
    }
    apt::install(&apt::HOST_PACKAGES)?;
    apt::install(&PACKAGES)?;
    eprintln!(
        "compiling solana-test-validator {VERSION} into the cache (once; 20 to 30 minutes on two cores)"
    );
    let target = cache.validator_target();
    let mut command = Command::new(host::cargo());
    command
        .args(["install", "agave-validator", "--locked", "--ignore-rust-version", "--version", VERSION])
        .args(["--bin", "solana-test-validator", "--features", "agave-unstable-api", "--root"])
        .arg(root(cache))
        .arg("--target-dir")
        .arg(&target)
        .env_remove("CARGO_TARGET_DIR")
        .current_dir(cache.toolchain());
    process::run("solana-test-validator", &mut command).context(
        "could not compile solana-test-validator: it needs the crate registry and the packages above",
    )?;
    // Gigabytes that nobody needs any more.
    stamp::remove_folder(&target)?;
    Ok(binary)
}
