//! `withdraw_earnings`

use grid_client::{address, instruction};
use grid_jobs::{Device, GridError};
use grid_tests::{World, assert_event, assert_ledger, keypair_for};
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// A world whose device earned 6,000 atoms.
fn earned() -> World {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    world
}

/// Nobody but the fee payer signs.
fn withdraw(world: &World) -> Instruction {
    instruction::withdraw_earnings(world.device, world.mint, world.node.pubkey())
}

#[test]
fn pays_all_of_it_to_the_payee_whoever_asks() {
    let mut world = earned();
    let (device, project, market) =
        (world.device(&world.device), world.raw(&world.project), world.raw(&world.market));
    let (vault, node) = (world.vault_tokens(), world.node.pubkey());
    let (tokens, lamports) = (world.tokens(&node), world.lamports(&node));

    let landed = world.land(&[withdraw(&world)]);

    assert_eq!(world.device(&world.device), Device { earnings_atoms: 0.into(), ..device });
    assert_eq!(world.vault_tokens(), vault - 6_000);
    assert_eq!(world.tokens(&node), tokens + 6_000);
    assert_eq!(world.lamports(&node), lamports);
    assert_eq!((world.raw(&world.project), world.raw(&world.market)), (project, market));
    assert_event!(
        landed,
        EarningsWithdrawn {
            device: world.device,
            destination: address::token_account(&node, world.mint),
            amount_atoms: 6_000,
        }
    );
    assert_ledger(&world, 0);
}

#[test]
fn pays_a_single_atom() {
    let mut world = World::new();
    let source = address::token_account(&world.client.pubkey(), world.mint);
    let vault = address::vault(&world.mint).0;
    let client = world.client.pubkey();
    world.edit::<Device>(world.device, |d| d.earnings_atoms = 1.into());
    let back_it = grid_client::token::transfer(source, vault, client, 1);
    let tokens = world.tokens(&world.node.pubkey());
    world.land(&[back_it, withdraw(&world)]);
    assert_eq!(world.tokens(&world.node.pubkey()), tokens + 1);
    assert_ledger(&world, 0);
}

#[test]
fn works_in_every_state_of_the_device() {
    let mut queued = earned();
    queued.work(queued.device);
    let mut taken = queued.clone();
    taken.list(2);
    let mut assigned = earned();
    let job = assigned.list(2);
    assigned.work(assigned.device);
    let mut running = assigned.clone();
    running.start(running.device, job);
    for mut world in [queued, taken, assigned, running] {
        world.land(&[withdraw(&world)]);
        assert_eq!(world.device(&world.device).earnings_atoms, 0);
        assert_ledger(&world, 0);
    }
}

#[test]
fn happens_once() {
    let mut world = earned();
    let withdraw = withdraw(&world);
    world.refuse(&[withdraw.clone(), withdraw.clone()], GridError::NoEarnings);
    world.land(from_ref(&withdraw));
    world.refuse(&[withdraw], GridError::NoEarnings);
}

#[test]
fn refuses_when_nothing_was_earned() {
    let mut world = World::new();
    world.refuse(&[withdraw(&world)], GridError::NoEarnings);
    let job = world.run_job(1);
    world.finish(world.device, job);
    world.refuse(&[withdraw(&world)], GridError::NoEarnings);
}

#[test]
fn refuses_more_than_the_vault_holds() {
    let mut world = earned();
    world.edit::<Device>(world.device, |d| d.earnings_atoms = u64::MAX.into());
    // InsufficientFunds of the token program.
    world.refuse_with(&[withdraw(&world)], InstructionError::Custom(1));
}

#[test]
fn refuses_another_mint() {
    let mut world = earned();
    let other = world.open_mint("other mint");
    let withdraw = instruction::withdraw_earnings(world.device, other, world.node.pubkey());
    world.refuse(&[withdraw], GridError::WrongMint);
}

#[test]
fn refuses_the_vault_of_another_mint_and_no_vault_at_all() {
    let mut world = earned();
    let other = world.open_mint("other mint");
    for fake in [
        address::vault(&other).0,
        address::token_account(&world.client.pubkey(), world.mint),
        keypair_for("nobody").pubkey(),
    ] {
        let mut withdraw = withdraw(&world);
        withdraw.accounts[2].pubkey = fake;
        world.refuse_with(&[withdraw], InstructionError::InvalidSeeds);
    }
}

#[test]
fn refuses_a_destination_that_is_not_the_payees() {
    let mut world = earned();
    let other = world.open_mint("other mint");
    let node = world.node.pubkey();
    for destination in [
        address::token_account(&world.stranger.pubkey(), world.mint),
        address::token_account(&node, other),
        keypair_for("nobody").pubkey(),
        node,
    ] {
        let mut withdraw = withdraw(&world);
        withdraw.accounts[3].pubkey = destination;
        world.refuse(&[withdraw], GridError::WrongPayeeAccount);
    }
}

#[test]
fn refuses_the_vault_as_the_destination() {
    let mut world = earned();
    let mut withdraw = withdraw(&world);
    withdraw.accounts[3].pubkey = address::vault(&world.mint).0;
    // ConstraintDuplicateMutableAccount of Anchor.
    world.refuse_with(&[withdraw], InstructionError::Custom(2040));
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = earned();
    world.assert_ignores_donations(&[withdraw(&world)]);
}
