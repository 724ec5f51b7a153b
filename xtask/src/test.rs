//! `cargo xtask test`.

use anyhow::Result;

use crate::{
    bench,
    build::{self, build_and_host},
    cli::{IdlArgs, TestArgs},
    context::Context,
    idl, lint, process,
};

/// Everything, or the chosen tests.
pub fn command(context: &Context, args: &TestArgs) -> Result<()> {
    let _lock = context.cache.lock()?;
    let (built, host) = build_and_host(context, &args.build)?;
    let whole = args.filter.is_none() && args.package.is_empty();
    let lint = whole && !args.skip_lint;
    if lint {
        lint::format_and_clippy(context, &host)?;
        idl::generate(context, &host, &IdlArgs { check: true })?;
    }
    let mut test = host.cargo("test");
    test.envs(build::environment(&built));
    if args.package.is_empty() {
        test.arg("--workspace");
    }
    for package in &args.package {
        test.args(["--package", package]);
    }
    test.args(&args.filter);
    if !args.rest.is_empty() {
        test.arg("--").args(&args.rest);
    }
    process::run("tests", &mut test)?;
    if whole {
        // Cargo has built it beside the tests.
        bench::measure(&built, &host, &["--check".to_owned()])?;
    }
    if lint {
        lint::docs(&host)?;
    }
    println!("all passed");
    Ok(())
}
