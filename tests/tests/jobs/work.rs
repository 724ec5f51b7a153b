//! `work`

use grid_client::{address, instruction};
use grid_jobs::{
    Device, DeviceState, GridError, JobKind, Market, MarketTerms, NO_SLOT, Penalties, QueueLinks, QueueSlot,
};
use grid_tests::{TERMS, World, assert_event, assert_ledger, world::BOND};
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// What the market's terms take for a missed deadline.
fn penalties() -> Penalties {
    Penalties { expiry_reward_atoms: 1_000.into(), compensation_atoms: 3_000.into() }
}

fn work(world: &World, min_price_per_second_atoms: u64) -> Instruction {
    let node = world.node.pubkey();
    instruction::work(node, world.device, world.market, min_price_per_second_atoms)
}

#[test]
fn queues_a_device_when_no_job_waits() {
    let mut world = World::new();
    let (device, market) = (world.device(&world.device), world.market());

    let landed = world.land(&[work(&world, 7)]);

    assert_eq!(
        world.device(&world.device),
        Device {
            state: DeviceState::Queued as u8,
            slot: 0.into(),
            min_price_per_second_atoms: 7.into(),
            penalties: penalties(),
            ..device
        }
    );
    assert_eq!(
        world.market().header,
        Market {
            queue: QueueLinks {
                head: 0.into(),
                tail: 0.into(),
                free: 1.into(),
                waiting: 1.into(),
                kind: 2,
                padding: 0,
            },
            ..market.header
        }
    );
    let entry = QueueSlot { address: world.device, previous: NO_SLOT.into(), next: NO_SLOT.into() };
    assert_eq!(world.market().slots[0], entry);
    assert_eq!(world.market().slots[1..], market.slots[1..]);
    assert_event!(landed, DeviceQueued { device: world.device });
    assert_ledger(&world, 0);
}

#[test]
fn takes_the_job_that_waited_longest() {
    let mut world = World::new();
    let (first, second) = (world.list(1), world.list(2));
    let (device, market, project) = (world.device(&world.device), world.market(), world.project());
    let job = world.job(&first);

    let landed = world.land(&[work(&world, 100)]);

    assert_eq!(
        world.device(&world.device),
        Device {
            state: DeviceState::Assigned as u8,
            job: first,
            min_price_per_second_atoms: 100.into(),
            matched_at: world.network.time().into(),
            penalties: penalties(),
            ..device
        }
    );
    assert_eq!(
        world.market().header,
        Market {
            queue: QueueLinks {
                head: 1.into(),
                tail: 1.into(),
                free: 0.into(),
                waiting: 1.into(),
                kind: 1,
                padding: 0,
            },
            ..market.header
        }
    );
    assert_eq!(world.market().waiting(), Some(vec![second]));
    assert_eq!(world.job(&first), job, "the job's account was not needed");
    assert_eq!(world.project(), project);
    assert_event!(landed, DeviceMatched { device: world.device, job: first });
    assert_ledger(&world, 0);
}

#[test]
fn devices_queue_in_the_order_they_came() {
    let mut world = World::new();
    let devices = [world.device, world.open_device(1), world.open_device(2)];
    for device in [devices[2], devices[0], devices[1]] {
        world.work(device);
    }
    let waiting = vec![devices[2], devices[0], devices[1]];
    assert_eq!(world.market().waiting(), Some(waiting));
    assert_ledger(&world, 0);
}

#[test]
fn a_device_works_again_after_its_job() {
    let mut world = World::new();
    for id in 1..4 {
        let job = world.run_job(id);
        world.finish(world.device, job);
    }
    world.work(world.device);
    assert_eq!(world.market().waiting(), Some(vec![world.device]));
    assert_ledger(&world, 0);
}

#[test]
fn needs_the_markets_bond() {
    let world = World::new();
    for (bond, is_fine) in
        [(0, false), (1, false), (BOND - 1, false), (BOND, true), (BOND + 1, true), (u64::MAX, true)]
    {
        let mut world = world.clone();
        world.edit::<Device>(world.device, |d| d.bond_atoms = bond.into());
        match is_fine {
            true => drop(world.land(&[work(&world, 0)])),
            false => world.refuse(&[work(&world, 0)], GridError::InsufficientBond),
        }
    }
}

#[test]
fn refuses_a_device_with_too_many_strikes() {
    let world = World::new();
    for (strikes, is_fine) in
        [(0, true), (9, true), (10, false), (11, false), (65_536, false), (u32::MAX, false)]
    {
        let mut world = world.clone();
        world.edit::<Device>(world.device, |d| d.strikes = strikes.into());
        match is_fine {
            true => drop(world.land(&[work(&world, 0)])),
            false => world.refuse(&[work(&world, 0)], GridError::TooManyStrikes),
        }
    }
}

#[test]
fn counts_strikes_against_the_terms_of_now() {
    let mut world = World::new();
    world.edit::<Device>(world.device, |d| d.strikes = 1.into());
    let (authority, market) = (world.authority.pubkey(), world.market);
    let set =
        |max_strikes| instruction::update_market(authority, market, MarketTerms { max_strikes, ..TERMS });
    let (strict, lenient) = (set(1), set(2));
    world.land(&[strict]);
    world.refuse(&[work(&world, 0)], GridError::TooManyStrikes);
    world.land(&[lenient, work(&world, 0)]);
}

#[test]
fn a_finished_job_takes_a_strike_off_and_lets_the_device_work_again() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.edit::<Device>(world.device, |d| d.strikes = 10.into());
    world.finish(world.device, job);
    assert_eq!(world.device(&world.device).strikes, 9);
    world.land(&[work(&world, 0)]);
    assert_ledger(&world, 0);
}

