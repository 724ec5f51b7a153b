//! What the generator found, and how much it tried.

use std::{collections::BTreeMap, fmt};

/// A check that went another way than it must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The case: the instruction, and in which situation.
    pub case: String,
    /// The row of `docs/security.md`.
    pub row: u8,
    /// The slot, if one was changed.
    pub slot: Option<String>,
    /// What was done.
    pub what: String,
    /// What came of it.
    pub outcome: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let slot = self.slot.as_deref().unwrap_or("-");
        write!(f, "{} · slot {slot} · row {}: {}: {}", self.case, self.row, self.what, self.outcome)
    }
}

/// Counts and findings.
#[derive(Debug, Default)]
pub struct Report {
    /// Checks made, by row.
    pub checks: BTreeMap<u8, usize>,
    /// Refusals by an abort of a program that is none of ours.
    pub foreign_aborts: usize,
    /// What went wrong.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Adds another report to this one.
    pub fn merge(&mut self, other: Self) {
        for (row, count) in other.checks {
            *self.checks.entry(row).or_default() += count;
        }
        self.foreign_aborts += other.foreign_aborts;
        self.findings.extend(other.findings);
    }

    /// Counts a check of a row.
    pub fn count(&mut self, row: u8) {
        *self.checks.entry(row).or_default() += 1;
    }

    /// Checks made.
    pub fn total(&self) -> usize {
        self.checks.values().sum()
    }

    /// Whether a finding of this row was made.
    pub fn found(&self, row: u8) -> bool {
        self.findings.iter().any(|finding| finding.row == row)
    }

    /// Asserts that nothing was found; prints all that was.
    #[track_caller]
    pub fn assert_clean(&self) {
        let lines: Vec<String> = self.findings.iter().map(Finding::to_string).collect();
        assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (row, count) in &self.checks {
            writeln!(f, "row {row:>2}: {count:>6} checks")?;
        }
        writeln!(f, "   of which other programs aborted {}", self.foreign_aborts)?;
        write!(f, "   all: {:>6} checks, {} findings", self.total(), self.findings.len())
    }
}
