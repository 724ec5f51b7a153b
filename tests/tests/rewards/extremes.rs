//! The ends of the number ranges: the smallest and the largest weights and amounts, and an index that runs over.

use crate::support::*;
use grid_client::{address, rewards, staking, token};
use grid_rewards::RewardsError;
use grid_staking::constants::MAX_STAKE_ATOMS;
use grid_tests::Incentives;
use solana_address::Address;
use solana_signer::Signer;

/// A world whose mint has a supply of `u64::MAX`: the client has `client` atoms of it, the node `node`, the stranger the
/// rest.
fn vast(client: u64, node: u64) -> Incentives {
    let mut i = incentives();
    let mint = i.world.create_mint("vast mint");
    let world = &i.world;
    let wallets = [&world.authority, &world.client, &world.node, &world.stranger].map(|key| key.pubkey());
    let amounts = [0, client, node, u64::MAX - client - node];
    for (wallet, amount) in wallets.iter().zip(amounts) {
        i.world.give_tokens(&mint, wallet, amount);
    }
    i.world.mint = mint;
    i.settings = staking::settings_address(&mint).0;
    i.slash_destination = address::token_account(&wallets[0], mint);
    i.pool = rewards::pool_address(&mint, &mint).0;
    i.world.land(&[
        staking::open_settings(wallets[0], mint, i.slash_destination, 2_500, 86_400),
        rewards::open_pool(wallets[0], &mint, mint),
    ]);
    i
}

/// The usual world, and a pool whose reward mint has a supply of `u64::MAX`, all of it the stranger's.
fn rich() -> Incentives {
    let mut i = incentives();
    let (stranger, client, node) =
        (i.world.stranger.pubkey(), i.world.client.pubkey(), i.world.node.pubkey());
    let stake_mint = i.world.mint;
    let mint = i.world.create_mint("vast mint");
    for (wallet, amount) in [(stranger, u64::MAX), (client, 0), (node, 0)] {
        i.world.give_tokens(&mint, &wallet, amount);
    }
    i.world.land(&[rewards::open_pool(stranger, &stake_mint, mint)]);
    i.pool = rewards::pool_address(&stake_mint, &mint).0;
    i
}

/// The stranger brings `amount` of a rich pool's mint.
#[track_caller]
fn bring(i: &mut Incentives, amount: u64) {
    let (stranger, mint) = (i.world.stranger.pubkey(), i.pool().reward_mint);
    let source = address::token_account(&stranger, mint);
    i.world.land(&[rewards::add(stranger, source, i.pool, mint, amount)]);
}

/// A position's owner claims, into the stranger's account; what came.
#[track_caller]
fn pay(i: &mut Incentives, stake: Address) -> u64 {
    let (owner, mint) = (i.position(&stake).owner, i.pool().reward_mint);
    let destination = address::token_account(&i.world.stranger.pubkey(), mint);
    let before = i.world.tokens_in(&destination);
    i.world.land(&[rewards::claim(owner, stake, i.pool, mint, destination)]);
    i.world.tokens_in(&destination) - before
}

/// Enters with the weight that 1 atom has for 14 days: 1.
#[track_caller]
fn one(i: &mut Incentives, owner: Address, id: u64) -> Address {
    let stake = i.stake(owner, id, 1);
    i.world.land(&[rewards::enter(owner, stake, i.pool)]);
    assert_eq!(weights(i, &stake), (0, 1));
    stake
}

/// Lets a day pass and the weight become active.
#[track_caller]
fn activate(i: &mut Incentives, stakes: &[Address]) {
    wait(i, DAY);
    for stake in stakes {
        sync(i, stake);
    }
}

