//! The fault matrix: the real programs in a litesvm, behind endpoints through which everything goes wrong, on a virtual clock.
//!
//! `GRID_SIM_SEED=n` runs one seed and prints its schedule.

mod chain;
mod clock;
mod disk;
mod faults;
mod proxy;
mod run;
mod script;
mod world;

use run::{Plant, Scenario};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use world::World;

/// Seeds of the matrix.
const SEEDS: u64 = 2_000;

/// Runs seeds on all cores until one fails; returns it with what went wrong, and the number of transactions and lives.
fn run_seeds(seeds: u64, plant: Option<Plant>) -> (Option<(u64, String)>, usize, usize) {
    let next = AtomicU64::new(0);
    let failed = std::sync::Mutex::new(None::<(u64, String)>);
    let (transactions, lives) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let world = World::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    let stop = failed.lock().unwrap().as_ref().is_some_and(|(found, _)| *found < seed);
                    if seed >= seeds || stop {
                        return;
                    }
                    match Scenario::draw(seed, plant).run(&world) {
                        Ok(summary) => {
                            transactions.fetch_add(summary.transactions, Ordering::SeqCst);
                            lives.fetch_add(summary.lives, Ordering::SeqCst);
                        }
                        Err(error) => {
                            let mut failed = failed.lock().unwrap();
                            if failed.as_ref().is_none_or(|(found, _)| seed < *found) {
                                *failed = Some((seed, error));
                            }
                        }
                    }
                }
            });
        }
    });
    (failed.into_inner().unwrap(), transactions.into_inner(), lives.into_inner())
}

#[test]
fn every_job_is_paid_once_whatever_happens() {
    if let Some(seed) = std::env::var("GRID_SIM_SEED").ok().and_then(|seed| seed.parse().ok()) {
        let scenario = Scenario::draw(seed, None);
        println!("{scenario:#?}");
        println!("{:?}", scenario.run(&World::new()).expect("the seed passes"));
        return;
    }
    let (failed, transactions, lives) = run_seeds(SEEDS, None);
    if let Some((seed, error)) = failed {
        panic!("GRID_SIM_SEED={seed}: {error}\n{:#?}", Scenario::draw(seed, None).schedule);
    }
    println!("{SEEDS} seeds, {transactions} transactions, {lives} lives");
}

#[test]
fn planted_bugs_are_caught() {
    for plant in Plant::ALL {
        let (failed, ..) = run_seeds(SEEDS, Some(plant));
        let (seed, error) = failed.unwrap_or_else(|| panic!("{plant:?} is not caught"));
        assert!(error.contains("signed again while"), "{plant:?}: seed {seed}: {error}");
        println!("{plant:?}: seed {seed}: {error}");
    }
}
