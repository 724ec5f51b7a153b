//! `withdraw_bond`

use grid_client::{address, instruction};
use grid_jobs::{Device, GridError};
use grid_tests::{World, assert_event, assert_ledger, keypair_for, world::BOND};
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// The node withdraws from its device's bond; it is its own payee.
fn withdraw(world: &World, amount_atoms: u64) -> Instruction {
    let node = world.node.pubkey();
    instruction::withdraw_bond(node, world.device, world.mint, node, amount_atoms)
}

#[test]
fn pays_the_payee_out_of_the_bond() {
    let mut world = World::new();
    let (device, project) = (world.device(&world.device), world.raw(&world.project));
    let (market, vault, node) = (world.raw(&world.market), world.vault_tokens(), world.node.pubkey());
    let (tokens, lamports) = (world.tokens(&node), world.lamports(&node));

    let landed = world.land(&[withdraw(&world, 7)]);

    assert_eq!(world.device(&world.device), Device { bond_atoms: (BOND - 7).into(), ..device });
    assert_eq!(world.vault_tokens(), vault - 7);
    assert_eq!(world.tokens(&node), tokens + 7);
    assert_eq!(world.lamports(&node), lamports);
    assert_eq!((world.raw(&world.project), world.raw(&world.market)), (project, market));
    assert_event!(
        landed,
        BondWithdrawn { device: world.device, amount_atoms: 7, bond_after_atoms: BOND - 7 }
    );
    assert_ledger(&world, 0);
}

#[test]
fn takes_any_amount_up_to_the_bond() {
    let world = World::new();
    for amount in [1, BOND - 1, BOND] {
        let mut world = world.clone();
        world.land(&[withdraw(&world, amount)]);
        assert_eq!(world.device(&world.device).bond_atoms, BOND - amount);
        assert_ledger(&world, 0);
    }
}

#[test]
fn refuses_nothing_and_more_than_the_bond() {
    let mut world = World::new();
    world.refuse(&[withdraw(&world, 0)], GridError::ZeroAmount);
    for amount in [BOND + 1, u64::MAX] {
        world.refuse(&[withdraw(&world, amount)], GridError::InsufficientBond);
    }
}

#[test]
fn leaves_earnings_alone() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    world.refuse(&[withdraw(&world, BOND + 1)], GridError::InsufficientBond);
    world.land(&[withdraw(&world, BOND)]);
    assert_eq!(world.device(&world.device).earnings_atoms, 6_000);
    assert_ledger(&world, 0);
}

#[test]
fn happens_once() {
    let mut world = World::new();
    let withdraw = withdraw(&world, BOND);
    world.refuse(&[withdraw.clone(), withdraw.clone()], GridError::InsufficientBond);
    world.land(from_ref(&withdraw));
    world.refuse(&[withdraw], GridError::InsufficientBond);
}

#[test]
fn refuses_a_device_that_waits_or_that_a_job_took() {
    let mut world = World::new();
    world.work(world.device);
    world.refuse(&[withdraw(&world, 1)], GridError::DeviceNotIdle);
    let job = world.list(1);
    world.refuse(&[withdraw(&world, 1)], GridError::DeviceNotIdle);
    world.start(world.device, job);
    world.refuse(&[withdraw(&world, 1)], GridError::DeviceNotIdle);
    world.finish(world.device, job);
    world.land(&[withdraw(&world, 1)]);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_a_device_that_took_a_job() {
    let mut world = World::new();
    world.list(1);
    world.work(world.device);
    world.refuse(&[withdraw(&world, 1)], GridError::DeviceNotIdle);
}

#[test]
fn refuses_another_node() {
    let mut world = World::new();
    let mut withdraw = withdraw(&world, 1);
    withdraw.accounts[0].pubkey = world.stranger.pubkey();
    world.refuse(&[withdraw], GridError::NoticeNotGiven);
}

#[test]
fn refuses_another_mint() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let node = world.node.pubkey();
    let withdraw = instruction::withdraw_bond(node, world.device, other, node, 1);
    world.refuse(&[withdraw], GridError::WrongMint);
}

#[test]
fn refuses_the_vault_of_another_mint_and_no_vault_at_all() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    for fake in [
        address::vault(&other).0,
        address::token_account(&world.client.pubkey(), world.mint),
        keypair_for("nobody").pubkey(),
    ] {
        let mut withdraw = withdraw(&world, 1);
        withdraw.accounts[3].pubkey = fake;
        world.refuse_with(&[withdraw], InstructionError::InvalidSeeds);
    }
}

#[test]
fn refuses_a_destination_that_is_not_the_payees() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let node = world.node.pubkey();
    for destination in [
        address::token_account(&world.stranger.pubkey(), world.mint),
        address::token_account(&node, other),
        keypair_for("nobody").pubkey(),
        world.market,
    ] {
        let mut withdraw = withdraw(&world, 1);
        withdraw.accounts[4].pubkey = destination;
        world.refuse(&[withdraw], GridError::WrongPayeeAccount);
    }
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
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[withdraw(&world, 5)]);
}
