//! Measures the programs: compute units, signatures and bytes of every instruction, with an empty, a short and a long
//! queue, and the size of the binaries.
//!
//! Compares with the figures in git and fails when one is exceeded by more than 1 %; else writes `docs/performance.json`
//! and the tables of `docs/performance.md`. `--bless` writes them also when a figure got worse; `--check` never writes.

mod cases;
mod figures;
mod gate;
mod incentives;
mod report;

use anyhow::{Context, Result, bail};
use clap::Parser;
use figures::Figures;
use std::path::Path;

/// Lengths of the queue to measure at.
const DEPTHS: [usize; 3] = [0, 300, 10_000];

#[derive(Parser)]
#[command(about = "Measures compute units, signatures, bytes and binary sizes")]
struct Options {
    /// Write the figures also when one got worse by more than 1 %
    #[arg(long, conflicts_with = "check")]
    bless: bool,
    /// Compare only, write nothing
    #[arg(long)]
    check: bool,
    /// Measure with an empty queue only, print, compare with nothing
    #[arg(long, conflicts_with_all = ["bless", "check"])]
    quick: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let docs = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"));
    let (json, markdown) = (docs.join("performance.json"), docs.join("performance.md"));

    let measured = cases::measure(if options.quick { &DEPTHS[..1] } else { &DEPTHS });
    println!("{}", report::table(&measured));
    if options.quick {
        return Ok(());
    }

    let excesses = match recorded(&json) {
        Ok(recorded) => measured.excesses(&recorded),
        // Figures of another shape compare with nothing: `--bless` replaces them.
        Err(reason) if options.bless => {
            eprintln!("nothing to compare with: {reason:#}");
            Vec::new()
        }
        Err(reason) => return Err(reason.context("write new figures with `cargo xtask bench --bless`")),
    };
    let over_budget = measured.over_budget();
    for line in excesses.iter().chain(&over_budget) {
        eprintln!("worse: {line}");
    }
    if !over_budget.is_empty() {
        bail!("{} figures exceed their budget (tests/src/bin/bench/figures.rs)", over_budget.len());
    }
    if !excesses.is_empty() && !options.bless {
        bail!(
            "{} figures exceed those in {} by more than 1 %: make them better, or accept them with `cargo xtask bench --bless`",
            excesses.len(),
            json.display()
        );
    }
    if options.check {
        println!("no figure in {} is exceeded by more than 1 %", json.display());
        return Ok(());
    }
    std::fs::write(&json, serde_json::to_string_pretty(&measured)? + "\n")?;
    report::write_tables(&markdown, &measured)?;
    println!("wrote {} and {}", json.display(), markdown.display());
    Ok(())
}

/// The figures in git.
fn recorded(json: &Path) -> Result<Figures> {
    let text = std::fs::read_to_string(json).with_context(|| format!("{}", json.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}", json.display()))
}
