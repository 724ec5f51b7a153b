//! The money of a service job that many devices run in turn, and of a job that grows, against exact arithmetic.

use crate::support::*;
use grid_client::{
    address,
    instruction::{self, Listing, Spender},
};
use grid_jobs::{Job, JobKind, JobState, MarketTerms};
use grid_tests::{TERMS, World, assert_ledger};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_address::Address;
use solana_signer::Signer;

/// What the tests deposit: enough for the dearest market.
const RICHES: u64 = 1_000_000_000_000_000_000;

/// What the world has paid so far: to the device, to the market, and what is left in the project. Atoms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Money {
    paid: u128,
    fees: u128,
    balance: u128,
}

impl Money {
    fn of(world: &World) -> Self {
        Self {
            paid: world.device(&world.device).earnings_atoms.get().into(),
            fees: world.market().header.fees_owed_atoms.get().into(),
            balance: world.project().balance.get().into(),
        }
    }
}

/// The price of some seconds and the fee on it, rounded up; exact.
fn cost(terms: &MarketTerms, seconds: u32) -> (u128, u128) {
    let price = u128::from(terms.price_per_second_atoms) * u128::from(seconds);
    (price, (price * u128::from(terms.fee_bps)).div_ceil(10_000))
}

/// What a job of so many seconds must hold; exact.
fn reserve(terms: &MarketTerms, seconds: u32) -> u128 {
    let (price, fee) = cost(terms, seconds);
    price + fee
}

/// A world of these terms, but without bond and strikes, whose project is rich, and whose service job 1 waits. It may
/// lose its device 255 times, which no market allows.
fn long_lived(terms: &MarketTerms, timeout_seconds: u32) -> (World, Address) {
    let mut world = World::new();
    let (client, mint) = (world.client.pubkey(), world.mint);
    let source = address::token_account(&client, mint);
    world.give_tokens(&mint, &client, RICHES);
    world.land(&[instruction::deposit(client, source, world.project, mint, RICHES)]);
    update_market(&mut world, *terms);
    let listing = Listing { timeout_seconds, ..listing(1, JobKind::Service) };
    world.land(&[instruction::list(client, world.project, world.market, &listing)]);
    let job = address::job(&world.project, 1).0;
    world.edit::<Job>(job, |job| job.max_attempts = u8::MAX);
    (world, job)
}

fn terms(price_per_second_atoms: u64, fee_bps: u16) -> MarketTerms {
    MarketTerms {
        price_per_second_atoms,
        fee_bps,
        bond_atoms: 0,
        expiry_reward_atoms: 0,
        compensation_atoms: 0,
        max_strikes: u16::MAX,
        ..TERMS
    }
}

/// Runs the waiting job for some seconds, to a heartbeat; the device then quits, or falls silent.
fn run_and_lose(world: &mut World, job: Address, seconds: u32, quits: bool) {
    let (node, run) = (world.node.pubkey(), run_on(world, world.device, job));
    world.land(&[
        instruction::work(node, run.device, run.market, 0),
        instruction::start(node, run.device, job),
    ]);
    world.network.advance(seconds.into());
    let heartbeat = instruction::heartbeat(node, run.device, job);
    if quits {
        world.land(&[heartbeat, instruction::quit(node, run)]);
    } else {
        world.land(&[heartbeat]);
        world.network.advance(121);
        world.land(&[instruction::expire_run(run, None)]);
    }
}

#[test]
fn parts_of_one_second_add_up_to_what_was_reserved() {
    for (price, fee_bps) in [(1, 1), (7, 333), (100, 250), (9_999, 2_999), (1, 3_000), (3, 0)] {
        let terms = terms(price, fee_bps);
        let (mut world, job) = long_lived(&terms, 120);
        let reserved = reserve(&terms, 120);
        let before = Money::of(&world);
        for part in 1..=120_u32 {
            run_and_lose(&mut world, job, 1, part % 2 == 0);
            let money = Money::of(&world);
            let left = reserve(&terms, 120 - part);
            assert_eq!(u128::from(world.job(&job).escrow_atoms.get()), left, "after {part} parts");
            assert_eq!(money.paid, u128::from(price) * u128::from(part));
            assert_eq!(money.paid + money.fees + left, reserved, "after {part} parts");
        }
        let (paid, fees) = cost(&terms, 120);
        assert!(world.job(&job).is(JobState::Stopped));
        assert_eq!(Money::of(&world), Money { paid, fees, ..before }, "what one run would have cost");
        assert_ledger(&world, 0);
    }
}

