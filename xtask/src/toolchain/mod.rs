//! Way `llvm`: a Solana toolchain made of Debian packages, one registry crate and a few edits.
//!
//! | piece | from | kept in |
//! |---|---|---|
//! | rustc, cargo, std's source, one version | Debian packages | the system |
//! | LLVM 23 and the C library it wants | Debian packages, unpacked, not installed | `toolchain/llvm-23` |
//! | sbpf-linker | the crate registry | `toolchain/sbpf-linker-…` |
//! | edited std, target, 128-bit functions, linker script | this folder | `toolchain/std-…` |

pub mod anchor;
pub mod apt;
pub mod edit;
pub mod engine;
pub mod installed;
pub mod llvm;
pub mod node;
pub mod python;
pub mod rust;
pub mod std_copy;
pub mod std_edits;
pub mod target;
pub mod validator;

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use self::installed::SBPF_LINKER;
use crate::cache::Cache;

/// Everything that compiles and links a program.
#[derive(Debug)]
pub struct Toolchain {
    /// The compiler and its source.
    pub rust: rust::Rust,
    /// Folder of the edited std and what goes with it.
    pub folder: PathBuf,
    /// All versions, one to a line: what a build output depends on.
    pub versions: String,
}

impl Toolchain {
    /// Makes what is missing; the Debian packages are there.
    pub fn install(cache: &Cache) -> Result<Self> {
        let rust = rust::Rust::find()?;
        let llvm = llvm::install(cache)?;
        let linker = SBPF_LINKER.install(cache)?;
        let versions = versions(&rust, &llvm.versions);
        let folder = std_copy::install(cache, &rust, &llvm, &linker, &versions)?;
        Ok(Self { rust, folder, versions })
    }

    /// `cargo <subcommand>` of this toolchain, for the Solana VM.
    pub fn cargo(&self, subcommand: &str) -> Command {
        let mut command = self.plain_cargo();
        command
            .arg(subcommand)
            .args(["--locked", "--ignore-rust-version", "--release"])
            .args(["-Zbuild-std=std,panic_abort", "-Zjson-target-spec", "--target"])
            .arg(target::spec(&self.folder));
        command
    }

    /// Cargo with this toolchain's compiler and flags.
    pub fn plain_cargo(&self) -> Command {
        let mut command = Command::new(&self.rust.cargo);
        // What the calling cargo, rustup or the user set for host builds is not for this compiler.
        for variable in [
            "CARGO",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_INCREMENTAL",
            "CARGO_TARGET_DIR",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_WRAPPER",
            "RUSTDOC",
            "RUSTFLAGS",
            "RUSTUP_TOOLCHAIN",
        ] {
            command.env_remove(variable);
        }
        command
            .env("RUSTC", &self.rust.rustc)
            // The target is described by a file and std is compiled along: both want an unstable compiler.
            .env("RUSTC_BOOTSTRAP", "1")
            // Lifts std's own gate against targets it does not know.
            .env("RUSTC_BOOTSTRAP_SYNTHETIC_TARGET", "1")
            .env("__CARGO_TESTS_ONLY_SRC_ROOT", std_copy::library(&self.folder))
            .env("CARGO_ENCODED_RUSTFLAGS", self.rustflags().join("\x1f"));
        command
    }

    fn rustflags(&self) -> Vec<String> {
        let mut flags = vec![
            // The VM runs one thread and has no atomic instructions.
            "-Cpasses=lower-atomic".to_owned(),
        ];
        // The same binary wherever the cache and the registry lie.
        let copy = std_copy::library(&self.folder);
        flags.push(format!("--remap-path-prefix={}=std", copy.display()));
        if let Some(home) = rust::cargo_home() {
            flags.push(format!("--remap-path-prefix={}=registry", home.join("registry/src").display()));
        }
        flags
    }
}

/// What the versions file lists.
fn versions(rust: &rust::Rust, llvm: &str) -> String {
    format!(
        "{}\n{llvm}\nsbpf-linker {}\nedits {}\n",
        rust.version_text.trim(),
        SBPF_LINKER.version,
        std_copy::edits()
    )
}
