//! `cargo xtask bench`.

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
    measure(&built, &host, &args.args)
}

/// Runs the benchmark with these arguments of its own.
pub fn measure(built: &Built, host: &Host, args: &[String]) -> Result<()> {
    let mut bench = host.cargo("run");
    bench.args(["--package", "grid-tests", "--bin", "bench", "--"]).args(args);
    process::run("measure", bench.envs(build::environment(built)))
}
