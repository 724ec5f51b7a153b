//! `cargo xtask drill`: a deployment with the Anchor CLI, on a real validator, in a copy of the checkout that has program keys of
//! its own; then an upgrade with live jobs. What is built here, `tests/deploy` runs.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    cli::{BuildArgs, PassThrough},
    context::Context,
    host::Host,
    process, setup, stamp,
    toolchain::{anchor::Anchor, validator},
    workspace::{Workspace, listed_files},
};

/// The clusters whose program ids `Anchor.toml` holds. What `keys sync` is told last becomes Anchor's default: the local one.
const CLUSTERS: [&str; 3] = ["devnet", "mainnet", "localnet"];
/// What the next release does otherwise: markets may keep jobs for 60 days at most, no longer for 90.
const NEXT_RELEASE: (&str, &str, &str) = (
    "programs/jobs/src/constants.rs",
    "MAX_RETENTION_SECONDS: u32 = 90 *",
    "MAX_RETENTION_SECONDS: u32 = 60 *",
);

/// Runs the drill.
pub fn command(context: &Context, args: &PassThrough) -> Result<()> {
    let _lock = context.cache.lock()?;
    setup::install(context, &BuildArgs::default())?;
    run(context, &Host::prepare(context)?, &args.args)
}

/// The same, within another command. Where it lacks a tool it says so and is no failure, except in CI.
pub fn run(context: &Context, host: &Host, args: &[String]) -> Result<()> {
    let tools = || -> Result<(PathBuf, Anchor)> {
        let anchor = Anchor::install(&context.workspace.root, &context.cache)?;
        Ok((validator::install(&context.cache)?, anchor))
    };
    let (validator, anchor) = match tools() {
        Ok(tools) => tools,
        Err(error) if env::var_os("CI").is_none() => {
            println!("SKIPPED: the deployment drill. {error:#}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let copy = Copy::prepare(context, host, &anchor)?;
    copy.bring_up_to_date(context)?;
    for cluster in CLUSTERS {
        let title = format!("anchor keys sync ({cluster})");
        process::run(&title, &mut copy.anchor(&["keys", "sync", "--provider.cluster", cluster])?)?;
    }
    process::run(
        "anchor build",
        &mut copy.anchor(&["build", "--", "--locked", "--ignore-rust-version", "--lib"])?,
    )?;
    let next = copy.build_next_release()?;
    let (grid_deploy, drill) = copy.build_binaries(host)?;
    let mut run = Command::new(drill);
    copy.dress(&mut run)?;
    run.args(args)
        .env("GRID_TEST_VALIDATOR", validator)
        .env("GRID_DEPLOY", grid_deploy)
        .env("GRID_NEXT_RELEASE", next);
    process::run("a deployment and an upgrade on a real validator", &mut run)
}

/// A copy of the checkout, kept in the cache with its program keys.
struct Copy {
    workspace: Workspace,
    /// Where this drill keeps what it builds.
    home: PathBuf,
    path: OsString,
    packages: PathBuf,
}

impl Copy {
    fn prepare(context: &Context, host: &Host, anchor: &Anchor) -> Result<Self> {
        let home = context.cache.drill();
        let root = home.join("checkout");
        let cache = home.join("cache");
        for folder in [root.join("target/deploy"), cache.clone()] {
            fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        // Programs and host crates have folders of their own: both checkouts would take the other's for theirs. What comes from
        // the registry is compiled already.
        let outputs = home.join("target/debug");
        adopt(&host.outputs(), &outputs, &context.workspace.members()?)?;
        link(&outputs, &root.join("target/debug"))?;
        link(&context.cache.toolchain(), &cache.join("toolchain"))?;
        let path = anchor.path(&root)?;
        Ok(Self { workspace: Workspace { root }, home, path, packages: anchor.packages.clone() })
    }

    /// An Anchor command in the copy.
    fn anchor(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new("anchor");
        self.dress(&mut command)?;
        command.args(arguments);
        Ok(command)
    }

    /// Gives a command the copy's folder and tools, and nothing of the cargo that runs this.
    fn dress(&self, command: &mut Command) -> Result<()> {
        for (name, _) in env::vars_os() {
            let told = name.to_string_lossy();
            if told.starts_with("CARGO") || told.starts_with("RUSTUP_TOOLCHAIN") || told.starts_with("GRID_")
            {
                command.env_remove(&name);
            }
        }
        if let Some(home) = env::var_os("CARGO_HOME") {
            command.env("CARGO_HOME", home);
        }
        command
            .current_dir(&self.workspace.root)
            .env("PATH", &self.path)
            .env("NODE_PATH", &self.packages)
            .env("GRID_CACHE", self.home.join("cache"))
            // What scripts/anchor/cargo-build-sbf starts; the tool chain's self-test belongs to `cargo xtask build`.
            .env("GRID_XTASK", env::current_exe().context("this program's own file")?)
            .env("GRID_BUILD_FLAGS", "--skip-self-test");
        Ok(())
    }

    /// Brings the copy to the checkout's sources, with the copy's program ids where it has keys already: so a second drill compiles
    /// only what changed.
    fn bring_up_to_date(&self, context: &Context) -> Result<()> {
        let (from, to) = (&context.workspace.root, &self.workspace.root);
        let ids = if to.join("Anchor.toml").is_file() { self.ids()? } else { BTreeMap::new() };
        let known = known_ids(&context.workspace, &ids)?;
        let files = listed_files(from)?;
        for file in &files {
            let bytes = fs::read(from.join(file)).with_context(|| format!("cannot read {file}"))?;
            let bytes = match String::from_utf8(bytes) {
                Ok(text) => adapted(file, &text, &known).into_bytes(),
                Err(error) => error.into_bytes(),
            };
            let target = to.join(file);
            if fs::read(&target).is_ok_and(|found| found == bytes) {
                continue;
            }
            stamp::write_bytes(&target, &bytes)?;
            fs::set_permissions(&target, fs::metadata(from.join(file))?.permissions())?;
        }
        let list = self.home.join("files");
        for gone in fs::read_to_string(&list).unwrap_or_default().lines() {
            if !files.iter().any(|file| file == gone) {
                fs::remove_file(to.join(gone)).ok();
            }
        }
        stamp::write(&list, &files.join("\n"))
    }

    /// The ids of the copy's program keys.
    fn ids(&self) -> Result<BTreeMap<String, String>> {
        let printed = process::output(&mut self.anchor(&["keys", "list"])?)?;
        Ok(printed
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, id)| (name.trim().to_owned(), id.trim().to_owned()))
            .collect())
    }

    /// Builds the next release of the jobs program beside this one's; returns the folder of its binaries.
    fn build_next_release(&self) -> Result<PathBuf> {
        let (file, from, to) = NEXT_RELEASE;
        let (file, deploy) = (self.workspace.root.join(file), self.workspace.deploy());
        let source = fs::read_to_string(&file)?;
        ensure!(
            source.matches(from).count() == 1,
            "`{from}` is not once in {}: correct the drill",
            file.display()
        );
        let jobs = deploy.join("grid_jobs.so");
        let next = self.home.join("next");
        // The programs of this release, as they were when the next one was built.
        let seal = self.home.join("next-of");
        let current = fs::read(&jobs).with_context(|| format!("anchor build left no {}", jobs.display()))?;
        let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&current));
        if !stamp::matches(&seal, &hash) {
            fs::write(&file, source.replace(from, to))?;
            let built = self.build_jobs();
            fs::write(&file, source)?;
            built?;
            stamp::write_bytes(&next.join("grid_jobs.so"), &fs::read(&jobs)?)?;
            stamp::write_bytes(&jobs, &current)?;
            stamp::write(&seal, &hash)?;
        }
        for program in self.workspace.programs()?.iter().filter(|program| program.name() != "grid_jobs") {
            let name = format!("{}.so", program.name());
            stamp::write_bytes(&next.join(&name), &fs::read(deploy.join(&name))?)?;
        }
        let upgraded = fs::read(next.join("grid_jobs.so"))?;
        ensure!(upgraded != current, "the next release's jobs program is the same: correct the drill");
        Ok(next)
    }

    fn build_jobs(&self) -> Result<()> {
        let mut build = Command::new("cargo-build-sbf");
        self.dress(&mut build)?;
        build.current_dir(self.workspace.root.join("programs/jobs"));
        process::run("the next release", &mut build)
    }

    /// Compiles the copy's `grid-deploy` and the drill itself, which know the copy's program ids; where they are.
    fn build_binaries(&self, host: &Host) -> Result<(PathBuf, PathBuf)> {
        let mut cargo = host.cargo("build");
        cargo.args(["--workspace", "--bin", "grid-deploy", "--bin", "grid-drill"]);
        cargo.current_dir(&self.workspace.root).env("CARGO_TARGET_DIR", self.home.join("target"));
        process::run("compile the drill", &mut cargo)?;
        let binary = |name| self.home.join("target/debug").join(name);
        Ok((binary("grid-deploy"), binary("grid-drill")))
    }
}

