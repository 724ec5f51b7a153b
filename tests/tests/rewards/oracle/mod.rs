//! The binaries against an oracle that was written for itself, in exact arithmetic: crowds of stakers, random operations,
//! simulated years.

mod cycles;
mod exact;
mod life;

use life::Life;
use rand::RngCore;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

/// Seeds that every run tries; a fresh one comes on top. The seed also says how large the crowd is.
const SEEDS: u64 = 8;
/// Sizes of the crowds, by the seed.
const CROWDS: [usize; 4] = [1_000, 3, 1_000, 12];
/// Operations of each life, before the way home.
const OPERATIONS: u64 = 2_800;
/// Steps printed when one fails.
const SHOWN: usize = 25;

/// What the lives together must have seen, or they would test less than they claim.
const SEEN: [&str; 22] = [
    "add",
    "add at no weight",
    "claim",
    "claim of nothing",
    "close",
    "donate",
    "enter",
    "exit",
    "exit of the last weight",
    "exit refused",
    "extend",
    "forfeit everything",
    "forfeit of a closed stake",
    "forfeit of a part",
    "restake",
    "slash",
    "stake",
    "sync",
    "sync that activates",
    "top up",
    "unstake",
    "withdraw",
];

/// A life and its end.
fn live(seed: u64) -> (u64, BTreeMap<&'static str, u32>) {
    let mut life = Life::new(seed, CROWDS[seed as usize % CROWDS.len()]);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        while life.operations < OPERATIONS {
            life.step();
        }
        life.go_home();
    }));
    if let Err(panic) = outcome {
        let from = life.trace.len().saturating_sub(SHOWN);
        let shown = life.trace[from..].join("\n");
        eprintln!("GRID_SEED={seed}, step {}; the last steps:\n{shown}", life.trace.len());
        resume_unwind(panic);
    }
    (life.operations, life.tally)
}

#[test]
fn everybody_gets_the_exact_share_and_nobody_more() {
    let begin = Instant::now();
    let seeds: Vec<u64> = match std::env::var("GRID_SEED") {
        Ok(seed) => vec![seed.parse().expect("GRID_SEED is a number")],
        Err(_) => (0..SEEDS).chain([rand::rng().next_u64()]).collect(),
    };
    println!("fresh seed: GRID_SEED={}", seeds[seeds.len() - 1]);
    let next = AtomicUsize::new(0);
    let mut operations = 0;
    let mut tally: BTreeMap<&str, u32> = BTreeMap::new();
    thread::scope(|scope| {
        let work = || {
            let mut lives = Vec::new();
            while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                lives.push(live(*seed));
            }
            lives
        };
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            for (more, seen) in worker.join().unwrap_or_else(|panic| resume_unwind(panic)) {
                operations += more;
                seen.into_iter().for_each(|(what, count)| *tally.entry(what).or_default() += count);
            }
        }
    });
    for (what, count) in &tally {
        println!("{count:>6} {what}");
    }
    println!("{operations} operations in {:.1} s", begin.elapsed().as_secs_f64());
    if seeds.len() > 1 {
        let missing: Vec<_> = SEEN.iter().filter(|what| !tally.contains_key(*what)).collect();
        assert!(missing.is_empty(), "no step saw {missing:?}");
    }
}
