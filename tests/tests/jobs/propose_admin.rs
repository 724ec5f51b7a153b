//! `propose_admin`

use grid_client::instruction;
use grid_jobs::{Config, GridError};
use grid_tests::{World, assert_event, assert_ledger};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

fn propose(world: &World, new_admin: Address) -> Instruction {
    instruction::propose_admin(world.authority.pubkey(), new_admin)
}

#[test]
fn offers_the_role_and_changes_nothing_else() {
    let mut world = World::new();
    let (config, stranger) = (world.config(), world.stranger.pubkey());

    let landed = world.land(&[propose(&world, stranger)]);

    assert_eq!(world.config(), Config { pending_admin: stranger, ..config });
    assert_event!(landed, AdminProposed { new_admin: stranger });
    assert_ledger(&world, 0);
}

#[test]
fn the_admin_stays_until_the_offer_is_accepted() {
    let mut world = World::new();
    let (admin, stranger) = (world.authority.pubkey(), world.stranger.pubkey());
    world.land(&[propose(&world, stranger), instruction::update_config(admin, admin, admin)]);
    let update = instruction::update_config(stranger, stranger, stranger);
    world.refuse(&[update], GridError::NotAdmin);
}

#[test]
fn the_last_offer_counts() {
    let mut world = World::new();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    world.land(&[propose(&world, client), propose(&world, stranger)]);
    world.refuse(&[instruction::accept_admin(client)], GridError::NotPendingAdmin);
    world.land(&[instruction::accept_admin(stranger)]);
}

#[test]
fn the_zero_address_takes_an_offer_back() {
    let mut world = World::new();
    let (before, stranger) = (world.config(), world.stranger.pubkey());
    world.land(&[propose(&world, stranger)]);
    let landed = world.land(&[propose(&world, Address::default())]);
    assert_event!(landed, AdminProposed { new_admin: Address::default() });
    assert_eq!(world.config(), before);
    world.refuse(&[instruction::accept_admin(stranger)], GridError::NotPendingAdmin);
}

#[test]
fn refuses_who_is_not_the_admin() {
    let mut world = World::new();
    let (admin, client, stranger) =
        (world.authority.pubkey(), world.client.pubkey(), world.stranger.pubkey());
    world.land(&[propose(&world, stranger), instruction::update_config(admin, client, client)]);
    for other in [stranger, client] {
        world.refuse(&[instruction::propose_admin(other, other)], GridError::NotAdmin);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[propose(&world, world.stranger.pubkey())]);
}