/// A link, in place of whatever was there.
fn link(to: &Path, at: &Path) -> Result<()> {
    if fs::read_link(at).is_ok_and(|found| found == to) {
        return Ok(());
    }
    fs::remove_file(at).ok();
    symlink(to, at).with_context(|| format!("cannot link {} to {}", at.display(), to.display()))
}

/// What the checkout's ids become in the copy.
fn known_ids(checkout: &Workspace, ids: &BTreeMap<String, String>) -> Result<Vec<(String, String)>> {
    let mut known = Vec::new();
    for program in checkout.programs()? {
        let source = fs::read_to_string(program.folder.join("src/lib.rs"))?;
        let declared = crate::program_ids::declared(&source);
        if let (Some(declared), Some(id)) = (declared, ids.get(&program.name())) {
            known.push((declared.to_owned(), id.clone()));
        }
    }
    Ok(known)
}

/// A file's text as the copy has it.
fn adapted(file: &str, text: &str, ids: &[(String, String)]) -> String {
    match file == "Anchor.toml" || (file.starts_with("programs/") && file.ends_with("/src/lib.rs")) {
        true => ids.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)),
        false => text.to_owned(),
    }
}

/// Links what cargo has compiled of the registry into another target folder, where it is not there yet. What it compiled of the
/// workspace stays behind: libraries of programs have no hash in their names, so that those of two checkouts can't share a folder.
fn adopt(from: &Path, to: &Path, members: &[String]) -> Result<()> {
    let theirs = |name: &str| !is_of(name, members);
    for part in [".fingerprint", "build"] {
        for name in names(&from.join(part))?.iter().filter(|name| theirs(name)) {
            let at = to.join(part).join(name);
            if !at.exists() {
                link_tree(&from.join(part).join(name), &at)?;
            }
        }
    }
    let libraries = names(&from.join("deps"))?;
    // Programs and tests have no extension, and nobody builds on them.
    for name in libraries.iter().filter(|name| theirs(name) && name.contains('.')) {
        let at = to.join("deps").join(name);
        if !at.exists() {
            link_tree(&from.join("deps").join(name), &at)?;
        }
    }
    Ok(())
}

