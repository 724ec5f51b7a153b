//! `grid-idl-gen <program folder> <output file>`: compiles the program's IDL description on the host and
//! writes what it says. What has no sentence is an error.

mod docs;
mod tidy;

use std::{env, fs, path::PathBuf};

use anchor_lang_idl::build::IdlBuilder;
use anyhow::{Context as _, Result, ensure};

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let usage = "usage: grid-idl-gen <program folder> <output file>";
    let (program, output) = (arguments.next().context(usage)?, arguments.next().context(usage)?);
    // `--ignore-rust-version`: Agave's crates declare a newer Rust than they need.
    let cargo_args = ["--locked", "--ignore-rust-version", "--lib"].map(str::to_owned).to_vec();
    let mut idl = IdlBuilder::new()
        .program_path(program.clone())
        .cargo_args(cargo_args)
        .build()
        .with_context(|| format!("no IDL for {}: set ANCHOR_LOG to see the output", program.display()))?;
    tidy::tidy(&mut idl);
    docs::complete(&mut idl);
    let missing = docs::missing(&idl);
    ensure!(missing.is_empty(), "{}: no doc comment for {}", program.display(), missing.join(", "));
    let mut text = serde_json::to_string_pretty(&idl)?;
    text.push('\n');
    fs::write(&output, text).with_context(|| format!("cannot write {}", output.display()))
}
