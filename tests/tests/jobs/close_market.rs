//! `close_market`

use grid_client::{address, instruction};
use grid_jobs::{GridError, Market};
use grid_tests::{
    TERMS, World, assert_event, assert_ledger,
    world::{BOND, RESULT},
};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

fn close(world: &World) -> Instruction {
    instruction::close_market(world.authority.pubkey(), world.market)
}

/// The node withdraws the bond of its device and closes it.
fn send_device_home(world: &World) -> [Instruction; 2] {
    let node = world.node.pubkey();
    [
        instruction::withdraw_bond(node, world.device, world.mint, node, BOND),
        instruction::close_device(node, node, world.device),
    ]
}

/// A world whose job 1 ran for 60 seconds, and whose market's fees were collected.
fn served() -> (World, Address) {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    collect(&mut world);
    (world, job)
}

fn collect(world: &mut World) {
    let (treasury, mint) = (world.authority.pubkey(), world.mint);
    world.give_tokens(&mint, &treasury, 0);
    world.land(&[instruction::collect_fees(world.market, mint, treasury, Default::default())]);
}

/// A world whose market was closed and opened again with another mint; its device is still the old one.
fn reopened_with_another_mint() -> World {
    let (mut world, _) = served();
    let other = world.open_mint("other mint");
    let authority = world.authority.pubkey();
    world.land(&[close(&world), instruction::open_market(authority, other, 0, TERMS)]);
    world
}

#[test]
fn gives_the_rent_to_the_authority() {
    let mut world = World::new();
    world.grow_market_to(274);
    let (authority, vault) = (world.authority.pubkey(), world.vault_tokens());
    let (lamports, device) = (world.lamports(&authority), world.raw(&world.device));

    let landed = world.land(&[close(&world)]);

    assert!(!world.exists(&world.market));
    assert_eq!(world.lamports(&authority), lamports + world.rent(20_480));
    assert_eq!(world.raw(&world.device), device);
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(landed, MarketClosed { market: world.market });
    assert_ledger(&world, 0);
}

#[test]
fn gives_the_rent_to_who_is_the_authority_now() {
    let mut world = World::new();
    let (old, new) = (world.authority.pubkey(), world.stranger.pubkey());
    world.land(&[
        instruction::propose_market_authority(old, world.market, new),
        instruction::accept_market_authority(new, world.market),
    ]);
    world.refuse(&[close(&world)], GridError::NotMarketAuthority);
    let lamports = world.lamports(&new);
    world.land(&[instruction::close_market(new, world.market)]);
    assert_eq!(world.lamports(&new), lamports + world.rent(10_240));
}

#[test]
fn refuses_who_is_not_the_markets_authority() {
    let mut world = World::new();
    for other in [world.stranger.pubkey(), world.client.pubkey(), world.node.pubkey()] {
        let close = instruction::close_market(other, world.market);
        world.refuse(&[close], GridError::NotMarketAuthority);
    }
}

#[test]
fn refuses_while_a_job_waits_is_matched_or_runs() {
    let mut world = World::new();
    let job = world.list(1);
    world.refuse(&[close(&world)], GridError::MarketNotEmpty);
    world.work(world.device);
    world.refuse(&[close(&world)], GridError::MarketNotEmpty);
    world.start(world.device, job);
    world.refuse(&[close(&world)], GridError::MarketNotEmpty);
    world.finish(world.device, job);
    world.land(&[close(&world)]);
}

#[test]
fn refuses_while_a_device_waits_or_is_matched() {
    let mut world = World::new();
    world.work(world.device);
    world.refuse(&[close(&world)], GridError::MarketNotEmpty);
    let job = world.list(1);
    world.refuse(&[close(&world)], GridError::MarketNotEmpty);
    world.start(world.device, job);
    world.refuse(&[close(&world)], GridError::MarketNotEmpty);
    world.finish(world.device, job);
    world.work(world.device);
    world.refuse(&[close(&world)], GridError::MarketNotEmpty);
    world.land(&[instruction::leave(world.node.pubkey(), world.device, world.market), close(&world)]);
}

#[test]
fn refuses_while_a_single_atom_of_fees_is_owed() {
    let mut world = World::new();
    world.edit::<Market>(world.market, |m| m.fees_owed_atoms = 1.into());
    world.refuse(&[close(&world)], GridError::MarketNotEmpty);
    collect(&mut world);
    world.land(&[close(&world)]);
}

