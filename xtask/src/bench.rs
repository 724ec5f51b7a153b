//! `cargo xtask bench`.

use std::process::Command;

use anyhow::Result;

use crate::{
    build::{self, Built, build_and_host},
    cli::{BuildArgs, PassThrough},
    context::Context,
    host::Host,
    process,
};

/// Measures the programs that `build` makes.
pub fn command(context: &Context, args: &PassThrough) -> Result<()> {
    let _lock = context.cache.lock()?;
    let (built, host) = build_and_host(context, &BuildArgs::default())?;
    host.compile("bench")?;
    measure(&built, &host, &args.args)
}

/// Runs the benchmark, which has been compiled, with these arguments of its own.
pub fn measure(built: &Built, host: &Host, args: &[String]) -> Result<()> {
    let mut bench = Command::new(host.binary("bench"));
    process::run("measure", bench.args(args).envs(build::environment(built)))
}

/// Measures the worker.
pub fn worker(context: &Context, args: &PassThrough) -> Result<()> {
    let _lock = context.cache.lock()?;
    let (built, host) = build_and_host(context, &BuildArgs::default())?;
    host.compile("grid")?;
    host.compile("grid-worker-bench")?;
    let mut bench = Command::new(host.binary("grid-worker-bench"));
    bench
        .args(&args.args)
        .current_dir(&context.workspace.root)
        .envs(build::environment(&built))
        .env("GRID_BINARY", host.binary("grid"));
    process::run("the worker's benchmark", &mut bench)
}
