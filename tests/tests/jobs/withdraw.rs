//! `withdraw`

use grid_client::{address, instruction};
use grid_jobs::{GridError, Project};
use grid_tests::{
    World, assert_event, assert_ledger, keypair_for,
    world::{DEPOSIT, TOKENS},
};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// The token account of a wallet, in the world's mint.
fn tokens_of(world: &World, wallet: Address) -> Address {
    address::token_account(&wallet, world.mint)
}

/// The client withdraws to its own token account.
fn withdraw(world: &World, amount_atoms: u64) -> Instruction {
    let client = world.client.pubkey();
    let destination = tokens_of(world, client);
    instruction::withdraw(client, world.project, world.mint, destination, amount_atoms)
}

#[test]
fn moves_tokens_out_of_the_balance() {
    let mut world = World::new();
    let (project, market, device) = (world.project(), world.raw(&world.market), world.raw(&world.device));
    let (vault, client) = (world.vault_tokens(), world.client.pubkey());
    let (tokens, lamports) = (world.tokens(&client), world.lamports(&client));

    let landed = world.land(&[withdraw(&world, 7)]);

    assert_eq!(world.project(), Project { balance: (DEPOSIT - 7).into(), ..project });
    assert_eq!(world.vault_tokens(), vault - 7);
    assert_eq!(world.tokens(&client), tokens + 7);
    assert_eq!(world.lamports(&client), lamports);
    assert_eq!((world.raw(&world.market), world.raw(&world.device)), (market, device));
    assert_event!(
        landed,
        Withdrawn {
            project: world.project,
            destination: tokens_of(&world, client),
            amount_atoms: 7,
            balance_after_atoms: DEPOSIT - 7,
        }
    );
    assert_ledger(&world, 0);
}

#[test]
fn takes_any_amount_up_to_the_balance() {
    let world = World::new();
    for amount in [1, DEPOSIT - 1, DEPOSIT] {
        let mut world = world.clone();
        world.land(&[withdraw(&world, amount)]);
        assert_eq!(world.project().balance, DEPOSIT - amount);
        assert_ledger(&world, 0);
    }
}

#[test]
fn refuses_nothing_and_more_than_the_balance() {
    let mut world = World::new();
    world.refuse(&[withdraw(&world, 0)], GridError::ZeroAmount);
    for amount in [DEPOSIT + 1, u64::MAX] {
        world.refuse(&[withdraw(&world, amount)], GridError::InsufficientBalance);
    }
}

#[test]
fn leaves_what_others_own_in_the_vault() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    world.list(2);
    let balance = world.project().balance.get();
    world.donate(1);
    world.refuse(&[withdraw(&world, balance + 1)], GridError::InsufficientBalance);
    world.land(&[withdraw(&world, balance)]);
    world.refuse(&[withdraw(&world, 1)], GridError::InsufficientBalance);
    assert_ledger(&world, 1);
}

#[test]
fn pays_any_account_of_the_owners_choice() {
    let mut world = World::new();
    let stranger = world.stranger.pubkey();
    let mut withdraw = withdraw(&world, 5);
    withdraw.accounts[4].pubkey = tokens_of(&world, stranger);
    world.land(&[withdraw]);
    assert_eq!(world.tokens(&stranger), TOKENS + 5);
    assert_ledger(&world, 0);
}

#[test]
fn happens_once() {
    let mut world = World::new();
    let withdraw = withdraw(&world, DEPOSIT);
    world.refuse(&[withdraw.clone(), withdraw.clone()], GridError::InsufficientBalance);
    world.land(from_ref(&withdraw));
    world.refuse(&[withdraw], GridError::InsufficientBalance);
}

#[test]
fn refuses_another_owner() {
    let mut world = World::new();
    let mut withdraw = withdraw(&world, 1);
    withdraw.accounts[0].pubkey = world.stranger.pubkey();
    world.refuse(&[withdraw], GridError::NotProjectOwner);
}

#[test]
fn refuses_another_mint() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let client = world.client.pubkey();
    let destination = address::token_account(&client, other);
    let withdraw = instruction::withdraw(client, world.project, other, destination, 1);
    world.refuse(&[withdraw], GridError::WrongMint);
}

#[test]
fn refuses_the_vault_of_another_mint_and_no_vault_at_all() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    for fake in
        [address::vault(&other).0, tokens_of(&world, world.stranger.pubkey()), keypair_for("nobody").pubkey()]
    {
        let mut withdraw = withdraw(&world, 1);
        withdraw.accounts[3].pubkey = fake;
        world.refuse_with(&[withdraw], InstructionError::InvalidSeeds);
    }
}

#[test]
fn refuses_a_destination_of_another_mint() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let mut withdraw = withdraw(&world, 1);
    withdraw.accounts[4].pubkey = address::token_account(&world.client.pubkey(), other);
    // MintMismatch of the token program.
    world.refuse_with(&[withdraw], InstructionError::Custom(3));
}

#[test]
fn refuses_the_vault_as_the_destination() {
    let mut world = World::new();
    let mut withdraw = withdraw(&world, 1);
    withdraw.accounts[4].pubkey = address::vault(&world.mint).0;
    // ConstraintDuplicateMutableAccount of Anchor.
    world.refuse_with(&[withdraw], InstructionError::Custom(2040));
}

#[test]
fn refuses_a_destination_that_does_not_exist() {
    let mut world = World::new();
    let mut withdraw = withdraw(&world, 1);
    withdraw.accounts[4].pubkey = keypair_for("nobody").pubkey();
    world.refuse_with(&[withdraw], InstructionError::InvalidAccountData);
}

#[test]
fn refuses_a_destination_that_is_no_token_account() {
    let mut world = World::new();
    for address in [world.market, world.device, world.stranger.pubkey()] {
        let mut withdraw = withdraw(&world, 1);
        withdraw.accounts[4].pubkey = address;
        world.refuse_with(&[withdraw], InstructionError::InvalidAccountData);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[withdraw(&world, 5)]);
}
