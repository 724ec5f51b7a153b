//! `update_config`

use grid_client::{address, instruction};
use grid_jobs::{Config, GridError};
use grid_tests::{World, assert_event, assert_ledger, keypair_for};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

/// The admin names the client as pauser and somebody as treasury.
fn update(world: &World) -> Instruction {
    let treasury = keypair_for("treasury").pubkey();
    instruction::update_config(world.authority.pubkey(), world.client.pubkey(), treasury)
}

#[test]
fn names_pauser_and_treasury_and_changes_nothing_else() {
    let mut world = World::new();
    let (config, lamports) = (world.config(), world.lamports(&address::config().0));
    let (client, treasury) = (world.client.pubkey(), keypair_for("treasury").pubkey());

    let landed = world.land(&[update(&world)]);

    assert_eq!(world.config(), Config { pauser: client, treasury, ..config });
    assert_eq!(world.lamports(&address::config().0), lamports);
    assert_event!(landed, ConfigUpdated { pauser: client, treasury: treasury });
    assert_ledger(&world, 0);
}

#[test]
fn the_old_pauser_can_not_pause_any_more() {
    let mut world = World::new();
    let (admin, pauser, market) = (world.authority.pubkey(), world.client.pubkey(), world.market);
    world.land(&[update(&world)]);
    world.refuse(&[instruction::pause_market(admin, market, 1)], GridError::NotPauser);
    world.refuse(&[instruction::pause_deposits(admin, 1)], GridError::NotPauser);
    world.land(&[instruction::pause_market(pauser, market, 1), instruction::pause_deposits(pauser, 1)]);
}

#[test]
fn leaves_a_running_pause_alone() {
    let mut world = World::new();
    let until = world.network.time() + 60;
    world.land(&[instruction::pause_deposits(world.authority.pubkey(), 60), update(&world)]);
    assert_eq!(world.config().deposits_paused_until, until);
}

#[test]
fn fees_owed_before_go_to_the_new_treasury() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    let (old, new) = (world.authority.pubkey(), keypair_for("treasury").pubkey());
    let mint = world.mint;
    world.give_tokens(&mint, &old, 0);
    world.give_tokens(&mint, &new, 0);
    world.land(&[update(&world)]);
    world.refuse(
        &[instruction::collect_fees(world.market, mint, old, Default::default())],
        GridError::WrongPayeeAccount,
    );
    world.land(&[instruction::collect_fees(world.market, mint, new, Default::default())]);
    assert_eq!((world.tokens(&old), world.tokens(&new)), (0, 150));
    assert_ledger(&world, 0);
}

#[test]
fn refuses_the_zero_address() {
    let mut world = World::new();
    let (admin, zero) = (world.authority.pubkey(), Address::default());
    for (pauser, treasury) in [(zero, admin), (admin, zero), (zero, zero)] {
        let update = instruction::update_config(admin, pauser, treasury);
        world.refuse(&[update], GridError::ZeroAddress);
    }
}

#[test]
fn refuses_who_is_not_the_admin() {
    let mut world = World::new();
    world.land(&[update(&world)]);
    for other in [world.stranger.pubkey(), world.client.pubkey()] {
        let update = instruction::update_config(other, other, other);
        world.refuse(&[update], GridError::NotAdmin);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[update(&world)]);
}
