//! `claim`

use crate::support::*;
use grid_client::{address, rewards, staking, token};
use grid_rewards::{Pool, Position, RewardsError};
use grid_tests::{Incentives, assert_event, keypair_for, network::GENESIS, world::TOKENS};
use solana_address::Address;
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

/// Active weights of 1,024 of the client and 3,072 of the node, and 4,096 atoms shared out among them.
fn ready() -> (Incentives, Address, Address) {
    let mut i = incentives();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (ours, theirs) = (enter(&mut i, client, 0, 256), enter(&mut i, node, 0, 768));
    wait(&mut i, DAY);
    sync(&mut i, &ours);
    sync(&mut i, &theirs);
    i.add(4_096);
    (i, ours, theirs)
}

#[test]
fn pays_what_has_been_earned() {
    let (mut i, ours, theirs) = ready();
    let client = i.world.client.pubkey();
    let (pool, position, other) = (i.pool(), i.position(&ours), i.position(&theirs));
    let (tokens, lamports, stake) = (i.world.tokens(&client), i.world.lamports(&client), i.stake_of(&ours));

    let landed = i.world.land(&[claim(&i, ours)]);

    assert_eq!(i.pool(), Pool { shared_atoms: 3_072.into(), ..pool });
    assert_eq!(i.position(&ours), Position { index: pool.index, ..position });
    assert_eq!((i.position(&theirs), i.stake_of(&ours)), (other, stake));
    assert_eq!(i.world.tokens(&client), tokens + 1_024);
    assert_eq!(i.rewards_vault(), 3_072);
    assert_eq!(i.world.lamports(&client), lamports);
    assert_event!(
        landed,
        RewardsClaimed {
            position: position_of(&i, &ours),
            destination: i.tokens_of(&client),
            amount_atoms: 1_024,
            active_weight: 1_024,
            pending_weight: 0,
        }
    );
    assert_books(&i, 0);
}

#[test]
fn pays_what_earlier_looks_credited() {
    let (mut i, ours, _) = ready();
    sync(&mut i, &ours);
    i.add(4_096);
    sync(&mut i, &ours);
    i.add(4);
    assert_eq!(i.claim(ours), 2_049);
    assert_books(&i, 0);
}

#[test]
fn activates_weight_that_has_waited() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = active(&mut i, client, 0, 256);
    let (source, mint) = (i.tokens_of(&client), i.world.mint);
    i.world.land(&[staking::top_up(client, source, stake, mint, 256)]);
    sync(&mut i, &stake);
    i.add(1_024);
    wait(&mut i, DAY);
    let landed = i.world.land(&[claim(&i, stake)]);
    assert_event!(
        landed,
        RewardsClaimed {
            position: position_of(&i, &stake),
            destination: source,
            amount_atoms: 1_024,
            active_weight: 2_048,
            pending_weight: 0,
        }
    );
    assert_eq!(i.position(&stake).pending_since, GENESIS + DAY);
    assert_eq!(i.pool().total_weight, 2_048);
    assert_books(&i, 0);
}

#[test]
fn the_first_claim_activates_and_fails_as_nothing_was_earned() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = enter(&mut i, client, 0, 256);
    i.add(1_024);
    wait(&mut i, DAY);
    i.world.refuse(&[claim(&i, stake)], RewardsError::NothingEarned);
    assert_eq!(weights(&i, &stake), (0, 1_024));
    sync(&mut i, &stake);
    assert_eq!(i.claim(stake), 1_024);
}

#[test]
fn happens_once() {
    let (mut i, ours, _) = ready();
    let claim = claim(&i, ours);
    i.world.refuse(&[claim.clone(), claim.clone()], RewardsError::NothingEarned);
    i.world.land(std::slice::from_ref(&claim));
    i.world.refuse(&[claim], RewardsError::NothingEarned);
    assert_books(&i, 0);
}

#[test]
fn refuses_when_less_than_an_atom_was_earned() {
    let mut i = incentives();
    let (client, node) = (i.world.client.pubkey(), i.world.node.pubkey());
    let (ours, theirs) = (enter(&mut i, client, 0, 256), enter(&mut i, node, 0, 768));
    wait(&mut i, DAY);
    sync(&mut i, &ours);
    sync(&mut i, &theirs);
    i.add(3);
    i.world.refuse(&[claim(&i, ours)], RewardsError::NothingEarned);
    i.add(1);
    assert_eq!(i.claim(ours), 1);
    assert_books(&i, 0);
}

#[test]
fn pays_while_the_stake_is_released_and_after_it_is_closed() {
    let (mut i, ours, theirs) = ready();
    let client = i.world.client.pubkey();
    sync(&mut i, &ours);
    let mut released = i.clone();
    released.world.land(&[staking::unstake(client, ours)]);
    assert_eq!(released.claim(ours), 1_024);
    assert_books(&released, 0);
    close(&mut i, client, ours);
    let before = i.world.tokens(&client);
    i.world.land(&[claim(&i, ours)]);
    assert_eq!(i.world.tokens(&client), before + 1_024);
    assert_eq!(i.claim(theirs), 3_072);
    assert_books(&i, 0);
}

#[test]
fn pays_any_account_of_the_owners_choice() {
    let (mut i, ours, _) = ready();
    let stranger = i.world.stranger.pubkey();
    let mut claim = claim(&i, ours);
    claim.accounts[6].pubkey = i.tokens_of(&stranger);
    i.world.land(&[claim]);
    assert_eq!(i.world.tokens(&stranger), TOKENS - 4_096 + 1_024);
    assert_books(&i, 0);
}

