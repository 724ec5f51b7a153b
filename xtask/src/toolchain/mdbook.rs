//! mdBook and what draws its diagrams, from the crate registry.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result};

use crate::{cache::Cache, host, process};

/// The versions everything here was tried with, and what of mdBook is not needed left out.
const TOOLS: [(&str, &str, &[&str]); 2] = [
    ("mdbook", "0.5.4", &["--no-default-features", "--features", "search"]),
    ("mdbook-mermaid", "0.17.1", &[]),
];

/// Compiles both, unless they are there; returns the folder of the programs.
pub fn install(cache: &Cache) -> Result<PathBuf> {
    let versions: Vec<String> = TOOLS.iter().map(|(name, version, _)| format!("{name}-{version}")).collect();
    let root = cache.toolchain().join(versions.join("-"));
    for (name, version, features) in TOOLS {
        if root.join("bin").join(name).is_file() {
            continue;
        }
        eprintln!("compiling {name} {version} into the cache (once; one to two minutes on two cores)");
        let mut command = Command::new(host::cargo());
        command
            .args(["install", name, "--locked", "--ignore-rust-version", "--version", version, "--root"])
            .arg(&root)
            .args(features)
            .arg("--quiet")
            .env_remove("CARGO_TARGET_DIR")
            .current_dir(cache.root());
        process::run(name, &mut command).with_context(|| {
            format!("could not install {name}: it needs the crate registry and a C compiler")
        })?;
    }
    Ok(root.join("bin"))
}
