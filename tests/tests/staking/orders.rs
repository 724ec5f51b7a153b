//! Bounds, and the orders in which instructions may come: slashes against exits, epochs, clocks, cycles.

use crate::support::*;
use grid_client::staking;
use grid_staking::{Stake, StakingError, constants::MAX_STAKE_ATOMS};
use grid_tests::{
    Incentives,
    incentives::{DURATION, SLASH_EPOCH},
    world::TOKENS,
};
use solana_address::Address;
use solana_signer::Signer;

/// [`DURATION`], seconds.
const ALL: i64 = DURATION as i64;

/// What has been released, in wide integers.
fn released(amount: u64, elapsed: i64, duration: u32) -> u64 {
    let elapsed = elapsed.clamp(0, i64::from(duration)) as u128;
    (u128::from(amount) * elapsed / u128::from(duration)).try_into().unwrap()
}

/// A stake whose whole amount may be slashed at once.
fn uncapped() -> (Incentives, Address) {
    let (mut i, stake) = staked();
    i.world.land(&[update(&i, 10_000, SLASH_EPOCH)]);
    (i, stake)
}

/// Sets the clock to so many seconds after the release began.
fn go_to(i: &mut Incentives, stake: Address, elapsed: i64) {
    let now = i.stake_of(&stake).unstaked_at.get() + elapsed;
    i.world.network.set_time(now);
}

#[track_caller]
fn nothing_comes(i: &mut Incentives, stake: Address) {
    let withdraw = withdraw(i, stake);
    refuse(i, &[withdraw], StakingError::NothingReleased);
}

/// The client's tokens short of what it began with, what was slashed, and what the vault holds.
fn sums(i: &Incentives) -> (u64, u64, u64) {
    let client = TOKENS - i.world.tokens(&i.world.client.pubkey());
    (client, i.world.tokens_in(&i.slash_destination) - TOKENS, i.staking_vault())
}

#[test]
fn a_slash_before_the_release_shrinks_every_payment() {
    let (mut i, stake) = uncapped();
    i.slash(stake, 400_000);
    i.world.land(&[unstake(&i, stake)]);
    go_to(&mut i, stake, ALL / 2);
    assert_eq!(take_out(&mut i, stake), 300_000);
    go_to(&mut i, stake, ALL);
    assert_eq!(take_out(&mut i, stake), 300_000);
    assert_eq!(sums(&i), (400_000, 400_000, 0));
}

#[test]
fn a_slash_between_unstake_and_withdraw_takes_from_the_released_as_well() {
    for elapsed in [0, 1, ALL / 2, ALL - 1] {
        let (mut i, stake) = uncapped();
        i.world.land(&[unstake(&i, stake)]);
        go_to(&mut i, stake, elapsed);
        i.slash(stake, 400_000);
        go_to(&mut i, stake, ALL / 2);
        assert_eq!(take_out(&mut i, stake), 300_000);
        go_to(&mut i, stake, ALL);
        assert_eq!(take_out(&mut i, stake), 300_000);
        assert_eq!(sums(&i), (400_000, 400_000, 0));
    }
}

#[test]
fn after_a_slash_behind_a_withdrawal_nothing_comes_until_the_release_has_caught_up() {
    let (mut i, stake) = uncapped();
    i.world.land(&[unstake(&i, stake)]);
    go_to(&mut i, stake, ALL / 2);
    assert_eq!(take_out(&mut i, stake), 500_000);
    i.slash(stake, 400_000);
    assert_eq!(sums(&i), (500_000, 400_000, 100_000));
    // 600,000 × elapsed / 1,209,600 reaches 500,001 at 1,008,002.016 s.
    for elapsed in [ALL / 2, ALL / 2 + 1, 1_008_000, 1_008_002] {
        go_to(&mut i, stake, elapsed);
        nothing_comes(&mut i, stake);
    }
    go_to(&mut i, stake, 1_008_003);
    assert_eq!(take_out(&mut i, stake), 1);
    go_to(&mut i, stake, ALL - 1);
    assert_eq!(take_out(&mut i, stake), 99_998);
    go_to(&mut i, stake, ALL);
    assert_eq!(take_out(&mut i, stake), 1);
    assert_eq!(sums(&i), (400_000, 400_000, 0));
}

