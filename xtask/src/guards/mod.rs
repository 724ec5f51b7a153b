//! `cargo xtask guards`: tests the tests. Each guard is taken out of the programs' source, alone; some test has to fail.

mod list;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use self::list::GUARDS;
use crate::{
    build::build_and_host,
    cli::{BuildArgs, GuardsArgs},
    context::Context,
    host::Host,
    process, setup, stamp,
    way::Builder,
    workspace::{Workspace, listed_files},
};

/// One guard and what stands in its place when it is gone.
#[derive(Clone, Copy, Debug)]
struct Guard {
    /// What it guards against.
    name: &'static str,
    /// Its file in the checkout.
    file: &'static str,
    /// Text that occurs once.
    from: &'static str,
    /// What it becomes.
    to: &'static str,
}

/// Where a guard's source is, and the suites that run it, the ones that fail first at the front. The first prefix counts.
const SUITES: [(&str, &[&str]); 12] = [
    ("crates/onchain/", &["gate", "nodes"]),
    ("programs/jobs/src/instructions/admit_device", &["gate", "matrix"]),
    ("programs/jobs/src/instructions/dismiss_device", &["gate", "matrix"]),
    ("programs/jobs/src/instructions/gate", &["gate", "matrix"]),
    ("programs/jobs/src/instructions/set_admission", &["gate", "matrix"]),
    ("programs/jobs/src/instructions/start_gated", &["gate", "matrix"]),
    ("programs/jobs/src/instructions/work_gated", &["gate", "matrix"]),
    ("programs/jobs/", &["jobs", "gate", "liveness", "layout", "matrix", "properties"]),
    ("programs/nodes/", &["nodes", "gate", "matrix"]),
    ("programs/staking/", &["staking", "matrix", "rewards"]),
    ("programs/rewards/", &["rewards", "matrix", "pools", "jobs"]),
    ("programs/pools/", &["pools", "matrix"]),
];

/// Takes out every guard whose name or file contains one of the wanted words, or all.
pub fn command(context: &Context, args: &GuardsArgs) -> Result<()> {
    let wanted = |guard: &&Guard| {
        args.words.is_empty() || args.words.iter().any(|w| guard.name.contains(w) || guard.file.contains(w))
    };
    ensure!(
        GUARDS.iter().any(|guard| wanted(&guard)),
        "no guard has a name or a file that contains {:?}",
        args.words
    );
    let _lock = context.cache.lock()?;
    let (_, host) = build_and_host(context, &BuildArgs::default())?;
    let builder = setup::install(context, &BuildArgs::default())?;
    let suites = suites(&host)?;
    let copy = Copy::make(context)?;

    let mut survivors = Vec::new();
    for guard in GUARDS.iter().filter(wanted) {
        let start = Instant::now();
        let deploy = copy.build_without(&builder, guard)?;
        match first_to_fail(&suites, suites_of(guard), &deploy)? {
            Some((suite, test)) => {
                println!("caught    {}: {suite}, {test} ({})", guard.name, process::elapsed(start));
            }
            None => {
                println!("SURVIVED  {} ({})", guard.name, process::elapsed(start));
                survivors.push(guard.name);
            }
        }
    }
    ensure!(survivors.is_empty(), "no test fails without: {}", survivors.join("; "));
    Ok(())
}

/// A copy of the checkout, whose program sources are changed.
struct Copy {
    context: Context,
}

impl Copy {
    fn make(context: &Context) -> Result<Self> {
        let root = context.cache.guards();
        stamp::remove_folder(&root)?;
        for file in listed_files(&context.workspace.root)? {
            let to = root.join(&file);
            fs::create_dir_all(to.parent().context("a file has a folder")?)?;
            fs::copy(context.workspace.root.join(&file), &to)
                .with_context(|| format!("cannot copy {file}"))?;
        }
        Ok(Self { context: Context { workspace: Workspace { root }, cache: context.cache.clone() } })
    }

    /// Builds the programs without `guard` and puts it back; returns their folder.
    fn build_without(&self, builder: &Builder, guard: &Guard) -> Result<PathBuf> {
        let workspace = &self.context.workspace;
        let file = workspace.root.join(guard.file);
        let source = fs::read_to_string(&file).with_context(|| format!("cannot read {}", guard.file))?;
        fs::write(&file, taken_out(&source, guard)?)?;
        let deploy = workspace.deploy();
        let built = workspace
            .programs()?
            .iter()
            .try_for_each(|program| builder.build(&self.context, program, &deploy).map(drop));
        fs::write(&file, source)?;
        built.with_context(|| format!("without the guard `{}`", guard.name))?;
        Ok(deploy)
    }
}

fn taken_out(source: &str, guard: &Guard) -> Result<String> {
    let count = source.matches(guard.from).count();
    ensure!(count == 1, "`{}` occurs {count} times in {}", guard.from, guard.file);
    Ok(source.replace(guard.from, guard.to))
}

/// What cargo tells of a finished test program.
#[derive(Deserialize)]
struct Artifact {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// The suites that run the program whose guard it is.
fn suites_of(guard: &Guard) -> &'static [&'static str] {
    let of_file = SUITES.iter().find(|(folder, _)| guard.file.starts_with(folder));
    of_file.map_or(&[], |(_, names)| names)
}

/// Compiles the suites; the program of each.
fn suites(host: &Host) -> Result<BTreeMap<String, PathBuf>> {
    let mut cargo = host.cargo("test");
    cargo.args(["--workspace", "--no-run", "--message-format", "json"]);
    let names: BTreeSet<&str> = SUITES.iter().flat_map(|(_, names)| *names).copied().collect();
    cargo.args(names.into_iter().flat_map(|name| ["--test", name]));
    cargo.stderr(Stdio::inherit());
    let told = cargo.output().context("cannot start cargo")?;
    ensure!(told.status.success(), "the suites do not compile");
    Ok(String::from_utf8_lossy(&told.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .filter_map(|artifact| Some((artifact.target?.name, artifact.executable?)))
        .collect())
}

/// The first of the named suites that fails with these programs, and its first failing test.
fn first_to_fail(
    suites: &BTreeMap<String, PathBuf>,
    names: &[&'static str],
    deploy: &Path,
) -> Result<Option<(&'static str, String)>> {
    for name in names {
        let program = suites.get(*name).with_context(|| format!("no suite {name}"))?;
        let run = Command::new(program)
            .env("GRID_SBF_DIR", deploy)
            .env("RUST_BACKTRACE", "0")
            .output()
            .with_context(|| format!("cannot start {}", program.display()))?;
        if run.status.success() {
            continue;
        }
        let text = String::from_utf8_lossy(&run.stdout);
        let failed = text.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
        match failed {
            Some(test) => return Ok(Some((name, test.to_owned()))),
            None => bail!("{name} failed without naming a test:\n{text}"),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn every_guard_stands_once_in_the_source() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for guard in GUARDS {
            let source = fs::read_to_string(root.join(guard.file)).expect(guard.file);
            let without = taken_out(&source, guard).unwrap_or_else(|error| panic!("{}: {error}", guard.name));
            assert_ne!(without, source, "{}", guard.name);
        }
    }

    #[test]
    fn every_guard_has_suites() {
        for guard in GUARDS {
            assert!(!suites_of(guard).is_empty(), "{}: {}", guard.name, guard.file);
        }
    }

    #[test]
    fn names_tell_the_guards_apart() {
        let names: BTreeSet<&str> = GUARDS.iter().map(|guard| guard.name).collect();
        assert_eq!(names.len(), GUARDS.len());
    }
}
