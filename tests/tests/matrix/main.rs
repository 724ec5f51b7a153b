//! The account-mutation matrix of the jobs program: rows 1 to 20 of `docs/security.md`.

mod cases;
mod coverage;
mod generator;
mod scenarios;

use grid_tests::matrix::{Report, Stage, check};
use std::time::Instant;

/// Checks below which the matrix would have lost something.
const LEAST_CHECKS: usize = 10_000;

/// `GRID_CASE=…` runs the cases of one instruction alone.
#[test]
fn every_guard_of_every_slot_holds() {
    let (stage, begin) = (Stage::new(), Instant::now());
    let mut report = Report::default();
    let only = std::env::var("GRID_CASE").ok();
    let is_wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    for case in cases::all() {
        if !is_wanted(case.instruction()) {
            continue;
        }
        report.merge(check(&stage, case.as_ref()));
    }
    println!("{report}\nin {:.1?}", begin.elapsed());
    report.assert_clean();
    assert!(only.is_some() || report.total() > LEAST_CHECKS, "{} checks", report.total());
}
