//! Random lives of six emissions on the shipped binary, against a plain model in 128 bits: two authorities, beneficiaries
//! that are frozen, closed and opened again, a reward pool, donations, operations by those who may and by those who may
//! not, instructions bent so that they must fail, and a clock that jumps to starts and ends, beyond, and back.
//!
//! The model says of every step with which error it fails, or what everybody has afterwards; all of it is compared after
//! every step, and so is that no atom came or went. At the end every emission that can be closed is closed, and the
//! others hold nothing but what strangers sent to their vaults.
//!
//! `GRID_SEED=…` runs one seed alone.

mod model;
mod stage;

use grid_tests::network::GENESIS;
use model::{Model, Op, PARTIES, Party, SLOTS, Target, Terms, owner_of};
use rand::{
    Rng, RngCore, SeedableRng,
    seq::{IndexedRandom, IteratorRandom},
};
use rand_chacha::ChaCha8Rng;
use stage::Stage;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

/// Seeds that every run tries; a fresh one comes on top.
const SEEDS: u64 = 24;
/// Steps of each, before the way home.
const STEPS: usize = 1_200;
/// Steps printed when one fails.
const SHOWN: usize = 20;
/// Draws until an operation is found that would succeed, and can be bent.
const DRAWS: usize = 40;
/// What the seeds of every run must have seen, or they would test less than they claim.
const SEEN: &str = include_str!("lives/seen.txt");

/// How often each kind of step ended in which way.
type Tally = BTreeMap<String, usize>;

/// Something around an amount.
fn amount(most: u128, random: &mut impl Rng) -> u64 {
    let most = most as u64;
    match random.random_range(0..12) {
        0 => 0,
        1 => 1,
        2 => most,
        3 => most.saturating_add(1),
        4 => u64::MAX,
        _ => random.random_range(0..=most) >> random.random_range(0..40),
    }
}

fn party(random: &mut impl Rng) -> Party {
    PARTIES[random.random_range(0..PARTIES.len())]
}

fn target(random: &mut impl Rng) -> Target {
    match random.random_range(0..16) {
        0 => Target::OtherPool,
        1 => Target::OtherTokens,
        2 => Target::Wallet,
        3..5 => Target::Vault(random.random_range(0..SLOTS)),
        5..8 => Target::Pool,
        _ => Target::Tokens(party(random)),
    }
}

fn authority(random: &mut impl Rng) -> Option<Party> {
    random.random_bool(0.8).then(|| party(random))
}

fn terms(now: i64, random: &mut impl Rng) -> Terms {
    let rate = match random.random_range(0..12) {
        0 => 0,
        1 => u64::MAX,
        2 => 1,
        3..6 => 10,
        _ => random.random::<u64>() >> random.random_range(20..64),
    };
    let starts_at = match random.random_range(0..20) {
        0 => *[0, -1, i64::MIN].choose(random).unwrap_or(&0),
        1 => 1,
        2 => now,
        _ => now + random.random_range(-500..500),
    };
    let ends_at = match random.random_range(0..20) {
        0 => starts_at,
        1 => *[-1, 1, i64::MAX].choose(random).unwrap_or(&1),
        2..8 => 0,
        _ => starts_at.saturating_add(random.random_range(1..1_000)),
    };
    let is_closeable = random.random_bool(0.7);
    // One that is endless and can't be closed holds its place for ever.
    let is_closeable = is_closeable || (ends_at == 0 && random.random_bool(0.9));
    Terms { rate, starts_at, ends_at, is_closeable, beneficiary_authority: authority(random) }
}