#[test]
fn a_job_that_is_over_goes_on_without_the_market() {
    let (mut world, done) = served();
    let (client, node, project) = (world.client.pubkey(), world.node.pubkey(), world.project);
    let ended = world.run_job(2);
    world.land(&[instruction::end(client, world.run_of(world.device, ended)), close(&world)]);
    world.land(&[
        instruction::post_result(node, world.device, ended, RESULT),
        instruction::close_job(client, project, done, client),
    ]);
    world.network.advance(86_400);
    world.land(&[instruction::close_job(world.stranger.pubkey(), project, ended, client)]);
    assert_eq!(world.project().open_jobs, 0);
    assert_ledger(&world, 0);
}

#[test]
fn an_idle_device_is_emptied_and_closed_without_the_market() {
    let (mut world, _) = served();
    let (node, device, mint) = (world.node.pubkey(), world.device, world.mint);
    world.land(&[close(&world)]);
    let work = instruction::work(node, device, world.market, 0);
    world.refuse_with(&[work], InstructionError::AccountDataTooSmall);
    let tokens = world.tokens(&node);
    world.land(&[instruction::withdraw_earnings(device, mint, node)]);
    world.land(&send_device_home(&world));
    assert_eq!(world.tokens(&node), tokens + 6_000 + BOND);
    assert!(!world.exists(&device));
    assert_ledger(&world, 0);
}

#[test]
fn a_device_takes_no_job_of_another_mint_in_a_market_opened_anew() {
    let mut world = reopened_with_another_mint();
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    let (device, other) = (world.device, world.market().header.mint);
    let project = address::project(&other, &client).0;
    world.refuse(&[instruction::work(node, device, world.market, 0)], GridError::WrongMint);
    world.refuse(&[world.list_instruction(2)], GridError::WrongMint);
    let bond = instruction::withdraw_bond(node, device, other, node, BOND);
    world.refuse(&[bond], GridError::WrongMint);
    let earnings = instruction::withdraw_earnings(device, other, node);
    world.refuse(&[earnings], GridError::WrongMint);
    world.land(&[instruction::open_project(client, other)]);
    assert_eq!(world.project_at(&project).mint, other);
}

#[test]
fn a_device_of_the_old_mint_goes_home_and_its_address_serves_the_new_one() {
    let mut world = reopened_with_another_mint();
    let (node, device, mint) = (world.node.pubkey(), world.device, world.mint);
    let other = world.market().header.mint;
    let open = instruction::open_device(node, world.market, 0, node);
    // AccountAlreadyInUse of the system program.
    world.refuse_with(from_ref(&open), InstructionError::Custom(0));
    let tokens = world.tokens(&node);
    world.land(&[instruction::withdraw_earnings(device, mint, node)]);
    world.land(&send_device_home(&world));
    assert_eq!(world.tokens(&node), tokens + 6_000 + BOND);
    assert_ledger(&world, 0);

    let fund = instruction::fund_bond(node, address::token_account(&node, other), device, other, BOND);
    world.land(&[open, fund, instruction::work(node, device, world.market, 0)]);
    assert_eq!(world.device(&device).mint, other);
    assert_eq!(world.market().waiting(), Some(vec![device]));
    assert_ledger(&world, 0);
}

#[test]
fn a_device_works_on_in_a_market_opened_anew_with_the_same_mint() {
    let mut world = World::new();
    world.land(&[close(&world)]);
    world.open_market(0, TERMS);
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    assert_eq!(world.device(&world.device).earnings_atoms, 6_000);
    assert_ledger(&world, 0);
}

#[test]
fn a_market_opened_anew_knows_nothing_of_the_old_one() {
    let mut world = World::new();
    let fresh = world.raw(&world.market);
    let (authority, stranger) = (world.authority.pubkey(), world.stranger.pubkey());
    let job = world.list(1);
    let client = world.client.pubkey();
    world.land(&[
        instruction::delist(client, world.project, world.market, job, client),
        instruction::propose_market_authority(authority, world.market, stranger),
        close(&world),
        instruction::open_market(authority, world.mint, 0, TERMS),
    ]);
    assert_eq!(world.raw(&world.market), fresh);
    let accept = instruction::accept_market_authority(stranger, world.market);
    world.refuse(&[accept], GridError::NotPendingAuthority);
}

#[test]
fn happens_once() {
    let mut world = World::new();
    let close = close(&world);
    world.refuse_with(&[close.clone(), close.clone()], InstructionError::AccountDataTooSmall);
    world.land(from_ref(&close));
    world.refuse_with(&[close], InstructionError::AccountDataTooSmall);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[close(&world)]);
}