#[test]
fn refuses_a_stranger() {
    let (mut i, ours, _) = ready();
    for key in [i.world.stranger.pubkey(), i.world.node.pubkey(), i.world.authority.pubkey()] {
        let mut claim = claim(&i, ours);
        claim.accounts[0].pubkey = key;
        i.world.refuse(&[claim], RewardsError::NotPositionOwner);
    }
}

#[test]
fn refuses_without_the_owners_signature() {
    let (mut i, ours, _) = ready();
    let mut claim = claim(&i, ours);
    claim.accounts[0].is_signer = false;
    i.world.refuse_with(&[claim], InstructionError::MissingRequiredSignature);
}

#[test]
fn refuses_another_pool() {
    let (mut i, ours, _) = ready();
    let side = side(&mut i);
    let client = i.world.client.pubkey();
    let mut claim =
        rewards::claim(client, ours, side.pool, side.mint, address::token_account(&client, side.mint));
    claim.accounts[2].pubkey = position_of(&i, &ours);
    i.world.refuse(&[claim], RewardsError::WrongPool);
}

#[test]
fn refuses_another_stake() {
    let (mut i, ours, theirs) = ready();
    let second = i.stake(i.world.client.pubkey(), 1, 1_000_000);
    for fake in [theirs, second, keypair_for("nobody").pubkey()] {
        let mut claim = claim(&i, ours);
        claim.accounts[3].pubkey = fake;
        i.world.refuse(&[claim], RewardsError::WrongStake);
    }
}

#[test]
fn refuses_another_mint() {
    let (mut i, ours, _) = ready();
    let side = side(&mut i);
    let mut wrong = claim(&i, ours);
    wrong.accounts[4].pubkey = side.mint;
    i.world.refuse(&[wrong], RewardsError::WrongMint);
    let mut claim = claim(&i, ours);
    claim.accounts[6].pubkey = address::token_account(&i.world.client.pubkey(), side.mint);
    // MintMismatch of the token program.
    i.world.refuse_with(&[claim], InstructionError::Custom(3));
}

#[test]
fn refuses_another_vault() {
    let (mut i, ours, _) = ready();
    let side = side(&mut i);
    let stakes = staking::vault_address(&i.world.mint).0;
    let theirs = i.tokens_of(&i.world.node.pubkey());
    for fake in [stakes, rewards::vault_address(&side.pool).0, theirs, keypair_for("nobody").pubkey()] {
        let mut claim = claim(&i, ours);
        claim.accounts[5].pubkey = fake;
        i.world.refuse(&[claim], RewardsError::WrongVault);
    }
}

#[test]
fn refuses_the_vault_as_the_destination() {
    let (mut i, ours, _) = ready();
    let mut claim = claim(&i, ours);
    claim.accounts[6].pubkey = rewards::vault_address(&i.pool).0;
    // ConstraintDuplicateMutableAccount of Anchor.
    i.world.refuse_with(&[claim], InstructionError::Custom(2040));
}

#[test]
fn refuses_a_destination_that_is_no_token_account() {
    let (mut i, ours, _) = ready();
    for fake in [keypair_for("nobody").pubkey(), i.settings, i.world.stranger.pubkey()] {
        let mut claim = claim(&i, ours);
        claim.accounts[6].pubkey = fake;
        i.world.refuse_with(&[claim], InstructionError::InvalidAccountData);
    }
}

#[test]
fn refuses_a_position_that_does_not_exist() {
    let (mut i, ours, _) = ready();
    let (client, mint) = (i.world.client.pubkey(), i.world.mint);
    let without = i.stake(client, 9, 100);
    let missing = rewards::claim(client, without, i.pool, mint, i.tokens_of(&client));
    i.world.refuse_with(&[missing], InstructionError::AccountDataTooSmall);
    let exited = claim(&i, ours);
    i.world.land(&[exited.clone(), rewards::exit(client, ours, i.pool)]);
    i.world.refuse_with(&[exited], InstructionError::AccountDataTooSmall);
}

#[test]
fn refuses_a_clock_that_is_none() {
    let (mut i, ours, _) = ready();
    let mut claim = claim(&i, ours);
    claim.accounts[7].pubkey = keypair_for("nobody").pubkey();
    // ConstraintAddress of Anchor.
    i.world.refuse_with(&[claim], InstructionError::Custom(2012));
}

#[test]
fn refuses_another_program_for_the_token_program() {
    let (mut i, ours, _) = ready();
    for program in [token::PROGRAM_2022_ID, solana_sdk_ids::system_program::ID, grid_rewards::ID] {
        let mut claim = claim(&i, ours);
        claim.accounts[8].pubkey = program;
        i.world.refuse_with(&[claim], InstructionError::IncorrectProgramId);
    }
}

#[test]
fn leaves_what_others_earned_and_what_strangers_sent() {
    let (mut i, ours, theirs) = ready();
    donate(&mut i, 9);
    assert_eq!(i.claim(ours), 1_024);
    assert_eq!(i.rewards_vault(), 3_072 + 9);
    assert_eq!(i.claim(theirs), 3_072);
    assert_eq!((books(&i), i.rewards_vault()), ((0, 0, 0), 9));
}
