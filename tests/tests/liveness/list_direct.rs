//! `list_direct`

use crate::support::*;
use grid_client::{
    address,
    instruction::{self, Listing, Spender},
};
use grid_jobs::{GridError, Job, JobKind, JobState, Market, MarketTerms, Project};
use grid_tests::{
    TERMS, World, assert_event, assert_ledger,
    world::{DEFINITION, DEPOSIT, TIMEOUT},
};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

fn list_direct(world: &World, id: u64, device: Address) -> Instruction {
    with(world, device, Listing { id, ..listing(1, JobKind::Batch) })
}

fn with(world: &World, device: Address, listing: Listing) -> Instruction {
    let spender = Spender::Owner(world.client.pubkey());
    instruction::list_direct(spender, world.project, world.market, device, &listing)
}

/// A world where this many devices wait.
fn waiting(count: u32) -> (World, Vec<Address>) {
    let mut world = World::new();
    let others: Vec<Address> = (1..count).map(|index| world.open_device(index)).collect();
    let devices = [&[world.device][..], &others].concat();
    devices.iter().for_each(|device| world.work(*device));
    (world, devices)
}

#[test]
fn takes_the_device_out_of_any_place_of_the_queue() {
    for (place, kind) in [0, 1, 2, 3, 4].into_iter().zip(KINDS.into_iter().cycle()) {
        let (mut world, mut devices) = waiting(5);
        let device = devices.remove(place);
        let (project, header, before) = (world.project(), world.market().header, world.state());
        let job = address::job(&world.project, 1).0;

        let landed = world.land(&[with(&world, device, listing(1, kind))]);

        assert_eq!(
            world.job(&job),
            Job {
                version: 1,
                bump: address::job(&world.project, 1).1,
                state: JobState::Assigned as u8,
                kind: kind as u8,
                attempts: 0,
                max_attempts: 3,
                fee_bps: 250.into(),
                slot: 0.into(),
                padding: [0; 2],
                timeout_seconds: TIMEOUT.into(),
                id: 1.into(),
                project: world.project,
                market: world.market,
                rent_payer: world.client.pubkey(),
                device,
                definition: DEFINITION,
                result: [0; 32],
                price_per_second_atoms: 100.into(),
                escrow_atoms: ESCROW.into(),
                start_window_seconds: 60.into(),
                heartbeat_limit_seconds: 120.into(),
                finish_grace_seconds: 3_600.into(),
                retention_seconds: 86_400.into(),
                matched_at: world.network.time().into(),
                started_at: 0.into(),
                last_heartbeat_at: 0.into(),
                ended_at: 0.into(),
                noticed_at: 0.into(),
                max_timeout_seconds: 7_200.into(),
                reserved: [0; 28],
            }
        );
        let balance = (DEPOSIT - ESCROW).into();
        assert_eq!(world.project(), Project { balance, open_jobs: 1.into(), ..project });
        let queue = world.market().header.queue;
        assert_eq!(world.market().header, Market { queue, active_jobs: 1.into(), ..header });
        assert_eq!(world.market().waiting(), Some(devices), "the others keep their order");
        assert_changed(&before, &world, &[job, world.project, world.market, world.client.pubkey()]);
        assert_event!(
            landed,
            JobMatched {
                job: job,
                project: world.project,
                market: world.market,
                device: device,
                escrow_atoms: ESCROW,
                balance_after_atoms: balance,
            }
        );
        world.start(device, job);
        world.finish(device, job);
        assert_ledger(&world, 0);
    }
}

#[test]
fn empties_a_queue_of_one() {
    let (mut world, devices) = waiting(1);
    world.land(&[list_direct(&world, 1, devices[0])]);
    assert_eq!(world.market().waiting(), Some(vec![]));
    let queued = world.list(2);
    assert_eq!(world.market().waiting(), Some(vec![queued]));
    assert_ledger(&world, 0);
}

