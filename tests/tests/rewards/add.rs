//! `add`

use crate::support::*;
use grid_client::{address, rewards, token};
use grid_rewards::{Pool, RewardsError};
use grid_tests::{assert_event, keypair_for, world::TOKENS};
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_signer::Signer;

#[test]
fn waits_while_no_weight_earns() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = enter(&mut i, client, 0, 256);
    let (pool, position) = (i.pool(), i.position(&stake));
    let stranger = i.world.stranger.pubkey();
    let lamports = i.world.lamports(&stranger);

    let landed = i.add(1_000);

    assert_eq!(i.pool(), Pool { waiting_atoms: 1_000.into(), ..pool });
    assert_eq!(i.position(&stake), position);
    assert_eq!((i.rewards_vault(), i.world.tokens(&stranger)), (1_000, TOKENS - 1_000));
    assert_eq!(i.world.lamports(&stranger), lamports);
    assert_event!(
        landed,
        RewardsAdded {
            pool: i.pool,
            amount_atoms: 1_000,
            index_after: 0_u128,
            total_weight: 0,
            waiting_after_atoms: 1_000,
        }
    );
    i.add(1);
    assert_eq!(books(&i), (1_001, 0, 0));
    assert_books(&i, 0);
}

#[test]
fn is_shared_out_among_the_weight_that_earns() {
    let mut i = incentives();
    let (client, stranger) = (i.world.client.pubkey(), i.world.stranger.pubkey());
    let stake = active(&mut i, client, 0, 256);
    let (pool, position) = (i.pool(), i.position(&stake));

    let landed = i.add(1_000);

    let index = (1_000_u128 << 64) / 1_024;
    assert_eq!(i.pool(), Pool { index: index.into(), shared_atoms: 1_000.into(), ..pool });
    assert_eq!(i.position(&stake), position);
    assert_eq!((i.rewards_vault(), i.world.tokens(&stranger)), (1_000, TOKENS - 1_000));
    assert_event!(
        landed,
        RewardsAdded {
            pool: i.pool,
            amount_atoms: 1_000,
            index_after: index,
            total_weight: 1_024,
            waiting_after_atoms: 0,
        }
    );
    i.add(24);
    assert_eq!(i.pool().index, 1_u128 << 64);
    assert_eq!(books(&i), (0, 1_024, 0));
    assert_books(&i, 0);
}

#[test]
fn rounds_the_index_down() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    active(&mut i, client, 0, 3);
    i.add(1);
    assert_eq!(i.pool().index, (1_u128 << 64) / 12);
    i.add(1);
    assert_eq!(i.pool().index, 2 * ((1_u128 << 64) / 12));
    assert_books(&i, 0);
}

#[test]
fn takes_an_atom_and_everything_that_the_source_has() {
    for amount in [1, TOKENS - 1, TOKENS] {
        let mut i = incentives();
        i.add(amount);
        assert_eq!(books(&i), (amount, 0, 0));
        assert_books(&i, 0);
    }
}

#[test]
fn refuses_nothing_and_more_than_the_source_has() {
    let mut i = incentives();
    i.world.refuse(&[add(&i, 0)], RewardsError::ZeroAmount);
    // InsufficientFunds of the token program.
    for amount in [TOKENS + 1, u64::MAX] {
        i.world.refuse_with(&[add(&i, amount)], InstructionError::Custom(1));
    }
}

#[test]
fn refuses_an_amount_that_does_not_fit_on_top() {
    let mut i = incentives();
    i.add(1);
    i.world.refuse(&[add(&i, u64::MAX)], RewardsError::Overflow);
    i.world.refuse_with(&[add(&i, u64::MAX - 1)], InstructionError::Custom(1));
    let client = i.world.client.pubkey();
    active(&mut i, client, 0, 1);
    assert_eq!(books(&i), (0, 1, 0));
    i.world.refuse(&[add(&i, u64::MAX)], RewardsError::Overflow);
    i.world.refuse_with(&[add(&i, u64::MAX - 1)], InstructionError::Custom(1));
}

