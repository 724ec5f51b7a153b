//! Random lives of a small economy on the shipped binary, against a plain model of it: two clients, three nodes with
//! two devices each, a cheap and a dear market with short queues, honest operations in any order, hostile ones among
//! them, donations and a clock that jumps both ways.
//!
//! The model says of every step whether it succeeds, with which error it fails, and what everybody has afterwards;
//! [`arena`] compares after every step. At the end all goes home through the ordinary exits.
//!
//! `GRID_SEED=…` runs one seed alone.

mod arena;
mod hostile;
mod model;
mod op;
mod tally;

use arena::Arena;
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::Instant,
};
use tally::Tally;

/// Seeds that every run tries; a fresh one comes on top.
const SEEDS: u64 = 30;
/// Steps of each.
const STEPS: usize = 1_200;
/// Steps printed when one fails.
const SHOWN: usize = 25;

/// What the seeds of every run must have seen, or they would test less than they claim.
const SEEN: [&str; 40] = [
    "OpenProject ok",
    "CloseProject ok",
    "CloseProject ProjectNotEmpty",
    "CloseProject ProjectHasJobs",
    "Deposit ok",
    "Deposit ZeroAmount",
    "Withdraw ok",
    "Withdraw InsufficientBalance",
    "OpenDevice ok",
    "CloseDevice ok",
    "CloseDevice DeviceNotEmpty",
    "CloseDevice DeviceNotIdle",
    "FundBond ok",
    "WithdrawBond ok",
    "WithdrawBond DeviceNotIdle",
    "WithdrawBond InsufficientBond",
    "WithdrawEarnings ok",
    "List ok",
    "List QueueFull",
    "List InsufficientBalance",
    "List PriceAboveMaximum",
    "List TimeoutOutOfRange",
    "Delist ok",
    "Delist JobNotQueued",
    "Work QueueFull",
    "Work InsufficientBond",
    "Leave ok",
    "Start NotMatched",
    "CloseJob ok",
    "CloseJob RetentionNotOver",
    "Grow ok",
    "list meets a device",
    "work takes a job",
    "decline requeues",
    "decline meets the next device",
    "decline stops",
    "finish with a clock that went back",
    "finish within the second",
    "finish past the timeout",
    "hostile",
];

fn live(seed: u64) -> (usize, Tally) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut arena = Arena::new(&mut random);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..STEPS {
            match random.random_range(0..100) {
                0..85 => {
                    let op = op::random(&arena.model, &mut random);
                    arena.step(op);
                }
                _ => hostile::step(&mut arena, &mut random),
            }
        }
        arena.wind_down();
    }));
    if let Err(panic) = outcome {
        let from = arena.trace.len().saturating_sub(SHOWN);
        eprintln!(
            "GRID_SEED={seed}, step {}; the last steps:\n{}",
            arena.trace.len(),
            arena.trace[from..].join("\n")
        );
        resume_unwind(panic);
    }
    (arena.trace.len(), arena.tally)
}

#[test]
fn every_life_keeps_the_ledger() {
    let begin = Instant::now();
    let seeds: Vec<u64> = match std::env::var("GRID_SEED") {
        Ok(seed) => vec![seed.parse().expect("GRID_SEED is a number")],
        Err(_) => (0..SEEDS).chain([rand::rng().next_u64()]).collect(),
    };
    println!("fresh seed: GRID_SEED={}", seeds[seeds.len() - 1]);
    let halves = seeds.split_at(seeds.len() / 2);
    let (steps, tally) = std::thread::scope(|scope| {
        let run = |seeds: &[u64]| seeds.iter().map(|seed| live(*seed)).fold(none(), add);
        let other = scope.spawn(move || run(halves.0));
        let ours = run(halves.1);
        add(ours, other.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let seconds = begin.elapsed().as_secs_f64();
    for (what, count) in &tally.0 {
        println!("{count:>6} {what}");
    }
    println!("{steps} steps in {seconds:.1} s, {:.0} a second", steps as f64 / seconds);
    if seeds.len() > 1 {
        for what in SEEN {
            assert!(tally.0.contains_key(what), "no step saw: {what}");
        }
    }
}

fn none() -> (usize, Tally) {
    (0, Tally::default())
}

fn add((steps, mut tally): (usize, Tally), (more, other): (usize, Tally)) -> (usize, Tally) {
    for (what, count) in other.0 {
        *tally.0.entry(what).or_default() += count;
    }
    (steps + more, tally)
}
