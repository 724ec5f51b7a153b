//! A private copy of LLVM 23, which sbpf-linker loads at run time.
//!
//! Debian's unstable suite has it. It wants a newer C library than Debian 12, so that comes along: the
//! packages are unpacked into a folder of their own, never installed, and programs start through
//! that folder's own dynamic loader.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{cache::Cache, process, stamp};

/// The library package; its major version is the one sbpf-linker is written for.
const PACKAGE: &str = "libllvm23";
const SUITE: &str = "unstable";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The unpacked library.
#[derive(Debug)]
pub struct Llvm {
    /// Folder of the shared libraries.
    pub libraries: PathBuf,
    /// The dynamic loader that goes with them.
    pub loader: PathBuf,
    /// Every package's version, one to a line.
    pub versions: String,
}

/// Where it lies.
pub fn folder(cache: &Cache) -> PathBuf {
    cache.toolchain().join("llvm-23")
}

/// The copy in the cache, if it is complete.
pub fn find(cache: &Cache) -> Result<Llvm> {
    let folder = folder(cache);
    let versions = fs::read_to_string(folder.join("versions"))
        .with_context(|| format!("no LLVM 23 in {}: run `cargo xtask setup`", folder.display()))?;
    let loader = find_loader(&folder)?;
    let libraries = loader.parent().context("the loader lies in a folder")?.to_owned();
    Ok(Llvm { libraries, loader, versions: versions.trim().to_owned() })
}

/// Downloads and unpacks it, unless it is there.
pub fn install(cache: &Cache) -> Result<Llvm> {
    if let Ok(llvm) = find(cache) {
        return Ok(llvm);
    }
    eprintln!("unpacking LLVM 23 and its C library into the cache (not installed on the system)");
    let folder = folder(cache);
    let partial = folder.with_extension("partial");
    stamp::remove_folder(&partial)?;
    stamp::remove_folder(&folder)?;
    let apt = PrivateApt::new(&partial.join("apt"))?;
    process::run("LLVM: package list", apt.get().arg("update"))?;
    let plan = process::output(apt.get().args(["install", "--simulate", "--no-install-recommends", PACKAGE]))
        .with_context(|| format!("{PACKAGE} is not in Debian's {SUITE} suite, or wants what is not there"))?;
    let packages = planned(&plan);
    ensure!(packages.contains(&PACKAGE), "apt-get planned no {PACKAGE}:\n{plan}");
    let downloads = partial.join("packages");
    fs::create_dir_all(&downloads).with_context(|| format!("cannot create {}", downloads.display()))?;
    process::run(
        "LLVM: download (45 MB)",
        apt.get().arg("download").args(&packages).current_dir(&downloads),
    )?;
    let mut versions = Vec::new();
    for file in fs::read_dir(&downloads).context("cannot list the downloaded packages")? {
        let file = file?.path();
        process::quiet(Command::new("dpkg").arg("-x").arg(&file).arg(&partial))?;
        versions.extend(file.file_stem().and_then(|name| name.to_str()).map(package_version));
    }
    versions.sort();
    stamp::remove_folder(&downloads)?;
    stamp::remove_folder(&partial.join("apt"))?;
    stamp::remove_folder(&partial.join("usr/share"))?;
    stamp::write(&partial.join("versions"), &format!("{}\n", versions.join("\n")))?;
    fs::rename(&partial, &folder).with_context(|| format!("cannot move to {}", folder.display()))?;
    find(cache)
}

/// apt-get with its own lists and state, for a suite the system does not use.
struct PrivateApt {
    folder: PathBuf,
}

impl PrivateApt {
    fn new(folder: &Path) -> Result<Self> {
        let uri = archive()?;
        ensure!(
            Path::new(KEYRING).is_file(),
            "no {KEYRING}, which signs the packages: install the Debian package debian-archive-keyring"
        );
        for part in ["state/lists/partial", "cache/archives/partial"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).with_context(|| format!("cannot create {}", part.display()))?;
        }
        stamp::write(&folder.join("state/status"), "")?;
        stamp::write(
            &folder.join("sources.list"),
            &format!("deb [signed-by={KEYRING}] {uri} {SUITE} main\n"),
        )?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn get(&self) -> Command {
        let path = |part: &str| self.folder.join(part).display().to_string();
        let mut command = Command::new("apt-get");
        for (key, value) in [
            ("Dir::State", path("state")),
            ("Dir::State::status", path("state/status")),
            ("Dir::Cache", path("cache")),
            ("Dir::Etc::sourcelist", path("sources.list")),
            ("Dir::Etc::sourceparts", "-".to_owned()),
            ("APT::Sandbox::User", String::new()),
            ("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false".to_owned()),
            ("Debug::NoLocking", "true".to_owned()),
        ] {
            command.arg("-o").arg(format!("{key}={value}"));
        }
        command
    }
}

/// The address of the Debian archive this system installs from.
fn archive() -> Result<String> {
    let targets = process::output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(ORIGIN) $(LABEL) $(REPO_URI)",
        "Created-By: Packages",
    ]))?;
    match archive_of(&targets) {
        Some(uri) => Ok(uri.to_owned()),
        None => bail!(
            "apt-get knows no Debian archive: run `apt-get update` as root first. On a system other than \
             Debian, install the Solana tools (`cargo build-sbf`) instead"
        ),
    }
}

/// The address in the line of the main archive, among `origin label address` lines.
fn archive_of(targets: &str) -> Option<&str> {
    targets.lines().find_map(|line| line.strip_prefix("Debian Debian ")).map(str::trim)
}

/// Names of the packages a simulated installation would install.
fn planned(simulation: &str) -> Vec<&str> {
    let lines = simulation.lines().filter_map(|line| line.strip_prefix("Inst "));
    lines.filter_map(|line| line.split_whitespace().next()).collect()
}

/// `libc6_2.43-7_amd64` as `libc6 2.43-7`.
fn package_version(file_stem: &str) -> String {
    let mut parts = file_stem.split('_');
    let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{name} {}", version.replace("%3a", ":"))
}

/// `usr/lib/<machine>/ld-linux…`
fn find_loader(folder: &Path) -> Result<PathBuf> {
    let libraries = folder.join("usr/lib");
    for machine in fs::read_dir(&libraries).with_context(|| format!("cannot list {}", libraries.display()))? {
        let machine = machine?.path();
        if !machine.is_dir() {
            continue;
        }
        for file in fs::read_dir(&machine).with_context(|| format!("cannot list {}", machine.display()))? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with("ld-linux") {
                return Ok(file.path());
            }
        }
    }
    bail!("no dynamic loader in {}: remove that folder and run `cargo xtask setup`", folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_main_archive_not_the_security_one() {
        let targets =
            "Other Other mirror://a/\nDebian Debian-Security mirror://b/\nDebian Debian mirror://c/\n";
        assert_eq!(archive_of(targets), Some("mirror://c/"));
        assert_eq!(archive_of("Ubuntu Ubuntu mirror://d/\n"), None);
    }

    #[test]
    fn reads_the_plan_of_a_simulation() {
        let plan =
            "NOTE: This is only a simulation!\nInst libc6 (2.43-7 Debian:unstable [amd64])\nConf libc6\n";
        assert_eq!(planned(plan), ["libc6"]);
    }

    #[test]
    fn names_a_package_and_its_version() {
        assert_eq!(package_version("libllvm23_1%3a23.1.4-2_amd64"), "libllvm23 1:23.1.4-2");
    }
}
