//! `enter`

use crate::support::*;
use grid_client::{rewards, staking};
use grid_rewards::{Position, RewardsError};
use grid_tests::{Incentives, assert_event, keypair_for, network::GENESIS};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// A stake of the client's of 100 atoms for a year, and its entrance.
fn ready() -> (Incentives, Address, Instruction) {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = i.stake_for(client, 0, 100, YEAR);
    let enter = rewards::enter(client, stake, i.pool);
    (i, stake, enter)
}

#[test]
fn opens_a_position_whose_weight_is_pending() {
    let (mut i, stake, enter) = ready();
    let (client, pool) = (i.world.client.pubkey(), i.pool);
    let (position, bump) = rewards::position_address(&pool, &stake);
    let (lamports, tokens) = (i.world.lamports(&client), i.world.tokens(&client));
    let (pool_before, stake_before) = (i.pool(), i.stake_of(&stake));
    wait(&mut i, 7);

    let landed = i.world.land(&[enter]);

    assert_eq!(
        i.position(&stake),
        Position {
            version: 1,
            bump,
            padding: [0; 2],
            decreases: 0.into(),
            opened_slot: 1_000.into(),
            pool,
            stake,
            owner: client,
            index: 0.into(),
            active_weight: 0.into(),
            pending_weight: 400.into(),
            pending_since: (GENESIS + 7).into(),
            earned_atoms: 0.into(),
            reserved: [0; 32],
        }
    );
    let account = i.world.raw(&position);
    assert_eq!((account.owner, account.lamports), (grid_rewards::ID, i.world.rent(Position::SPACE)));
    assert_eq!(i.world.lamports(&client), lamports - i.world.rent(Position::SPACE));
    assert_eq!((i.pool(), i.stake_of(&stake)), (pool_before, stake_before));
    assert_eq!(i.world.tokens(&client), tokens);
    assert_event!(
        landed,
        PositionOpened {
            position: position,
            pool: pool,
            stake: stake,
            pending_weight: 400,
            pending_since: GENESIS + 7,
        }
    );
    assert_books(&i, 0);
}

#[test]
fn begins_at_the_present_index_and_the_present_count_of_decreases() {
    let (mut i, stake, enter) = ready();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    active(&mut i, node, 0, 256);
    i.add(1_024);
    i.slash(stake, 20);
    i.world.land(&[staking::unstake(client, stake), staking::restake(client, stake)]);
    i.world.land(&[enter]);
    let position = i.position(&stake);
    assert_eq!(position.index, 1_u128 << 64);
    assert_eq!(position.decreases, 2);
    assert_eq!(position.pending_weight, 320);
    assert_eq!(position.active_weight, 0);
}

#[test]
fn takes_the_smallest_weight() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = i.stake(client, 0, 1);
    i.world.land(&[rewards::enter(client, stake, i.pool)]);
    assert_eq!(weights(&i, &stake), (0, 1));
}

#[test]
fn happens_once_until_the_position_is_closed() {
    let (mut i, stake, enter) = ready();
    let client = i.world.client.pubkey();
    // AccountAlreadyInUse of the system program.
    i.world.refuse_with(&[enter.clone(), enter.clone()], InstructionError::Custom(0));
    i.world.land(from_ref(&enter));
    i.world.refuse_with(from_ref(&enter), InstructionError::Custom(0));
    i.world.land(&[rewards::exit(client, stake, i.pool)]);
    i.world.land(&[enter]);
    assert_eq!(weights(&i, &stake), (0, 400));
}

#[test]
fn entering_anew_waits_for_a_day_anew() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = active(&mut i, client, 0, 256);
    i.world.land(&[rewards::exit(client, stake, i.pool), rewards::enter(client, stake, i.pool)]);
    assert_eq!(weights(&i, &stake), (0, 1_024));
    assert_eq!(i.pool().total_weight, 0);
    wait(&mut i, DAY - 1);
    sync(&mut i, &stake);
    assert_eq!(weights(&i, &stake), (0, 1_024));
    wait(&mut i, 1);
    sync(&mut i, &stake);
    assert_eq!(weights(&i, &stake), (1_024, 0));
}