#[test]
fn the_next_job_meets_who_waited_longest_all_the_same() {
    let (mut world, devices) = waiting(3);
    world.land(&[list_direct(&world, 1, devices[1])]);
    let jobs = [world.list(2), world.list(3), world.list(4)];
    assert_eq!(jobs.map(|job| world.job(&job).device), [devices[0], devices[2], Address::default()]);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_a_device_that_does_not_wait() {
    let mut world = World::new();
    let refuse = |world: &mut World| {
        let list = list_direct(world, 9, world.device);
        world.refuse(&[list], GridError::DeviceNotQueued);
    };
    refuse(&mut world);
    for stage in STAGES {
        let (mut world, _) = at(stage, JobKind::Batch);
        refuse(&mut world);
    }
    let node = world.node.pubkey();
    world.work(world.device);
    world.land(&[instruction::leave(node, world.device, world.market)]);
    refuse(&mut world);
}

#[test]
fn refuses_a_device_that_was_matched_this_moment() {
    let (mut world, devices) = waiting(2);
    let twice = [list_direct(&world, 1, devices[0]), list_direct(&world, 2, devices[0])];
    world.refuse(&twice, GridError::DeviceNotQueued);
    world.land(&twice[..1]);
    world.refuse(&twice[1..], GridError::DeviceNotQueued);
    let first = [world.list_instruction(3), list_direct(&world, 4, devices[1])];
    world.refuse(&first, GridError::DeviceNotQueued);
}

#[test]
fn refuses_a_device_whose_old_slot_another_has_now() {
    let (mut world, devices) = waiting(2);
    world.land(&[list_direct(&world, 1, devices[0])]);
    let newcomer = world.open_device(7);
    world.work(newcomer);
    assert_eq!(world.device(&newcomer).slot, world.device(&devices[0]).slot);
    world.refuse(&[list_direct(&world, 2, devices[0])], GridError::DeviceNotQueued);
}

#[test]
fn refuses_a_device_of_another_market() {
    let mut world = World::new();
    let (node, mint) = (world.node.pubkey(), world.mint);
    let market = world.open_market(1, MarketTerms { bond_atoms: 5_000, ..TERMS });
    let device = address::device(&market, &node, 0).0;
    let source = address::token_account(&node, mint);
    world.work(world.device);
    world.land(&[
        instruction::open_device(node, market, 0, node),
        instruction::fund_bond(node, source, device, mint, 5_000),
        instruction::work(node, device, market, 0),
    ]);
    assert_eq!(world.device(&device).slot, world.device(&world.device).slot);
    world.refuse(&[list_direct(&world, 1, device)], GridError::DeviceNotQueued);
}

#[test]
fn pays_what_the_device_asks_for() {
    let mut world = World::new();
    let node = world.node.pubkey();
    world.land(&[instruction::work(node, world.device, world.market, 100)]);
    let list = list_direct(&world, 1, world.device);
    let mut cheaper = world.clone();
    update_market(&mut cheaper, MarketTerms { price_per_second_atoms: 99, ..TERMS });
    cheaper.refuse(from_ref(&list), GridError::PriceBelowMinimum);
    for price in [100, 101] {
        let mut world = world.clone();
        update_market(&mut world, MarketTerms { price_per_second_atoms: price, ..TERMS });
        world.land(from_ref(&list));
        assert_ledger(&world, 0);
    }
}

#[test]
fn the_window_begins_with_the_listing() {
    let (mut world, devices) = waiting(2);
    world.network.advance(1_000_000);
    world.land(&[list_direct(&world, 1, devices[1])]);
    let run = run_on(&world, devices[1], address::job(&world.project, 1).0);
    let expire = instruction::expire_assignment(run, None);
    world.network.advance(60);
    world.refuse(from_ref(&expire), GridError::StartWindowNotOver);
    world.network.advance(1);
    world.land(&[expire]);
    assert_eq!(world.job(&run.job).device, devices[0], "the next try is anybody's");
    assert_ledger(&world, 0);
}

#[test]
fn refuses_what_list_refuses() {
    let (mut world, devices) = waiting(1);
    let device = devices[0];
    let base = listing(1, JobKind::Batch);
    for (listing, error) in [
        (Listing { definition: [0; 32], ..base }, GridError::ZeroDefinition),
        (Listing { timeout_seconds: 9, ..base }, GridError::TimeoutOutOfRange),
        (Listing { timeout_seconds: 7_201, ..base }, GridError::TimeoutOutOfRange),
        (Listing { max_price_per_second_atoms: 99, ..base }, GridError::PriceAboveMaximum),
    ] {
        world.refuse(&[with(&world, device, listing)], error);
    }
    let list = list_direct(&world, 1, device);
    let pause = instruction::pause_market(world.authority.pubkey(), world.market, 60);
    world.refuse(&[pause, list.clone()], GridError::MarketPaused);

    let (client, mint) = (world.client.pubkey(), world.mint);
    let home = address::token_account(&client, mint);
    let poor = instruction::withdraw(client, world.project, mint, home, DEPOSIT - ESCROW + 1);
    world.refuse(&[poor, list.clone()], GridError::InsufficientBalance);

    let mut fake = list.clone();
    fake.accounts[4].pubkey = address::job(&world.project, 2).0;
    world.refuse_with(&[fake], InstructionError::PrivilegeEscalation);
    let mut other = list.clone();
    other.accounts[1].pubkey = open_project_of_another_mint(&mut world);
    world.refuse(&[other], GridError::WrongMint);
    world.land(&[list]);
}

#[test]
fn refuses_a_job_that_exists() {
    let (mut world, devices) = waiting(2);
    let (first, second) = (list_direct(&world, 1, devices[0]), list_direct(&world, 1, devices[1]));
    // AccountAlreadyInUse of the system program.
    let in_use = InstructionError::Custom(0);
    world.refuse_with(&[first.clone(), second.clone()], in_use.clone());
    world.land(&[first]);
    world.refuse_with(&[second], in_use);
}

#[test]
fn counts_towards_a_members_limit_to_the_atom() {
    for (limit, error) in [(ESCROW - 1, Some(GridError::MemberLimitExceeded)), (ESCROW, None)] {
        let (mut world, devices) = waiting(1);
        let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
        world.land(&[instruction::set_member(client, world.project, stranger, limit, 60)]);
        let spender = Spender::Member(stranger);
        let job = listing(1, JobKind::Batch);
        let list = instruction::list_direct(spender, world.project, world.market, devices[0], &job);
        match error {
            Some(error) => world.refuse(&[list], error),
            None => {
                world.land(&[list]);
                assert_eq!(world.job(&address::job(&world.project, 1).0).rent_payer, stranger);
            }
        }
        assert_ledger(&world, 0);
    }
}

#[test]
fn refuses_everybody_else() {
    let (mut world, devices) = waiting(1);
    for other in [world.stranger.pubkey(), world.node.pubkey()] {
        let list = list_direct(&world, 1, devices[0]);
        refuse_swaps(&mut world, &list, vec![(0, other, GridError::NotMember)]);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (world, devices) = waiting(2);
    world.assert_ignores_donations(&[list_direct(&world, 1, devices[1])]);
}
