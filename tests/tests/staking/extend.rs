//! `extend`

use crate::support::*;
use grid_client::staking;
use grid_staking::{Stake, StakingError};
use grid_tests::{Incentives, assert_event, keypair_for};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;

fn extend(i: &Incentives, stake: Address, duration: u32) -> Instruction {
    staking::extend(i.world.client.pubkey(), stake, duration)
}

#[test]
fn makes_it_longer_and_heavier_and_moves_nothing() {
    let (mut i, stake) = staked();
    i.world.network.advance(1_000);
    let before = i.stake_of(&stake);
    let extend = extend(&i, stake, 100 * 86_400);
    let landed = land_changing(&mut i, &[extend], &[stake]);
    // 1,000,000 × 665 / 365
    let weight = 1_821_917_u64;
    assert_eq!(
        i.stake_of(&stake),
        Stake { duration_seconds: 8_640_000.into(), weight: weight.into(), ..before }
    );
    assert_event!(landed, StakeExtended { stake: stake, duration_seconds: 8_640_000, weight_after: weight });
}

#[test]
fn refuses_a_duration_that_is_not_longer() {
    let (mut i, stake) = staked();
    for duration in [0, 1, 1_209_599, 1_209_600] {
        let extend = extend(&i, stake, duration);
        refuse(&mut i, &[extend], StakingError::DurationNotLonger);
    }
    i.world.land(&[extend(&i, stake, 1_209_601)]);
    assert_eq!(i.stake_of(&stake).duration_seconds, 1_209_601);
}

#[test]
fn goes_as_far_as_a_year() {
    let (mut i, stake) = staked();
    for duration in [31_536_001, u32::MAX] {
        let extend = extend(&i, stake, duration);
        refuse(&mut i, &[extend], StakingError::DurationOutOfRange);
    }
    i.world.land(&[extend(&i, stake, 31_535_999)]);
    assert_eq!(i.stake_of(&stake).weight, 3_999_999);
    i.world.land(&[extend(&i, stake, 31_536_000)]);
    assert_eq!(i.stake_of(&stake).weight, 4_000_000);
    let again = extend(&i, stake, 31_536_000);
    refuse(&mut i, &[again], StakingError::DurationNotLonger);
    let beyond = extend(&i, stake, 31_536_001);
    refuse(&mut i, &[beyond], StakingError::DurationOutOfRange);
}

#[test]
fn a_second_one_to_the_same_duration_fails() {
    let (mut i, stake) = staked();
    let extend = extend(&i, stake, 2_000_000);
    refuse(&mut i, &[extend.clone(), extend], StakingError::DurationNotLonger);
}

#[test]
fn steps_weigh_what_one_leap_does() {
    let (mut i, stake) = staked();
    let mut leap = i.clone();
    leap.world.land(&[extend(&i, stake, 1_234_567)]);
    for duration in [1_209_601, 1_210_000, 1_234_566, 1_234_567] {
        i.world.land(&[extend(&i, stake, duration)]);
    }
    assert_eq!(state(&i.world), state(&leap.world));
}

#[test]
fn refuses_a_stake_that_is_unstaking() {
    let (mut i, stake) = unstaking();
    for (seconds, duration) in [(0, 2_000_000), (1, 0), (1_209_600, 2_000_000), (0, u32::MAX)] {
        i.world.network.advance(seconds);
        let extend = extend(&i, stake, duration);
        refuse(&mut i, &[extend], StakingError::Unstaking);
    }
}

#[test]
fn the_release_afterwards_takes_the_longer_duration() {
    let (mut i, stake) = staked();
    i.world.land(&[extend(&i, stake, 2_419_200), unstake(&i, stake)]);
    i.world.network.advance(1_209_600);
    assert_eq!(take_out(&mut i, stake), AMOUNT / 2);
    i.world.network.advance(1_209_599);
    assert_eq!(take_out(&mut i, stake), AMOUNT / 2 - 1);
    i.world.network.advance(1);
    assert_eq!(take_out(&mut i, stake), 1);
}

#[test]
fn an_empty_stake_weighs_nothing_when_extended() {
    let (mut i, stake) = staked();
    i.world.land(&[update(&i, 10_000, 3_600)]);
    i.slash(stake, AMOUNT);
    i.world.land(&[extend(&i, stake, 31_536_000)]);
    assert_eq!((i.stake_of(&stake).weight, i.stake_of(&stake).total_atoms), (0.into(), 0.into()));
}

#[test]
fn refuses_another_owner() {
    let (mut i, stake) = staked();
    let extend = extend(&i, stake, 2_000_000);
    let not = ours(StakingError::NotStakeOwner);
    let (node, authority) = (i.world.node.pubkey(), i.world.authority.pubkey());
    refuse_swaps(&i, &extend, &[(0, node, not.clone()), (0, authority, not)]);
    needs_the_signature(&mut i, &extend);
}

#[test]
fn refuses_a_stake_of_another_and_one_that_is_none() {
    let (mut i, stake) = staked();
    let node = i.world.node.pubkey();
    let nodes = i.stake(node, 0, AMOUNT);
    let settings = i.settings;
    let forged = forge(&mut i, &stake, "forged", grid_jobs::ID);
    let extend = extend(&i, stake, 2_000_000);
    refuse_swaps(
        &i,
        &extend,
        &[
            (1, nodes, ours(StakingError::NotStakeOwner)),
            (1, settings, InstructionError::InvalidAccountData),
            (1, forged, InstructionError::IllegalOwner),
            (1, keypair_for("nobody").pubkey(), InstructionError::AccountDataTooSmall),
        ],
    );
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (i, stake) = staked();
    ignores_donations(&i, extend(&i, stake, 2_000_000));
}
