//! `cargo xtask setup`.

use std::time::Instant;

use anyhow::Result;

use crate::{
    cli::BuildArgs,
    context::Context,
    process,
    toolchain::apt,
    way::{self, Builder},
};

/// Installs everything that building and testing need.
pub fn command(context: &Context, args: &BuildArgs) -> Result<()> {
    let _lock = context.cache.lock()?;
    let start = Instant::now();
    let builder = install(context, args)?;
    for line in builder.versions().lines() {
        println!("    {line}");
    }
    println!("    setup complete: {}", process::elapsed(start));
    Ok(())
}

/// The same, within another command.
pub fn install(context: &Context, args: &BuildArgs) -> Result<Builder> {
    let way = way::choose(args.way)?;
    // All at once, so that who has to install them by hand sees one command.
    apt::install(&way::packages(way))?;
    Builder::install(context, way)
}