#[test]
fn the_largest_stake_earns_everything_but_an_atom() {
    let mut i = vast(MAX_STAKE_ATOMS, 0);
    let client = i.world.client.pubkey();
    let stake = active(&mut i, client, 0, MAX_STAKE_ATOMS);
    assert_eq!(i.pool().total_weight, u64::MAX - 3);
    let amount = u64::MAX - MAX_STAKE_ATOMS;
    assert_eq!(i.world.tokens(&i.world.stranger.pubkey()), amount);
    i.add(amount);
    assert_eq!(i.claim(stake), amount - 1);
    assert_eq!(books(&i), (0, 1, 0));
    assert_books(&i, 0);
    i.world.land(&[rewards::exit(client, stake, i.pool)]);
    assert_eq!(books(&i), (1, 0, 0));
}

#[test]
fn atom_by_atom_the_largest_stake_earns_all_but_one() {
    let mut i = vast(MAX_STAKE_ATOMS, 0);
    let client = i.world.client.pubkey();
    let stake = active(&mut i, client, 0, MAX_STAKE_ATOMS);
    i.add(1);
    assert_eq!(i.pool().index, 1);
    i.world.refuse(&[claim(&i, stake)], RewardsError::NothingEarned);
    for _ in 0..9 {
        i.add(1);
    }
    assert_eq!(i.claim(stake), 9);
    assert_books(&i, 0);
}

#[test]
fn the_smallest_weight_beside_the_largest() {
    let mut i = vast(MAX_STAKE_ATOMS, 3);
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let large = enter(&mut i, client, 0, MAX_STAKE_ATOMS);
    let small: Vec<Address> = (0..3).map(|id| one(&mut i, node, id)).collect();
    activate(&mut i, &[&small[..], &[large]].concat());
    assert_eq!(i.pool().total_weight, u64::MAX);
    let amount = u64::MAX - MAX_STAKE_ATOMS - 3;
    i.add(amount);
    for stake in &small {
        i.world.refuse(&[claim(&i, *stake)], RewardsError::NothingEarned);
    }
    let paid = i.claim(large);
    let exact = u128::from(amount) * u128::from(u64::MAX - 3) / u128::from(u64::MAX);
    assert!(u128::from(paid) <= exact && u128::from(paid) + 2 > exact, "{paid} of {exact}");
    assert_books(&i, 0);
}

#[test]
fn weights_that_fill_64_bits_share_without_an_overflow() {
    let half = 1 << 61;
    let mut i = vast(half, half - 1);
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (ours, theirs) = (enter(&mut i, client, 0, half), enter(&mut i, node, 0, half - 1));
    activate(&mut i, &[ours, theirs]);
    assert_eq!(i.pool().total_weight, u64::MAX - 3);
    let amount = u64::MAX - 2 * half + 1;
    i.add(amount);
    let paid = (i.claim(ours), i.claim(theirs));
    let exact = |weight: u64| u128::from(amount) * u128::from(weight) / u128::from(u64::MAX - 3);
    let exact = (exact(4 * half) as u64, exact(4 * (half - 1)) as u64);
    assert!(paid.0 <= exact.0 && paid.0 + 2 > exact.0, "{paid:?} of {exact:?}");
    assert!(paid.1 <= exact.1 && paid.1 + 2 > exact.1, "{paid:?} of {exact:?}");
    assert_books(&i, 0);
}

#[test]
fn weight_that_no_longer_fits_does_not_stop_a_sync() {
    let half = 1 << 61;
    let mut i = vast(half, half);
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (ours, theirs) = (enter(&mut i, client, 0, half), enter(&mut i, node, 0, half));
    activate(&mut i, &[ours]);
    i.world.run(&[rewards::sync(theirs, i.pool)], &[]);
    assert_books(&i, 0);
}

#[test]
fn weight_that_no_longer_fits_does_not_stop_a_claim() {
    let half = 1 << 61;
    let mut i = vast(half, half);
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (ours, theirs) = (enter(&mut i, client, 0, half), enter(&mut i, node, 0, half - 1));
    activate(&mut i, &[ours, theirs]);
    i.add(1_000);
    let (mint, tokens) = (i.world.mint, i.tokens_of(&node));
    i.world.land(&[staking::top_up(node, tokens, theirs, mint, 1), rewards::sync(theirs, i.pool)]);
    wait(&mut i, DAY);
    assert_eq!(i.claim(theirs), 499);
    assert_books(&i, 0);
}

