//! `cargo xtask demo`.

use std::process::Command;

use anyhow::Result;

use crate::{
    build::{self, build_and_host},
    cli::{BuildArgs, PassThrough},
    context::Context,
    process,
};

/// Runs `grid demo` on freshly built programs.
pub fn command(context: &Context, args: &PassThrough) -> Result<()> {
    let _lock = context.cache.lock()?;
    let (built, host) = build_and_host(context, &BuildArgs::default())?;
    host.compile("grid")?;
    let mut demo = Command::new(host.binary("grid"));
    demo.arg("demo").args(&args.args).current_dir(&context.workspace.root).envs(build::environment(&built));
    process::run("grid demo", &mut demo)
}