#[test]
fn refuses_a_stranger() {
    let (mut i, _, mut enter) = ready();
    enter.accounts[0].pubkey = i.world.stranger.pubkey();
    i.world.refuse(&[enter], RewardsError::NotStakeOwner);
}

#[test]
fn refuses_without_the_owners_signature() {
    let (mut i, _, mut enter) = ready();
    enter.accounts[0].is_signer = false;
    i.world.refuse_with(&[enter], InstructionError::MissingRequiredSignature);
}

#[test]
fn refuses_a_stake_of_another_mint() {
    let (mut i, _, _) = ready();
    let client = i.world.client.pubkey();
    let (_, stake) = foreign_stake(&mut i);
    i.world.refuse(&[rewards::enter(client, stake, i.pool)], RewardsError::WrongMint);
}

#[test]
fn refuses_a_stake_that_is_being_released() {
    let (mut i, stake, enter) = ready();
    let client = i.world.client.pubkey();
    i.world.land(&[staking::unstake(client, stake)]);
    i.world.refuse(from_ref(&enter), RewardsError::NoWeight);
    i.world.land(&[staking::restake(client, stake), enter]);
    assert_eq!(weights(&i, &stake), (0, 400));
}

#[test]
fn refuses_a_stake_that_was_slashed_to_nothing() {
    let (mut i, stake, enter) = ready();
    let (authority, mint) = (i.world.authority.pubkey(), i.world.mint);
    i.world.land(&[staking::update_settings(authority, &mint, i.slash_destination, 10_000, 86_400)]);
    i.slash(stake, 99);
    let mut lone = i.clone();
    lone.world.land(from_ref(&enter));
    assert_eq!(weights(&lone, &stake), (0, 4));
    i.slash(stake, 1);
    i.world.refuse(&[enter], RewardsError::NoWeight);
}

#[test]
fn refuses_an_account_that_is_no_stake() {
    let (mut i, _, _) = ready();
    let client = i.world.client.pubkey();
    for (fake, error) in [
        (i.settings, InstructionError::InvalidAccountData),
        (i.pool, InstructionError::IllegalOwner),
        (i.tokens_of(&client), InstructionError::IllegalOwner),
        (keypair_for("nobody").pubkey(), InstructionError::UninitializedAccount),
    ] {
        i.world.refuse_with(&[rewards::enter(client, fake, i.pool)], error);
    }
}

#[test]
fn refuses_a_stake_that_is_closed() {
    let (mut i, stake, enter) = ready();
    let client = i.world.client.pubkey();
    close(&mut i, client, stake);
    i.world.refuse_with(&[enter], InstructionError::UninitializedAccount);
}

#[test]
fn refuses_an_account_that_is_no_pool() {
    let (mut i, stake, enter) = ready();
    let client = i.world.client.pubkey();
    i.world.land(&[enter]);
    let position = position_of(&i, &stake);
    for (fake, error) in [
        (position, InstructionError::InvalidAccountData),
        (i.settings, InstructionError::IllegalOwner),
        (keypair_for("nobody").pubkey(), InstructionError::UninitializedAccount),
    ] {
        i.world.refuse_with(&[rewards::enter(client, stake, fake)], error);
    }
}

#[test]
fn refuses_another_address_for_the_position() {
    let (mut i, _, enter) = ready();
    let client = i.world.client.pubkey();
    let other = i.stake(client, 1, 100);
    let side = side(&mut i);
    for fake in [
        position_of(&i, &other),
        rewards::position_address(&side.pool, &enter.accounts[1].pubkey).0,
        keypair_for("nobody").pubkey(),
    ] {
        let mut enter = enter.clone();
        enter.accounts[3].pubkey = fake;
        i.world.refuse_with(&[enter], InstructionError::InvalidSeeds);
    }
}
