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
    let mut bench = host.cargo("run");
    bench.args(["--package", "grid-tests", "--bin", "bench", "--"]).args(&args.args);
    process::run("measure", bench.envs(build::environment(&built)))
}

/// Compares with the figures in git, by the benchmark that cargo built beside the tests of the whole workspace: cargo
/// would compile its dependencies anew for one package alone.
pub fn compare(built: &Built, host: &Host) -> Result<()> {
    let mut bench = Command::new(host.binary("bench"));
    process::run("compare with the figures in git", bench.arg("--check").envs(build::environment(built)))
}
