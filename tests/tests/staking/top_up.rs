//! `top_up`

use crate::support::*;
use grid_client::{address, staking, token};
use grid_staking::{Stake, StakingError, constants::MAX_STAKE_ATOMS};
use grid_tests::{assert_event, keypair_for, world::TOKENS};
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

#[test]
fn adds_tokens_and_weight() {
    let (mut i, stake) = staked();
    i.world.network.advance(1_000);
    next_slot(&mut i);
    let (client, before) = (i.world.client.pubkey(), i.stake_of(&stake));
    let (tokens, vault, top_up) = (i.tokens_of(&client), vault(&i), top_up(&i, stake, 365));

    let landed = land_changing(&mut i, &[top_up], &[stake, vault, tokens]);

    let weight = WEIGHT + 407;
    assert_eq!(
        i.stake_of(&stake),
        Stake { total_atoms: (AMOUNT + 365).into(), weight: weight.into(), ..before }
    );
    assert_eq!((i.staking_vault(), i.world.tokens(&client)), (AMOUNT + 365, TOKENS - AMOUNT - 365));
    assert_event!(
        landed,
        StakeToppedUp {
            stake: stake,
            amount_atoms: 365_u64,
            total_after_atoms: AMOUNT + 365,
            weight_after: weight,
        }
    );
}

#[test]
fn many_small_ones_weigh_what_one_large_one_does() {
    let (mut i, stake) = staked();
    let mut leap = i.clone();
    leap.world.land(&[top_up(&i, stake, 60)]);
    for amount in [1, 2, 3, 4, 5, 6, 7, 8, 9, 15] {
        i.world.land(&[top_up(&i, stake, amount)]);
    }
    assert_eq!(state(&i.world), state(&leap.world));
}

#[test]
fn refuses_nothing_and_more_than_a_stake_may_have() {
    let (mut i, stake) = staked();
    let (mint, client) = (i.world.mint, i.world.client.pubkey());
    i.world.give_tokens(&mint, &client, u64::MAX - 4 * TOKENS);
    let zero = top_up(&i, stake, 0);
    refuse(&mut i, &[zero], StakingError::ZeroAmount);
    for amount in [MAX_STAKE_ATOMS - AMOUNT + 1, MAX_STAKE_ATOMS, u64::MAX - AMOUNT, u64::MAX] {
        let over = top_up(&i, stake, amount);
        refuse(&mut i, &[over], StakingError::StakeTooLarge);
    }
    i.world.land(&[top_up(&i, stake, MAX_STAKE_ATOMS - AMOUNT)]);
    assert_eq!(i.stake_of(&stake).total_atoms, MAX_STAKE_ATOMS);
    assert_eq!(i.stake_of(&stake).weight, weight(MAX_STAKE_ATOMS, 1_209_600));
    let over = top_up(&i, stake, 1);
    refuse(&mut i, &[over], StakingError::StakeTooLarge);
}

#[test]
fn needs_the_whole_amount_in_the_source() {
    let (mut i, stake) = staked();
    let over = top_up(&i, stake, TOKENS - AMOUNT + 1);
    refuse_with(&mut i, &[over], TOO_LITTLE);
    i.world.land(&[top_up(&i, stake, TOKENS - AMOUNT)]);
    assert_eq!((i.staking_vault(), i.world.tokens(&i.world.client.pubkey())), (TOKENS, 0));
}

#[test]
fn refuses_a_stake_that_is_unstaking_however_long() {
    let (mut i, stake) = unstaking();
    for seconds in [0, 1, 1_209_600, 1_000_000_000] {
        i.world.network.advance(seconds);
        let top_up = top_up(&i, stake, 1);
        refuse(&mut i, &[top_up], StakingError::Unstaking);
    }
    i.world.land(&[restake(&i, stake), top_up(&i, stake, 1)]);
    assert_eq!(i.stake_of(&stake).total_atoms, AMOUNT + 1);
}

#[test]
fn names_the_amount_before_the_state() {
    let (mut i, stake) = unstaking();
    let zero = top_up(&i, stake, 0);
    refuse(&mut i, &[zero], StakingError::ZeroAmount);
}

#[test]
fn fills_a_stake_that_was_slashed_to_nothing() {
    let (mut i, stake) = staked();
    i.world.land(&[update(&i, 10_000, 3_600)]);
    i.slash(stake, AMOUNT);
    let before = i.stake_of(&stake);
    assert_eq!((before.total_atoms, before.weight), (0.into(), 0.into()));
    i.world.land(&[top_up(&i, stake, 365)]);
    assert_eq!(i.stake_of(&stake), Stake { total_atoms: 365.into(), weight: 407.into(), ..before });
}

#[test]
fn each_of_two_counts() {
    let (mut i, stake) = staked();
    let top_up = top_up(&i, stake, 5);
    i.world.land(&[top_up.clone(), top_up.clone()]);
    i.world.land(&[top_up]);
    assert_eq!((i.stake_of(&stake).total_atoms.get(), i.staking_vault()), (AMOUNT + 15, AMOUNT + 15));
}

#[test]
fn refuses_another_owner_and_the_tokens_of_another() {
    let (mut i, stake) = staked();
    let (node, authority) = (i.world.node.pubkey(), i.world.authority.pubkey());
    let top_up = top_up(&i, stake, 1);
    let not = ours(StakingError::NotStakeOwner);
    refuse_swaps(&i, &top_up, &[(0, node, not.clone()), (0, authority, not)]);
    needs_the_signature(&mut i, &top_up);
    let nodes = i.tokens_of(&node);
    refuse_swaps(&i, &top_up, &[(3, nodes, OTHER_OWNER)]);
}

#[test]
fn refuses_mint_source_and_vault_of_another_mint() {
    let (mut i, stake) = staked();
    let other = other_mint(&mut i);
    let (client, mint, settings) = (i.world.client.pubkey(), i.world.mint, i.settings);
    let forged_stake = forge(&mut i, &stake, "forged stake", grid_jobs::ID);
    let top_up = top_up(&i, stake, 1);
    let wrong_vault = ours(StakingError::WrongVault);
    let (own, vault) = (i.tokens_of(&client), vault(&i));
    refuse_swaps(
        &i,
        &top_up,
        &[
            (1, forged_stake, InstructionError::IllegalOwner),
            (1, settings, InstructionError::InvalidAccountData),
            (2, other, OTHER_MINT),
            (2, settings, OTHER_MINT),
            (3, address::token_account(&client, other), OTHER_MINT),
            (3, vault, TWICE),
            (3, keypair_for("nobody").pubkey(), InstructionError::InvalidAccountData),
            (4, staking::vault_address(&other).0, wrong_vault.clone()),
            (4, address::vault(&mint).0, wrong_vault),
            (4, own, TWICE),
            (5, token::PROGRAM_2022_ID, InstructionError::IncorrectProgramId),
            (5, grid_jobs::ID, InstructionError::IncorrectProgramId),
        ],
    );
}

#[test]
fn refuses_everything_of_another_mint_together() {
    let (mut i, stake) = staked();
    let other = other_mint(&mut i);
    let client = i.world.client.pubkey();
    let top_up = staking::top_up(client, address::token_account(&client, other), stake, other, 1);
    refuse(&mut i, &[top_up], StakingError::WrongVault);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (i, stake) = staked();
    ignores_donations(&i, top_up(&i, stake, 5));
}
