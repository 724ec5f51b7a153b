//! `accept_admin`

use grid_client::instruction;
use grid_jobs::{Config, GridError};
use grid_tests::{World, assert_event, assert_ledger};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// A world whose admin role was offered to the stranger.
fn offered() -> World {
    let mut world = World::new();
    let (admin, stranger) = (world.authority.pubkey(), world.stranger.pubkey());
    world.land(&[instruction::propose_admin(admin, stranger)]);
    world
}

fn accept(world: &World) -> Instruction {
    instruction::accept_admin(world.stranger.pubkey())
}

#[test]
fn hands_the_role_over_and_leaves_pauser_and_treasury() {
    let mut world = offered();
    let (config, stranger) = (world.config(), world.stranger.pubkey());

    let landed = world.land(&[accept(&world)]);

    assert_eq!(world.config(), Config { admin: stranger, pending_admin: Address::default(), ..config });
    assert_event!(landed, AdminChanged { admin: stranger });
    assert_ledger(&world, 0);
}

#[test]
fn the_old_admin_can_do_nothing_any_more() {
    let mut world = offered();
    let (old, new) = (world.authority.pubkey(), world.stranger.pubkey());
    world.land(&[accept(&world)]);
    world.refuse(&[instruction::update_config(old, old, old)], GridError::NotAdmin);
    world.refuse(&[instruction::propose_admin(old, old)], GridError::NotAdmin);
    world.land(&[instruction::update_config(new, new, new)]);
    world.land(&[instruction::propose_admin(new, old), instruction::accept_admin(old)]);
    assert_eq!(world.config().admin, old, "unless it gets the role back");
}

#[test]
fn refuses_who_was_offered_nothing() {
    let mut world = World::new();
    world.refuse(&[accept(&world)], GridError::NotPendingAdmin);
    let mut world = offered();
    for other in [world.client.pubkey(), world.authority.pubkey()] {
        world.refuse(&[instruction::accept_admin(other)], GridError::NotPendingAdmin);
    }
}

#[test]
fn happens_once() {
    let mut world = offered();
    let accept = accept(&world);
    world.refuse(&[accept.clone(), accept.clone()], GridError::NotPendingAdmin);
    world.land(from_ref(&accept));
    world.refuse(&[accept], GridError::NotPendingAdmin);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = offered();
    world.assert_ignores_donations(&[accept(&world)]);
}