#[test]
fn a_job_lost_two_hundred_times_costs_what_it_costs_at_once() {
    let terms = terms(12_345, 777);
    let (mut world, job) = long_lived(&terms, 7_200);
    let before = Money::of(&world);
    let mut random = ChaCha8Rng::seed_from_u64(200);
    for _ in 0..200 {
        let (seconds, quits) = (random.random_range(0..=35), random.random());
        run_and_lose(&mut world, job, seconds, quits);
    }
    let left = world.job(&job).timeout_seconds.get();
    assert!(left > 0, "the seconds were chosen so that some are left");
    world.work(world.device);
    world.start(world.device, job);
    world.network.advance(left.into());
    world.finish(world.device, job);
    let (paid, fees) = cost(&terms, 7_200);
    assert_eq!(Money::of(&world), Money { paid, fees, ..before });
    assert_ledger(&world, 0);
}

/// A service job's life, in random terms: it runs, is lost and is extended until it is over in one of three ways.
#[test]
fn random_lives_agree_with_exact_arithmetic() {
    let mut random = ChaCha8Rng::seed_from_u64(12_345);
    for life in 0..40 {
        let price = 10_u64.pow(random.random_range(0..=12)) / random.random_range(1..=3);
        let terms = terms(price.max(1), random.random_range(0..=3_000));
        let mut timeout = random.random_range(10..=3_600);
        let (mut world, job) = long_lived(&terms, timeout);
        let (client, node) = (world.client.pubkey(), world.node.pubkey());
        let run = run_on(&world, world.device, job);
        let rich = Money::of(&world).balance + reserve(&terms, timeout);
        let mut expected = Money { balance: rich - reserve(&terms, timeout), ..Money::of(&world) };

        for _ in 0..random.random_range(0..=20) {
            if random.random_bool(0.3) {
                let longer = timeout + random.random_range(1..=1_000);
                if longer <= TERMS.max_timeout_seconds {
                    let owner = Spender::Owner(client);
                    world.land(&[instruction::extend(owner, world.project, job, longer)]);
                    expected.balance -= reserve(&terms, longer) - reserve(&terms, timeout);
                    timeout = longer;
                }
            }
            let seconds = random.random_range(0..timeout.min(400));
            run_and_lose(&mut world, job, seconds, random.random());
            let paid = cost(&terms, seconds).0;
            expected.paid += paid;
            expected.fees += reserve(&terms, timeout) - reserve(&terms, timeout - seconds) - paid;
            timeout -= seconds;
            assert_eq!(Money::of(&world), expected, "life {life}");
        }

        let ran = random.random_range(0..=2 * timeout);
        world.land(&[
            instruction::work(node, run.device, run.market, 0),
            instruction::start(node, run.device, job),
        ]);
        world.network.advance(ran.into());
        let heartbeat = instruction::heartbeat(node, run.device, job);
        let seconds = ran.min(timeout);
        let (paid, rounded_up) = cost(&terms, seconds);
        let fee = match random.random_range(0..3) {
            0 => {
                world.land(&[instruction::finish(node, run, [1; 32])]);
                rounded_up
            }
            1 => {
                world.land(&[heartbeat, instruction::end(client, run)]);
                rounded_up
            }
            _ => {
                world.edit::<Job>(job, |job| job.max_attempts = 1);
                world.land(&[heartbeat, instruction::quit(node, run)]);
                reserve(&terms, timeout) - reserve(&terms, timeout - seconds) - paid
            }
        };
        expected.paid += paid;
        expected.fees += fee;
        expected.balance += reserve(&terms, timeout) - paid - fee;
        assert!(world.job(&job).is_over());
        assert_eq!(Money::of(&world), expected, "life {life}");
        assert_eq!(expected.paid + expected.fees + expected.balance, rich, "life {life}");
        assert_ledger(&world, 0);
    }
}
