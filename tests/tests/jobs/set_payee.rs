//! `set_payee`

use grid_client::{address, instruction};
use grid_jobs::{Device, GridError};
use grid_tests::{World, assert_event, assert_ledger, world::BOND};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;

/// A world whose device pays the client and earned 6,000 atoms.
fn with_payee() -> World {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    let (node, client) = (world.node.pubkey(), world.client.pubkey());
    world.land(&[instruction::set_payee(node, world.device, client)]);
    world
}

/// The client names the stranger.
fn set(world: &World) -> Instruction {
    instruction::set_payee(world.client.pubkey(), world.device, world.stranger.pubkey())
}

#[test]
fn names_another_payee_and_changes_nothing_else() {
    let mut world = with_payee();
    let (device, stranger, vault) =
        (world.device(&world.device), world.stranger.pubkey(), world.vault_tokens());
    let lamports = world.lamports(&world.device);

    let landed = world.land(&[set(&world)]);

    assert_eq!(world.device(&world.device), Device { payee: stranger, ..device });
    assert_eq!((world.lamports(&world.device), world.vault_tokens()), (lamports, vault));
    assert_event!(landed, PayeeChanged { device: world.device, payee: stranger });
    assert_ledger(&world, 0);
}

#[test]
fn the_new_payee_gets_what_was_earned_before_and_the_bond() {
    let mut world = with_payee();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    let (node, device, mint) = (world.node.pubkey(), world.device, world.mint);
    world.land(&[set(&world)]);
    for old in [client, node] {
        let earnings = instruction::withdraw_earnings(device, mint, old);
        world.refuse(&[earnings], GridError::WrongPayeeAccount);
        let bond = instruction::withdraw_bond(node, device, mint, old, BOND);
        world.refuse(&[bond], GridError::WrongPayeeAccount);
    }
    let tokens = world.tokens(&stranger);
    world.land(&[
        instruction::withdraw_earnings(device, mint, stranger),
        instruction::withdraw_bond(node, device, mint, stranger, BOND),
    ]);
    assert_eq!(world.tokens(&stranger), tokens + 6_000 + BOND);
    assert_ledger(&world, 0);
}

#[test]
fn the_old_payee_has_no_say_any_more() {
    let mut world = with_payee();
    world.refuse(&[set(&world), set(&world)], GridError::NotPayee);
    world.land(&[set(&world)]);
    world.refuse(&[set(&world)], GridError::NotPayee);
    let back = instruction::set_payee(world.stranger.pubkey(), world.device, world.client.pubkey());
    world.land(&[back, set(&world)]);
}

#[test]
fn works_in_every_state_of_the_device() {
    let mut queued = with_payee();
    queued.work(queued.device);
    let mut taken = queued.clone();
    let job = taken.list(2);
    let mut assigned = with_payee();
    assigned.list(2);
    assigned.work(assigned.device);
    let mut running = assigned.clone();
    running.start(running.device, job);
    for mut world in [queued, taken, assigned, running] {
        world.land(&[set(&world)]);
        assert_eq!(world.device(&world.device).payee, world.stranger.pubkey());
        assert_ledger(&world, 0);
    }
}

#[test]
fn refuses_the_node_and_strangers() {
    let mut world = with_payee();
    for other in [world.node.pubkey(), world.stranger.pubkey(), world.authority.pubkey()] {
        let set = instruction::set_payee(other, world.device, other);
        world.refuse(&[set], GridError::NotPayee);
    }
}

#[test]
fn refuses_a_payee_of_nobody() {
    let mut world = with_payee();
    let set = instruction::set_payee(world.client.pubkey(), world.device, Address::default());
    world.refuse(&[set], GridError::ZeroPayee);
}

#[test]
fn refuses_an_account_that_is_no_device() {
    let mut world = with_payee();
    let client = world.client.pubkey();
    let job = address::job(&world.project, 1).0;
    let set = instruction::set_payee(client, job, client);
    world.refuse_with(&[set], InstructionError::InvalidAccountData);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = with_payee();
    world.assert_ignores_donations(&[set(&world)]);
}
