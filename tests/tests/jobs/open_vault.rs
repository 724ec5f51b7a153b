//! `open_vault`

use grid_client::{address, instruction, token};
use grid_tests::{World, assert_event, keypair_for};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// The stranger opens the vault of the world's mint.
fn open(world: &World) -> Instruction {
    instruction::open_vault(world.stranger.pubkey(), world.mint)
}

/// Bytes of a token account that holds nothing and is its own authority.
fn empty_vault(mint: &Address, vault: &Address) -> Vec<u8> {
    let mut data = vec![0; 165];
    data[..32].copy_from_slice(mint.as_ref());
    data[32..64].copy_from_slice(vault.as_ref());
    data[108] = 1; // Initialized
    data
}

#[test]
fn opens_a_token_account_that_is_its_own_authority() {
    let mut world = World::bare();
    let (vault, stranger) = (address::vault(&world.mint).0, world.stranger.pubkey());
    let (lamports, mint) = (world.lamports(&stranger), world.raw(&world.mint));

    let landed = world.land(&[open(&world)]);

    let account = world.raw(&vault);
    assert_eq!(account.owner, token::PROGRAM_ID);
    assert_eq!(account.lamports, world.rent(165));
    assert_eq!(account.data, empty_vault(&world.mint, &vault));
    assert_eq!(world.lamports(&stranger), lamports - world.rent(165));
    assert_eq!(world.raw(&world.mint), mint);
    assert_event!(landed, VaultOpened { mint: world.mint, vault: vault });
}

#[test]
fn each_mint_has_a_vault_of_its_own() {
    let mut world = World::bare();
    world.land(&[open(&world)]);
    let other = world.create_mint("other mint");
    world.land(&[instruction::open_vault(world.stranger.pubkey(), other)]);
    let vault = address::vault(&other).0;
    assert_eq!(world.raw(&vault).data, empty_vault(&other, &vault));
}

#[test]
fn happens_once() {
    let mut world = World::bare();
    // AccountAlreadyInUse of the system program.
    let in_use = InstructionError::Custom(0);
    let open = open(&world);
    world.refuse_with(&[open.clone(), open.clone()], in_use.clone());
    world.land(from_ref(&open));
    world.refuse_with(&[open], in_use);
}

#[test]
fn refuses_an_address_that_is_not_the_vaults() {
    let mut world = World::bare();
    for address in [
        address::vault(&keypair_for("nobody").pubkey()).0,
        address::token_account(&world.client.pubkey(), world.mint),
        keypair_for("nobody").pubkey(),
    ] {
        let mut open = open(&world);
        open.accounts[2].pubkey = address;
        world.refuse_with(&[open], InstructionError::InvalidSeeds);
    }
}

#[test]
fn refuses_a_mint_that_is_none() {
    let mut world = World::bare();
    let stranger = world.stranger.pubkey();
    let tokens = address::token_account(&stranger, world.mint);
    let uninitialized = keypair_for("uninitialized mint").pubkey();
    let account = Account {
        lamports: world.rent(82),
        data: vec![0; 82],
        owner: token::PROGRAM_ID,
        ..Account::default()
    };
    world.network.set(uninitialized, account);
    for (fake, error) in [
        (keypair_for("nobody").pubkey(), InstructionError::IllegalOwner),
        (world.client.pubkey(), InstructionError::IllegalOwner),
        (tokens, InstructionError::InvalidAccountData),
        (uninitialized, InstructionError::UninitializedAccount),
    ] {
        world.refuse_with(&[instruction::open_vault(stranger, fake)], error);
    }
}

#[test]
fn refuses_another_program_for_the_token_program() {
    let mut world = World::bare();
    for program in [token::PROGRAM_2022_ID, solana_sdk_ids::system_program::ID, grid_jobs::ID] {
        let mut open = open(&world);
        open.accounts[3].pubkey = program;
        world.refuse_with(&[open], InstructionError::IncorrectProgramId);
    }
}

#[test]
fn nobody_takes_tokens_out_of_it_by_the_token_program() {
    let mut world = World::new();
    let vault = address::vault(&world.mint).0;
    let stranger = world.stranger.pubkey();
    let take = token::transfer(vault, address::token_account(&stranger, world.mint), stranger, 1);
    // OwnerMismatch of the token program.
    world.refuse_with(&[take], InstructionError::Custom(4));
}