#[test]
fn weight_that_no_longer_fits_does_not_stop_an_exit() {
    let half = 1 << 61;
    let mut i = vast(half, half);
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (ours, theirs) = (enter(&mut i, client, 0, half), enter(&mut i, node, 0, half));
    activate(&mut i, &[ours]);
    i.world.land(&[rewards::exit(node, theirs, i.pool)]);
    assert_books(&i, 0);
}

#[test]
fn the_whole_supply_is_shared_and_paid() {
    for amount in [1, 2, u64::MAX - 1, u64::MAX] {
        for stakes in [[1, 0], [1, 1], [1, 2], [3, 1_000_000], [1 << 36, 1 << 36]] {
            let mut i = rich();
            let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
            let ours = enter(&mut i, client, 0, stakes[0]);
            let mut all = vec![ours];
            if stakes[1] > 0 {
                all.push(enter(&mut i, node, 0, stakes[1]));
            }
            activate(&mut i, &all);
            bring(&mut i, amount);
            let weight = 4 * (stakes[0] + stakes[1]);
            let mut paid = 0;
            for (stake, atoms) in all.iter().zip(stakes) {
                sync(&mut i, stake);
                let exact = u128::from(amount) * u128::from(4 * atoms) / u128::from(weight);
                let got = u128::from(earned(&i, stake));
                assert!(got <= exact && got + 1 >= exact, "{got} of {exact}");
                assert_books(&i, 0);
                if got > 0 {
                    paid += pay(&mut i, *stake);
                }
            }
            assert!(paid <= amount && amount - paid <= 2, "{paid} of {amount}");
            assert_eq!(books(&i), (0, amount - paid, 0));
            assert_books(&i, 0);
        }
    }
}

#[test]
fn the_whole_supply_waits_and_goes_to_the_first() {
    let mut i = rich();
    let client = i.world.client.pubkey();
    bring(&mut i, u64::MAX);
    assert_eq!(books(&i), (u64::MAX, 0, 0));
    let stake = one(&mut i, client, 0);
    activate(&mut i, &[stake]);
    assert_eq!(i.pool().index, u128::from(u64::MAX) << 64);
    assert_eq!(pay(&mut i, stake), u64::MAX);
    assert_books(&i, 0);
}

#[test]
fn the_whole_supply_is_forfeited_and_shared_anew() {
    let mut i = rich();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (ours, theirs) = (one(&mut i, client, 0), one(&mut i, node, 0));
    activate(&mut i, &[ours]);
    bring(&mut i, u64::MAX);
    i.world.land(&[staking::unstake(client, ours), rewards::sync(ours, i.pool)]);
    assert_eq!(books(&i), (u64::MAX, 0, 0));
    sync(&mut i, &theirs);
    assert_eq!(books(&i), (0, u64::MAX, 0));
    sync(&mut i, &ours);
    assert_eq!(pay(&mut i, theirs), u64::MAX);
    assert_books(&i, 0);
}

#[test]
fn the_index_runs_over_by_itself() {
    let mut i = rich();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let stake = one(&mut i, client, 0);
    activate(&mut i, &[stake]);
    let idle = one(&mut i, node, 0);
    let (mut overflows, mut index) = (0, 0_u128);
    for amount in [u64::MAX, u64::MAX, 1, 2, u64::MAX - 1, 1 << 63, 1 << 63] {
        bring(&mut i, amount);
        let (next, is_over) = index.overflowing_add(u128::from(amount) << 64);
        (index, overflows) = (next, overflows + u32::from(is_over));
        assert_eq!(i.pool().index, index);
        assert_eq!(pay(&mut i, stake), amount);
        assert_books(&i, 0);
    }
    assert_eq!(overflows, 3);
    sync(&mut i, &idle);
    assert_eq!((earned(&i, &idle), weights(&i, &idle)), (0, (0, 1)));
    activate(&mut i, &[idle]);
    assert_eq!(i.position(&idle).index, index);
    bring(&mut i, u64::MAX);
    assert_eq!((pay(&mut i, stake), pay(&mut i, idle)), (u64::MAX / 2, u64::MAX / 2));
    assert_books(&i, 0);
}