#[test]
fn slashes_after_each_of_several_withdrawals_leave_everything_paid_out_at_the_end() {
    let (mut i, stake) = uncapped();
    i.world.land(&[unstake(&i, stake)]);
    let (mut total, mut withdrawn) = (AMOUNT, 0);
    for day in 1..14 {
        go_to(&mut i, stake, day * 86_400);
        let free = released(total, day * 86_400, DURATION);
        if free > withdrawn {
            assert_eq!(take_out(&mut i, stake), free - withdrawn);
            withdrawn = free;
        } else {
            nothing_comes(&mut i, stake);
        }
        i.slash(stake, 33_333);
        total -= 33_333;
        assert_eq!(i.stake_of(&stake).total_atoms, total);
        assert_eq!(i.staking_vault(), total - withdrawn);
    }
    go_to(&mut i, stake, ALL);
    assert_eq!(take_out(&mut i, stake), total - withdrawn);
    assert_eq!(sums(&i), (13 * 33_333, 13 * 33_333, 0));
}

#[test]
fn a_slash_takes_at_most_what_is_left() {
    type Begin = fn() -> (Incentives, Address);
    let begins: [(Begin, u64); 3] = [
        (uncapped, AMOUNT),
        (
            || {
                let (mut i, stake) = uncapped();
                i.world.land(&[unstake(&i, stake)]);
                (i, stake)
            },
            AMOUNT,
        ),
        (
            || {
                let (mut i, stake) = uncapped();
                i.world.land(&[unstake(&i, stake)]);
                go_to(&mut i, stake, ALL / 4);
                assert_eq!(take_out(&mut i, stake), AMOUNT / 4);
                (i, stake)
            },
            AMOUNT * 3 / 4,
        ),
    ];
    for (begin, left) in begins {
        let (begun, stake) = begin();
        for (asked, taken) in
            [(1, 1), (left - 1, left - 1), (left, left), (left + 1, left), (AMOUNT, left), (u64::MAX, left)]
        {
            let mut i = begun.clone();
            let before = i.stake_of(&stake);
            let tokens = i.world.tokens_in(&i.slash_destination);
            i.slash(stake, asked);
            assert_eq!(i.world.tokens_in(&i.slash_destination), tokens + taken);
            assert_eq!(i.staking_vault(), left - taken);
            let after = i.stake_of(&stake);
            assert_eq!(after.total_atoms, before.total_atoms.get() - taken);
            assert_eq!(after.withdrawn_atoms, before.withdrawn_atoms);
            assert_eq!(after.slash_allowance_atoms, left - taken);
            let due = if after.is_unstaking() { 0 } else { weight(left - taken, DURATION) };
            assert_eq!((after.weight, after.low_weight), (due.into(), due.into()));
            if taken == left {
                let again = slash(&i, stake, 1);
                refuse(&mut i, &[again], StakingError::NothingLeft);
            }
        }
    }
}

#[test]
fn an_unstake_does_not_outrun_a_slash_and_the_last_withdrawal_does() {
    let (mut i, stake) = uncapped();
    i.world.land(&[unstake(&i, stake), slash(&i, stake, AMOUNT)]);
    assert_eq!(sums(&i), (AMOUNT, AMOUNT, 0));
    let (restake, withdraw) = (restake(&i, stake), withdraw(&i, stake));
    refuse(&mut i, &[restake], StakingError::NothingLeft);
    refuse(&mut i, std::slice::from_ref(&withdraw), StakingError::NothingReleased);

    let (mut i, stake) = uncapped();
    i.world.land(&[unstake(&i, stake)]);
    go_to(&mut i, stake, ALL);
    let mut slashed = i.clone();
    slashed.slash(stake, AMOUNT);
    assert_eq!(sums(&slashed), (AMOUNT, AMOUNT, 0));
    i.world.land(&[withdraw]);
    let late = slash(&i, stake, 1);
    refuse(&mut i, &[late], StakingError::NothingLeft);
    assert_eq!(sums(&i), (0, 0, 0));
}

