//! `withdraw`

use crate::support::*;
use grid_client::{address, staking, token};
use grid_staking::{Stake, StakingError};
use grid_tests::{assert_event, keypair_for, world::TOKENS};
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

#[test]
fn pays_what_has_been_released() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(302_400);
    let (client, before, vault) = (i.world.client.pubkey(), i.stake_of(&stake), vault(&i));
    let (tokens, withdraw) = (i.tokens_of(&client), withdraw(&i, stake));

    let landed = land_changing(&mut i, &[withdraw], &[stake, vault, tokens]);

    assert_eq!(i.stake_of(&stake), Stake { withdrawn_atoms: 250_000.into(), ..before });
    assert_eq!((i.staking_vault(), i.world.tokens(&client)), (750_000, TOKENS - 750_000));
    assert_event!(
        landed,
        StakeWithdrawn {
            stake: stake,
            destination: tokens,
            amount_atoms: 250_000_u64,
            withdrawn_after_atoms: 250_000_u64,
        }
    );
}

#[test]
fn follows_the_release_second_by_second() {
    let begun = unstaking();
    // 1,000,000 atoms in 1,209,600 seconds: floor(1,000,000 × elapsed / 1,209,600).
    for (elapsed, released) in [
        (2, 1),
        (3, 2),
        (604_799, 499_999),
        (604_800, 500_000),
        (1_209_598, 999_998),
        (1_209_599, 999_999),
        (1_209_600, 1_000_000),
        (1_209_601, 1_000_000),
        (i64::MAX / 4, 1_000_000),
    ] {
        let (mut i, stake) = begun.clone();
        i.world.network.advance(elapsed);
        assert_eq!(take_out(&mut i, stake), released, "after {elapsed} s");
    }
    let (i, stake) = begun;
    for elapsed in [i64::MIN / 4, -1, 0, 1] {
        let mut i = i.clone();
        i.world.network.advance(elapsed);
        let withdraw = withdraw(&i, stake);
        refuse(&mut i, &[withdraw], StakingError::NothingReleased);
    }
}

#[test]
fn pays_only_what_came_since_the_last_one() {
    let (mut i, stake) = unstaking();
    let mut paid = 0;
    for elapsed in [7, 20_000, 20_001, 604_800, 1_209_599, 1_209_600_i64] {
        let now = i.stake_of(&stake).unstaked_at.get() + elapsed;
        i.world.network.set_time(now);
        let expected = 1_000_000 * elapsed as u64 / 1_209_600;
        if expected > paid {
            assert_eq!(take_out(&mut i, stake), expected - paid);
            paid = expected;
        }
        let again = withdraw(&i, stake);
        refuse(&mut i, &[again], StakingError::NothingReleased);
    }
    assert_eq!((paid, i.staking_vault(), i.world.tokens(&i.world.client.pubkey())), (AMOUNT, 0, TOKENS));
    assert_eq!(i.stake_of(&stake).withdrawn_atoms, AMOUNT);
}

#[test]
fn a_second_one_in_the_same_transaction_pays_nothing() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(604_800);
    let withdraw = withdraw(&i, stake);
    refuse(&mut i, &[withdraw.clone(), withdraw], StakingError::NothingReleased);
}

#[test]
fn refuses_a_stake_that_is_not_unstaking() {
    let (mut i, stake) = staked();
    for seconds in [0, 1_209_600, 1_000_000_000] {
        i.world.network.advance(seconds);
        let withdraw = withdraw(&i, stake);
        refuse(&mut i, &[withdraw], StakingError::NotUnstaking);
    }
}

#[test]
fn pays_any_account_of_the_owners_choice() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(1_209_600);
    let stranger = i.world.stranger.pubkey();
    let mut withdraw = withdraw(&i, stake);
    withdraw.accounts[4].pubkey = i.tokens_of(&stranger);
    i.world.land(&[withdraw]);
    assert_eq!((i.world.tokens(&stranger), i.staking_vault()), (TOKENS + AMOUNT, 0));
}

#[test]
fn leaves_what_others_own_in_the_vault() {
    let (mut i, stake) = unstaking();
    let node = i.world.node.pubkey();
    i.stake(node, 0, 77);
    donate(&mut i, 3);
    i.world.network.advance(1_209_600);
    assert_eq!(take_out(&mut i, stake), AMOUNT);
    let again = withdraw(&i, stake);
    refuse(&mut i, &[again], StakingError::NothingReleased);
    assert_eq!(i.staking_vault(), 80);
}

#[test]
fn refuses_another_owner() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(604_800);
    let withdraw = withdraw(&i, stake);
    let not = ours(StakingError::NotStakeOwner);
    let (node, authority) = (i.world.node.pubkey(), i.world.authority.pubkey());
    refuse_swaps(&i, &withdraw, &[(0, node, not.clone()), (0, authority, not)]);
    needs_the_signature(&mut i, &withdraw);
}

#[test]
fn refuses_accounts_of_another_mint_and_those_that_are_none() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(604_800);
    let other = other_mint(&mut i);
    let node = i.world.node.pubkey();
    let nodes = i.stake(node, 0, AMOUNT);
    let (client, mint, settings) = (i.world.client.pubkey(), i.world.mint, i.settings);
    let forged_stake = forge(&mut i, &stake, "forged stake", grid_jobs::ID);
    let clock = solana_sdk_ids::sysvar::clock::ID;
    let forged_clock = forge(&mut i, &clock, "forged clock", solana_sdk_ids::sysvar::ID);
    let withdraw = withdraw(&i, stake);
    let wrong_vault = ours(StakingError::WrongVault);
    let (own, vault) = (i.tokens_of(&client), vault(&i));
    refuse_swaps(
        &i,
        &withdraw,
        &[
            (1, nodes, ours(StakingError::NotStakeOwner)),
            (1, forged_stake, InstructionError::IllegalOwner),
            (1, settings, InstructionError::InvalidAccountData),
            (2, other, OTHER_MINT),
            (2, settings, OTHER_MINT),
            (3, staking::vault_address(&other).0, wrong_vault.clone()),
            (3, address::vault(&mint).0, wrong_vault),
            (3, own, TWICE),
            (4, address::token_account(&client, other), OTHER_MINT),
            (4, vault, TWICE),
            (4, stake, TWICE),
            (4, client, TWICE),
            (4, keypair_for("nobody").pubkey(), InstructionError::InvalidAccountData),
            (5, solana_sdk_ids::sysvar::rent::ID, OTHER_ADDRESS),
            (5, forged_clock, OTHER_ADDRESS),
            (6, token::PROGRAM_2022_ID, InstructionError::IncorrectProgramId),
            (6, grid_jobs::ID, InstructionError::IncorrectProgramId),
        ],
    );
}

#[test]
fn refuses_everything_of_another_mint_together() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(604_800);
    let other = other_mint(&mut i);
    let client = i.world.client.pubkey();
    let withdraw = staking::withdraw(client, stake, other, address::token_account(&client, other));
    refuse(&mut i, &[withdraw], StakingError::WrongVault);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (mut i, stake) = unstaking();
    i.world.network.advance(604_800);
    ignores_donations(&i, withdraw(&i, stake));
}
