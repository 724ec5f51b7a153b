//! Programs that cargo compiles from the crate registry, each in a version that everything here was tried with.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::{cache::Cache, host, process, stamp};

/// One of them.
#[derive(Debug)]
pub struct Installed {
    /// Its package.
    pub package: &'static str,
    /// Its binary.
    pub binary: &'static str,
    /// Its version.
    pub version: &'static str,
    /// How long compiling it takes, for who waits.
    pub takes: &'static str,
    /// Flags for `cargo install`.
    pub flags: &'static [&'static str],
    /// Whether what it does here takes longer than compiling it optimised.
    pub optimised: bool,
}

/// The linker of the programs.
pub const SBPF_LINKER: Installed = Installed {
    package: "sbpf-linker",
    binary: "sbpf-linker",
    version: "0.2.6",
    takes: "about a minute",
    flags: &[],
    optimised: true,
};

/// A real validator.
pub const VALIDATOR: Installed = Installed {
    package: "agave-validator",
    binary: "solana-test-validator",
    version: "4.2.2",
    takes: "20 to 30 minutes on two cores",
    flags: &["--features", "agave-unstable-api"],
    optimised: true,
};

/// Licences, sources and versions of what the lock file holds.
pub const CARGO_DENY: Installed = Installed {
    package: "cargo-deny",
    binary: "cargo-deny",
    version: "0.20.2",
    takes: "some minutes",
    flags: &[],
    optimised: false,
};

/// Bills of materials.
pub const CARGO_CYCLONEDX: Installed = Installed {
    package: "cargo-cyclonedx",
    binary: "cargo-cyclonedx",
    version: "0.5.9",
    takes: "about a minute",
    flags: &[],
    optimised: false,
};

/// The Anchor CLI, of the version of `anchor-lang` that the programs use and that `Anchor.toml` names.
pub const ANCHOR_CLI: Installed = Installed {
    package: "anchor-cli",
    binary: "anchor",
    version: "2.0.0-rc.2",
    takes: "some minutes",
    // `anchor idl` leaves local networks alone without it.
    flags: &["--features", "idl-localnet-testing"],
    optimised: false,
};

/// The book; what of it is not needed left out.
pub const MDBOOK: Installed = Installed {
    package: "mdbook",
    binary: "mdbook",
    version: "0.5.4",
    takes: "a minute or two",
    flags: &["--no-default-features", "--features", "search"],
    optimised: false,
};

/// The diagrams in the book.
pub const MDBOOK_MERMAID: Installed = Installed {
    package: "mdbook-mermaid",
    binary: "mdbook-mermaid",
    version: "0.17.1",
    takes: "about a minute",
    flags: &[],
    optimised: false,
};

impl Installed {
    /// Where it is, or will be.
    pub fn path(&self, cache: &Cache) -> PathBuf {
        self.root(cache).join("bin").join(self.binary)
    }

    fn root(&self, cache: &Cache) -> PathBuf {
        cache.toolchain().join(format!("{}-{}", self.package, self.version))
    }

    /// Compiles it, unless it is there.
    pub fn install(&self, cache: &Cache) -> Result<PathBuf> {
        let (path, root) = (self.path(cache), self.root(cache));
        if path.is_file() {
            return Ok(path);
        }
        let Self { package, version, takes, .. } = self;
        eprintln!("compiling {package} {version} into the cache (once; {takes})");
        fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
        let target = root.join("target");
        let mut command = Command::new(host::cargo());
        command
            .args(["install", package, "--version", version, "--locked", "--ignore-rust-version"])
            .args(["--bin", self.binary])
            .args(self.flags)
            .args((!self.optimised).then_some("--debug"))
            .envs([("CARGO_PROFILE_DEV_DEBUG", "0"), ("CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "false")])
            .arg("--root")
            .arg(&root)
            .arg("--target-dir")
            .arg(&target)
            .env_remove("CARGO_TARGET_DIR")
            // A configuration of the checkout is not for it.
            .current_dir(&root)
            // Its folder is of no use on the PATH; cargo would advise otherwise.
            .arg("--quiet");
        process::run(package, &mut command)
            .with_context(|| format!("could not compile {package}: it needs the crate registry"))?;
        stamp::remove_folder(&target)?;
        ensure!(path.is_file(), "{package} {version} has no binary {}", self.binary);
        Ok(path)
    }
}