#[test]
fn the_epoch_ends_to_the_second() {
    let (begun, stake) = staked();
    let mut begun = begun;
    begun.slash(stake, 100_000);
    let began = begun.world.network.time();
    let epoch = i64::from(SLASH_EPOCH);
    // Within the epoch 150,000 are left; in the next one a quarter of 900,000.
    for (later, allowance, since) in
        [(epoch - 1, 150_000, 0), (epoch, 225_000, epoch), (epoch + 1, 225_000, epoch + 1)]
    {
        let mut i = begun.clone();
        i.world.network.advance(later);
        for over in [allowance + 1, 900_000, u64::MAX] {
            let over = slash(&i, stake, over);
            refuse(&mut i, &[over], StakingError::SlashCapExceeded);
        }
        for (taken, rest) in [(allowance - 1, 1), (allowance, 0)] {
            let mut i = i.clone();
            i.slash(stake, taken);
            let after = i.stake_of(&stake);
            assert_eq!(
                (after.slash_allowance_atoms, after.total_atoms),
                (rest.into(), (900_000 - taken).into())
            );
            assert_eq!(after.slash_epoch_started_at, began + since);
            let more = slash(&i, stake, rest + 1);
            refuse(&mut i, &[more], StakingError::SlashCapExceeded);
        }
    }
}

#[test]
fn an_epoch_begins_with_a_slash_and_not_when_the_last_one_ended() {
    let (mut i, stake) = staked();
    i.slash(stake, 1);
    i.world.network.advance(10 * i64::from(SLASH_EPOCH) + 5);
    i.slash(stake, 1);
    let began = i.world.network.time();
    assert_eq!(i.stake_of(&stake).slash_epoch_started_at, began);
    i.world.network.advance(i64::from(SLASH_EPOCH) - 1);
    i.slash(stake, 1);
    assert_eq!(i.stake_of(&stake).slash_epoch_started_at, began);
}

#[test]
fn the_allowance_of_an_epoch_neither_grows_with_the_stake_nor_shrinks_with_it() {
    let (mut i, stake) = staked();
    i.slash(stake, 1);
    i.world.land(&[top_up(&i, stake, 10 * AMOUNT)]);
    let over = slash(&i, stake, 250_000);
    refuse(&mut i, &[over], StakingError::SlashCapExceeded);
    i.slash(stake, 249_999);

    let (mut i, stake) = staked();
    i.slash(stake, 1);
    i.world.land(&[update(&i, 2_500, 2_592_000), unstake(&i, stake)]);
    go_to(&mut i, stake, ALL * 9 / 10);
    let left = 999_999 - take_out(&mut i, stake);
    assert_eq!((left, i.stake_of(&stake).slash_allowance_atoms), (100_000, 249_999.into()));
    i.slash(stake, 249_999);
    assert_eq!((i.stake_of(&stake).left(), i.stake_of(&stake).slash_allowance_atoms), (0, 149_999.into()));
}

#[test]
fn a_clock_that_went_backwards_releases_nothing_and_ends_no_epoch() {
    let (mut i, stake) = staked();
    i.slash(stake, 250_000);
    i.world.land(&[unstake(&i, stake)]);
    for back in [-1, -1_000_000, i64::MIN / 2] {
        let mut i = i.clone();
        i.world.network.advance(back);
        nothing_comes(&mut i, stake);
        let over = slash(&i, stake, 1);
        refuse(&mut i, &[over], StakingError::SlashCapExceeded);
        i.world.land(&[restake(&i, stake)]);
        assert_eq!(i.stake_of(&stake).total_atoms, 750_000);
    }
    go_to(&mut i, stake, ALL / 2);
    assert_eq!(take_out(&mut i, stake), 375_000);
    go_to(&mut i, stake, ALL / 4);
    nothing_comes(&mut i, stake);
    go_to(&mut i, stake, ALL / 2);
    nothing_comes(&mut i, stake);
    go_to(&mut i, stake, ALL / 2 + 2);
    assert_eq!(take_out(&mut i, stake), 1);
    go_to(&mut i, stake, ALL);
    assert_eq!(take_out(&mut i, stake), 374_999);
}

#[test]
fn a_release_begun_by_a_clock_that_ran_ahead_waits_for_it() {
    let (mut i, stake) = staked();
    i.world.network.advance(1_000);
    i.world.land(&[unstake(&i, stake)]);
    i.world.network.advance(-1_000);
    for (elapsed, amount) in [(2, 1), (ALL, AMOUNT - 1)] {
        let now = i.world.network.time();
        nothing_comes(&mut i, stake);
        i.world.network.set_time(now);
        go_to(&mut i, stake, elapsed);
        assert_eq!(take_out(&mut i, stake), amount);
    }
}

