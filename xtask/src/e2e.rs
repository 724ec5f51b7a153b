//! `cargo xtask e2e`.

use std::process::Command;

use anyhow::Result;

use crate::{
    build::{self, Built, build_and_host},
    cli::{BuildArgs, PassThrough},
    context::Context,
    host::Host,
    process,
    toolchain::validator,
};

/// Runs the worker on a real validator.
pub fn command(context: &Context, args: &PassThrough) -> Result<()> {
    let _lock = context.cache.lock()?;
    let (built, host) = build_and_host(context, &BuildArgs::default())?;
    host.compile("grid")?;
    host.compile("grid-e2e")?;
    run(context, &built, &host, &args.args)
}

/// The same with binaries that have been compiled, within another command. Where no validator can be had it says so and is no failure, except in CI.
pub fn run(context: &Context, built: &Built, host: &Host, args: &[String]) -> Result<()> {
    let validator = match validator::install(&context.cache) {
        Ok(validator) => validator,
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("SKIPPED: the run on a real validator. {error:#}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let mut e2e = Command::new(host.binary("grid-e2e"));
    e2e.args(args)
        .current_dir(&context.workspace.root)
        .envs(build::environment(built))
        .env("GRID_TEST_VALIDATOR", validator)
        .env("GRID_BINARY", host.binary("grid"));
    process::run("three nodes on a real validator", &mut e2e)
}
