//! `unstake`

use crate::support::*;
use grid_staking::{Stake, StakingError};
use grid_tests::{assert_event, keypair_for};
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

#[test]
fn begins_the_release_and_takes_the_weight() {
    let (mut i, stake) = staked();
    i.world.network.advance(1_000);
    let (before, now, unstake) = (i.stake_of(&stake), i.world.network.time(), unstake(&i, stake));

    let landed = land_changing(&mut i, &[unstake], &[stake]);

    assert_eq!(
        i.stake_of(&stake),
        Stake {
            unstaked_at: now.into(),
            weight: 0.into(),
            low_weight: 0.into(),
            decreases: 1.into(),
            ..before
        }
    );
    assert_event!(landed, Unstaked { stake: stake, unstaked_at: now });
}

#[test]
fn needs_no_time_since_the_stake() {
    let (mut i, _) = staked();
    let client = i.world.client.pubkey();
    let mint = i.world.mint;
    let stake = grid_client::staking::stake_address(&mint, &client, 1).0;
    i.world.land(&[crate::support::stake(&i, 1, 5, 1_209_600), unstake(&i, stake)]);
    assert_eq!(i.stake_of(&stake).unstaked_at, i.world.network.time());
    let now = withdraw(&i, stake);
    refuse(&mut i, &[now], StakingError::NothingReleased);
}

#[test]
fn happens_once() {
    let (mut i, stake) = staked();
    let unstake = unstake(&i, stake);
    refuse(&mut i, &[unstake.clone(), unstake.clone()], StakingError::Unstaking);
    i.world.land(std::slice::from_ref(&unstake));
    for seconds in [0, 1, 1_209_600, 1_000_000_000] {
        i.world.network.advance(seconds);
        refuse(&mut i, std::slice::from_ref(&unstake), StakingError::Unstaking);
    }
}

#[test]
fn refuses_a_stake_with_nothing_left() {
    let (mut i, stake) = staked();
    i.world.land(&[update(&i, 10_000, 3_600)]);
    i.slash(stake, AMOUNT - 1);
    let unstake = unstake(&i, stake);
    i.clone().world.land(std::slice::from_ref(&unstake));
    i.slash(stake, 1);
    refuse(&mut i, &[unstake], StakingError::NothingLeft);
}

#[test]
fn refuses_one_that_was_emptied_by_withdrawals_as_unstaking() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(1_209_600);
    assert_eq!(take_out(&mut i, stake), AMOUNT);
    let unstake = unstake(&i, stake);
    refuse(&mut i, &[unstake], StakingError::Unstaking);
}

#[test]
fn a_later_one_begins_the_release_anew() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(1_209_599);
    i.world.land(&[restake(&i, stake), unstake(&i, stake)]);
    let early = withdraw(&i, stake);
    refuse(&mut i, &[early], StakingError::NothingReleased);
    i.world.network.advance(604_800);
    assert_eq!(take_out(&mut i, stake), AMOUNT / 2);
    assert_eq!(i.stake_of(&stake).decreases, 2);
}

#[test]
fn the_count_of_decreases_wraps_and_never_blocks() {
    let (mut i, stake) = staked();
    i.world.edit::<Stake>(stake, |s| s.decreases = u32::MAX.into());
    i.world.land(&[unstake(&i, stake)]);
    assert_eq!(i.stake_of(&stake).decreases, 0);
}

#[test]
fn refuses_another_owner() {
    let (mut i, stake) = staked();
    let unstake = unstake(&i, stake);
    let not = ours(StakingError::NotStakeOwner);
    let (node, authority) = (i.world.node.pubkey(), i.world.authority.pubkey());
    refuse_swaps(&i, &unstake, &[(0, node, not.clone()), (0, authority, not)]);
    needs_the_signature(&mut i, &unstake);
}

#[test]
fn refuses_another_stake_or_clock() {
    let (mut i, stake) = staked();
    let node = i.world.node.pubkey();
    let nodes = i.stake(node, 0, AMOUNT);
    let settings = i.settings;
    let forged = forge(&mut i, &stake, "forged", grid_jobs::ID);
    let clock = solana_sdk_ids::sysvar::clock::ID;
    let forged_clock = forge(&mut i, &clock, "forged clock", solana_sdk_ids::sysvar::ID);
    let unstake = unstake(&i, stake);
    refuse_swaps(
        &i,
        &unstake,
        &[
            (1, nodes, ours(StakingError::NotStakeOwner)),
            (1, settings, InstructionError::InvalidAccountData),
            (1, forged, InstructionError::IllegalOwner),
            (1, keypair_for("nobody").pubkey(), InstructionError::AccountDataTooSmall),
            (2, solana_sdk_ids::sysvar::rent::ID, OTHER_ADDRESS),
            (2, forged_clock, OTHER_ADDRESS),
        ],
    );
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (i, stake) = staked();
    ignores_donations(&i, unstake(&i, stake));
}