#[test]
fn the_release_is_exact_at_its_ends_for_every_duration_and_amount() {
    let mut i = Incentives::without_pool();
    let (mint, client) = (i.world.mint, i.world.client.pubkey());
    i.world.give_tokens(&mint, &client, u64::MAX - 5 * TOKENS);
    let tokens = i.world.tokens(&client);
    for duration in [1_209_600, 1_209_601, 31_535_999, 31_536_000] {
        for amount in [1, 2, 1_209_600, AMOUNT, MAX_STAKE_ATOMS] {
            let mut i = i.clone();
            let stake = i.stake_for(client, 0, amount, duration);
            i.world.land(&[unstake(&i, stake)]);
            let (mut paid, all) = (0, i64::from(duration));
            for elapsed in [-1, 0, 1, all / 2, all - 1, all, all + 1] {
                go_to(&mut i, stake, elapsed);
                let free = released(amount, elapsed, duration);
                if free > paid {
                    assert_eq!(take_out(&mut i, stake), free - paid, "{amount}, {duration}, {elapsed}");
                    paid = free;
                }
                nothing_comes(&mut i, stake);
            }
            assert_eq!((paid, i.staking_vault(), i.world.tokens(&client)), (amount, 0, tokens));
        }
    }
}

#[test]
fn the_largest_stake_is_slashed_restaked_and_paid_out_to_the_atom() {
    let mut i = Incentives::without_pool();
    let (mint, client) = (i.world.mint, i.world.client.pubkey());
    i.world.give_tokens(&mint, &client, MAX_STAKE_ATOMS);
    i.world.land(&[update(&i, 10_000, SLASH_EPOCH)]);
    let stake = i.stake_for(client, 0, MAX_STAKE_ATOMS, 31_536_000);
    i.slash(stake, 3);
    let (mut total, mut out) = (MAX_STAKE_ATOMS - 3, 0);
    assert_eq!(i.stake_of(&stake).weight, 4 * total);
    for _ in 0..4 {
        i.world.land(&[unstake(&i, stake)]);
        go_to(&mut i, stake, 12_345_678);
        let part = released(total, 12_345_678, 31_536_000);
        assert_eq!(take_out(&mut i, stake), part);
        i.world.land(&[restake(&i, stake)]);
        (total, out) = (total - part, out + part);
        assert_eq!(
            (i.stake_of(&stake).total_atoms, i.stake_of(&stake).weight),
            (total.into(), (4 * total).into())
        );
    }
    i.world.land(&[unstake(&i, stake)]);
    go_to(&mut i, stake, 31_536_000);
    assert_eq!(take_out(&mut i, stake), total);
    assert_eq!(out + total, MAX_STAKE_ATOMS - 3);
    assert_eq!((i.staking_vault(), i.world.tokens(&client)), (0, TOKENS + MAX_STAKE_ATOMS - 3));
}

#[test]
fn a_restake_behind_a_slash_counts_what_is_left_once() {
    let (mut i, stake) = uncapped();
    i.world.land(&[unstake(&i, stake)]);
    go_to(&mut i, stake, ALL / 2);
    assert_eq!(take_out(&mut i, stake), 500_000);
    i.slash(stake, 400_000);
    i.world.land(&[restake(&i, stake)]);
    let after = i.stake_of(&stake);
    assert_eq!((after.total_atoms, after.withdrawn_atoms), (100_000.into(), 0.into()));
    assert_eq!((after.weight, after.low_weight), (weight(100_000, DURATION).into(), 0.into()));
    i.world.land(&[unstake(&i, stake)]);
    nothing_comes(&mut i, stake);
    go_to(&mut i, stake, ALL);
    assert_eq!(take_out(&mut i, stake), 100_000);
    assert_eq!(sums(&i), (400_000, 400_000, 0));
}

#[test]
fn round_trips_at_once_change_nothing_but_the_count() {
    let (mut i, stake) = staked();
    let before = i.stake_of(&stake);
    for _ in 0..20 {
        i.world.land(&[unstake(&i, stake), restake(&i, stake), unstake(&i, stake), restake(&i, stake)]);
    }
    assert_eq!(i.stake_of(&stake), Stake { decreases: 40.into(), ..before });
    assert_eq!(sums(&i), (AMOUNT, 0, AMOUNT));
}

