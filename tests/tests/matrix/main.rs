//! The account-mutation matrix of all programs: rows 1 to 21 of `docs/security.md`.

mod coverage;
mod generator;
mod scenarios;

use grid_tests::matrix::{Case, Report, Stage, cases, check};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

/// Checks below which the matrix would have lost something.
const LEAST_CHECKS: usize = 900_000;

/// `GRID_CASE=…` runs the cases of one instruction alone, or of one program: those whose name begins so, as `jobs
/// work` or `staking`.
#[test]
fn every_guard_of_every_slot_holds() {
    let (stage, begin) = (Stage::new(), Instant::now());
    let only = std::env::var("GRID_CASE").ok();
    let mut wanted = cases::all();
    wanted.retain(|case| {
        only.as_deref().is_none_or(|only| case.instruction == only || case.title().starts_with(only))
    });
    let report = check_all(&stage, &wanted);
    println!("{} cases\n{report}\nin {:.1?}", wanted.len(), begin.elapsed());
    report.assert_clean();
    assert!(only.is_some() || report.total() > LEAST_CHECKS, "{} checks", report.total());
}

/// Checks cases on all cores; each core takes the next that nobody has taken.
fn check_all(stage: &Stage, cases: &[Case]) -> Report {
    let (next, report) = (AtomicUsize::new(0), Mutex::new(Report::default()));
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = check(stage, case.name(), (case.build)(stage));
            report.lock().expect("no check panics").merge(found);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    report.into_inner().expect("no check panics")
}
