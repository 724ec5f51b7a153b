//! `cargo xtask book`: the pages of the reference, the checks of all pages, and the book.

mod calls;
mod check;
mod handler;
mod idl;
mod markdown;
mod reference;
mod stage;
mod tokens;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::{cli::BookArgs, context::Context, process, stamp};

/// Writes the reference, checks all pages, builds the book; with `--check` only compares and checks.
pub fn command(context: &Context, args: &BookArgs) -> Result<()> {
    let root = &context.workspace.root;
    if args.check {
        return check(root);
    }
    let _lock = context.cache.lock()?;
    for (name, text) in reference::pages(root, &hints(root)?)? {
        let path = root.join("docs").join(name);
        if !stamp::matches(&path, &text) {
            stamp::write(&path, &text)?;
            println!("    docs/{name} written");
        }
    }
    check(root)?;
    stage::build(context)
}

/// Compares the reference with what it is made from, and checks all pages.
pub fn check(root: &Path) -> Result<()> {
    process::step("documentation: links, names of tests, commands");
    let mut faults = Vec::new();
    for (name, text) in reference::pages(root, &hints(root)?)? {
        if !stamp::matches(&root.join("docs").join(name), &text) {
            faults.push(format!("docs/{name}: is not what idl/ and programs/ give; run `cargo xtask book`"));
        }
    }
    let pages = check::pages(root)?;
    faults.extend(check::faults(root, &pages)?);
    if !faults.is_empty() {
        bail!("the documentation has {} faults:\n    {}", faults.len(), faults.join("\n    "));
    }
    Ok(())
}

/// Builds the book; where mdBook can't be had it says so, except in CI, where that is an error.
pub fn build_or_skip(context: &Context) -> Result<()> {
    match stage::build(context) {
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("SKIPPED: the book. {error:#}");
            Ok(())
        }
        result => result,
    }
}

/// What `grid` suggests about errors, by their names.
fn hints(root: &Path) -> Result<BTreeMap<String, String>> {
    let path = root.join("crates/cli/src/hints.rs");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let hint = |line: &str| {
        let (name, hint) = line.trim().strip_prefix("(\"")?.strip_suffix("\"),")?.split_once("\", \"")?;
        Some((name.to_owned(), hint.to_owned()))
    };
    Ok(text.lines().filter_map(hint).collect())
}
