//! `cargo xtask release`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::{
    build::{self, Built},
    cache::Cache,
    cli::BuildArgs,
    context::Context,
    host, process, setup, stamp,
    toolchain::installed::{CARGO_CYCLONEDX, CARGO_DENY},
    workspace::Workspace,
};

/// The folders that the programs are built in once more: of other names and depths.
const ELSEWHERE: [&str; 2] = ["a", "another/place of the sources"];
/// Packages that a bill of materials is written for.
const BILLS: [&str; 6] = [
    "programs/jobs",
    "programs/nodes",
    "programs/pools",
    "programs/rewards",
    "programs/staking",
    "crates/cli",
];

/// Builds, checks and packs a release.
pub fn command(context: &Context, args: &BuildArgs) -> Result<()> {
    let _lock = context.cache.lock()?;
    let built = build::build(context, args)?;
    run(context, &built, args)
}

/// The same with programs that have been built, within another command.
pub fn run(context: &Context, built: &Built, args: &BuildArgs) -> Result<()> {
    dependencies(context)?;
    let copy = reproduce(context, built, args)?;
    pack(context, built, &copy)
}

/// Holds licences, sources and versions of all dependencies against `deny.toml`.
fn dependencies(context: &Context) -> Result<()> {
    let mut deny = Command::new(CARGO_DENY.install(&context.cache)?);
    deny.args(["--offline", "--locked", "--log-level", "error", "check", "--hide-inclusion-graph"])
        .args(["licenses", "bans", "sources"])
        .env("CARGO", host::cargo())
        .current_dir(&context.workspace.root);
    process::run("cargo deny", &mut deny)
}

/// Builds the programs twice from nothing, in other folders, and demands the same bytes; returns the last copy.
fn reproduce(context: &Context, built: &Built, args: &BuildArgs) -> Result<Workspace> {
    let builder = setup::install(context, args)?;
    let root = context.cache.reproduction();
    stamp::remove_folder(&root)?;
    let mut last = None;
    for name in ELSEWHERE {
        let copy = Context {
            workspace: context.workspace.copy_to(&root.join(name))?,
            cache: Cache::apart(root.join(name).join("cache")),
        };
        for program in copy.workspace.programs()? {
            let again = builder.build(&copy, &program, &copy.workspace.deploy())?;
            let first = built.deploy.join(format!("{}.so", program.name()));
            same(&first, &again)?;
        }
        stamp::remove_folder(&builder.target(&copy))?;
        last = Some(copy.workspace);
    }
    println!(
        "    the programs are the same, byte by byte, when they are built from nothing in {} folders",
        ELSEWHERE.len()
    );
    last.context("no folder")
}

fn same(first: &Path, again: &Path) -> Result<()> {
    let (a, b) = (sha256(first)?, sha256(again)?);
    ensure!(a == b, "the build is not reproducible: {} is {a}, {} is {b}", first.display(), again.display());
    Ok(())
}

fn sha256(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(hex::encode(Sha256::digest(bytes)))
}

/// Programs, IDLs, bills of materials and their hashes, in `target/dist`.
fn pack(context: &Context, built: &Built, copy: &Workspace) -> Result<()> {
    let root = &context.workspace.root;
    let dist = root.join("target/dist");
    stamp::remove_folder(&dist)?;
    let mut packed = Vec::new();
    for program in context.workspace.programs()? {
        let name = program.name();
        packed.push(place(&built.deploy.join(format!("{name}.so")), &dist.join("programs"))?);
        packed.push(place(&root.join(format!("idl/{name}.json")), &dist.join("idl"))?);
    }
    for bill in bills(context, copy)? {
        packed.push(place(&bill, &dist.join("sbom"))?);
    }
    packed.sort();
    let mut sums = String::new();
    for file in &packed {
        let name = file.strip_prefix(&dist).unwrap_or(file).display();
        sums.push_str(&format!("{}  {name}\n", sha256(file)?));
    }
    stamp::write(&dist.join("SHA256SUMS"), &sums)?;
    print!("{sums}");
    println!("    {} files and SHA256SUMS in {}", packed.len(), dist.display());
    Ok(())
}

/// Copies a file into a folder.
fn place(file: &Path, folder: &Path) -> Result<PathBuf> {
    let to = folder.join(file.file_name().context("a file has a name")?);
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    stamp::write_bytes(&to, &bytes)?;
    Ok(to)
}

/// Writes the bills of materials, in a copy of the checkout, because the tool writes beside each manifest.
fn bills(context: &Context, copy: &Workspace) -> Result<Vec<PathBuf>> {
    let mut cyclonedx = Command::new(CARGO_CYCLONEDX.install(&context.cache)?);
    cyclonedx
        .args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--describe", "crate"])
        .env("CARGO", host::cargo())
        .current_dir(&copy.root);
    process::run("bills of materials", &mut cyclonedx)?;
    let bill = |folder: &&str| -> Result<PathBuf> {
        let folder = copy.root.join(folder);
        let mut found = fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        found
            .find(|path| path.to_string_lossy().ends_with(".cdx.json"))
            .with_context(|| format!("no bill of materials in {}", folder.display()))
    };
    BILLS.iter().map(bill).collect()
}