#[test]
fn anyone_may_pay_also_a_delegate() {
    let mut i = incentives();
    let (client, node, mint) = (i.world.client.pubkey(), i.world.node.pubkey(), i.world.mint);
    let source = i.tokens_of(&client);
    i.world.land(&[rewards::add(client, source, i.pool, mint, 5)]);
    // Approve of the token program.
    let approve = Instruction::new_with_bytes(
        token::PROGRAM_ID,
        &[&[4][..], &7_u64.to_le_bytes()].concat(),
        vec![
            AccountMeta::new(source, false),
            AccountMeta::new_readonly(node, false),
            AccountMeta::new_readonly(client, true),
        ],
    );
    i.world.land(&[approve, rewards::add(node, source, i.pool, mint, 7)]);
    assert_eq!((books(&i), i.world.tokens(&client)), ((12, 0, 0), TOKENS - 12));
    i.world.refuse_with(&[rewards::add(node, source, i.pool, mint, 1)], InstructionError::Custom(4));
    assert_books(&i, 0);
}

#[test]
fn refuses_tokens_of_somebody_else() {
    let mut i = incentives();
    let (client, stranger, mint) = (i.world.client.pubkey(), i.world.stranger.pubkey(), i.world.mint);
    // OwnerMismatch of the token program.
    i.world.refuse_with(
        &[rewards::add(stranger, i.tokens_of(&client), i.pool, mint, 1)],
        InstructionError::Custom(4),
    );
}

#[test]
fn refuses_without_the_payers_signature() {
    let mut i = incentives();
    let mut add = add(&i, 1);
    add.accounts[0].is_signer = false;
    i.world.refuse_with(&[add], InstructionError::MissingRequiredSignature);
}

#[test]
fn refuses_the_vault_as_the_source() {
    let mut i = incentives();
    i.add(5);
    let (stranger, mint, vault) =
        (i.world.stranger.pubkey(), i.world.mint, rewards::vault_address(&i.pool).0);
    // ConstraintDuplicateMutableAccount of Anchor.
    let add = rewards::add(stranger, vault, i.pool, mint, 1);
    i.world.refuse_with(&[add], InstructionError::Custom(2040));
}

#[test]
fn refuses_another_mint() {
    let mut i = incentives();
    let side = side(&mut i);
    let stranger = i.world.stranger.pubkey();
    let source = address::token_account(&stranger, side.mint);
    i.world.refuse(&[rewards::add(stranger, source, i.pool, side.mint, 1)], RewardsError::WrongMint);
    let mut add = add(&i, 1);
    add.accounts[3].pubkey = source;
    // MintMismatch of the token program.
    i.world.refuse_with(&[add], InstructionError::Custom(3));
}

#[test]
fn refuses_another_vault() {
    let mut i = incentives();
    let side = side(&mut i);
    let stakes = grid_client::staking::vault_address(&i.world.mint).0;
    let clients = i.tokens_of(&i.world.client.pubkey());
    for fake in [rewards::vault_address(&side.pool).0, stakes, clients, keypair_for("nobody").pubkey()] {
        let mut add = add(&i, 1);
        add.accounts[4].pubkey = fake;
        i.world.refuse(&[add], RewardsError::WrongVault);
    }
}

#[test]
fn refuses_an_account_that_is_no_pool() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    let stake = enter(&mut i, client, 0, 256);
    for (fake, error) in [
        (position_of(&i, &stake), InstructionError::InvalidAccountData),
        (stake, InstructionError::IllegalOwner),
        (keypair_for("nobody").pubkey(), InstructionError::AccountDataTooSmall),
    ] {
        let mut add = add(&i, 1);
        add.accounts[1].pubkey = fake;
        i.world.refuse_with(&[add], error);
    }
}

#[test]
fn refuses_a_source_that_is_no_token_account() {
    let mut i = incentives();
    for fake in [keypair_for("nobody").pubkey(), i.settings, i.world.stranger.pubkey()] {
        let mut add = add(&i, 1);
        add.accounts[3].pubkey = fake;
        i.world.refuse_with(&[add], InstructionError::InvalidAccountData);
    }
}

#[test]
fn refuses_another_program_for_the_token_program() {
    let mut i = incentives();
    for program in [token::PROGRAM_2022_ID, solana_sdk_ids::system_program::ID, grid_rewards::ID] {
        let mut add = add(&i, 1);
        add.accounts[5].pubkey = program;
        i.world.refuse_with(&[add], InstructionError::IncorrectProgramId);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let mut i = incentives();
    let client = i.world.client.pubkey();
    donate(&mut i, 7);
    let stake = active(&mut i, client, 0, 256);
    i.add(1_024);
    donate(&mut i, 5);
    assert_eq!(i.claim(stake), 1_024);
    assert_eq!((books(&i), i.rewards_vault()), ((0, 0, 0), 12));
    assert_books(&i, 12);
}
