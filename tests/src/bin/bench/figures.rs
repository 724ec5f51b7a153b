//! The figures, and what they are held against.

use crate::cases::MANY;
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
    /// Accounts that it writes.
    pub writable_accounts: u64,
    /// Bytes of the instruction's data.
    pub data_bytes: u64,
}

impl Figure {
    /// What the transaction takes of a block, compute units: the cost model's price of signatures, write locks and data,
    /// the execution, and the accounts' bytes that it loads.
    pub fn block_cost(&self) -> u64 {
        self.compute_units
            + self.signatures * SIGNATURE_COST
            + self.writable_accounts * WRITE_LOCK_COST
            + self.data_bytes / DATA_BYTES_PER_UNIT
            + LOADED_DATA_COST
    }
}

/// Cost model of Agave 4 (`solana-cost-model`, `block_cost_limits.rs`): one signature, compute units.
const SIGNATURE_COST: u64 = 720;
/// One write lock, compute units.
const WRITE_LOCK_COST: u64 = 300;
/// Bytes of instruction data that cost one unit.
const DATA_BYTES_PER_UNIT: u64 = 4;
/// 8 units for each 32 KiB of the limit that the transaction sets itself, here 1 MiB: a market of 10,000 entries, the
/// program and the small accounts. Without a limit of its own a transaction is charged for 64 MiB.
const LOADED_DATA_COST: u64 = 8 * 32;
/// Compute units that the transactions which write one account may take of a block.
pub const ACCOUNT_LIMIT: u64 = 12_000_000;

/// All figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// By instruction and case, then by length of the queue.
    pub instructions: BTreeMap<String, BTreeMap<usize, Figure>>,
    /// Bytes of each program's binary.
    pub binaries: BTreeMap<String, u64>,
}

