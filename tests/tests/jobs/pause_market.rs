//! `pause_market`

use crate::exits;
use grid_client::{
    address,
    instruction::{self, Listing, Spender},
};
use grid_jobs::{GridError, JobKind, Market};
use grid_tests::{
    TERMS, World, assert_event, assert_ledger,
    world::{DEFINITION, TIMEOUT},
};
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// The longest pause, and the shortest time from the end of one to the next: 3 days, seconds.
const LONGEST: u32 = 259_200;

/// The pauser, who is the admin, pauses the world's market.
fn pause(world: &World, seconds: u32) -> Instruction {
    instruction::pause_market(world.authority.pubkey(), world.market, seconds)
}

/// A world whose market takes a job: device 1 waits.
fn waiting() -> World {
    let mut world = World::new();
    let other = world.open_device(1);
    world.work(other);
    world
}

/// Every way into the market of [`waiting`].
fn entries(world: &World) -> [Instruction; 5] {
    let (client, node, market) = (world.client.pubkey(), world.node.pubkey(), world.market);
    let (owner, waiting) = (Spender::Owner(client), address::device(&market, &node, 1).0);
    let listing = Listing {
        id: 1,
        kind: JobKind::Batch,
        definition: DEFINITION,
        timeout_seconds: TIMEOUT,
        max_price_per_second_atoms: u64::MAX,
    };
    let request = (JobKind::Batch, TIMEOUT, DEFINITION);
    [
        instruction::list(client, world.project, market, &listing),
        instruction::list_many(owner, world.project, market, 1, u64::MAX, &[request]),
        instruction::list_direct(owner, world.project, market, waiting, &listing),
        instruction::work(node, world.device, market, 0),
        instruction::open_device(node, market, 2, node),
    ]
}

#[test]
fn notes_its_end_and_changes_nothing_else() {
    let mut world = waiting();
    let (market, until) = (world.market(), world.network.time() + 100);
    let (config, vault) = (world.config(), world.vault_tokens());

    let landed = world.land(&[pause(&world, 100)]);

    assert_eq!(world.market().header, Market { entries_paused_until: until.into(), ..market.header });
    assert_eq!((world.market().slots, world.config()), (market.slots, config));
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(landed, MarketPaused { market: world.market, until: until });
    assert_ledger(&world, 0);
}

#[test]
fn refuses_every_entry_until_it_ends_by_itself() {
    let mut world = waiting();
    world.land(&[pause(&world, 100)]);
    for entry in entries(&world) {
        for (seconds, is_over) in [(0, false), (99, false), (100, true), (101, true)] {
            let mut world = world.clone();
            world.network.advance(seconds);
            match is_over {
                true => drop(world.land(from_ref(&entry))),
                false => world.refuse(from_ref(&entry), GridError::MarketPaused),
            }
        }
    }
}

#[test]
fn refuses_no_exit() {
    exits::assert_open_during(|world| pause(world, LONGEST));
}

#[test]
fn pauses_no_other_market() {
    let mut world = waiting();
    let other = world.open_market(1, TERMS);
    world.land(&[pause(&world, LONGEST)]);
    for mut entry in entries(&world).into_iter().take(2) {
        entry.accounts[2].pubkey = other;
        world.clone().land(&[entry]);
    }
}

#[test]
fn lasts_three_days_at_most() {
    let world = World::new();
    for seconds in [1, LONGEST - 1, LONGEST] {
        let mut world = world.clone();
        world.land(&[pause(&world, seconds)]);
        let until = world.network.time() + i64::from(seconds);
        assert_eq!(world.market().header.entries_paused_until, until);
    }
    for seconds in [LONGEST + 1, u32::MAX] {
        world.clone().refuse(&[pause(&world, seconds)], GridError::PauseOutOfRange);
    }
}

#[test]
fn can_not_be_renewed_before_entries_were_open_for_three_days() {
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
    let mut world = waiting();
    world.land(&[pause(&world, LONGEST)]);
    world.network.advance(10);
    let now = world.network.time();

    let landed = world.land(&[pause(&world, 0)]);

    assert_event!(landed, MarketPaused { market: world.market, until: now });
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
    world.land(&[pause(&world, 0)]);
    assert_eq!(world.market().header.entries_paused_until, 0);
    world.land(&[pause(&world, 100)]);
    let until = world.network.time() + 100;
    world.network.advance(1_000);
    world.land(&[pause(&world, 0)]);
    assert_eq!(world.market().header.entries_paused_until, until, "the next pause does not wait longer");
}

#[test]
fn reaches_the_market_of_anyone() {
    let mut world = World::new();
    let stranger = world.stranger.pubkey();
    let market = address::market(&stranger, 0).0;
    world.land(&[
        instruction::open_market(stranger, world.mint, 0, TERMS),
        instruction::pause_market(world.authority.pubkey(), market, 100),
    ]);
    let open = instruction::open_device(world.node.pubkey(), market, 0, stranger);
    world.refuse(&[open], GridError::MarketPaused);
}

#[test]
fn refuses_who_is_not_the_pauser() {
    let mut world = World::new();
    let (admin, client) = (world.authority.pubkey(), world.client.pubkey());
    world.land(&[instruction::update_config(admin, client, admin)]);
    for other in [admin, world.stranger.pubkey()] {
        for seconds in [0, 1] {
            let pause = instruction::pause_market(other, world.market, seconds);
            world.refuse(&[pause], GridError::NotPauser);
        }
    }
    world.land(&[instruction::pause_market(client, world.market, 1)]);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[pause(&world, 100)]);
}
