//! `cargo xtask migrate` and `cargo xtask verify`: `grid-deploy`, built and run.

use anyhow::Result;

use crate::{
    build::{self, build_and_host},
    cli::{BuildArgs, PassThrough},
    context::Context,
    host::Host,
    process,
};

/// Runs `grid-deploy migrate`; the programs are not built: it is those on the cluster that count.
pub fn migrate(context: &Context, args: &PassThrough) -> Result<()> {
    let _lock = context.cache.lock()?;
    Host::install()?;
    let host = Host::prepare(context)?;
    host.compile("grid-deploy")?;
    let mut command = std::process::Command::new(host.binary("grid-deploy"));
    command.arg("migrate").args(&args.args).current_dir(&context.workspace.root);
    process::run("grid-deploy migrate", &mut command)
}

/// Builds the programs and runs `grid-deploy verify`, which compares with them.
pub fn verify(context: &Context, args: &PassThrough) -> Result<()> {
    let _lock = context.cache.lock()?;
    let (built, host) = build_and_host(context, &BuildArgs::default())?;
    host.compile("grid-deploy")?;
    let mut command = std::process::Command::new(host.binary("grid-deploy"));
    command
        .arg("verify")
        .args(&args.args)
        .current_dir(&context.workspace.root)
        .envs(build::environment(&built));
    process::run("grid-deploy verify", &mut command)
}
