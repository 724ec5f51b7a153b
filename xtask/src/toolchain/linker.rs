//! sbpf-linker, from the crate registry.

use std::{env, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{cache::Cache, process};

/// The version everything here was tried with.
pub const VERSION: &str = "0.2.6";

/// The binary in the cache.
pub fn binary(cache: &Cache) -> PathBuf {
    cache.toolchain().join(format!("sbpf-linker-{VERSION}")).join("bin/sbpf-linker")
}

/// Compiles it, unless it is there.
pub fn install(cache: &Cache) -> Result<PathBuf> {
    let binary = binary(cache);
    if binary.is_file() {
        return Ok(binary);
    }
    eprintln!("compiling sbpf-linker {VERSION} into the cache (about a minute)");
    let root = cache.toolchain().join(format!("sbpf-linker-{VERSION}"));
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["install", "sbpf-linker", "--locked", "--ignore-rust-version", "--version", VERSION, "--root"])
        .arg(&root)
        .env_remove("CARGO_TARGET_DIR")
        // Its folder is of no use on the PATH; cargo would advise otherwise.
        .arg("--quiet");
    process::run("sbpf-linker", &mut command)
        .context("could not install sbpf-linker: it needs the crate registry and a C compiler")?;
    Ok(binary)
}