/// Whether an output is of one of these packages: `grid-jobs-0123`, `libgrid_jobs.rlib`, `grid_jobs-0123.d`.
fn is_of(output: &str, packages: &[String]) -> bool {
    let name = output.strip_prefix("lib").unwrap_or(output);
    packages.iter().any(|package| {
        [package.clone(), package.replace('-', "_")]
            .iter()
            .any(|package| name.strip_prefix(package).is_some_and(|rest| rest.starts_with(['-', '.'])))
    })
}

/// What lies in a folder; nothing where there is none.
fn names(folder: &Path) -> Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// A file, or a folder with all it holds, once more under another name.
fn link_tree(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        return names(from)?.iter().try_for_each(|name| link_tree(&from.join(name), &to.join(name)));
    }
    fs::create_dir_all(to.parent().context("a file has a folder")?)?;
    fs::hard_link(from, to).with_context(|| format!("cannot link {} to {}", to.display(), from.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_the_workspace_stays_behind() {
        let members = ["grid-jobs".to_owned(), "xtask".to_owned()];
        for own in
            ["grid-jobs-01ab", "libgrid_jobs.rlib", "libgrid_jobs.so", "grid_jobs-01ab.d", "xtask-01ab"]
        {
            assert!(is_of(own, &members), "{own}");
        }
        for foreign in ["grid-jobsite-01ab", "libserde-01ab.rlib", "liblibc-01ab.rlib", "libgrid_jobsite.so"]
        {
            assert!(!is_of(foreign, &members), "{foreign}");
        }
    }

    #[test]
    fn outputs_are_adopted_once_and_without_programs() {
        let folder = env::temp_dir().join(format!("grid-xtask-adopt-{}", std::process::id()));
        stamp::remove_folder(&folder).unwrap();
        let (from, to) = (folder.join("from"), folder.join("to"));
        for file in [
            ".fingerprint/serde-1/lib-serde",
            ".fingerprint/grid-jobs-1/x",
            "deps/libserde-1.rlib",
            "deps/explore-1",
        ] {
            stamp::write(&from.join(file), file).unwrap();
        }
        for _ in 0..2 {
            adopt(&from, &to, &["grid-jobs".to_owned()]).unwrap();
        }
        let there = |file: &str| to.join(file).is_file();
        assert!(there(".fingerprint/serde-1/lib-serde") && there("deps/libserde-1.rlib"));
        assert!(!there(".fingerprint/grid-jobs-1/x") && !there("deps/explore-1"));
        stamp::remove_folder(&folder).unwrap();
    }

    #[test]
    fn ids_change_where_they_are_declared_and_nowhere_else() {
        let ids = [("OLD".to_owned(), "NEW".to_owned())];
        let text = "declare_id!(\"OLD\");";
        assert_eq!(adapted("programs/jobs/src/lib.rs", text, &ids), "declare_id!(\"NEW\");");
        assert_eq!(adapted("Anchor.toml", "grid_jobs = \"OLD\"", &ids), "grid_jobs = \"NEW\"");
        assert_eq!(adapted("README.md", text, &ids), text);
    }

    #[test]
    fn the_next_release_differs_in_what_is_written_once() {
        let (file, from, to) = NEXT_RELEASE;
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap();
        assert_eq!(source.matches(from).count(), 1);
        assert_ne!(from, to);
    }
}
