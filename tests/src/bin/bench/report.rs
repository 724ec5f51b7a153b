//! The tables of `docs/performance.md`, between two marks that the rest of the page stands around.

use crate::{
    cases::MANY,
    figures::{ACCOUNT_LIMIT, Figure, Figures, LIFE},
};
use anyhow::{Context, Result};
use std::{fmt::Write, path::Path};

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench` -->";
const END: &str = "<!-- end of figures -->";

/// What the instruction of the nearest peer costs that does the same, empty and 300 deep; see `docs/performance.md`.
const PEER: [(&str, Option<u64>, Option<u64>); 8] = [
    ("open_market", Some(12_456), None),
    ("list (queues)", Some(22_140), Some(48_073)),
    ("list (meets a device)", Some(25_041), Some(51_097)),
    ("work (queues)", Some(7_285), Some(36_241)),
    ("work (meets a job)", Some(10_185), None),
    ("finish", Some(20_078), Some(29_065)),
    ("delist (between two)", None, Some(48_098)),
    ("leave (between two)", None, Some(33_516)),
];

/// The same of the other programs, whose instructions do not depend on anybody else's.
const PEER_INCENTIVES: [(&str, u64); 13] = [
    ("staking.stake", 21_489),
    ("staking.top_up", 10_814),
    ("staking.extend", 6_919),
    ("staking.unstake", 6_829),
    ("staking.withdraw", 6_158),
    ("rewards.open_pool", 16_500),
    ("rewards.enter", 10_703),
    ("rewards.add", 5_685),
    ("rewards.sync (earned)", 7_690),
    ("rewards.claim", 13_325),
    ("rewards.exit", 2_866),
    ("pools.open", 15_883),
    ("pools.claim", 6_340),
];

/// Bytes of the peer's binaries.
const PEER_BINARIES: [(&str, u64); 5] = [
    ("grid_jobs", 619_632),
    ("grid_nodes", 182_240),
    ("grid_staking", 337_624),
    ("grid_rewards", 287_040),
    ("grid_pools", 286_160),
];

/// The tables, in Markdown.
pub fn table(figures: &Figures) -> String {
    let mut text = String::from(
        "| instruction | CU, empty queue | CU, 300 deep | CU, 10,000 deep | signatures | bytes | peer's CU, empty | peer's CU, 300 deep |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (name, by_depth) in figures.instructions.iter().filter(|(name, _)| !name.contains('.')) {
        let units = |depth: usize| by_depth.get(&depth).map(|figure| figure.compute_units);
        let peer = PEER.iter().find(|(peer, ..)| peer == name);
        let Some(any) = by_depth.values().next() else { continue };
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} | {} | {} |",
            cell(units(0)),
            cell(units(300)),
            cell(units(10_000)),
            any.signatures,
            any.bytes,
            cell(peer.and_then(|(_, empty, _)| *empty)),
            cell(peer.and_then(|(.., deep)| *deep)),
        );
    }
    let _ = writeln!(
        text,
        "\nOne job, list + work + start + finish: **{} CU**, 4 signatures. The peer's list + work + finish: 52,403 CU, 6 signatures; \
         about 107,000 CU at 300 deep.\n",
        thousands(figures.life())
    );
    if let Some(units) = figures.further_job() {
        let _ = writeln!(text, "Each job after the first of a `list_many`: **{} CU**.\n", thousands(units));
    }
    text.push_str(&per_block(figures));
    text.push_str(&gate(figures));
    text.push_str(&incentives(figures));
    text.push_str("| binary | bytes | peer's bytes |\n| --- | ---: | ---: |\n");
    for (name, bytes) in &figures.binaries {
        let peer = PEER_BINARIES.iter().find(|(peer, _)| peer == name).map(|(_, bytes)| *bytes);
        let _ = writeln!(text, "| {name}.so | {} | {} |", thousands(*bytes), cell(peer));
    }
    text
}

/// What the gate adds to `work` and to `start`, by what the market asks for.
fn gate(figures: &Figures) -> String {
    let mut text = String::from(
        "| the market asks for | adds to work, CU | adds to start, CU | adds to work, bytes | adds to start, bytes |\n\
         | --- | ---: | ---: | ---: | ---: |\n",
    );
    let any = |name: &str| figures.instructions.get(name)?.get(&0).copied();
    for asked in ["nothing", "stake", "access", "attestation", "everything"] {
        let added = |gated: String, plain: &str, of: fn(&Figure) -> u64| {
            any(&gated).zip(any(plain)).map(|(gated, plain)| of(&gated).saturating_sub(of(&plain)))
        };
        let work = |of| added(format!("work_gated ({asked}, queues)"), "work (queues)", of);
        let start = |of| added(format!("start_gated ({asked}, met by list)"), "start (met by list)", of);
        let (units, bytes) = (|figure: &Figure| figure.compute_units, |figure: &Figure| figure.bytes);
        let _ = writeln!(
            text,
            "| {asked} | {} | {} | {} | {} |",
            cell(work(units)),
            cell(start(units)),
            cell(work(bytes)),
            cell(start(bytes))
        );
    }
    text.push('\n');
    text
}

/// Staking, rewards, emission pools and nodes.
fn incentives(figures: &Figures) -> String {
    let mut text = String::from(
        "| instruction | CU | signatures | bytes | peer's CU |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    for (name, by_depth) in figures.instructions.iter().filter(|(name, _)| name.contains('.')) {
        let Some(figure) = by_depth.values().next() else { continue };
        let peer = PEER_INCENTIVES.iter().find(|(peer, _)| peer == name).map(|(_, units)| *units);
        let (units, bytes) = (thousands(figure.compute_units), figure.bytes);
        let _ = writeln!(text, "| {name} | {units} | {} | {bytes} | {} |", figure.signatures, cell(peer));
    }
    text.push('\n');
    text
}

fn cell(number: Option<u64>) -> String {
    number.map(thousands).unwrap_or_default()
}

/// How often the instructions of a job's life fit into what one market may take of a block.
fn per_block(figures: &Figures) -> String {
    let mut text = String::from(
        "| per market and block of 12 million CU | CU | by execution alone | block cost | by block cost |\n\
         | --- | ---: | ---: | ---: | ---: |\n",
    );
    let many = format!("list_many ({MANY} queue)");
    let cases =
        [("list (queues)", 1), (many.as_str(), MANY as u64), ("work (meets a job)", 1), ("finish", 1)];
    for (name, jobs) in cases {
        let Some(by_depth) = figures.instructions.get(name) else { continue };
        let Some(figure) = by_depth.values().max_by_key(|figure| figure.compute_units) else { continue };
        let _ = writeln!(
            text,
            "| {name} | {} | {} jobs | {} | {} jobs |",
            thousands(figure.compute_units),
            thousands(ACCOUNT_LIMIT / figure.compute_units * jobs),
            thousands(figure.block_cost()),
            thousands(ACCOUNT_LIMIT / figure.block_cost() * jobs),
        );
    }
    // `start` does not write the market.
    let whole = |units: fn(&Figure) -> u64| -> u64 {
        let market = LIFE.iter().filter(|name| !name.starts_with("start"));
        market.filter_map(|name| figures.instructions.get(*name)?.values().map(units).max()).sum()
    };
    let (units, cost) = (whole(|figure| figure.compute_units), whole(Figure::block_cost));
    let _ = writeln!(
        text,
        "| listed, matched and finished | {} | {} jobs | {} | {} jobs |\n",
        thousands(units),
        thousands(ACCOUNT_LIMIT.checked_div(units).unwrap_or_default()),
        thousands(cost),
        thousands(ACCOUNT_LIMIT.checked_div(cost).unwrap_or_default()),
    );
    text
}

/// Replaces what stands between the marks of the page.
pub fn write_tables(page: &Path, figures: &Figures) -> Result<()> {
    let text = std::fs::read_to_string(page).with_context(|| page.display().to_string())?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) =
        parts.with_context(|| format!("{}: the marks of the figures are missing", page.display()))?;
    let table = table(figures);
    std::fs::write(page, format!("{before}{BEGIN}\n{table}{END}{after}"))?;
    Ok(())
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn groups_digits_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_712_696, "1,712,696")] {
            assert_eq!(super::thousands(number), text);
        }
    }
}
