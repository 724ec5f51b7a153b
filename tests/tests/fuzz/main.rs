//! The fuzz target of all programs, from fixed seeds and a fresh one. See [`grid_tests::fuzz`].
//!
//! `GRID_FUZZ_SECONDS=…` sets for how long fresh seeds run, `GRID_SEED=…` runs one seed alone for as long. An input that
//! failed belongs in `regressions.txt`, which runs first.

use grid_tests::{
    fuzz::{Answer, Fuzzer, rights::changed_by_a_stranger},
    matrix::{Stage, cases, chain},
};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

/// Inputs that once failed: a line each, in hexadecimal. An input counts cases and accounts of the stage, and means
/// something else when there are more of them; what it found has a test of its own.
const REGRESSIONS: &str = include_str!("regressions.txt");
/// Seeds of every run.
const SEEDS: std::ops::Range<u64> = 0..4;
/// Inputs of each of them.
const INPUTS: usize = 5_000;
/// How long fresh seeds run unless told otherwise, seconds.
const SECONDS: u64 = 30;
/// Longest input: one more byte decides nothing.
const MOST_BYTES: usize = 48;

/// How often which answer was given.
type Tally = BTreeMap<Answer, usize>;

#[test]
fn every_input_is_answered() {
    let (fuzzer, begin) = (Fuzzer::new(), Instant::now());
    let fresh = Duration::from_secs(setting("GRID_FUZZ_SECONDS").unwrap_or(SECONDS));
    if let Some(seed) = setting("GRID_SEED") {
        return report(&run_seeds(&fuzzer, vec![seed], &|_| begin.elapsed() < fresh), begin.elapsed());
    }
    let mut tally = Tally::new();
    for line in REGRESSIONS.lines().filter(|line| !line.starts_with('#')) {
        let input = hex::decode(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        check(&fuzzer, &input, &mut tally);
    }
    add(&mut tally, run_seeds(&fuzzer, SEEDS.collect(), &|count| count < INPUTS));
    for case in cases::all() {
        let title = case.title();
        assert!(tally.keys().any(|answer| answer.succeeded(&title)), "{title} never succeeded");
    }
    let seeds = (0..cores()).map(|_| u64::from(rand::random::<u32>())).collect();
    let rest = Instant::now();
    add(&mut tally, run_seeds(&fuzzer, seeds, &|_| rest.elapsed() < fresh));
    report(&tally, begin.elapsed());
}

/// What anyone may do, in the situations of the matrix.
const ANYONE: [&str; 37] = [
    "jobs close_device (by anyone after the notice)",
    "jobs close_job (by anyone after the retention)",
    "jobs collect_fees",
    "jobs delist (by anyone after the notice)",
    "jobs deposit (of SPL Token)",
    "jobs deposit (of Token-2022)",
    "jobs dismiss_device (by anyone after the notice)",
    "jobs dismiss_device (one that waits, the last, the NFT is another's)",
    "jobs dismiss_device (one that waits, the NFT was burned)",
    "jobs dismiss_device (the NFT is another's)",
    "jobs dismiss_device (the last, the NFT was revoked)",
    "jobs fund_bond",
    "jobs grow_market",
    "jobs initialize_config",
    "jobs leave (by anyone after the notice)",
    "jobs open_device",
    "jobs open_market (of SPL Token)",
    "jobs open_market (of Token-2022)",
    "jobs open_project",
    "jobs open_vault (of SPL Token)",
    "jobs open_vault (of Token-2022)",
    "jobs withdraw_bond (by anyone after the notice)",
    "pools open (of Token-2022)",
    "pools open (to a reward pool)",
    "pools open (to a token account)",
    "pools top_up (of SPL Token)",
    "pools top_up (of Token-2022)",
    "rewards add (by a token account that is its own authority)",
    "rewards add (of SPL Token)",
    "rewards add (of Token-2022)",
    "rewards enter",
    "rewards open_pool (of SPL Token)",
    "rewards open_pool (of Token-2022)",
    "staking open_settings (of SPL Token)",
    "staking open_settings (of Token-2022)",
    "staking stake (of SPL Token)",
    "staking stake (of Token-2022)",
];

/// The fuzz target would notice if an instruction took no notice of who signs: every case that somebody must sign, with
/// the signatures taken off when it is over.
#[test]
fn a_stranger_is_noticed() {
    let stage = Stage::new();
    for case in cases::all() {
        let sample = (case.build)(&stage);
        let (before, mut done) = (&sample.world.network.svm, sample.instruction);
        let mut after = before.clone();
        chain::send(&mut after, &Stage::fee_payer(), std::slice::from_ref(&done)).expect("it is valid");
        let name = case.name();
        assert_eq!(changed_by_a_stranger(before, &after, &done), None, "{name}, signed");
        let is_signed = done.accounts.iter().any(|meta| meta.is_signer);
        done.accounts.iter_mut().for_each(|meta| meta.is_signer = false);
        let is_noticed = changed_by_a_stranger(before, &after, &done).is_some();
        let must_sign = is_signed && !ANYONE.contains(&name.as_str());
        assert_eq!(is_noticed, must_sign, "{name}, unsigned");
    }
}

/// Runs seeds, each on a core that is free and for as long as `goes_on` says of the number of its inputs.
fn run_seeds(fuzzer: &Fuzzer, seeds: Vec<u64>, goes_on: &(dyn Fn(usize) -> bool + Sync)) -> Tally {
    let (seeds, tally) = (Mutex::new(seeds), Mutex::new(Tally::new()));
    let work = || {
        while let Some(seed) = { seeds.lock().expect("no seed panics").pop() } {
            let found = catch_unwind(AssertUnwindSafe(|| run_seed(fuzzer, seed, goes_on)));
            let found = found.unwrap_or_else(|_| panic!("GRID_SEED={seed} runs it again"));
            add(&mut tally.lock().expect("no tally panics"), found);
        }
    };
    thread::scope(|scope| {
        for _ in 0..cores() {
            scope.spawn(work);
        }
    });
    tally.into_inner().expect("no tally panics")
}

fn run_seed(fuzzer: &Fuzzer, seed: u64, goes_on: &dyn Fn(usize) -> bool) -> Tally {
    let (mut random, mut tally) = (ChaCha8Rng::seed_from_u64(seed), Tally::new());
    for _ in (0..).take_while(|count| goes_on(*count)) {
        let mut input = [0; MOST_BYTES];
        random.fill_bytes(&mut input);
        check(fuzzer, &input, &mut tally);
    }
    tally
}

/// Runs an input and counts the answer.
///
/// # Panics
/// When a rule is broken; prints the input.
fn check(fuzzer: &Fuzzer, input: &[u8], tally: &mut Tally) {
    let attempt = fuzzer.decode(input);
    let finding = match catch_unwind(AssertUnwindSafe(|| fuzzer.run(&attempt))) {
        Ok(Ok(answer)) => {
            *tally.entry(answer).or_default() += 1;
            return;
        }
        Ok(Err(finding)) => finding,
        Err(_) => "see above".to_owned(),
    };
    panic!("{}: {attempt:?}: {finding}", hex::encode(input));
}

fn add(tally: &mut Tally, more: Tally) {
    for (answer, count) in more {
        *tally.entry(answer).or_default() += count;
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}

fn report(tally: &Tally, elapsed: Duration) {
    for (answer, count) in tally {
        println!("{:>25} {:>25} {count}", answer.instruction, answer.outcome);
    }
    let inputs: usize = tally.values().sum();
    let (answers, rate) = (tally.len(), inputs as f64 / elapsed.as_secs_f64());
    println!("{inputs} inputs, {answers} different answers in {elapsed:.1?}: {rate:.0} a second");
}
