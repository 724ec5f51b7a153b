//! `cargo xtask clients`: clients in other languages, against the programs' binaries.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    build,
    cli::ClientsArgs,
    context::Context,
    process,
    toolchain::{node::Node, python, rust},
};

/// What npm installs and what is made: stays in the copy, never comes from the checkout.
const MADE: [&str; 3] = ["node_modules", "dist", "generated"];

/// Where Python's clients lie in the checkout.
const PYTHON: &str = "clients/python";

/// Builds the programs and tests the clients.
pub fn command(context: &Context, args: &ClientsArgs) -> Result<()> {
    let _lock = context.cache.lock()?;
    match &args.programs {
        Some(folder) => run(context, &std::path::absolute(folder)?),
        None => run(context, &build::build(context, &args.build)?.deploy),
    }
}

/// The same with these binaries, within another command. What can't be had is skipped, and says so, except in CI.
pub fn run(context: &Context, programs: &Path) -> Result<()> {
    let (client, outsider) = (copy(context, "ts")?, copy(context, "outsider-anchor")?);
    optional("clients in TypeScript and JavaScript", javascript(context, [&client, &outsider]), |node| {
        let npm = |step: &str, folder: &Path, words: &[&str]| {
            let mut npm = node.command("npm");
            npm.arg("--silent").args(words).current_dir(folder);
            process::run(step, with_environment(&mut npm, context, programs))
        };
        npm("TypeScript client: generate and compile", &client, &["run", "build"])?;
        npm("TypeScript client: tests", &client, &["test"])?;
        npm("a client that has nothing but the IDL, with Anchor", &outsider, &["test"])
    })?;
    let requirements = context.workspace.root.join(PYTHON).join("requirements.txt");
    let requirements = fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let home = context.cache.clients().join("python");
    optional("clients in Python", python::environment(&home, "clients", &requirements), |environment| {
        let mut tests = Command::new(environment.join("bin/python"));
        // -B: no compiled files in the checkout.
        tests.args(["-B", "-m", "unittest"]).current_dir(context.workspace.root.join(PYTHON));
        let step = "Python, with nothing but the IDL and docs/accounts.md";
        process::run(step, with_environment(&mut tests, context, programs))
    })
}

/// Node, with the packages of these folders installed.
fn javascript(context: &Context, folders: [&Path; 2]) -> Result<Node> {
    let node = Node::install(&context.cache)?;
    for folder in folders {
        node.packages(folder)?;
    }
    Ok(node)
}

/// Runs `then` with a tool, or says why there is none.
fn optional<T>(what: &str, tool: Result<T>, then: impl FnOnce(T) -> Result<()>) -> Result<()> {
    match tool {
        Ok(tool) => then(tool),
        Err(error) if std::env::var_os("CI").is_none() => {
            println!("SKIPPED: {what}. {error:#}");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Where the clients find what they are tested with.
fn with_environment<'a>(command: &'a mut Command, context: &Context, programs: &Path) -> &'a mut Command {
    let root = &context.workspace.root;
    command
        .env("GRID_SBF_DIR", programs)
        .env("GRID_IDL_DIR", root.join("idl"))
        .env("GRID_DOCS_DIR", root.join("docs"));
    if let Some(program) = token_metadata() {
        command.env("GRID_METADATA_SO", program);
    }
    command
}

/// The binary of Metaplex Token Metadata, where cargo has unpacked the package that `grid-token-metadata` takes it from.
fn token_metadata() -> Option<PathBuf> {
    const FIXTURE: &str = "spl-stake-pool-2.0.1/tests/fixtures/mpl_token_metadata.so";
    let registries = fs::read_dir(rust::cargo_home()?.join("registry/src")).ok()?;
    registries.flatten().map(|registry| registry.path().join(FIXTURE)).find(|path| path.is_file())
}

/// Copies a client's sources into the cache, where its packages lie: the checkout stays as it is.
fn copy(context: &Context, name: &str) -> Result<PathBuf> {
    let from = context.workspace.root.join("clients").join(name);
    let to = context.cache.clients().join(name);
    copy_folder(&from, &to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(to)
}

/// Makes `to` a copy of `from`, but for what is [`MADE`].
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let is_made = |name: &std::ffi::OsStr| MADE.iter().any(|made| name == *made);
    for old in fs::read_dir(to)?.collect::<io::Result<Vec<_>>>()? {
        if !is_made(&old.file_name()) && !from.join(old.file_name()).exists() {
            match old.file_type()?.is_dir() {
                true => fs::remove_dir_all(old.path())?,
                false => fs::remove_file(old.path())?,
            }
        }
    }
    for new in fs::read_dir(from)?.collect::<io::Result<Vec<_>>>()? {
        let target = to.join(new.file_name());
        if new.file_type()?.is_dir() {
            if !is_made(&new.file_name()) {
                copy_folder(&new.path(), &target)?;
            }
        } else {
            fs::write(&target, fs::read(new.path())?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp;

    #[test]
    fn a_copy_follows_its_original_and_keeps_what_was_made() {
        let home = std::env::temp_dir().join(format!("grid-clients-{}", std::process::id()));
        let (from, to) = (home.join("from"), home.join("to"));
        let write = |path: PathBuf, text: &str| stamp::write(&path, text).unwrap();
        write(from.join("src/a"), "1");
        write(from.join("src/generated/own"), "from the checkout");
        write(to.join("src/gone"), "2");
        write(to.join("src/generated/made"), "3");
        write(to.join("node_modules/package"), "4");
        copy_folder(&from, &to).unwrap();
        let exists = |path: &str| to.join(path).exists();
        assert!(exists("src/a") && exists("src/generated/made") && exists("node_modules/package"));
        assert!(!exists("src/gone") && !exists("src/generated/own"));
        stamp::remove_folder(&home).unwrap();
    }
}