#[test]
fn an_index_that_comes_back_to_where_it_was_pays_nothing_twice() {
    let mut i = rich();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (stake, idle) = (one(&mut i, client, 0), one(&mut i, node, 0));
    activate(&mut i, &[stake]);
    for amount in [1 << 63, 1 << 63] {
        bring(&mut i, amount);
        assert_eq!(pay(&mut i, stake), amount);
    }
    assert_eq!(i.pool().index, 0);
    sync(&mut i, &idle);
    sync(&mut i, &stake);
    assert_eq!((earned(&i, &idle), earned(&i, &stake)), (0, 0));
    bring(&mut i, 10);
    assert_eq!((pay(&mut i, idle), pay(&mut i, stake)), (5, 5));
    assert_books(&i, 0);
}

#[test]
fn positions_on_both_sides_of_the_overflow_are_paid_exactly() {
    for before in [0, 1, u128::from(u64::MAX), 1 << 64, 1 << 100] {
        let mut i = incentives();
        let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
        edit_pool(&mut i, |pool| pool.index = (u128::MAX - before).into());
        let (ours, theirs) = (enter(&mut i, client, 0, 256), enter(&mut i, node, 0, 768));
        activate(&mut i, &[ours, theirs]);
        i.add(4_096);
        assert_eq!(i.claim(ours), 1_024);
        i.add(1 << 30);
        assert_eq!(i.claim(ours), 1 << 28);
        assert_eq!(i.claim(theirs), 3_072 + 3 * (1 << 28));
        assert_eq!(i.pool().index, (u128::MAX - before).wrapping_add((1 << 64) + (1 << 82)));
        assert_eq!(books(&i), (0, 0, 0));
        assert_books(&i, 0);
    }
}

#[test]
fn who_sleeps_while_others_turn_the_supply_over_is_paid_in_full() {
    let mut i = rich();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (awake, asleep) = (one(&mut i, client, 0), one(&mut i, node, 0));
    activate(&mut i, &[awake, asleep]);
    let stranger = address::token_account(&i.world.stranger.pubkey(), i.pool().reward_mint);
    let mut due = 0;
    for _ in 0..63 {
        let amount = i.world.tokens_in(&stranger);
        let before = i.pool().index.get();
        bring(&mut i, amount);
        let growth = i.pool().index.get().wrapping_sub(before);
        assert_eq!(growth, u128::from(amount) << 63);
        due += growth;
        pay(&mut i, awake);
        assert_books(&i, 0);
    }
    let due = u64::try_from(due >> 64).unwrap();
    assert_eq!(pay(&mut i, asleep), due);
    assert!(due > u64::MAX - 130, "{due}");
    assert_books(&i, 0);
}

#[test]
fn a_donation_of_everything_blocks_nobody() {
    let mut i = rich();
    let (client, stranger) = (i.world.client.pubkey(), i.world.stranger.pubkey());
    let stake = one(&mut i, client, 0);
    activate(&mut i, &[stake]);
    bring(&mut i, 1_000);
    let mint = i.pool().reward_mint;
    let (vault, source) = (rewards::vault_address(&i.pool).0, address::token_account(&stranger, mint));
    i.world.land(&[token::transfer(source, vault, stranger, u64::MAX - 1_000)]);
    assert_books(&i, u64::MAX - 1_000);
    assert_eq!(pay(&mut i, stake), 1_000);
    i.world.land(&[rewards::exit(client, stake, i.pool)]);
    assert_books(&i, u64::MAX - 1_000);
}
