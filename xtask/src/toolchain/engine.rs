//! A container engine for the tests, and the Python that connectors are installed with.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result};

use super::apt::{self, Package};
use crate::{cache::Cache, process};

/// What the container executor's tests start for themselves.
const ENGINE_PACKAGES: [Package; 7] = [
    Package { name: "podman", purpose: "container engine of the tests; no service of it is started" },
    Package { name: "runc", purpose: "runs the tests' containers" },
    Package { name: "netavark", purpose: "networks of the tests' containers" },
    Package { name: "aardvark-dns", purpose: "names in these networks" },
    Package { name: "iptables", purpose: "rules of these networks" },
    Package { name: "nftables", purpose: "keeps the tests' containers off this machine" },
    Package { name: "busybox-static", purpose: "what the tests' image is made of" },
];

/// What the connectors that run in the tests, and Python's clients, are installed with.
pub const PYTHON_PACKAGES: [Package; 2] = [
    Package { name: "python3", purpose: "runs connectors and clients" },
    Package { name: "python3-venv", purpose: "keeps their packages to themselves" },
];

/// The connectors that run for real in the tests.
const CONNECTORS: [&str; 2] = ["embed-minilm", "transcribe-sphinx"];

/// Installs an engine where this machine can have one: Debian, as root. Says whether there is one.
pub fn install() -> Result<bool> {
    let is_root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || !apt::available() {
        println!("SKIPPED: jobs in containers. The tests' container engine needs root on a Debian system");
        return Ok(false);
    }
    apt::install(&ENGINE_PACKAGES)?;
    Ok(true)
}

/// Installs the connectors that run in the tests, into the cache.
pub fn install_connectors(root: &Path, cache: &Cache) -> Result<()> {
    apt::install(&PYTHON_PACKAGES)?;
    for name in CONNECTORS {
        let folder = root.join("connectors").join(name);
        let manifest = std::fs::read_to_string(folder.join("connector.toml"))
            .with_context(|| format!("the manifest of {name}"))?;
        let version = manifest.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
        let version = version.with_context(|| format!("the manifest of {name} has no version"))?;
        let home = cache.connectors().join(format!("{name}-{version}"));
        let mut setup = Command::new("sh");
        setup.arg(folder.join("setup")).env("CONNECTOR_HOME", &home).env("PYTHON", "/usr/bin/python3");
        process::run(&format!("set up connector {name}"), &mut setup)
            .with_context(|| format!("{name} could not be installed: it needs Python's package registry"))?;
    }
    Ok(())
}
