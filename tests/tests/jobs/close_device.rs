//! `close_device`

use grid_client::instruction;
use grid_jobs::{Device, GridError};
use grid_tests::{World, assert_event, assert_ledger, world::BOND};
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// A world whose device is idle, without bond and earnings.
fn empty() -> World {
    let mut world = World::new();
    let node = world.node.pubkey();
    world.land(&[instruction::withdraw_bond(node, world.device, world.mint, node, BOND)]);
    world
}

fn close(world: &World) -> Instruction {
    instruction::close_device(world.node.pubkey(), world.node.pubkey(), world.device)
}

#[test]
fn gives_the_rent_to_the_node() {
    let mut world = empty();
    let (node, vault, market) = (world.node.pubkey(), world.vault_tokens(), world.raw(&world.market));
    let lamports = world.lamports(&node);

    let landed = world.land(&[close(&world)]);

    assert!(!world.exists(&world.device));
    assert_eq!(world.lamports(&node), lamports + world.rent(288));
    assert_eq!(world.raw(&world.market), market);
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(landed, DeviceClosed { device: world.device });
    assert_ledger(&world, 0);
}

#[test]
fn refuses_another_node() {
    let mut world = empty();
    let mut close = close(&world);
    close.accounts[0].pubkey = world.stranger.pubkey();
    world.refuse(&[close], GridError::NoticeNotGiven);
}

#[test]
fn refuses_to_pay_the_rent_to_another() {
    let mut world = empty();
    let mut close = close(&world);
    close.accounts[1].pubkey = world.stranger.pubkey();
    world.refuse(&[close], GridError::NotDeviceNode);
}

#[test]
fn refuses_a_device_that_waits_or_that_a_job_took() {
    let mut world = World::new();
    world.work(world.device);
    world.edit::<Device>(world.device, |d| d.bond_atoms = 0.into());
    world.refuse(&[close(&world)], GridError::DeviceNotIdle);
    let job = world.list(1);
    world.refuse(&[close(&world)], GridError::DeviceNotIdle);
    world.start(world.device, job);
    world.refuse(&[close(&world)], GridError::DeviceNotIdle);
    world.finish(world.device, job);
    world.land(&[close(&world)]);
}

#[test]
fn refuses_a_device_that_took_a_job() {
    let mut world = World::new();
    world.list(1);
    world.work(world.device);
    world.edit::<Device>(world.device, |d| d.bond_atoms = 0.into());
    world.refuse(&[close(&world)], GridError::DeviceNotIdle);
}

#[test]
fn refuses_a_bond_or_earnings_of_a_single_atom() {
    let world = empty();
    for atoms in [1, u64::MAX] {
        let mut bond = world.clone();
        bond.edit::<Device>(world.device, |d| d.bond_atoms = atoms.into());
        bond.refuse(&[close(&world)], GridError::DeviceNotEmpty);
        let mut earnings = world.clone();
        earnings.edit::<Device>(world.device, |d| d.earnings_atoms = atoms.into());
        earnings.refuse(&[close(&world)], GridError::DeviceNotEmpty);
    }
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
fn the_address_serves_a_new_device() {
    let mut world = empty();
    let node = world.node.pubkey();
    let before = world.device(&world.device);
    world.edit::<Device>(world.device, |d| {
        d.strikes = 3.into();
        d.slot = 5.into();
    });
    let open = instruction::open_device(node, world.market, 0, node);
    world.land(&[close(&world), open.clone()]);
    assert_eq!(world.device(&world.device), before, "in the same transaction");
    world.land(&[close(&world)]);
    world.land(&[open]);
    assert_eq!(world.device(&world.device), before, "in the next one");
    assert_ledger(&world, 0);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = empty();
    world.assert_ignores_donations(&[close(&world)]);
}
