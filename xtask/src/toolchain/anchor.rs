//! What Anchor's commands find on their PATH: the CLI, the stand-in for `cargo build-sbf`, and Node with the packages of
//! `scripts/anchor`.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::{installed::ANCHOR_CLI, node::Node};
use crate::{cache::Cache, host, stamp, way};

/// The CLI and the packages that it calls.
#[derive(Debug)]
pub struct Anchor {
    /// The folder of the CLI.
    cli: PathBuf,
    node: Node,
    /// The packages of `scripts/anchor`, for Node to look in.
    pub packages: PathBuf,
}

impl Anchor {
    /// Makes what is missing.
    pub fn install(checkout: &Path, cache: &Cache) -> Result<Self> {
        let node = Node::install(cache)?;
        let (from, to) = (checkout.join("scripts/anchor"), cache.toolchain().join("anchor-node"));
        for name in ["package.json", "package-lock.json"] {
            let from = from.join(name);
            let text =
                std::fs::read_to_string(&from).with_context(|| format!("cannot read {}", from.display()))?;
            stamp::write(&to.join(name), &text)?;
        }
        node.packages(&to)?;
        let cli = ANCHOR_CLI.install(cache)?;
        let cli = cli.parent().context("a binary lies in a folder")?.to_owned();
        Ok(Self { cli, node, packages: to.join("node_modules") })
    }

    /// The PATH for its commands in a checkout.
    pub fn path(&self, checkout: &Path) -> Result<OsString> {
        let stand_in = way::solana_tools().is_err().then(|| checkout.join("scripts/anchor"));
        let own = stand_in.into_iter().chain([self.cli.clone(), self.packages.join(".bin")]);
        let node = self.node.folder().map(Path::to_owned);
        let cargo = host::cargo();
        let cargo =
            Path::new(&cargo).parent().filter(|folder| folder.join("rustc").exists()).map(Path::to_owned);
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = own.chain(node).chain(cargo).chain(env::split_paths(&path));
        env::join_paths(folders).context("a folder on the PATH has a colon in its name")
    }
}
