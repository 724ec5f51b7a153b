//! Debian packages: which are missing, and their installation.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::process;

/// A package and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// Name.
    pub name: &'static str,
    /// Purpose, for the log and `doctor`.
    pub purpose: &'static str,
}

/// What compiling the programs with upstream LLVM needs.
pub const PROGRAM_PACKAGES: [Package; 3] = [
    Package { name: "rustc-web", purpose: "compiler of the programs (beside any rustup toolchain)" },
    Package { name: "cargo-web", purpose: "cargo of the same version" },
    Package { name: "rust-web-src", purpose: "source of the same standard library" },
];

/// What compiling the host crates needs: C sources (zstd, lz4, ring) and OpenSSL's Perl build.
pub const HOST_PACKAGES: [Package; 2] = [
    Package { name: "build-essential", purpose: "C compiler and make for C sources in host crates" },
    Package { name: "perl", purpose: "OpenSSL's build, for a host crate" },
];

/// Whether this system has Debian's package tools.
pub fn available() -> bool {
    Path::new("/usr/bin/apt-get").exists() && Path::new("/usr/bin/dpkg-query").exists()
}

/// Installed version of each package, in order.
pub fn installed(packages: &[Package]) -> Vec<Option<String>> {
    let query = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status} ${Version}\n"])
        .args(packages.iter().map(|package| package.name))
        .output();
    // The exit status only says that some package is unknown.
    let listing = query.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let listing = listing.unwrap_or_default();
    packages.iter().map(|package| installed_version(&listing, package.name)).collect()
}

/// Installs those of the packages that are missing, as root or through sudo.
pub fn install(packages: &[Package]) -> Result<()> {
    let missing: Vec<Package> = packages
        .iter()
        .zip(installed(packages))
        .filter(|(_, found)| found.is_none())
        .map(|(p, _)| *p)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|package| package.name).collect();
    let by_hand = format!("apt-get update && apt-get install --no-install-recommends {}", names.join(" "));
    if !available() {
        bail!(
            "missing: {}. This is not a Debian system, so they can't be installed here. Install the Solana \
             tools (`cargo build-sbf`) to build the programs, and a C compiler, make and perl for the rest",
            names.join(", ")
        );
    }
    eprintln!("installing Debian packages:");
    for package in &missing {
        eprintln!("    {}: {}", package.name, package.purpose);
    }
    let prefix = elevation().with_context(|| {
        format!("missing Debian packages, and neither root nor sudo here. Run as root: {by_hand}")
    })?;
    process::run("apt-get update", apt_get(prefix).arg("update"))
        .with_context(|| format!("could not refresh the package lists. By hand, as root: {by_hand}"))?;
    // Never at the price of another package: some of these conflict with Debian's own, older rustc.
    process::run(
        "apt-get install",
        apt_get(prefix).args(["install", "--yes", "--no-install-recommends", "--no-remove"]).args(&names),
    )
    .with_context(|| {
        format!(
            "could not install {}. Debian 12 with its security suite has them. By hand, as root: {by_hand}",
            names.join(", ")
        )
    })
}

/// The words before a command that make it run as root; none when this is root.
fn elevation() -> Option<&'static [&'static str]> {
    let id = process::output(Command::new("id").arg("-u")).ok()?;
    if id.trim() == "0" {
        return Some(&[]);
    }
    process::quiet(Command::new("sudo").arg("-V")).is_ok().then_some(&["sudo"])
}

fn apt_get(prefix: &[&str]) -> Command {
    let mut words = prefix.iter().chain(&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]).copied();
    let mut command = Command::new(words.next().unwrap_or("apt-get"));
    command.args(words);
    command
}

/// The version in a `name status version` listing, if the package is installed.
fn installed_version(listing: &str, name: &str) -> Option<String> {
    listing.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let found = words.next() == Some(name) && words.next() == Some("installed");
        words.next().filter(|_| found).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_installed_package_counts() {
        let listing = "rustc-web installed 1.96.0+dfsg1-1\nclang not-installed \ncmake config-files 3.25\n";
        assert_eq!(installed_version(listing, "rustc-web").as_deref(), Some("1.96.0+dfsg1-1"));
        for name in ["clang", "cmake", "rustc"] {
            assert_eq!(installed_version(listing, name), None, "{name}");
        }
    }
}
