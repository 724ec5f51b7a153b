//! `deposit`

use grid_client::{address, instruction, token};
use grid_jobs::{GridError, Project};
use grid_tests::{
    World, assert_event, assert_ledger, keypair_for,
    world::{DEPOSIT, TOKENS},
};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;

/// The token account of a wallet, in the world's mint.
fn tokens_of(world: &World, wallet: Address) -> Address {
    address::token_account(&wallet, world.mint)
}

/// The stranger deposits into the client's project.
fn deposit(world: &World, amount_atoms: u64) -> Instruction {
    let stranger = world.stranger.pubkey();
    let source = tokens_of(world, stranger);
    instruction::deposit(stranger, source, world.project, world.mint, amount_atoms)
}

#[test]
fn moves_tokens_of_anyone_into_the_balance() {
    let mut world = World::new();
    let (project, market, device) = (world.project(), world.raw(&world.market), world.raw(&world.device));
    let (vault, stranger) = (world.vault_tokens(), world.stranger.pubkey());
    let lamports = world.lamports(&stranger);

    let landed = world.land(&[deposit(&world, 7)]);

    assert_eq!(world.project(), Project { balance: (DEPOSIT + 7).into(), ..project });
    assert_eq!(world.vault_tokens(), vault + 7);
    assert_eq!(world.tokens(&stranger), TOKENS - 7);
    assert_eq!(world.lamports(&stranger), lamports);
    assert_eq!((world.raw(&world.market), world.raw(&world.device)), (market, device));
    assert_event!(
        landed,
        Deposited {
            project: world.project,
            depositor: stranger,
            amount_atoms: 7,
            balance_after_atoms: DEPOSIT + 7,
        }
    );
    assert_ledger(&world, 0);
}

#[test]
fn takes_any_amount_that_the_source_holds() {
    let world = World::new();
    for amount in [1, TOKENS - 1, TOKENS] {
        let mut world = world.clone();
        world.land(&[deposit(&world, amount)]);
        assert_eq!(world.project().balance, DEPOSIT + amount);
        assert_eq!(world.tokens(&world.stranger.pubkey()), TOKENS - amount);
        assert_ledger(&world, 0);
    }
}

#[test]
fn refuses_nothing_and_more_than_the_source_holds() {
    let mut world = World::new();
    world.refuse(&[deposit(&world, 0)], GridError::ZeroAmount);
    // InsufficientFunds of the token program.
    world.refuse_with(&[deposit(&world, TOKENS + 1)], InstructionError::Custom(1));
    world.refuse_with(&[deposit(&world, u64::MAX - DEPOSIT)], InstructionError::Custom(1));
}

#[test]
fn refuses_a_balance_that_does_not_fit() {
    let mut world = World::new();
    world.refuse(&[deposit(&world, u64::MAX)], GridError::Overflow);
    world.refuse(&[deposit(&world, u64::MAX - DEPOSIT + 1)], GridError::Overflow);
    world.edit::<Project>(world.project, |p| p.balance = (u64::MAX - TOKENS).into());
    world.land(&[deposit(&world, TOKENS)]);
    assert_eq!(world.project().balance, u64::MAX);
}

#[test]
fn adds_up_in_one_transaction() {
    let mut world = World::new();
    world.land(&[deposit(&world, 1), deposit(&world, 1), deposit(&world, 2)]);
    assert_eq!(world.project().balance, DEPOSIT + 4);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_a_source_of_someone_else() {
    let mut world = World::new();
    let mut deposit = deposit(&world, 1);
    deposit.accounts[4].pubkey = tokens_of(&world, world.client.pubkey());
    // OwnerMismatch of the token program.
    world.refuse_with(&[deposit], InstructionError::Custom(4));
}

#[test]
fn refuses_a_source_of_another_mint() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let mut deposit = deposit(&world, 1);
    deposit.accounts[4].pubkey = address::token_account(&world.stranger.pubkey(), other);
    // MintMismatch of the token program.
    world.refuse_with(&[deposit], InstructionError::Custom(3));
}

#[test]
fn refuses_another_mint() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let stranger = world.stranger.pubkey();
    let source = address::token_account(&stranger, other);
    let deposit = instruction::deposit(stranger, source, world.project, other, 1);
    world.refuse(&[deposit], GridError::WrongMint);
}

#[test]
fn refuses_the_vault_of_another_mint_and_no_vault_at_all() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    for fake in [
        address::vault(&other).0,
        tokens_of(&world, world.stranger.pubkey()),
        tokens_of(&world, world.client.pubkey()),
        keypair_for("nobody").pubkey(),
    ] {
        let mut deposit = deposit(&world, 1);
        deposit.accounts[4].pubkey = tokens_of(&world, world.node.pubkey());
        deposit.accounts[5].pubkey = fake;
        world.refuse_with(&[deposit], InstructionError::InvalidSeeds);
    }
}

#[test]
fn refuses_the_vault_as_the_source() {
    let mut world = World::new();
    let mut deposit = deposit(&world, 1);
    deposit.accounts[4].pubkey = address::vault(&world.mint).0;
    // ConstraintDuplicateMutableAccount of Anchor.
    world.refuse_with(&[deposit], InstructionError::Custom(2040));
}

#[test]
fn refuses_a_source_that_does_not_exist() {
    let mut world = World::new();
    let mut deposit = deposit(&world, 1);
    deposit.accounts[4].pubkey = keypair_for("nobody").pubkey();
    world.refuse_with(&[deposit], InstructionError::InvalidAccountData);
}

#[test]
fn takes_no_more_of_a_delegate_than_it_may_spend() {
    let mut world = World::new();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    let source = tokens_of(&world, client);
    let (before, spent) = (world.tokens(&client), 10);
    let approve = Instruction::new_with_bytes(
        token::PROGRAM_ID,
        &[&[4][..], &11_u64.to_le_bytes()].concat(), // Approve
        vec![
            solana_instruction::AccountMeta::new(source, false),
            solana_instruction::AccountMeta::new_readonly(stranger, false),
            solana_instruction::AccountMeta::new_readonly(client, true),
        ],
    );
    let deposit = instruction::deposit(stranger, source, world.project, world.mint, spent);
    world.land(&[approve, deposit.clone()]);
    assert_eq!(world.tokens(&client), before - spent);
    assert_ledger(&world, 0);
    // InsufficientFunds of the token program.
    world.refuse_with(&[deposit], InstructionError::Custom(1));
}

#[test]
fn refuses_a_project_that_was_closed() {
    let mut world = World::new();
    let client = world.client.pubkey();
    let destination = tokens_of(&world, client);
    let take_all = instruction::withdraw(client, world.project, world.mint, destination, DEPOSIT);
    let close = instruction::close_project(client, world.project);
    let deposit = deposit(&world, 1);
    world.refuse_with(
        &[take_all.clone(), close.clone(), deposit.clone()],
        InstructionError::AccountDataTooSmall,
    );
    world.land(&[take_all, close]);
    world.refuse_with(&[deposit], InstructionError::AccountDataTooSmall);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[deposit(&world, 5)]);
}
