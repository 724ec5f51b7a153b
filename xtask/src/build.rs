//! `cargo xtask build`.

use std::{fs, path::PathBuf, time::Instant};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::{
    cli::{BuildArgs, OneBuildArgs},
    context::Context,
    host::{self, Host},
    process, self_test, setup, stamp,
    way::Builder,
};

/// What a build leaves for the tests.
#[derive(Debug)]
pub struct Built {
    /// Folder of the programs.
    pub deploy: PathBuf,
    /// The self-test's program.
    pub builtins: PathBuf,
}

/// Builds every program.
pub fn command(context: &Context, args: &OneBuildArgs) -> Result<()> {
    let _lock = context.cache.lock()?;
    build_some(context, &args.build, args.program.as_deref()).map(drop)
}

/// The same, within another command.
pub fn build(context: &Context, args: &BuildArgs) -> Result<Built> {
    build_some(context, args, None)
}

/// Builds every program, or the one in this folder.
fn build_some(context: &Context, args: &BuildArgs, only: Option<&str>) -> Result<Built> {
    let start = Instant::now();
    let builder = setup::install(context, args)?;
    println!("building with {}", builder.describe());
    start_over_if_changed(context, &builder)?;
    host::claim(&builder.target(context), &context.workspace, builder.clean(context))?;

    let program = context.workspace.builtins_program()?;
    let folder = context.workspace.root.join("target/self-test");
    let builtins = builder.build(context, &program, &folder)?;
    if args.prove_self_test {
        self_test::prove(context, &builder, &program)?;
    }
    if !args.skip_self_test {
        self_test::run_if_new(context, &builder, &builtins)?;
    }

    let mut programs = context.workspace.programs()?;
    programs.retain(|program| only.is_none_or(|only| program.folder.ends_with(only)));
    ensure!(!programs.is_empty(), "no program in programs/{}", only.unwrap_or_default());
    let deploy = context.workspace.deploy();
    for program in &programs {
        let file = builder.build(context, program, &deploy)?;
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let hash = hex::encode(Sha256::digest(&bytes));
        println!("    target/deploy/{}.so  {} bytes  sha256 {hash}", program.name(), bytes.len());
    }
    println!("    programs built: {}", process::elapsed(start));
    Ok(Built { deploy, builtins })
}

/// Cargo does not see a change of the compiler's private parts, so outputs of other versions are removed.
fn start_over_if_changed(context: &Context, builder: &Builder) -> Result<()> {
    let target = builder.target(context);
    let versions = target.join(".grid-toolchain");
    if stamp::matches(&versions, &builder.versions()) {
        return Ok(());
    }
    if target.exists() {
        process::step("the toolchain changed: building the programs from scratch");
        stamp::remove_folder(&target)?;
    }
    stamp::write(&versions, &builder.versions())
}

/// Builds the host tests' environment: where the programs lie.
pub fn environment(built: &Built) -> [(&'static str, &PathBuf); 3] {
    [("GRID_SBF_DIR", &built.deploy), ("BPF_OUT_DIR", &built.deploy), ("GRID_BUILTINS_SO", &built.builtins)]
}

/// Sets up, builds and prepares cargo for the host.
pub fn build_and_host(context: &Context, args: &BuildArgs) -> Result<(Built, Host)> {
    let built = build(context, args)?;
    Ok((built, Host::prepare(context)?))
}
