//! `pause_deposits`

use crate::exits;
use grid_client::{address, instruction};
use grid_jobs::{Config, GridError};
use grid_tests::{TERMS, World, assert_event, assert_ledger};
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// The longest pause, and the shortest time from the end of one to the next: 3 days, seconds.
const LONGEST: u32 = 259_200;

/// The pauser, who is the admin, pauses deposits.
fn pause(world: &World, seconds: u32) -> Instruction {
    instruction::pause_deposits(world.authority.pubkey(), seconds)
}

/// Every way in that a pause refuses.
fn entries(world: &World) -> [Instruction; 3] {
    let (stranger, mint) = (world.stranger.pubkey(), world.mint);
    let source = address::token_account(&stranger, mint);
    [
        instruction::deposit(stranger, source, world.project, mint, 1),
        instruction::fund_bond(stranger, source, world.device, mint, 1),
        instruction::open_market(stranger, mint, 0, TERMS),
    ]
}

#[test]
fn notes_its_end_and_changes_nothing_else() {
    let mut world = World::new();
    let (config, until) = (world.config(), world.network.time() + 100);
    let (market, vault) = (world.raw(&world.market), world.vault_tokens());

    let landed = world.land(&[pause(&world, 100)]);

    assert_eq!(world.config(), Config { deposits_paused_until: until.into(), ..config });
    assert_eq!(world.raw(&world.market), market);
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(landed, DepositsPaused { until: until });
    assert_ledger(&world, 0);
}

#[test]
fn refuses_every_deposit_until_it_ends_by_itself() {
    let mut world = World::new();
    world.land(&[pause(&world, 100)]);
    for entry in entries(&world) {
        for (seconds, is_over) in [(0, false), (99, false), (100, true), (101, true)] {
            let mut world = world.clone();
            world.network.advance(seconds);
            match is_over {
                true => drop(world.land(from_ref(&entry))),
                false => world.refuse(from_ref(&entry), GridError::DepositsPaused),
            }
        }
    }
}

#[test]
fn refuses_no_exit() {
    exits::assert_open_during(|world| pause(world, LONGEST));
}

#[test]
fn what_was_deposited_before_may_still_be_spent() {
    let mut world = World::new();
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    world.land(&[pause(&world, LONGEST)]);
    let job = world.run_job(1);
    world.finish(world.device, job);
    world.land(&[
        instruction::open_device(node, world.market, 1, node),
        instruction::open_project(world.stranger.pubkey(), world.mint),
        instruction::set_member(client, world.project, node, 1, 1),
    ]);
    assert_ledger(&world, 0);
}

#[test]
fn lasts_three_days_at_most() {
    let world = World::new();
    for seconds in [1, LONGEST - 1, LONGEST] {
        let mut world = world.clone();
        world.land(&[pause(&world, seconds)]);
        assert_eq!(world.config().deposits_paused_until, world.network.time() + i64::from(seconds));
    }
    for seconds in [LONGEST + 1, u32::MAX] {
        world.clone().refuse(&[pause(&world, seconds)], GridError::PauseOutOfRange);
    }
}

#[test]
fn can_not_be_renewed_before_deposits_were_open_for_three_days() {
    let mut world = World::new();
    world.land(&[pause(&world, 100)]);
    let open_until = 100 + i64::from(LONGEST);
    for (seconds, is_fine) in [
        (0, false),
        (99, false),
        (100, false),
        (open_until - 1, false),
        (open_until, true),
        (open_until + 1, true),
    ] {
        let mut world = world.clone();
        world.network.advance(seconds);
        match is_fine {
            true => drop(world.land(&[pause(&world, LONGEST)])),
            false => world.refuse(&[pause(&world, 1)], GridError::PauseTooSoon),
        }
    }
}

#[test]
fn zero_seconds_lift_it_at_once() {
    let mut world = World::new();
    world.land(&[pause(&world, LONGEST)]);
    world.network.advance(10);
    let now = world.network.time();

    let landed = world.land(&[pause(&world, 0)]);

    assert_event!(landed, DepositsPaused { until: now });
    for entry in entries(&world) {
        world.clone().land(&[entry]);
    }
    for (seconds, is_fine) in [(0, false), (i64::from(LONGEST) - 1, false), (i64::from(LONGEST), true)] {
        let mut world = world.clone();
        world.network.set_time(now + seconds);
        match is_fine {
            true => drop(world.land(&[pause(&world, 1)])),
            false => world.refuse(&[pause(&world, 1)], GridError::PauseTooSoon),
        }
    }
}

#[test]
fn zero_seconds_change_nothing_where_nothing_is_paused() {
    let mut world = World::new();
    let before = world.config();
    world.land(&[pause(&world, 0)]);
    assert_eq!(world.config(), before);
}

#[test]
fn both_pauses_stand_on_their_own() {
    let mut world = World::new();
    let (pauser, market) = (world.authority.pubkey(), world.market);
    world.land(&[pause(&world, 100), instruction::pause_market(pauser, market, 50)]);
    world.refuse(&[world.list_instruction(1)], GridError::MarketPaused);
    world.network.advance(50);
    world.list(1);
    let [deposit, ..] = entries(&world);
    world.refuse(&[deposit], GridError::DepositsPaused);
}

#[test]
fn refuses_who_is_not_the_pauser() {
    let mut world = World::new();
    let (admin, client) = (world.authority.pubkey(), world.client.pubkey());
    world.land(&[instruction::update_config(admin, client, admin)]);
    for other in [admin, world.stranger.pubkey()] {
        for seconds in [0, 1] {
            world.refuse(&[instruction::pause_deposits(other, seconds)], GridError::NotPauser);
        }
    }
    world.land(&[instruction::pause_deposits(client, 1)]);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[pause(&world, 100)]);
}
