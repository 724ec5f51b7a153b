//! Random lives of a small economy on the shipped binary, against the plain model of `grid_tests::model`: two clients
//! with members, three nodes with two devices each, a cheap and a dear market with short queues whose terms change,
//! honest operations in any order, hostile ones among them, donations, pauses, and a clock that jumps to deadlines,
//! beyond, and back.
//!
//! The model says of every step whether it succeeds, with which error it fails, and what everybody has afterwards;
//! `grid_tests::arena` compares after every step. At the end all goes home: by its owners, or by strangers and time.
//!
//! `GRID_SEED=…` runs one seed alone. Seeds that failed go into `regressions.txt`.

mod cast;
mod home;
mod hostile;
mod op;
mod tally;

use grid_tests::{
    arena::Arena,
    model::{Model, Op},
};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};
use tally::Tally;

/// Seeds that every run tries; a fresh one comes on top.
const SEEDS: u64 = 250;
/// Steps of each, before the way home.
const STEPS: usize = 2_200;
/// Steps printed when one fails.
const SHOWN: usize = 25;
/// Seeds that once found something.
const REGRESSIONS: &str = include_str!("regressions.txt");

/// What the seeds of every run must have seen, or they would test less than they claim.
const SEEN: &str = include_str!("seen.txt");

/// A life and its end.
fn live(seed: u64) -> (usize, Tally) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut arena, mut tally) = (Arena::new(cast::bare()), Tally::default());
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        for op in cast::opening(&mut random) {
            step(&mut arena, &op, &mut tally);
        }
        for _ in 0..STEPS {
            if random.random_range(0..100) < 85 {
                let op = op::random(&arena.model, &mut random);
                step(&mut arena, &op, &mut tally);
            } else if hostile::step(&mut arena, &mut random) {
                tally.note("hostile");
            }
        }
        let way = if random.random() { home::by_owners } else { home::by_strangers };
        go_home(&mut arena, way, &mut tally);
        go_home(&mut arena, home::at_last, &mut tally);
        assert_eq!(u128::from(arena.world.vault_tokens()), arena.model.donated, "donations are left");
        let left = arena.world.network.svm.get_program_accounts(&grid_jobs::ID);
        assert_eq!(left.len(), 1, "the config is left");
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
    (arena.trace.len(), tally)
}

fn step(arena: &mut Arena, op: &Op, tally: &mut Tally) {
    let before = arena.model.clone();
    let outcome = arena.step(op);
    tally.count(op, &outcome, &before, &arena.model);
}

/// Takes every next step that leads home; each must succeed.
fn go_home(arena: &mut Arena, way: fn(&Model) -> Option<Op>, tally: &mut Tally) {
    while let Some(op) = way(&arena.model) {
        let before = arena.model.clone();
        step(arena, &op, tally);
        assert!(before != arena.model, "{op:?} leads home");
    }
}

#[test]
fn every_life_keeps_the_ledger() {
    let begin = Instant::now();
    let seeds: Vec<u64> = match std::env::var("GRID_SEED") {
        Ok(seed) => vec![seed.parse().expect("GRID_SEED is a number")],
        Err(_) => regressions().chain(0..SEEDS).chain([rand::rng().next_u64()]).collect(),
    };
    println!("fresh seed: GRID_SEED={}", seeds[seeds.len() - 1]);
    let next = AtomicUsize::new(0);
    let (steps, tally) = thread::scope(|scope| {
        let work = || {
            let (mut steps, mut tally) = (0, Tally::default());
            while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (more, seen) = live(*seed);
                steps += more;
                tally.add(seen);
            }
            (steps, tally)
        };
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let results =
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        results.fold((0, Tally::default()), |(steps, mut tally), (more, seen)| {
            tally.add(seen);
            (steps + more, tally)
        })
    });
    let seconds = begin.elapsed().as_secs_f64();
    for (what, count) in &tally.0 {
        println!("{count:>6} {what}");
    }
    println!("{steps} steps in {seconds:.1} s, {:.0} a second", steps as f64 / seconds);
    if seeds.len() > 1 {
        let missing: Vec<_> = SEEN.lines().filter(|what| !tally.0.contains_key(*what)).collect();
        assert!(missing.is_empty(), "no step saw {missing:?}");
    }
}

/// The seeds of `regressions.txt`.
fn regressions() -> impl Iterator<Item = u64> {
    let seeds = REGRESSIONS.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    seeds.map(|seed| seed.trim().parse().expect("regressions.txt holds numbers"))
}
