//! `cargo xtask lint`.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::{book, context::Context, host::Host, process, program_ids};

/// Every check that needs no program binary.
pub fn command(context: &Context) -> Result<()> {
    let _lock = context.cache.lock()?;
    Host::install()?;
    let host = Host::prepare(context)?;
    run(context, &host)
}

/// The same, within another command.
pub fn run(context: &Context, host: &Host) -> Result<()> {
    process::step("program ids");
    program_ids::check(context)?;
    process::step("no key files in git");
    no_key_files(context)?;
    book::check(&context.workspace.root)?;
    process::run("format", host.command("fmt").args(["--all", "--check"]))?;
    process::run(
        "clippy",
        host.cargo("clippy").args(["--workspace", "--all-targets", "--", "--deny", "warnings"]),
    )?;
    process::run(
        "rustdoc",
        host.cargo("doc").args(["--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings"),
    )
}

/// A key pair in git is a key pair everyone has.
fn no_key_files(context: &Context) -> Result<()> {
    let root = &context.workspace.root;
    if !root.join(".git").exists() {
        return Ok(());
    }
    let mut git = Command::new("git");
    let files = process::output(git.args(["ls-files", "*-keypair.json"]).current_dir(root))?;
    ensure!(files.is_empty(), "key files are tracked by git; remove them and use new keys: {}", files.trim());
    Ok(())
}
