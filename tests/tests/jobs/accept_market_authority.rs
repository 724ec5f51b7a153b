//! `accept_market_authority`

use grid_client::{address, instruction};
use grid_jobs::{GridError, Market};
use grid_tests::{TERMS, World, assert_event, assert_ledger};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// A world whose market was offered to the stranger.
fn offered() -> World {
    let mut world = World::new();
    let (authority, stranger) = (world.authority.pubkey(), world.stranger.pubkey());
    world.land(&[instruction::propose_market_authority(authority, world.market, stranger)]);
    world
}

fn accept(world: &World) -> Instruction {
    instruction::accept_market_authority(world.stranger.pubkey(), world.market)
}

#[test]
fn hands_the_market_over_and_keeps_its_address() {
    let mut world = offered();
    let (market, stranger, vault) = (world.market(), world.stranger.pubkey(), world.vault_tokens());

    let landed = world.land(&[accept(&world)]);

    assert_eq!(
        world.market().header,
        Market { authority: stranger, pending_authority: Address::default(), ..market.header }
    );
    assert_eq!(world.market().slots, market.slots);
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(landed, MarketAuthorityChanged { market: world.market, authority: stranger });
    assert_ledger(&world, 0);
}

#[test]
fn the_old_authority_can_do_nothing_any_more() {
    let mut world = offered();
    let (old, new, market) = (world.authority.pubkey(), world.stranger.pubkey(), world.market);
    world.land(&[accept(&world)]);
    for refused in [
        instruction::update_market(old, market, TERMS),
        instruction::propose_market_authority(old, market, old),
        instruction::close_market(old, market),
    ] {
        world.refuse(&[refused], GridError::NotMarketAuthority);
    }
    world.land(&[instruction::update_market(new, market, TERMS)]);
    world.land(&[
        instruction::propose_market_authority(new, market, old),
        instruction::accept_market_authority(old, market),
    ]);
    assert_eq!(world.market().header.authority, old, "unless it gets the market back");
}

#[test]
fn the_id_stays_taken_for_the_old_authority_and_free_for_the_new_one() {
    let mut world = offered();
    let (old, new) = (world.authority.pubkey(), world.stranger.pubkey());
    world.land(&[accept(&world)]);
    let open = |authority| instruction::open_market(authority, world.mint, 0, TERMS);
    let (taken, free) = (open(old), open(new));
    // AccountAlreadyInUse of the system program.
    world.refuse_with(&[taken], InstructionError::Custom(0));
    world.land(&[free]);
    assert_eq!(world.market_at(&address::market(&new, 0).0).header.authority, new);
}

#[test]
fn refuses_who_was_offered_nothing() {
    let mut world = World::new();
    world.refuse(&[accept(&world)], GridError::NotPendingAuthority);
    let mut world = offered();
    for other in [world.client.pubkey(), world.authority.pubkey()] {
        let accept = instruction::accept_market_authority(other, world.market);
        world.refuse(&[accept], GridError::NotPendingAuthority);
    }
}

#[test]
fn refuses_a_market_that_was_not_the_one_offered() {
    let mut world = offered();
    let other = world.open_market(1, TERMS);
    let accept = instruction::accept_market_authority(world.stranger.pubkey(), other);
    world.refuse(&[accept], GridError::NotPendingAuthority);
}

#[test]
fn happens_once() {
    let mut world = offered();
    let accept = accept(&world);
    world.refuse(&[accept.clone(), accept.clone()], GridError::NotPendingAuthority);
    world.land(from_ref(&accept));
    world.refuse(&[accept], GridError::NotPendingAuthority);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = offered();
    world.assert_ignores_donations(&[accept(&world)]);
}
