//! `cargo xtask doctor`.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{
    cli::{BuildArgs, Way},
    context::Context,
    process,
    toolchain::{apt, installed::SBPF_LINKER, llvm, rust},
    version::Version,
    way,
};

/// One needed tool.
struct Finding {
    name: String,
    found: Option<String>,
    wanted: String,
    remedy: &'static str,
}

/// Prints every finding; fails when something needed is missing.
pub fn command(context: &Context, args: &BuildArgs) -> Result<()> {
    let way = args.way.map_or_else(|| way::choose(None), Ok)?;
    let mut findings = host();
    findings.extend(packages(&way::packages(way)));
    match way {
        Way::Solana => findings.push(Finding {
            name: "cargo build-sbf".into(),
            found: way::solana_tools().ok().map(|text| first_line(&text)),
            wanted: "any".into(),
            remedy: "install the Solana tools, or use --way llvm",
        }),
        Way::Llvm => findings.extend(upstream(context)),
    }
    println!(
        "programs are built with {}",
        match way {
            Way::Solana => "the Solana platform tools",
            Way::Llvm => "upstream LLVM",
        }
    );
    for finding in &findings {
        println!("{}", line(finding));
    }
    let missing = findings.iter().filter(|finding| finding.found.is_none()).count();
    if missing > 0 {
        bail!("{missing} of {} are missing or too old", findings.len());
    }
    Ok(())
}

/// What every task needs.
fn host() -> Vec<Finding> {
    let mut findings = vec![Finding {
        name: "rustc".into(),
        found: version_of("rustc").filter(|text| Version::find(text) >= Some(OLDEST_HOST)),
        wanted: format!("{OLDEST_HOST} or newer"),
        remedy: "rustup update stable",
    }];
    for component in ["cargo-clippy", "rustfmt"] {
        findings.push(Finding {
            name: component.into(),
            found: version_of(component),
            wanted: "any".into(),
            remedy: "rustup component add clippy rustfmt",
        });
    }
    findings.push(Finding {
        name: "git".into(),
        found: version_of("git"),
        wanted: "any".into(),
        remedy: "apt-get install git",
    });
    findings
}

/// Older ones lack what the crates use.
const OLDEST_HOST: Version = Version(1, 95, 0);

/// What building with upstream LLVM needs.
fn upstream(context: &Context) -> Vec<Finding> {
    let mut findings = vec![Finding {
        name: "rustc for programs".into(),
        found: rust::Rust::find().ok().map(|rust| rust.version.to_string()),
        wanted: format!("{} or newer, with std's source", rust::OLDEST),
        remedy: SETUP,
    }];
    let llvm = llvm::find(&context.cache).ok();
    findings.push(Finding {
        name: "LLVM".into(),
        found: llvm.and_then(|llvm| {
            llvm.versions.lines().find(|line| line.starts_with("libllvm")).map(str::to_owned)
        }),
        wanted: "23".into(),
        remedy: SETUP,
    });
    findings.push(Finding {
        name: "sbpf-linker".into(),
        found: SBPF_LINKER.path(&context.cache).is_file().then(|| SBPF_LINKER.version.to_owned()),
        wanted: SBPF_LINKER.version.into(),
        remedy: SETUP,
    });
    findings
}

const SETUP: &str = "cargo xtask setup";

fn packages(packages: &[apt::Package]) -> Vec<Finding> {
    let found = packages.iter().zip(apt::installed(packages));
    let finding = |(package, found): (&apt::Package, Option<String>)| Finding {
        name: package.name.into(),
        found,
        wanted: "any".into(),
        remedy: SETUP,
    };
    found.map(finding).collect()
}

/// First line of what the tool prints about its version, if it starts.
fn version_of(tool: &str) -> Option<String> {
    let text = process::output(Command::new(tool).arg("--version")).ok()?;
    Some(first_line(&text))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn line(finding: &Finding) -> String {
    let Finding { name, found, wanted, remedy } = finding;
    match found {
        Some(found) => format!("    ok       {name:<20} {found}"),
        None => format!("    MISSING  {name:<20} wanted: {wanted}; remedy: {remedy}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_comes_with_its_remedy() {
        let finding = Finding { name: "x".into(), found: None, wanted: "2".into(), remedy: "get x" };
        let text = line(&finding);
        assert!(text.contains("MISSING") && text.contains("wanted: 2") && text.contains("get x"), "{text}");
    }
}
