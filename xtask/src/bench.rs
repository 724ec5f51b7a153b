//! `cargo xtask bench`.

use anyhow::Result;

use crate::{
    build::{self, build_and_host},
    cli::{BuildArgs, PassThrough},
    context::Context,
    process,
};

/// Measures the programs that `build` makes.
pub fn command(context: &Context, args: &PassThrough) -> Result<()> {
    let _lock = context.cache.lock()?;
    let (built, host) = build_and_host(context, &BuildArgs::default())?;
    let mut bench = host.cargo("run");
    bench
        .args(["--package", "grid-tests", "--bin", "bench", "--"])
        .args(&args.args);
    process::run("measure", bench.envs(build::environment(&built)))
}
