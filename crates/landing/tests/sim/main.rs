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

use faults::{Fault, Kill, Schedule, Window};
use run::{Plant, Scenario};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use world::World;

/// Seeds of the matrix.
const SEEDS: u64 = 2_000;

/// What many runs came to.
#[derive(Debug, Default)]
struct Total {
    /// The first seed that failed, and why.
    failed: Option<(u64, String)>,
    transactions: usize,
    lives: usize,
    /// In how many runs the engine told a person what.
    alerts: BTreeMap<&'static str, usize>,
}

/// Runs seeds on all cores until one fails.
fn run_seeds(seeds: u64, plant: Option<Plant>) -> Total {
    let next = AtomicU64::new(0);
    let total = Mutex::new(Total::default());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let world = World::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    let stop = total.lock().unwrap().failed.as_ref().is_some_and(|(found, _)| *found < seed);
                    if seed >= seeds || stop {
                        return;
                    }
                    let outcome = Scenario::draw(seed, plant).run(&world);
                    let mut total = total.lock().unwrap();
                    match outcome {
                        Ok(summary) => {
                            total.transactions += summary.transactions;
                            total.lives += summary.lives;
                            for alert in summary.alerts {
                                *total.alerts.entry(alert).or_default() += 1;
                            }
                        }
                        Err(error) if total.failed.as_ref().is_none_or(|(found, _)| seed < *found) => {
                            total.failed = Some((seed, error));
                        }
                        Err(_) => {}
                    }
                }
            });
        }
    });
    total.into_inner().unwrap()
}

#[test]
fn every_job_is_paid_once_whatever_happens() {
    if let Some(seed) = std::env::var("GRID_SIM_SEED").ok().and_then(|seed| seed.parse().ok()) {
        let scenario = Scenario::draw(seed, None);
        println!("{scenario:#?}");
        println!("{:?}", scenario.run(&World::new()).expect("the seed passes"));
        return;
    }
    let total = run_seeds(SEEDS, None);
    if let Some((seed, error)) = total.failed {
        panic!("GRID_SIM_SEED={seed}: {error}\n{:#?}", Scenario::draw(seed, None).schedule);
    }
    println!("{SEEDS} seeds: {total:?}");
    for alert in ["wrong chain", "review", "no fee money", "disk full"] {
        assert!(total.alerts.get(alert).is_some_and(|runs| *runs > 10), "{alert} is not tried: {total:?}");
    }
}

#[test]
fn planted_bugs_are_caught() {
    for plant in Plant::ALL {
        let total = run_seeds(SEEDS, Some(plant));
        let (seed, error) = total.failed.unwrap_or_else(|| panic!("{plant:?} is not caught"));
        assert!(error.contains("signed again while"), "{plant:?}: seed {seed}: {error}");
        println!("{plant:?}: seed {seed}: {error}");
    }
}

/// Nothing goes wrong but what the test adds.
fn quiet(kills: Vec<Kill>) -> Scenario {
    let schedule = Schedule { endpoints: vec![Vec::new(); 2], kills, ..Schedule::default() };
    Scenario { seed: 0, schedule, jobs: 1, deposits: 2, forever: false, plant: None }
}

#[test]
fn killed_at_each_step_it_goes_on() {
    let world = World::new();
    let whole = quiet(Vec::new()).run(&world).expect("nothing goes wrong");
    assert!(whole.disk_operations > 50 && whole.questions > 50, "{whole:?}");
    let at_disk = (1..=whole.disk_operations).map(Kill::AtDiskOperation);
    let at_question = (1..=whole.questions).map(Kill::AtQuestion);
    let mut kills = 0;
    for kill in at_disk.chain(at_question) {
        let summary = quiet(vec![kill]).run(&world).unwrap_or_else(|error| panic!("{kill:?}: {error}"));
        kills += summary.lives - 1;
    }
    println!("{kills} kills at {} disk operations and {} questions", whole.disk_operations, whole.questions);
    assert!(kills as u64 > (whole.disk_operations + whole.questions) / 2);
}

#[test]
fn what_is_lost_is_sent_again_and_not_signed_again() {
    let mut scenario = quiet(Vec::new());
    let (from, until) = (Duration::ZERO, Duration::from_secs(30));
    scenario.schedule.endpoints = vec![vec![Window { from, until, fault: Fault::NeverForwarded }]; 2];
    let summary = scenario.run(&World::new()).expect("nothing else goes wrong");
    assert_eq!(summary.signatures, summary.purposes, "{summary:?}");
    // What is only lost when it has expired has to be signed again.
    let until = Duration::from_secs(120);
    scenario.schedule.endpoints = vec![vec![Window { from, until, fault: Fault::NeverForwarded }]; 2];
    let summary = scenario.run(&World::new()).expect("nothing else goes wrong");
    assert!(summary.signatures > summary.purposes, "{summary:?}");
}

#[test]
fn a_long_outage_with_a_thousand_open_intents_ends_well() {
    let (from, until) = (Duration::from_secs(5), Duration::from_secs(1_805));
    let mut scenario = quiet(Vec::new());
    scenario.schedule.endpoints = vec![vec![Window { from, until, fault: Fault::Dropped }]; 3];
    (scenario.deposits, scenario.forever) = (1_000, true);
    let summary = scenario.run(&World::new()).expect("it ends well");
    println!("{summary:?}");
    assert!(summary.most_open >= 1_000, "{summary:?}");
    assert!(summary.transactions >= 1_000, "{summary:?}");
}

#[test]
fn a_run_is_the_same_each_time() {
    let world = World::new();
    for seed in 0..10 {
        let run = || format!("{:?}", Scenario::draw(seed, None).run(&world));
        assert_eq!(run(), run(), "seed {seed}");
    }
}
