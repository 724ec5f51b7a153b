//! The tables of `docs/performance.md`, between two marks that the rest of the page stands around.

use crate::figures::Figures;
use anyhow::{Context, Result};
use std::{fmt::Write, path::Path};

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench` -->";
const END: &str = "<!-- end of figures -->";

/// The tables, in Markdown.
pub fn table(figures: &Figures) -> String {
    let mut text = String::from(
        "| instruction | CU, empty queue | CU, 300 deep | CU, 10,000 deep | signatures | bytes |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (name, by_depth) in &figures.instructions {
        let units = |depth: usize| match by_depth.get(&depth) {
            Some(figure) => thousands(figure.compute_units),
            None => String::new(),
        };
        let Some(any) = by_depth.values().next() else {
            continue;
        };
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} |",
            units(0),
            units(300),
            units(10_000),
            any.signatures,
            any.bytes
        );
    }
    let life: u64 = [
        "list (queues)",
        "work (meets a job)",
        "start (met by work)",
        "finish",
    ]
    .iter()
    .filter_map(|name| figures.instructions.get(*name)?.get(&10_000))
    .map(|figure| figure.compute_units)
    .sum();
    let _ = writeln!(
        text,
        "\nOne job, list + work + start + finish: **{} CU**, 4 signatures.\n",
        thousands(life)
    );
    text.push_str("| binary | bytes |\n| --- | ---: |\n");
    for (name, bytes) in &figures.binaries {
        let _ = writeln!(text, "| {name}.so | {} |", thousands(*bytes));
    }
    text
}

/// Replaces what stands between the marks of the page.
pub fn write_tables(page: &Path, figures: &Figures) -> Result<()> {
    let text = std::fs::read_to_string(page).with_context(|| page.display().to_string())?;
    let parts = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
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
