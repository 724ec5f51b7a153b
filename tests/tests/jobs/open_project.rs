//! `open_project`

use grid_client::{address, instruction};
use grid_jobs::Project;
use grid_tests::{World, assert_event, assert_ledger, keypair_for};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// The stranger opens a project in the world's mint.
fn open(world: &World) -> Instruction {
    instruction::open_project(world.stranger.pubkey(), world.mint)
}

#[test]
fn opens_an_empty_project_of_the_signer() {
    let mut world = World::new();
    let stranger = world.stranger.pubkey();
    let (project, bump) = address::project(&world.mint, &stranger);
    let (lamports, vault) = (world.lamports(&stranger), world.vault_tokens());

    let landed = world.land(&[open(&world)]);

    let account = world.raw(&project);
    assert_eq!((account.owner, account.data.len()), (grid_jobs::ID, 152));
    assert_eq!(account.lamports, world.rent(152));
    assert_eq!(world.lamports(&stranger), lamports - world.rent(152));
    let opened: Project = grid_client::account::decode(&project, &account).unwrap();
    assert_eq!(
        opened,
        Project {
            version: 1,
            bump,
            padding: [0; 2],
            open_jobs: 0.into(),
            owner: stranger,
            mint: world.mint,
            balance: 0.into(),
            members: 0.into(),
            reserved: [0; 60],
        }
    );
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(landed, ProjectOpened { project: project, owner: stranger, mint: world.mint });
    assert_ledger(&world, 0);
}

#[test]
fn an_owner_has_one_project_per_mint() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let client = world.client.pubkey();
    world.land(&[instruction::open_project(client, other)]);
    assert_ne!(address::project(&other, &client).0, world.project);
    assert_ledger(&world, 0);
}

#[test]
fn happens_once() {
    let mut world = World::new();
    // AccountAlreadyInUse of the system program.
    let in_use = InstructionError::Custom(0);
    let open = open(&world);
    world.refuse_with(&[open.clone(), open.clone()], in_use.clone());
    world.land(from_ref(&open));
    world.refuse_with(&[open], in_use.clone());
    let again = instruction::open_project(world.client.pubkey(), world.mint);
    world.refuse_with(&[again], in_use);
}

#[test]
fn refuses_an_address_that_is_not_the_projects() {
    let mut world = World::new();
    let stranger = world.stranger.pubkey();
    for address in [
        address::project(&world.mint, &keypair_for("nobody").pubkey()).0,
        keypair_for("nobody").pubkey(),
        world.project,
    ] {
        let mut open = instruction::open_project(stranger, world.mint);
        open.accounts[2].pubkey = address;
        world.refuse_with(&[open], InstructionError::InvalidSeeds);
    }
}

#[test]
fn needs_no_vault_until_the_first_deposit() {
    let mut world = World::new();
    let other = world.create_mint("other mint");
    let stranger = world.stranger.pubkey();
    world.give_tokens(&other, &stranger, 1);
    world.land(&[instruction::open_project(stranger, other)]);
    let (project, source) = (address::project(&other, &stranger).0, address::token_account(&stranger, other));
    let deposit = instruction::deposit(stranger, source, project, other, 1);
    world.refuse_with(from_ref(&deposit), InstructionError::InvalidAccountData);
    world.land(&[instruction::open_vault(stranger, other), deposit]);
}

#[test]
fn refuses_a_mint_that_is_none() {
    let mut world = World::new();
    for (fake, error) in [
        (keypair_for("nobody").pubkey(), InstructionError::IllegalOwner),
        (world.stranger.pubkey(), InstructionError::IllegalOwner),
        (world.market, InstructionError::IllegalOwner),
        (Address::default(), InstructionError::IllegalOwner),
        (address::vault(&world.mint).0, InstructionError::InvalidAccountData),
    ] {
        let open = instruction::open_project(world.client.pubkey(), fake);
        world.refuse_with(&[open], error);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[open(&world)]);
}
