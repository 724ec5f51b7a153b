//! `restake`

use crate::support::*;
use grid_staking::{Stake, StakingError};
use grid_tests::{assert_event, keypair_for, world::TOKENS};
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

#[test]
fn weighs_what_is_left_again_and_moves_nothing() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(302_400);
    assert_eq!(take_out(&mut i, stake), AMOUNT / 4);
    i.world.network.advance(1_000);
    let (before, restake) = (i.stake_of(&stake), restake(&i, stake));

    let landed = land_changing(&mut i, &[restake], &[stake]);

    // 750,000 × 407 / 365
    let weight = 836_301_u64;
    assert_eq!(
        i.stake_of(&stake),
        Stake {
            total_atoms: 750_000.into(),
            withdrawn_atoms: 0.into(),
            unstaked_at: 0.into(),
            weight: weight.into(),
            ..before
        }
    );
    assert_eq!((before.low_weight, before.decreases), (0.into(), 1.into()));
    assert_eq!(i.staking_vault(), 750_000);
    assert_event!(landed, Restaked { stake: stake, total_after_atoms: 750_000_u64, weight_after: weight });
}

#[test]
fn takes_back_what_was_released_and_not_withdrawn() {
    for seconds in [0, 1, 1_209_599, 1_209_600, 1_000_000_000] {
        let (mut i, stake) = unstaking();
        i.world.network.advance(seconds);
        i.world.land(&[restake(&i, stake)]);
        assert_eq!(
            (i.stake_of(&stake).total_atoms, i.stake_of(&stake).weight),
            (AMOUNT.into(), WEIGHT.into())
        );
        let early = withdraw(&i, stake);
        refuse(&mut i, &[early], StakingError::NotUnstaking);
    }
}

#[test]
fn refuses_a_stake_that_is_not_unstaking() {
    let (mut i, stake) = staked();
    let restake = restake(&i, stake);
    refuse(&mut i, std::slice::from_ref(&restake), StakingError::NotUnstaking);
    i.world.land(&[unstake(&i, stake)]);
    refuse(&mut i, &[restake.clone(), restake.clone()], StakingError::NotUnstaking);
    i.world.land(std::slice::from_ref(&restake));
    refuse(&mut i, &[restake], StakingError::NotUnstaking);
}

#[test]
fn refuses_a_stake_with_nothing_left_and_takes_a_single_atom() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(1_209_599);
    assert_eq!(take_out(&mut i, stake), AMOUNT - 1);
    let restake = restake(&i, stake);
    let mut last = i.clone();
    last.world.land(std::slice::from_ref(&restake));
    assert_eq!((last.stake_of(&stake).total_atoms, last.stake_of(&stake).weight), (1.into(), 1.into()));
    i.world.network.advance(1);
    assert_eq!(take_out(&mut i, stake), 1);
    refuse(&mut i, &[restake], StakingError::NothingLeft);
}

#[test]
fn keeps_the_running_slashing_epoch() {
    let (mut i, stake) = staked();
    i.slash(stake, 200_000);
    i.world.land(&[unstake(&i, stake), restake(&i, stake)]);
    let over = slash(&i, stake, 50_001);
    refuse(&mut i, &[over], StakingError::SlashCapExceeded);
    i.slash(stake, 50_000);
    assert_eq!(i.stake_of(&stake).total_atoms, 750_000);
}

#[test]
fn the_release_of_the_rest_begins_anew_and_pays_everything() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(604_800);
    assert_eq!(take_out(&mut i, stake), AMOUNT / 2);
    i.world.land(&[restake(&i, stake), unstake(&i, stake)]);
    i.world.network.advance(604_800);
    assert_eq!(take_out(&mut i, stake), AMOUNT / 4);
    i.world.network.advance(604_800);
    assert_eq!(take_out(&mut i, stake), AMOUNT / 4);
    assert_eq!((i.staking_vault(), i.world.tokens(&i.world.client.pubkey())), (0, TOKENS));
}

#[test]
fn refuses_another_owner() {
    let (mut i, stake) = unstaking();
    let restake = restake(&i, stake);
    let not = ours(StakingError::NotStakeOwner);
    let (node, authority) = (i.world.node.pubkey(), i.world.authority.pubkey());
    refuse_swaps(&i, &restake, &[(0, node, not.clone()), (0, authority, not)]);
    needs_the_signature(&mut i, &restake);
}

#[test]
fn refuses_a_stake_of_another_and_one_that_is_none() {
    let (mut i, stake) = unstaking();
    let node = i.world.node.pubkey();
    let nodes = i.stake(node, 0, AMOUNT);
    let settings = i.settings;
    let forged = forge(&mut i, &stake, "forged", grid_jobs::ID);
    let restake = restake(&i, stake);
    refuse_swaps(
        &i,
        &restake,
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
    let (i, stake) = unstaking();
    ignores_donations(&i, restake(&i, stake));
}
