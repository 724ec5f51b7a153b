//! `leave`

use grid_client::instruction;
use grid_jobs::{Device, DeviceState, GridError, Market, QueueLinks};
use grid_tests::{TERMS, World, assert_event, assert_ledger};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

fn leave(world: &World, device: Address) -> Instruction {
    instruction::leave(world.node.pubkey(), device, world.market)
}

#[test]
fn takes_a_device_out_of_the_queue() {
    let mut world = World::new();
    let market = world.market();
    world.work(world.device);
    let device = world.device(&world.device);

    let landed = world.land(&[leave(&world, world.device)]);

    assert_eq!(world.device(&world.device), Device { state: DeviceState::Idle as u8, ..device });
    let kind_stays = QueueLinks { kind: 2, ..market.header.queue };
    assert_eq!(world.market().header, Market { queue: kind_stays, ..market.header });
    assert_eq!(world.market().slots, market.slots, "the slot is free again");
    assert_event!(landed, DeviceLeft { device: world.device });
    assert_ledger(&world, 0);
}

#[test]
fn keeps_the_slot_the_minimum_price_and_the_penalties_that_the_device_came_with() {
    let mut world = World::new();
    let other = world.open_device(1);
    world.work(other);
    let device = world.device(&world.device);
    let node = world.node.pubkey();
    let work = instruction::work(node, world.device, world.market, 50);
    world.land(&[work, leave(&world, world.device)]);
    assert_eq!(
        world.device(&world.device),
        Device {
            slot: 1.into(),
            min_price_per_second_atoms: 50.into(),
            penalties: world.market().header.penalties,
            ..device
        }
    );
}

#[test]
fn works_from_any_place_of_the_queue() {
    let mut world = World::new();
    let mut devices = vec![world.device];
    devices.extend((1..5).map(|index| world.open_device(index)));
    for device in &devices {
        world.work(*device);
    }
    for place in 0..5 {
        let mut world = world.clone();
        world.land(&[leave(&world, devices[place])]);
        let mut left = devices.clone();
        left.remove(place);
        assert_eq!(world.market().waiting(), Some(left));
        assert!(world.device(&devices[place]).is(DeviceState::Idle));
        assert_ledger(&world, 0);
    }
}

#[test]
fn refuses_another_node() {
    let mut world = World::new();
    world.work(world.device);
    let mut leave = leave(&world, world.device);
    leave.accounts[0].pubkey = world.stranger.pubkey();
    world.refuse(&[leave], GridError::NoticeNotGiven);
}

#[test]
fn refuses_another_market() {
    let mut world = World::new();
    world.work(world.device);
    let mut leave = leave(&world, world.device);
    leave.accounts[2].pubkey = world.open_market(1, TERMS);
    world.refuse(&[leave], GridError::WrongMarket);
}

#[test]
fn refuses_an_idle_device_even_where_its_last_slot_is_taken() {
    let mut world = World::new();
    world.refuse(&[leave(&world, world.device)], GridError::DeviceNotQueued);
    let other = world.open_device(1);
    world.work(other);
    assert_eq!(world.device(&other).slot, world.device(&world.device).slot);
    world.refuse(&[leave(&world, world.device)], GridError::DeviceNotQueued);
    assert_eq!(world.market().waiting(), Some(vec![other]));
}

#[test]
fn refuses_a_device_that_a_job_took() {
    let mut world = World::new();
    world.work(world.device);
    let job = world.list(1);
    world.refuse(&[leave(&world, world.device)], GridError::DeviceNotQueued);
    world.start(world.device, job);
    world.refuse(&[leave(&world, world.device)], GridError::DeviceNotQueued);
    world.finish(world.device, job);
    world.refuse(&[leave(&world, world.device)], GridError::DeviceNotQueued);
}

#[test]
fn refuses_a_device_that_took_a_job() {
    let mut world = World::new();
    world.list(1);
    world.work(world.device);
    world.refuse(&[leave(&world, world.device)], GridError::DeviceNotQueued);
}

#[test]
fn refuses_a_slot_beyond_the_queue() {
    let mut world = World::new();
    world.work(world.device);
    for slot in [1, 273, u16::MAX] {
        world.edit::<Device>(world.device, |d| d.slot = slot.into());
        world.refuse(&[leave(&world, world.device)], GridError::DeviceNotQueued);
    }
}

#[test]
fn happens_once() {
    let mut world = World::new();
    world.work(world.device);
    let leave = leave(&world, world.device);
    world.refuse(&[leave.clone(), leave.clone()], GridError::DeviceNotQueued);
    world.land(from_ref(&leave));
    world.refuse(&[leave], GridError::DeviceNotQueued);
}

#[test]
fn a_device_comes_and_goes_as_often_as_it_likes() {
    let mut world = World::new();
    world.work(world.device);
    world.land(&[leave(&world, world.device)]);
    let (device, market) = (world.raw(&world.device), world.raw(&world.market));
    for _ in 0..50 {
        world.work(world.device);
        world.land(&[leave(&world, world.device)]);
    }
    assert_eq!(world.raw(&world.device), device);
    assert_eq!(world.raw(&world.market), market);
}

#[test]
fn reports_a_queue_whose_links_contradict_each_other() {
    let mut world = World::new();
    world.work(world.device);
    world.break_links();
    world.refuse(&[leave(&world, world.device)], GridError::QueueCorrupted);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let mut world = World::new();
    world.work(world.device);
    world.assert_ignores_donations(&[leave(&world, world.device)]);
}
