//! Nobody gains by going round in circles: whatever a staker does, it earns no more than one that just holds.

use crate::support::*;
use grid_client::{rewards, staking};
use grid_tests::Incentives;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_address::Address;
use solana_signer::Signer;

/// Fees of each life.
const FEES: u64 = 60;
/// What the client stakes in all, atoms.
const AMOUNT: u64 = 256;

/// What the client does after each fee.
type Habit = fn(&mut Incentives, &[Address], u64);

/// The client, in so many parts, and the node share random fees; what the client has gained at the end.
fn earn(seed: u64, parts: u64, habit: Habit) -> u64 {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut i = incentives();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let theirs = active(&mut i, node, 0, 768);
    let ours: Vec<Address> = (0..parts).map(|id| enter(&mut i, client, id, AMOUNT / parts)).collect();
    wait(&mut i, DAY);
    ours.iter().for_each(|stake| drop(sync(&mut i, stake)));
    let before = i.world.tokens(&client);
    for round in 0..FEES {
        let (seconds, bits) = (random.random_range(0..2 * DAY), random.random_range(0..20));
        wait(&mut i, seconds);
        i.add(random.random_range(1..2_u64 << bits));
        habit(&mut i, &ours, round);
        sync(&mut i, &theirs);
        assert_books(&i, 0);
    }
    for stake in ours {
        sync(&mut i, &stake);
        if earned(&i, &stake) > 0 {
            i.claim(stake);
        }
    }
    assert_books(&i, 0);
    i.world.tokens(&client) - before
}

fn claim_all(i: &mut Incentives, stakes: &[Address]) {
    for stake in stakes {
        sync(i, stake);
        if earned(i, stake) > 0 {
            i.claim(*stake);
        }
    }
}

fn hold(_: &mut Incentives, _: &[Address], _: u64) {}

fn look(i: &mut Incentives, stakes: &[Address], _: u64) {
    for stake in stakes {
        sync(i, stake);
        sync(i, stake);
    }
}

fn collect(i: &mut Incentives, stakes: &[Address], _: u64) {
    claim_all(i, stakes);
}

fn leave_and_return(i: &mut Incentives, stakes: &[Address], round: u64) {
    claim_all(i, stakes);
    let client = i.world.client.pubkey();
    for stake in stakes {
        if round.is_multiple_of(5) {
            i.world.land(&[rewards::exit(client, *stake, i.pool), rewards::enter(client, *stake, i.pool)]);
        }
    }
}

fn release_and_restake(i: &mut Incentives, stakes: &[Address], round: u64) {
    let client = i.world.client.pubkey();
    for stake in stakes {
        if round.is_multiple_of(5) {
            i.world.land(&[staking::unstake(client, *stake), staking::restake(client, *stake)]);
        }
        sync(i, stake);
    }
}

/// Runs a habit against holding, over the same fees.
fn compare(parts: u64, habit: Habit) -> Vec<(u64, u64)> {
    let both = |seed| (earn(seed, parts, habit), earn(seed, 1, hold));
    (0..3).map(both).collect()
}

#[test]
fn looking_and_collecting_after_each_fee_gains_nothing() {
    for habit in [look as Habit, collect] {
        for (ours, held) in compare(1, habit) {
            assert!(ours <= held && ours + FEES >= held, "{ours} against {held}");
        }
    }
}

#[test]
fn leaving_and_returning_gains_nothing() {
    for (ours, held) in compare(1, leave_and_return) {
        assert!(ours < held, "{ours} against {held}");
    }
}

#[test]
fn releasing_and_restaking_gains_nothing() {
    for (ours, held) in compare(1, release_and_restake) {
        assert!(ours < held, "{ours} against {held}");
    }
}

#[test]
fn many_small_stakes_earn_no_more_than_a_large_one() {
    for parts in [2, 16] {
        for habit in [hold as Habit, look, collect] {
            for (ours, held) in compare(parts, habit) {
                assert!(ours <= held && ours + (FEES + 1) * parts >= held, "{ours} against {held}");
            }
        }
    }
}
