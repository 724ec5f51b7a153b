//! `cargo xtask test`.

use anyhow::Result;

use crate::{
    bench, book,
    build::{self, build_and_host},
    cli::{IdlArgs, TestArgs},
    clients,
    context::Context,
    drill, e2e, idl, lint, process, release,
    toolchain::engine,
};

/// Installs the connectors that run in the tests. Where they can't be had it says so and is no failure, except in CI.
fn install_connectors(context: &Context) -> Result<bool> {
    match engine::install_connectors(&context.workspace.root, &context.cache) {
        Ok(()) => Ok(true),
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("SKIPPED: connectors that need Python packages. {error:#}");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Everything, or the chosen tests.
pub fn command(context: &Context, args: &TestArgs) -> Result<()> {
    let _lock = context.cache.lock()?;
    let (built, host) = build_and_host(context, &args.build)?;
    let whole = args.filter.is_none() && args.package.is_empty();
    let lint = whole && !args.skip_lint;
    if lint {
        lint::run(context, &host)?;
        idl::generate(context, &host, &IdlArgs { check: true })?;
    }
    let mut test = host.cargo("test");
    test.envs(build::environment(&built)).env("GRID_CACHE", context.cache.root());
    if whole {
        // One run tells all that is wrong.
        test.arg("--no-fail-fast");
        if engine::install()? {
            test.env("GRID_REQUIRE_ENGINE", "1");
        }
        if install_connectors(context)? {
            test.env("GRID_REQUIRE_CONNECTORS", "1");
        }
    }
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
        // Cargo has built the binaries beside the tests of their packages.
        bench::measure(&built, &host, &["--check".to_owned()])?;
        clients::run(context, &built.deploy)?;
        e2e::run(context, &built, &host, &[])?;
        drill::run(context, &host, &[])?;
        release::run(context, &built, &args.build)?;
    }
    if lint {
        book::build_or_skip(context)?;
    }
    println!("all passed");
    Ok(())
}
