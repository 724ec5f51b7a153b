//! The two ways from a program's source to its binary.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    cli::Way,
    context::Context,
    host, process, stamp,
    toolchain::{
        Toolchain,
        apt::{self, Package},
        std_copy, target,
    },
    workspace::Program,
};

/// The platform tools `anchor build` asks for.
const PLATFORM_TOOLS: &str = "v1.52";

/// A way that is ready to build.
#[derive(Debug)]
pub enum Builder {
    /// `cargo build-sbf`; what it said about its version.
    Solana(String),
    /// Upstream LLVM.
    Llvm(Toolchain),
}

impl Builder {
    /// Makes the way ready; its Debian packages are there.
    pub fn install(context: &Context, way: Way) -> Result<Self> {
        match way {
            Way::Llvm => Ok(Self::Llvm(Toolchain::install(&context.cache)?)),
            Way::Solana => Ok(Self::Solana(solana_tools()?)),
        }
    }

    /// What a build output depends on.
    pub fn versions(&self) -> String {
        match self {
            Self::Solana(version) => format!("{}\nplatform tools {PLATFORM_TOOLS}\n", version.trim()),
            Self::Llvm(toolchain) => toolchain.versions.clone(),
        }
    }

    /// What the log says about the way.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Solana(_) => "the Solana platform tools (`cargo build-sbf` is on the PATH)",
            Self::Llvm(_) => "upstream LLVM and sbpf-linker (`--way solana` needs `cargo build-sbf`)",
        }
    }

    /// Folder for the outputs of this way.
    pub fn target(&self, context: &Context) -> PathBuf {
        context.cache.sbf_target().join(match self {
            Self::Solana(_) => "solana",
            Self::Llvm(_) => "llvm",
        })
    }

    /// Compiles a program into the folder, as `<program>.so`.
    pub fn build(&self, context: &Context, program: &Program, to: &Path) -> Result<PathBuf> {
        match self {
            Self::Solana(_) => self.build_with_solana(context, program, to),
            Self::Llvm(toolchain) => {
                self.build_with_llvm(context, toolchain, program, to, &std_copy::builtins(&toolchain.folder))
            }
        }
    }

    fn build_with_solana(&self, context: &Context, program: &Program, to: &Path) -> Result<PathBuf> {
        let finished = to.join(format!("{}.so", program.name()));
        let mut command = Command::new(host::cargo());
        command
            .args(["build-sbf", "--tools-version", PLATFORM_TOOLS, "--manifest-path"])
            .arg(program.folder.join("Cargo.toml"))
            .arg("--sbf-out-dir")
            .arg(to)
            .args(["--", "--locked", "--ignore-rust-version"])
            .current_dir(&context.workspace.root)
            .env("CARGO_TARGET_DIR", self.target(context));
        process::run(&format!("compile {}", program.name()), &mut command)?;
        ensure!(finished.is_file(), "`cargo build-sbf` left no {}", finished.display());
        Ok(finished)
    }

    /// The same with upstream LLVM; the 128-bit functions are a file of LLVM IR.
    pub fn build_with_llvm(
        &self,
        context: &Context,
        toolchain: &Toolchain,
        program: &Program,
        to: &Path,
        builtins: &Path,
    ) -> Result<PathBuf> {
        let target = self.target(context);
        let mut command = toolchain.cargo("rustc");
        command
            .args(["--package", &program.package, "--lib", "--crate-type", "cdylib", "--target-dir"])
            .arg(&target)
            .arg("--")
            .arg(format!("-Clink-arg={}", builtins.display()))
            .current_dir(&context.workspace.root);
        process::run(&format!("compile {}", program.name()), &mut command)?;
        let built = target.join(target::OUTPUT).join(format!("lib{}.so", program.name()));
        let finished = to.join(format!("{}.so", program.name()));
        replace(&built, &finished)?;
        Ok(finished)
    }

    /// `cargo clean`, to be told the packages.
    pub fn clean(&self, context: &Context) -> Command {
        let target = self.target(context);
        match self {
            Self::Solana(_) => {
                let mut command = Command::new(host::cargo());
                command.args(["clean", "--locked"]).arg("--target-dir").arg(target);
                command.current_dir(&context.workspace.root);
                command
            }
            Self::Llvm(toolchain) => {
                let mut command = toolchain.plain_cargo();
                command.args(["clean", "--locked", "--release"]);
                command.args(["-Zjson-target-spec", "--target"]).arg(target::spec(&toolchain.folder));
                command.arg("--target-dir").arg(target).current_dir(&context.workspace.root);
                command
            }
        }
    }
}

/// The wished way; without a wish, the Solana tools win where they are installed.
pub fn choose(wish: Option<Way>) -> Result<Way> {
    match (wish, solana_tools()) {
        (Some(Way::Llvm), _) | (None, Err(_)) => Ok(Way::Llvm),
        (_, Ok(_)) => Ok(Way::Solana),
        (Some(Way::Solana), Err(error)) => {
            let remedy = "install the Solana tools and put them on the PATH, or use --way llvm";
            Err(error.context(format!("`cargo build-sbf` does not start: {remedy}")))
        }
    }
}

/// The Debian packages a way needs, those for host crates included.
pub fn packages(way: Way) -> Vec<Package> {
    let programs = match way {
        Way::Solana => &[][..],
        Way::Llvm => &apt::PROGRAM_PACKAGES,
    };
    [&apt::HOST_PACKAGES, programs].concat()
}

/// The version of `cargo build-sbf`, where it is installed.
pub fn solana_tools() -> Result<String> {
    let version = process::output(Command::new("cargo-build-sbf").arg("--version"))?;
    // scripts/anchor/cargo-build-sbf comes back here.
    ensure!(!version.contains("grid stand-in"), "`cargo build-sbf` is Grid's own stand-in for it");
    Ok(version)
}

/// Copies a file, unless the copy already has these bytes.
fn replace(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    stamp::write_bytes(to, &bytes)
}