/// Draws an operation; more often than not one that makes sense.
fn draw(model: &Model, random: &mut impl Rng) -> Op {
    let any = random.random_range(0..SLOTS);
    let open = (0..SLOTS).filter(|slot| model.emissions[*slot].is_some()).choose(random).unwrap_or(any);
    let slot = if random.random_bool(0.95) { open } else { any };
    let found = model.emissions[slot].as_ref();
    let beneficiary = found.map_or(Target::Pool, |emission| emission.beneficiary);
    let named = if random.random_bool(0.95) { beneficiary } else { target(random) };
    // The own vault stands in two slots of the instruction then, which Anchor refuses before anything else.
    let named = if named == Target::Vault(slot) { beneficiary } else { named };
    match random.random_range(0..100) {
        0..12 => {
            let closed = (0..SLOTS).filter(|slot| model.emissions[*slot].is_none()).choose(random);
            Op::Open(closed.unwrap_or(any), target(random), terms(model.now, random))
        }
        12..36 => {
            let payer = party(random);
            Op::TopUp(slot, payer, amount(model.tokens_of(payer).amount, random))
        }
        36..56 => match (beneficiary, random.random_bool(0.95)) {
            (Target::Pool, true) | (_, false) => Op::ClaimToRewards(slot, named),
            _ => Op::Claim(slot, named),
        },
        56..59 => Op::Claim(slot, named),
        59..66 => {
            let by = found.and_then(|emission| emission.beneficiary_authority);
            let by = by.filter(|_| random.random_bool(0.8)).unwrap_or(party(random));
            Op::SetBeneficiary(slot, by, target(random), authority(random))
        }
        66..74 => {
            let by = if random.random_bool(0.85) { owner_of(slot) } else { party(random) };
            Op::Close(slot, by, party(random))
        }
        74..78 => Op::Donate(slot, party(random), random.random_range(1..4)),
        78..83 => hold_up(model, random),
        _ => Op::Clock(jump(model, random)),
    }
}

/// Freezes, thaws, closes or opens a token account.
fn hold_up(model: &Model, random: &mut impl Rng) -> Op {
    let party = party(random);
    let tokens = model.tokens_of(party);
    let may_close = party != Party::Authority && !model.tokens_of(Party::Authority).is_frozen;
    match (tokens.is_open, tokens.is_frozen) {
        (false, _) => Op::OpenTokens(party),
        (true, true) => Op::Freeze(party, false),
        (true, false) if may_close && random.random() => Op::CloseTokens(party),
        (true, false) => Op::Freeze(party, true),
    }
}

/// A time: somebody's start or end or next to it, or just later; now and then earlier.
fn jump(model: &Model, random: &mut impl Rng) -> i64 {
    let now = model.now;
    let to = match random.random_range(0..12) {
        0 => now - random.random_range(1..2_000),
        1 => now + random.random_range(1_000..100_000),
        2..6 => now + random.random_range(1..100),
        _ => {
            let emissions = model.emissions.iter().flatten();
            let times = emissions.flat_map(|emission| [Some(emission.starts_at), emission.ends_at]).flatten();
            let near = times.filter(|time| (*time - i128::from(now)).abs() < 100_000);
            near.choose(random).map_or(now + 1, |time| time as i64 + random.random_range(-1..=1))
        }
    };
    to.max(GENESIS / 2)
}

/// Draws an operation that would succeed, bends it and sees it fail; whether there was one.
fn hostile(stage: &mut Stage, random: &mut impl Rng) -> bool {
    for _ in 0..DRAWS {
        let op = draw(&stage.model, random);
        if stage.model.clone().apply(&op).is_ok()
            && let Some((how, instruction)) = stage.bends(&op).into_iter().choose(random)
        {
            stage.must_fail(how, instruction);
            return true;
        }
    }
    false
}