#[test]
fn agrees_to_the_penalties_of_now_each_time() {
    let mut world = World::new();
    let (authority, node) = (world.authority.pubkey(), world.node.pubkey());
    let terms = MarketTerms { expiry_reward_atoms: 7, compensation_atoms: 8, ..TERMS };
    let leave = instruction::leave(node, world.device, world.market);
    world.work(world.device);
    world.land(&[instruction::update_market(authority, world.market, terms), leave]);
    assert_eq!(world.device(&world.device).penalties, penalties());
    world.work(world.device);
    assert_eq!(
        world.device(&world.device).penalties,
        Penalties { expiry_reward_atoms: 7.into(), compensation_atoms: 8.into() }
    );
}

#[test]
fn ends_a_notice() {
    let world = World::new();
    let mut queued = world.clone();
    queued.land(&[instruction::notify_device(world.device), work(&world, 0)]);
    assert_eq!(queued.device(&world.device).noticed_at, 0);
    let mut matched = world;
    matched.list(1);
    matched.land(&[instruction::notify_device(matched.device), work(&matched, 0)]);
    assert_eq!(matched.device(&matched.device).noticed_at, 0);
}

#[test]
fn refuses_a_market_that_was_opened_anew_with_another_mint() {
    let mut world = World::new();
    let other = world.open_mint("other mint");
    let authority = world.authority.pubkey();
    world.land(&[
        instruction::close_market(authority, world.market),
        instruction::open_market(authority, other, 0, TERMS),
    ]);
    world.refuse(&[work(&world, 0)], GridError::WrongMint);
}

#[test]
fn refuses_a_market_below_the_minimum_price() {
    let world = World::new();
    for (minimum, is_fine) in [(0, true), (1, true), (99, true), (100, true), (101, false), (u64::MAX, false)]
    {
        let mut world = world.clone();
        match is_fine {
            true => drop(world.land(&[work(&world, minimum)])),
            false => world.refuse(&[work(&world, minimum)], GridError::PriceBelowMinimum),
        }
    }
}

#[test]
fn refuses_another_node() {
    let mut world = World::new();
    let mut work = work(&world, 0);
    work.accounts[0].pubkey = world.stranger.pubkey();
    world.refuse(&[work], GridError::NotDeviceNode);
}

#[test]
fn refuses_another_market() {
    let mut world = World::new();
    let mut work = work(&world, 0);
    work.accounts[2].pubkey = world.open_market(1, TERMS);
    world.refuse(&[work], GridError::WrongMarket);
}

#[test]
fn refuses_a_device_that_waits() {
    let mut world = World::new();
    let work = work(&world, 0);
    world.refuse(&[work.clone(), work.clone()], GridError::DeviceNotIdle);
    world.land(from_ref(&work));
    world.refuse(&[work], GridError::DeviceNotIdle);
}

#[test]
fn refuses_a_device_that_a_job_took() {
    let mut world = World::new();
    world.work(world.device);
    world.list(1);
    world.refuse(&[work(&world, 0)], GridError::DeviceNotIdle);
}

#[test]
fn refuses_a_device_that_took_a_job() {
    let mut world = World::new();
    world.list(1);
    world.list(2);
    let work = work(&world, 0);
    world.refuse(&[work.clone(), work.clone()], GridError::DeviceNotIdle);
    world.land(from_ref(&work));
    world.refuse(&[work], GridError::DeviceNotIdle);
}

#[test]
fn refuses_a_device_that_runs() {
    let mut world = World::new();
    world.run_job(1);
    world.list(2);
    world.refuse(&[work(&world, 0)], GridError::DeviceNotIdle);
}

#[test]
fn refuses_when_the_queue_is_full_and_works_again_after_growth() {
    let mut world = World::new();
    for index in 1..=273 {
        let device = world.open_device(index);
        world.work(device);
    }
    let waiting = world.market().waiting().unwrap();
    assert_eq!(waiting.len(), 273);
    world.refuse(&[work(&world, 0)], GridError::QueueFull);
    world.grow_market_to(274);
    world.land(&[work(&world, 0)]);
    assert_eq!(world.market().waiting().unwrap(), [waiting, vec![world.device]].concat());
    assert_ledger(&world, 0);
}

#[test]
fn notes_any_time_of_the_match() {
    let mut world = World::new();
    world.list(1);
    for now in [i64::MIN, -1, 0, 1, i64::MAX] {
        let mut world = world.clone();
        world.network.set_time(now);
        world.land(&[work(&world, 0)]);
        assert_eq!(world.device(&world.device).matched_at, now);
    }
}

#[test]
fn refuses_another_clock() {
    let mut world = World::new();
    world.list(1);
    for fake in [solana_sdk_ids::sysvar::rent::ID, world.mint, world.stranger.pubkey()] {
        let mut work = work(&world, 0);
        work.accounts[3].pubkey = fake;
        world.refuse(&[work], GridError::WrongClock);
    }
}

#[test]
fn takes_jobs_of_any_project() {
    let mut world = World::new();
    let project = world.open_strangers_project();
    let stranger = world.stranger.pubkey();
    let source = address::token_account(&stranger, world.mint);
    let listing = instruction::Listing {
        id: 1,
        kind: JobKind::Batch,
        definition: [1; 32],
        timeout_seconds: 10,
        max_price_per_second_atoms: 100,
    };
    world.land(&[
        instruction::deposit(stranger, source, project, world.mint, 1_025),
        instruction::list(stranger, project, world.market, &listing),
    ]);
    world.work(world.device);
    assert_eq!(world.device(&world.device).job, address::job(&project, 1).0);
    assert_ledger(&world, 0);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[work(&world, 0)]);
}
