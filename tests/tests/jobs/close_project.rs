//! `close_project`

use grid_client::{address, instruction};
use grid_jobs::{GridError, Project};
use grid_tests::{World, assert_event, assert_ledger, world::DEPOSIT};
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// A world whose project has neither balance nor jobs.
fn empty() -> World {
    let mut world = World::new();
    let client = world.client.pubkey();
    let destination = address::token_account(&client, world.mint);
    let withdraw = instruction::withdraw(client, world.project, world.mint, destination, DEPOSIT);
    world.land(&[withdraw]);
    world
}

fn close(world: &World) -> Instruction {
    instruction::close_project(world.client.pubkey(), world.project)
}

#[test]
fn gives_the_rent_to_the_owner() {
    let mut world = empty();
    let (client, vault) = (world.client.pubkey(), world.vault_tokens());
    let (lamports, market) = (world.lamports(&client), world.raw(&world.market));

    let landed = world.land(&[close(&world)]);

    assert!(!world.exists(&world.project));
    assert_eq!(world.lamports(&client), lamports + world.rent(152));
    assert_eq!(world.vault_tokens(), vault);
    assert_eq!(world.raw(&world.market), market);
    assert_event!(landed, ProjectClosed { project: world.project });
    assert_ledger(&world, 0);
}

#[test]
fn refuses_another_owner() {
    let mut world = empty();
    let close = instruction::close_project(world.stranger.pubkey(), world.project);
    world.refuse(&[close], GridError::NotProjectOwner);
}

#[test]
fn refuses_a_balance_of_a_single_atom() {
    let mut world = empty();
    let client = world.client.pubkey();
    let source = address::token_account(&client, world.mint);
    let deposit = instruction::deposit(client, source, world.project, world.mint, 1);
    world.refuse(&[deposit.clone(), close(&world)], GridError::ProjectNotEmpty);
    world.land(&[deposit]);
    world.refuse(&[close(&world)], GridError::ProjectNotEmpty);
    world.edit::<Project>(world.project, |p| p.balance = u64::MAX.into());
    world.refuse(&[close(&world)], GridError::ProjectNotEmpty);
}

#[test]
fn refuses_as_long_as_a_job_account_is_open() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(600);
    world.finish(world.device, job);
    let client = world.client.pubkey();
    let destination = address::token_account(&client, world.mint);
    let balance = world.project().balance.get();
    let withdraw = instruction::withdraw(client, world.project, world.mint, destination, balance);
    world.land(&[withdraw]);
    world.refuse(&[close(&world)], GridError::ProjectHasJobs);
    let close_job = instruction::close_job(client, world.project, job, client);
    world.land(&[close_job, close(&world)]);
    assert!(!world.exists(&world.project));
    assert_ledger(&world, 0);
}

#[test]
fn refuses_as_long_as_there_is_a_member() {
    let mut world = empty();
    let (client, node, project) = (world.client.pubkey(), world.node.pubkey(), world.project);
    let set = instruction::set_member(client, project, node, 0, 1);
    world.refuse(&[set.clone(), close(&world)], GridError::ProjectHasMembers);
    world.land(&[set]);
    world.refuse(&[close(&world)], GridError::ProjectHasMembers);
    world.land(&[instruction::close_member(node, client, project, node), close(&world)]);
    assert!(!world.exists(&project));
}

#[test]
fn happens_once() {
    let mut world = empty();
    let close = close(&world);
    world.refuse_with(&[close.clone(), close.clone()], InstructionError::AccountDataTooSmall);
    world.land(from_ref(&close));
    world.refuse_with(&[close], InstructionError::AccountDataTooSmall);
}

#[test]
fn the_address_serves_a_new_project() {
    let mut world = empty();
    let before = world.raw(&world.project);
    let open = instruction::open_project(world.client.pubkey(), world.mint);
    world.land(&[close(&world), open.clone()]);
    assert_eq!(world.raw(&world.project), before, "in the same transaction");
    world.land(&[close(&world)]);
    world.land(&[open]);
    assert_eq!(world.raw(&world.project), before, "in the next one");
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = empty();
    world.assert_ignores_donations(&[close(&world)]);
}
