//! `close`

use crate::support::*;
use grid_staking::{Stake, StakingError};
use grid_tests::{Incentives, assert_event, keypair_for};
use solana_address::Address;
use solana_instruction::error::InstructionError;
use solana_signer::Signer;
use std::slice::from_ref;

/// A stake from which everything was withdrawn, in a later slot.
fn empty() -> (Incentives, Address) {
    let (mut i, stake) = unstaking();
    i.world.network.advance(1_209_600);
    next_slot(&mut i);
    assert_eq!(take_out(&mut i, stake), AMOUNT);
    (i, stake)
}

#[test]
fn gives_the_rent_to_the_owner() {
    let (mut i, stake) = empty();
    let client = i.world.client.pubkey();
    let (lamports, close) = (i.world.lamports(&client), close(&i, stake));

    let landed = land_changing(&mut i, &[close], &[stake, client]);

    assert!(!i.world.exists(&stake));
    assert_eq!(i.world.lamports(&client), lamports + i.world.rent(224));
    assert_eq!(i.staking_vault(), 0);
    assert_event!(landed, StakeClosed { stake: stake });
}

#[test]
fn gives_lamports_that_were_sent_to_it_as_well() {
    let (mut i, stake) = empty();
    let client = i.world.client.pubkey();
    let mut account = i.world.raw(&stake);
    account.lamports += 12_345;
    i.world.network.set(stake, account);
    let lamports = i.world.lamports(&client);
    i.world.land(&[close(&i, stake)]);
    assert_eq!(i.world.lamports(&client), lamports + i.world.rent(224) + 12_345);
}

#[test]
fn refuses_a_stake_that_holds_a_single_atom() {
    let (mut i, stake) = staked();
    next_slot(&mut i);
    let close = close(&i, stake);
    refuse(&mut i, from_ref(&close), StakingError::StakeNotEmpty);
    i.world.land(&[unstake(&i, stake)]);
    refuse(&mut i, from_ref(&close), StakingError::StakeNotEmpty);
    i.world.network.advance(1_209_599);
    assert_eq!(take_out(&mut i, stake), AMOUNT - 1);
    refuse(&mut i, from_ref(&close), StakingError::StakeNotEmpty);
    i.world.network.advance(1);
    refuse(&mut i, from_ref(&close), StakingError::StakeNotEmpty);
    assert_eq!(take_out(&mut i, stake), 1);
    i.world.land(&[close]);
    assert!(!i.world.exists(&stake));
}

#[test]
fn takes_a_stake_that_was_slashed_to_nothing_staked_or_unstaking() {
    for (mut i, stake) in [staked(), unstaking()] {
        i.world.land(&[update(&i, 10_000, 3_600)]);
        next_slot(&mut i);
        i.slash(stake, AMOUNT - 1);
        let close = close(&i, stake);
        refuse(&mut i, from_ref(&close), StakingError::StakeNotEmpty);
        i.slash(stake, 1);
        i.world.land(&[close]);
        assert!(!i.world.exists(&stake));
        assert_eq!(i.staking_vault(), 0);
    }
}

#[test]
fn refuses_the_slot_in_which_it_was_opened() {
    let (mut i, stake) = staked();
    i.world.land(&[update(&i, 10_000, 3_600)]);
    i.slash(stake, AMOUNT);
    let close = close(&i, stake);
    refuse(&mut i, from_ref(&close), StakingError::ClosedTooSoon);
    i.world.network.advance(1_000_000);
    refuse(&mut i, from_ref(&close), StakingError::ClosedTooSoon);
    next_slot(&mut i);
    i.world.land(&[close]);
}

#[test]
fn happens_once() {
    let (mut i, stake) = empty();
    let close = close(&i, stake);
    refuse_with(&mut i, &[close.clone(), close.clone()], InstructionError::AccountDataTooSmall);
    i.world.land(from_ref(&close));
    refuse_with(&mut i, &[close], InstructionError::AccountDataTooSmall);
}

#[test]
fn nothing_works_on_a_closed_stake() {
    let (mut i, stake) = empty();
    i.world.land(&[close(&i, stake)]);
    let gone = InstructionError::AccountDataTooSmall;
    for instruction in [unstake(&i, stake), restake(&i, stake), withdraw(&i, stake), top_up(&i, stake, 1)] {
        refuse_with(&mut i, &[instruction], gone.clone());
    }
}

#[test]
fn a_close_and_a_new_stake_in_one_transaction_leave_a_fresh_one() {
    let (mut i, stake) = empty();
    i.world.land(&[close(&i, stake), crate::support::stake(&i, 0, AMOUNT, 1_209_600)]);
    assert_eq!(i.stake_of(&stake), Stake { opened_slot: slot(&i).into(), ..fresh(&i) });
    assert_eq!(i.staking_vault(), AMOUNT);
}

#[test]
fn refuses_another_owner() {
    let (mut i, stake) = empty();
    let close = close(&i, stake);
    let not = ours(StakingError::NotStakeOwner);
    let (node, authority) = (i.world.node.pubkey(), i.world.authority.pubkey());
    refuse_swaps(&i, &close, &[(0, node, not.clone()), (0, authority, not)]);
    needs_the_signature(&mut i, &close);
}

#[test]
fn refuses_a_stake_of_another_and_one_that_is_none() {
    let (mut i, stake) = empty();
    let node = i.world.node.pubkey();
    let nodes = i.stake(node, 0, AMOUNT);
    let settings = i.settings;
    let forged = forge(&mut i, &stake, "forged", grid_jobs::ID);
    let close = close(&i, stake);
    refuse_swaps(
        &i,
        &close,
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
    let (i, stake) = empty();
    ignores_donations(&i, close(&i, stake));
}