/// The next step home, when all is over.
fn homeward(model: &Model) -> Option<Op> {
    let party = |fits: &dyn Fn(Party) -> bool| PARTIES.into_iter().find(|party| fits(*party));
    if let Some(closed) = party(&|party| !model.tokens_of(party).is_open) {
        return Some(Op::OpenTokens(closed));
    }
    if let Some(frozen) = party(&|party| model.tokens_of(party).is_frozen) {
        return Some(Op::Freeze(frozen, false));
    }
    let found = |slot: usize| model.emissions[slot].as_ref();
    let due =
        (0..SLOTS).find_map(|slot| Some((slot, found(slot).filter(|e| e.due(model.now) > 0)?.beneficiary)));
    match due {
        Some((slot, Target::Pool)) => return Some(Op::ClaimToRewards(slot, Target::Pool)),
        // Its beneficiary was an emission's vault: the address can be opened again.
        Some((_, Target::Vault(gone))) if found(gone).is_none() => {
            let terms =
                Terms { rate: 1, starts_at: 1, ends_at: 0, is_closeable: true, beneficiary_authority: None };
            return Some(Op::Open(gone, Target::Pool, terms));
        }
        Some((slot, target)) => return Some(Op::Claim(slot, target)),
        None => {}
    }
    let can_close = |slot: &usize| found(*slot).is_some_and(|e| e.is_closeable || e.is_over(model.now));
    (0..SLOTS).find(can_close).map(|slot| Op::Close(slot, owner_of(slot), owner_of(slot)))
}

/// A life and its end.
fn live(seed: u64) -> (usize, Tally) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut stage, mut tally) = (Stage::new(), Tally::new());
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..STEPS {
            if random.random_range(0..100) < 12 {
                if hostile(&mut stage, &mut random) {
                    *tally.entry("hostile".into()).or_default() += 1;
                }
                continue;
            }
            let op = draw(&stage.model, &mut random);
            let outcome = stage.step(&op);
            let name = format!("{op:?}");
            let name = name.split('(').next().unwrap_or_default();
            let how = outcome.map_or_else(|error| format!("{error:?}"), |()| "Ok".into());
            *tally.entry(format!("{name} {how}")).or_default() += 1;
        }
        stage.step(&Op::Clock(i64::MAX)).expect("the clock goes");
        while let Some(op) = homeward(&stage.model) {
            stage.step(&op).unwrap_or_else(|error| panic!("{op:?} leads home: {error:?}"));
        }
        for emission in stage.model.emissions.iter().flatten() {
            assert!(!emission.is_closeable && emission.ends_at.is_none(), "{emission:?} is left");
            assert_eq!(emission.balance, 0, "{emission:?}");
            *tally.entry("stays open".into()).or_default() += 1;
        }
    }));
    if let Err(panic) = outcome {
        let from = stage.trace.len().saturating_sub(SHOWN);
        let shown = stage.trace[from..].join("\n");
        eprintln!("GRID_SEED={seed}, step {}; the last steps:\n{shown}", stage.trace.len());
        resume_unwind(panic);
    }
    (stage.trace.len(), tally)
}

#[test]
fn every_life_keeps_the_books() {
    let begin = Instant::now();
    let seeds: Vec<u64> = match std::env::var("GRID_SEED") {
        Ok(seed) => vec![seed.parse().expect("GRID_SEED is a number")],
        Err(_) => (0..SEEDS).chain([rand::rng().next_u64()]).collect(),
    };
    println!("fresh seed: GRID_SEED={}", seeds[seeds.len() - 1]);
    let next = AtomicUsize::new(0);
    let (steps, tally) = thread::scope(|scope| {
        let work = || {
            let mut all = (0, Tally::new());
            while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                let (steps, tally) = live(*seed);
                all.0 += steps;
                tally.into_iter().for_each(|(what, count)| *all.1.entry(what).or_default() += count);
            }
            all
        };
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut all = (0, Tally::new());
        for worker in workers {
            let (steps, tally) = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
            all.0 += steps;
            tally.into_iter().for_each(|(what, count)| *all.1.entry(what).or_default() += count);
        }
        all
    });
    let seconds = begin.elapsed().as_secs_f64();
    for (what, count) in &tally {
        println!("{count:>6} {what}");
    }
    println!("{steps} steps in {seconds:.1} s, {:.0} a second", steps as f64 / seconds);
    if seeds.len() > 1 {
        let missing: Vec<_> = SEEN.lines().filter(|what| !tally.contains_key(*what)).collect();
        assert!(missing.is_empty(), "no step saw {missing:?}");
    }
}