#[test]
fn round_trips_with_withdrawals_and_top_ups_gain_and_lose_nothing() {
    let (mut i, stake) = staked();
    let mut out = 0;
    for round in 1..=20 {
        i.world.land(&[unstake(&i, stake)]);
        go_to(&mut i, stake, 7_919 * round);
        let paid = take_out(&mut i, stake);
        out += paid;
        i.world.land(&[restake(&i, stake), top_up(&i, stake, paid)]);
        let after = i.stake_of(&stake);
        assert_eq!((after.total_atoms, after.weight), (AMOUNT.into(), WEIGHT.into()));
        assert_eq!(sums(&i), (AMOUNT, 0, AMOUNT));
    }
    assert!(out > AMOUNT, "the rounds move more than the stake");
}

#[test]
fn parts_never_weigh_or_release_more_than_the_whole() {
    let mut i = Incentives::without_pool();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let amounts = [1, 1, 2, 3, 5, 8, 13, 21, 999, 1_000, 97_947];
    let whole = i.stake(client, 0, amounts.iter().sum());
    let parts: Vec<Address> =
        amounts.into_iter().enumerate().map(|(id, amount)| i.stake(node, id as u64, amount)).collect();
    let weights: u64 = parts.iter().map(|part| i.stake_of(part).weight.get()).sum();
    let heaviest = i.stake_of(&whole).weight.get();
    assert!(weights <= heaviest && weights + parts.len() as u64 > heaviest);
    i.world.land(&[unstake(&i, whole)]);
    for part in &parts {
        i.world.land(&[staking::unstake(node, *part)]);
    }
    for elapsed in [1, 13, 100_000, ALL / 2 + 1, ALL - 1, ALL] {
        go_to(&mut i, whole, elapsed);
        for (owner, stake) in parts.iter().map(|part| (node, *part)).chain([(client, whole)]) {
            let tokens = i.tokens_of(&owner);
            let withdraw = staking::withdraw(owner, stake, i.world.mint, tokens);
            let total = i.stake_of(&stake);
            if released(total.total_atoms.get(), elapsed, DURATION) > total.withdrawn_atoms.get() {
                i.world.land(&[withdraw]);
            } else {
                refuse(&mut i, &[withdraw], StakingError::NothingReleased);
            }
        }
        assert!(i.world.tokens(&node) <= i.world.tokens(&client), "after {elapsed} s");
    }
    assert_eq!((i.world.tokens(&node), i.world.tokens(&client), i.staking_vault()), (TOKENS, TOKENS, 0));
}

#[test]
fn splitting_and_merging_gains_nobody_an_atom() {
    let mut i = Incentives::without_pool();
    let client = i.world.client.pubkey();
    let amount = 1_000_003;
    let whole = i.stake(client, 0, amount);
    let weight = i.stake_of(&whole).weight.get();
    let mut last = whole;
    for round in 1..=3_u64 {
        i.world.land(&[unstake(&i, last)]);
        go_to(&mut i, last, ALL);
        assert_eq!(take_out(&mut i, last), amount);
        next_slot(&mut i);
        i.world.land(&[close(&i, last)]);
        let parts = [(0, 7), (1, 333_333), (2, 666_663)];
        let parts = parts.map(|(id, part)| i.stake(client, round * 10 + id, part));
        let split: u64 = parts.iter().map(|part| i.stake_of(part).weight.get()).sum();
        assert!(split <= weight);
        for part in parts {
            i.world.land(&[unstake(&i, part)]);
            go_to(&mut i, part, ALL);
            take_out(&mut i, part);
            next_slot(&mut i);
            i.world.land(&[close(&i, part)]);
        }
        assert_eq!((i.world.tokens(&client), i.staking_vault()), (TOKENS, 0));
        last = i.stake(client, round, 7);
        i.world.land(&[top_up(&i, last, 333_333), top_up(&i, last, 666_663)]);
        assert_eq!(i.stake_of(&last).weight, weight);
    }
    assert_eq!(sums(&i), (amount, 0, amount));
}