/// Compute units that an instruction may cost, events included, at every length of the queue.
const COMPUTE_BUDGETS: [(&str, u64); 31] = [
    ("list (queues)", 2_600),
    ("list (meets a device)", 2_600),
    ("work (queues)", 700),
    ("work (meets a job)", 700),
    ("start (met by work)", 700),
    ("start (met by list)", 700),
    ("finish", 1_100),
    ("heartbeat", 400),
    ("expire_assignment (requeues)", 1_600),
    ("expire_assignment (meets a device)", 1_600),
    ("expire_run (requeues)", 1_600),
    ("expire_run (requeues, reward to another)", 1_600),
    ("expire_run (meets a device)", 1_600),
    ("quit (requeues)", 1_600),
    ("end", 1_200),
    ("extend", 800),
    ("post_result", 800),
    ("staking.stake", 3_500),
    ("staking.top_up", 2_000),
    ("staking.extend", 500),
    ("staking.unstake", 600),
    ("staking.withdraw", 2_200),
    ("staking.slash (staked)", 2_400),
    ("staking.slash (unstaking)", 2_400),
    ("rewards.add", 2_400),
    ("rewards.sync (nothing new)", 900),
    ("rewards.sync (activates)", 900),
    ("rewards.sync (earned)", 900),
    ("rewards.sync (forfeits)", 1_300),
    ("rewards.claim", 2_600),
    ("pools.claim", 2_400),
];
/// What the life of a job may cost: list, work, start and finish.
const LIFE_BUDGET: u64 = 4_500;
/// The instructions of a job's life.
pub const LIFE: [&str; 4] = ["list (queues)", "work (meets a job)", "start (met by work)", "finish"];
/// What the gate may add to `work` and to `start`, when it asks for everything.
const GATE_BUDGET: u64 = 1_200;
/// A gated instruction, and what it is without the gate.
const GATED: [(&str, &str); 4] = [
    ("work_gated (everything, queues)", "work (queues)"),
    ("work_gated (everything, meets a job)", "work (meets a job)"),
    ("start_gated (everything, met by list)", "start (met by list)"),
    ("start_gated (everything, met by work)", "start (met by work)"),
];
/// What each job after the first of a `list_many` may cost.
const FURTHER_JOB_BUDGET: u64 = 2_300;
/// Instructions that anyone signs alone: each has one signature.
const SIGNATURE_BUDGET: u64 = 1;
/// Bytes that a program's binary may have.
const BINARY_BUDGETS: [(&str, u64); 5] = [
    ("grid_jobs", 320_000),
    ("grid_nodes", 130_000),
    ("grid_staking", 80_000),
    ("grid_rewards", 80_000),
    ("grid_pools", 80_000),
];
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

    /// The most that an instruction costs at any length of the queue, compute units.
    fn most(&self, name: &str) -> Option<u64> {
        self.instructions.get(name)?.values().map(|figure| figure.compute_units).max()
    }

    /// What the life of a job costs, compute units.
    pub fn life(&self) -> u64 {
        LIFE.iter().filter_map(|name| self.most(name)).sum()
    }

    /// What each job after the first of a `list_many` costs, compute units, rounded up.
    pub fn further_job(&self) -> Option<u64> {
        let (one, many) =
            (self.most("list_many (1 queue)")?, self.most(&format!("list_many ({MANY} queue)"))?);
        Some(many.checked_sub(one)?.div_ceil(MANY as u64 - 1))
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
        if self.life() > LIFE_BUDGET {
            lines.push(format!("the life of a job: {} compute units, budget {LIFE_BUDGET}", self.life()));
        }
        for (gated, plain) in GATED {
            let added =
                self.most(gated).zip(self.most(plain)).map(|(gated, plain)| gated.saturating_sub(plain));
            if added.is_none_or(|units| units > GATE_BUDGET) {
                lines.push(format!(
                    "{gated}: {added:?} compute units more than {plain}, budget {GATE_BUDGET}"
                ));
            }
        }
        if self.further_job().is_none_or(|units| units > FURTHER_JOB_BUDGET) {
            let units = self.further_job();
            lines.push(format!(
                "list_many, a further job: {units:?} compute units, budget {FURTHER_JOB_BUDGET}"
            ));
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

    fn figure(compute_units: u64) -> Figure {
        Figure { compute_units, signatures: 1, bytes: 300, writable_accounts: 3, data_bytes: 8 }
    }

    /// The instructions with a budget, all alike, a `list_many`, and a gate that adds as much as it may.
    fn figures(units: u64, at_10_000: u64) -> Figures {
        let by_depth = BTreeMap::from([(0, figure(units)), (10_000, figure(at_10_000))]);
        let mut instructions: BTreeMap<String, _> =
            COMPUTE_BUDGETS.iter().map(|(name, _)| (name.to_string(), by_depth.clone())).collect();
        for (count, units) in [(1, 3_000), (MANY, 3_000 + 2_300 * (MANY as u64 - 1))] {
            instructions.insert(format!("list_many ({count} queue)"), BTreeMap::from([(0, figure(units))]));
        }
        for (gated, _) in GATED {
            let gated_units = units.max(at_10_000) + GATE_BUDGET;
            instructions.insert(gated.to_owned(), BTreeMap::from([(0, figure(gated_units))]));
        }
        let binaries = BINARY_BUDGETS.map(|(name, bytes)| (name.into(), bytes)).into();
        Figures { instructions, binaries }
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
        assert!(figures(400, 400).over_budget().is_empty());
        // `heartbeat` alone has a budget of 400, measured at two lengths.
        assert_eq!(figures(401, 401).over_budget().len(), 2);
    }

    #[test]
    fn a_dear_life_is_named() {
        let mut figures = figures(400, 400);
        let list = figures.instructions.get_mut("list (queues)").unwrap();
        list.insert(0, figure(2_600));
        list.insert(10_000, figure(2_600));
        assert_eq!(figures.life(), 3_800);
        let finish = figures.instructions.get_mut("finish").unwrap();
        finish.insert(0, figure(1_100));
        finish.insert(10_000, figure(1_101));
        // 4,501: the life is over its budget, and so is `finish`.
        assert_eq!(figures.over_budget().len(), 2);
    }

    #[test]
    fn a_dear_further_job_is_named() {
        let mut figures = figures(400, 400);
        assert_eq!(figures.further_job(), Some(2_300));
        figures.instructions.get_mut("list_many (1 queue)").unwrap().insert(0, figure(2_999));
        assert_eq!(figures.over_budget().len(), 1);
    }

    #[test]
    fn a_dear_gate_is_named() {
        let mut figures = figures(400, 400);
        for (gated, _) in GATED {
            figures.instructions.get_mut(gated).unwrap().insert(0, figure(400 + GATE_BUDGET + 1));
        }
        assert_eq!(figures.over_budget().len(), GATED.len());
    }

    #[test]
    fn a_dependence_on_the_length_of_the_queue_is_named() {
        assert!(figures(300, 306).over_budget().is_empty());
        assert_eq!(figures(300, 307).over_budget().len(), COMPUTE_BUDGETS.len());
    }

    #[test]
    fn a_missing_binary_is_named() {
        let mut figures = figures(400, 400);
        figures.binaries.clear();
        assert_eq!(figures.over_budget().len(), BINARY_BUDGETS.len());
    }
}
