//! The figures, and what they are held against.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One measured transaction of one instruction, whose signer pays the fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// Compute units.
    pub compute_units: u64,
    /// Signatures.
    pub signatures: u64,
    /// Bytes of the serialised transaction.
    pub bytes: u64,
}

/// All figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// By instruction and case, then by length of the queue.
    pub instructions: BTreeMap<String, BTreeMap<usize, Figure>>,
    /// Bytes of each program's binary.
    pub binaries: BTreeMap<String, u64>,
}

/// Compute units that an instruction may cost, events included, at every length of the queue.
const COMPUTE_BUDGETS: [(&str, u64); 7] = [
    ("list (queues)", 2_600),
    ("list (meets a device)", 2_600),
    ("work (queues)", 700),
    ("work (meets a job)", 700),
    ("start (met by work)", 700),
    ("start (met by list)", 700),
    ("finish", 1_100),
];
/// Instructions that anyone signs alone: each has one signature.
const SIGNATURE_BUDGET: u64 = 1;
/// Bytes that a program's binary may have.
const BINARY_BUDGETS: [(&str, u64); 1] = [("grid_jobs", 120_000)];
/// Two lengths of the queue may differ by a fiftieth: 2 %.
const DEPTH_TOLERANCE: u64 = 50;
/// A figure in git may be exceeded by a hundredth: 1 %.
const TOLERANCE: u64 = 100;

impl Figures {
    /// Which figures exceed the recorded ones by more than 1 %.
    pub fn excesses(&self, recorded: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut compare = |what: String, new: u64, old: u64| {
            if new > old + old / TOLERANCE {
                lines.push(format!("{what}: {new}, recorded {old}"));
            }
        };
        for (name, by_depth) in &self.instructions {
            for (depth, new) in by_depth {
                let Some(old) = recorded.instructions.get(name).and_then(|old| old.get(depth)) else {
                    continue;
                };
                compare(format!("{name} at {depth}, compute units"), new.compute_units, old.compute_units);
                compare(format!("{name} at {depth}, signatures"), new.signatures, old.signatures);
                compare(format!("{name} at {depth}, bytes"), new.bytes, old.bytes);
            }
        }
        for (name, new) in &self.binaries {
            if let Some(old) = recorded.binaries.get(name) {
                compare(format!("{name}.so, bytes"), *new, *old);
            }
        }
        lines
    }

    /// Which figures exceed their budget, or depend on the length of the queue.
    pub fn over_budget(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, budget) in COMPUTE_BUDGETS {
            match self.instructions.get(name) {
                None => lines.push(format!("{name}: not measured")),
                Some(by_depth) => {
                    lines.extend(by_depth.iter().filter(|(_, figure)| figure.compute_units > budget).map(
                        |(depth, figure)| {
                            format!(
                                "{name} at {depth}: {} compute units, budget {budget}",
                                figure.compute_units
                            )
                        },
                    ))
                }
            }
        }
        for (name, by_depth) in &self.instructions {
            let units = || by_depth.values().map(|figure| figure.compute_units);
            if let (Some(least), Some(most)) = (units().min(), units().max())
                && most > least + least / DEPTH_TOLERANCE
            {
                lines.push(format!("{name}: {least} to {most} compute units, by the length of the queue"));
            }
            if by_depth.values().any(|figure| figure.signatures > SIGNATURE_BUDGET) {
                lines.push(format!("{name}: more than {SIGNATURE_BUDGET} signature"));
            }
        }
        for (name, budget) in BINARY_BUDGETS {
            match self.binaries.get(name) {
                Some(bytes) if *bytes <= budget => {}
                found => lines.push(format!("{name}.so: {found:?} bytes, budget {budget}")),
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(units: u64, at_10_000: u64) -> Figures {
        let figure = |compute_units| Figure { compute_units, signatures: 1, bytes: 300 };
        let by_depth = BTreeMap::from([(0, figure(units)), (10_000, figure(at_10_000))]);
        let instructions =
            COMPUTE_BUDGETS.iter().map(|(name, _)| (name.to_string(), by_depth.clone())).collect();
        Figures { instructions, binaries: BTreeMap::from([("grid_jobs".into(), 100_000)]) }
    }

    #[test]
    fn one_percent_more_is_accepted_and_a_unit_above_is_not() {
        let recorded = figures(600, 600);
        assert!(figures(606, 606).excesses(&recorded).is_empty());
        assert_eq!(figures(607, 600).excesses(&recorded).len(), COMPUTE_BUDGETS.len());
        assert!(figures(500, 500).excesses(&recorded).is_empty());
    }

    #[test]
    fn a_figure_above_its_budget_is_named() {
        assert!(figures(700, 700).over_budget().is_empty());
        // Four cases have a budget of 700, measured at two lengths each.
        assert_eq!(figures(701, 701).over_budget().len(), 8);
    }

    #[test]
    fn a_dependence_on_the_length_of_the_queue_is_named() {
        assert!(figures(600, 612).over_budget().is_empty());
        assert_eq!(figures(600, 613).over_budget().len(), COMPUTE_BUDGETS.len());
    }

    #[test]
    fn a_missing_binary_is_named() {
        let mut figures = figures(600, 600);
        figures.binaries.clear();
        assert_eq!(figures.over_budget().len(), 1);
    }
}
