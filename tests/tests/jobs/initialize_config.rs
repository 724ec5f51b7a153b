//! `initialize_config`

use grid_client::{address, instruction};
use grid_jobs::{Config, GridError};
use grid_tests::{World, assert_event, keypair_for};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// The upgrade authority names an admin.
fn initialize(world: &World) -> Instruction {
    instruction::initialize_config(world.authority.pubkey(), keypair_for("admin").pubkey())
}

#[test]
fn names_the_admin_who_is_pauser_and_treasury_too() {
    let mut world = World::bare();
    let (config, bump) = address::config();
    let (authority, admin) = (world.authority.pubkey(), keypair_for("admin").pubkey());
    let (lamports, program) = (world.lamports(&authority), world.raw(&address::program_data()));

    let landed = world.land(&[initialize(&world)]);

    let account = world.raw(&config);
    assert_eq!((account.owner, account.data.len()), (grid_jobs::ID, 208));
    assert_eq!(account.lamports, world.rent(208));
    assert_eq!(world.lamports(&authority), lamports - world.rent(208));
    assert_eq!(
        world.config(),
        Config {
            version: 1,
            bump,
            padding: [0; 6],
            admin,
            pending_admin: Address::default(),
            pauser: admin,
            treasury: admin,
            deposits_paused_until: 0.into(),
            stake_mint: Address::default(),
            reserved: [0; 24],
        }
    );
    assert_eq!(world.raw(&address::program_data()), program);
    assert_event!(landed, ConfigInitialized { admin: admin });
}

#[test]
fn happens_once() {
    let mut world = World::bare();
    // AccountAlreadyInUse of the system program.
    let in_use = InstructionError::Custom(0);
    let initialize = initialize(&world);
    world.refuse_with(&[initialize.clone(), initialize.clone()], in_use.clone());
    world.land(from_ref(&initialize));
    world.refuse_with(&[initialize], in_use.clone());
    let authority = world.authority.pubkey();
    world.refuse_with(&[instruction::initialize_config(authority, authority)], in_use);
}

#[test]
fn refuses_who_is_not_the_upgrade_authority() {
    let mut world = World::bare();
    let stranger = world.stranger.pubkey();
    let initialize = instruction::initialize_config(stranger, stranger);
    world.refuse(&[initialize], GridError::NotUpgradeAuthority);
}

#[test]
fn follows_a_change_of_the_upgrade_authority() {
    let mut world = World::bare();
    let stranger = world.stranger.pubkey();
    world.network.set_upgrade_authority(Some(&stranger));
    world.refuse(&[initialize(&world)], GridError::NotUpgradeAuthority);
    world.land(&[instruction::initialize_config(stranger, stranger)]);
    assert_eq!(world.config().admin, stranger);
}

#[test]
fn refuses_everybody_when_the_program_is_final() {
    let mut world = World::bare();
    world.network.set_upgrade_authority(None);
    world.refuse(&[initialize(&world)], GridError::NotUpgradeAuthority);
    let stranger = world.stranger.pubkey();
    let initialize = instruction::initialize_config(stranger, stranger);
    world.refuse(&[initialize], GridError::NotUpgradeAuthority);
}

#[test]
fn refuses_an_admin_of_nobody() {
    let mut world = World::bare();
    let authority = world.authority.pubkey();
    let initialize = instruction::initialize_config(authority, Address::default());
    world.refuse(&[initialize], GridError::ZeroAdmin);
}

#[test]
fn refuses_the_program_data_of_another_program() {
    let mut world = World::bare();
    let fake = keypair_for("other program data").pubkey();
    world.network.set(fake, world.raw(&address::program_data()));
    let mut initialize = initialize(&world);
    initialize.accounts[2].pubkey = fake;
    world.refuse(&[initialize], GridError::WrongProgramData);
}

#[test]
fn refuses_program_data_that_the_loader_does_not_own() {
    let mut world = World::bare();
    let account =
        Account { owner: solana_sdk_ids::system_program::ID, ..world.raw(&address::program_data()) };
    world.network.set(address::program_data(), account);
    world.refuse(&[initialize(&world)], GridError::WrongProgramData);
}

#[test]
fn refuses_program_data_of_another_form() {
    let world = World::bare();
    let program_data = world.raw(&address::program_data());
    for (place, byte) in [(0, 0), (0, 1), (0, 2), (0, 4), (1, 1), (3, 1), (12, 2), (12, 255)] {
        let mut world = world.clone();
        let mut account = program_data.clone();
        account.data[place] = byte;
        world.network.set(address::program_data(), account);
        world.refuse(&[initialize(&world)], GridError::WrongProgramData);
    }
}

#[test]
fn refuses_an_address_that_is_not_the_configs() {
    let mut world = World::bare();
    let mut initialize = initialize(&world);
    initialize.accounts[1].pubkey = keypair_for("nobody").pubkey();
    world.refuse_with(&[initialize], InstructionError::InvalidSeeds);
}
