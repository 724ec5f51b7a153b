//! `fund_bond`

use grid_client::{address, instruction};
use grid_jobs::{Device, GridError};
use grid_tests::{
    World, assert_event, assert_ledger, keypair_for,
    world::{BOND, TOKENS},
};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;

/// The token account of a wallet, in the world's mint.
fn tokens_of(world: &World, wallet: Address) -> Address {
    address::token_account(&wallet, world.mint)
}

/// The stranger pays into the bond of the node's device.
fn fund(world: &World, amount_atoms: u64) -> Instruction {
    let stranger = world.stranger.pubkey();
    let source = tokens_of(world, stranger);
    instruction::fund_bond(stranger, source, world.device, world.mint, amount_atoms)
}

#[test]
fn moves_tokens_of_anyone_into_the_bond() {
    let mut world = World::new();
    let (project, market) = (world.raw(&world.project), world.raw(&world.market));
    let (device, vault, stranger) =
        (world.device(&world.device), world.vault_tokens(), world.stranger.pubkey());

    let landed = world.land(&[fund(&world, 7)]);

    assert_eq!(world.device(&world.device), Device { bond_atoms: (BOND + 7).into(), ..device });
    assert_eq!(world.vault_tokens(), vault + 7);
    assert_eq!(world.tokens(&stranger), TOKENS - 7);
    assert_eq!((world.raw(&world.project), world.raw(&world.market)), (project, market));
    assert_event!(
        landed,
        BondFunded { device: world.device, funder: stranger, amount_atoms: 7, bond_after_atoms: BOND + 7 }
    );
    assert_ledger(&world, 0);
}

#[test]
fn takes_any_amount_that_the_source_holds() {
    let world = World::new();
    for amount in [1, TOKENS - 1, TOKENS] {
        let mut world = world.clone();
        world.land(&[fund(&world, amount)]);
        assert_eq!(world.device(&world.device).bond_atoms, BOND + amount);
        assert_eq!(world.tokens(&world.stranger.pubkey()), TOKENS - amount);
        assert_ledger(&world, 0);
    }
}

#[test]
fn works_in_every_state_of_the_device() {
    let mut world = World::new();
    let job = world.list(1);
    world.work(world.device);
    world.land(&[fund(&world, 1)]);
    world.start(world.device, job);
    world.land(&[fund(&world, 1)]);
    world.finish(world.device, job);
    world.work(world.device);
    world.land(&[fund(&world, 1)]);
    world.list(2);
    world.land(&[fund(&world, 1)]);
    assert_eq!(world.device(&world.device).bond_atoms, BOND + 4);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_nothing_and_more_than_the_source_holds() {
    let mut world = World::new();
    world.refuse(&[fund(&world, 0)], GridError::ZeroAmount);
    // InsufficientFunds of the token program.
    world.refuse_with(&[fund(&world, TOKENS + 1)], InstructionError::Custom(1));
    world.refuse_with(&[fund(&world, u64::MAX - BOND)], InstructionError::Custom(1));
}

#[test]
fn refuses_a_bond_that_does_not_fit() {
    let mut world = World::new();
    world.refuse(&[fund(&world, u64::MAX)], GridError::Overflow);
    world.refuse(&[fund(&world, u64::MAX - BOND + 1)], GridError::Overflow);
    world.edit::<Device>(world.device, |d| d.bond_atoms = (u64::MAX - TOKENS).into());
    world.land(&[fund(&world, TOKENS)]);
    assert_eq!(world.device(&world.device).bond_atoms, u64::MAX);
}

#[test]
fn refuses_a_source_of_someone_else() {
    let mut world = World::new();
    let mut fund = fund(&world, 1);
    fund.accounts[4].pubkey = tokens_of(&world, world.client.pubkey());
    // OwnerMismatch of the token program.
    world.refuse_with(&[fund], InstructionError::Custom(4));
}

#[test]
fn refuses_a_source_of_another_mint() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let mut fund = fund(&world, 1);
    fund.accounts[4].pubkey = address::token_account(&world.stranger.pubkey(), other);
    // MintMismatch of the token program.
    world.refuse_with(&[fund], InstructionError::Custom(3));
}

#[test]
fn refuses_another_mint() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let stranger = world.stranger.pubkey();
    let source = address::token_account(&stranger, other);
    let fund = instruction::fund_bond(stranger, source, world.device, other, 1);
    world.refuse(&[fund], GridError::WrongMint);
}

#[test]
fn refuses_the_vault_of_another_mint_and_no_vault_at_all() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    for fake in
        [address::vault(&other).0, tokens_of(&world, world.client.pubkey()), keypair_for("nobody").pubkey()]
    {
        let mut fund = fund(&world, 1);
        fund.accounts[5].pubkey = fake;
        world.refuse_with(&[fund], InstructionError::InvalidSeeds);
    }
}

#[test]
fn refuses_the_vault_as_the_source() {
    let mut world = World::new();
    let mut fund = fund(&world, 1);
    fund.accounts[4].pubkey = address::vault(&world.mint).0;
    // ConstraintDuplicateMutableAccount of Anchor.
    world.refuse_with(&[fund], InstructionError::Custom(2040));
}

#[test]
fn refuses_a_source_that_does_not_exist() {
    let mut world = World::new();
    let mut fund = fund(&world, 1);
    fund.accounts[4].pubkey = keypair_for("nobody").pubkey();
    world.refuse_with(&[fund], InstructionError::InvalidAccountData);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[fund(&world, 5)]);
}
