//! `grow_market`

use grid_client::instruction;
use grid_jobs::{GridError, Market, NO_SLOT, QueueLinks, QueueSlot};
use grid_tests::{World, assert_event, assert_ledger, keypair_for};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// Anyone grows the world's market.
fn grow(world: &World) -> Instruction {
    instruction::grow_market(world.stranger.pubkey(), world.market)
}

#[test]
fn adds_free_slots_in_front_of_the_free_ones() {
    let mut world = World::new();
    let jobs = [world.list(1), world.list(2)];
    let (market, stranger) = (world.market(), world.stranger.pubkey());
    let (lamports, vault) = (world.lamports(&stranger), world.vault_tokens());

    let landed = world.land(&[grow(&world)]);

    let account = world.raw(&world.market);
    assert_eq!(account.data.len(), 20_480);
    assert_eq!(account.lamports, world.rent(20_480));
    assert_eq!(world.lamports(&stranger), lamports - (world.rent(20_480) - world.rent(10_240)));
    let grown = world.market();
    assert_eq!(
        grown.header,
        Market {
            queue: QueueLinks {
                head: 0.into(),
                tail: 1.into(),
                free: 273.into(),
                waiting: 2.into(),
                kind: 1,
                padding: 0,
            },
            ..market.header
        }
    );
    assert_eq!(grown.slots[..273], market.slots[..]);
    let free = |index: u16| QueueSlot {
        address: Address::default(),
        previous: NO_SLOT.into(),
        next: if index < 557 { index + 1 } else { 2 }.into(),
    };
    assert_eq!(grown.slots[273..], (273..558).map(free).collect::<Vec<_>>());
    assert_eq!(grown.waiting(), Some(jobs.to_vec()));
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(landed, MarketGrown { market: world.market, capacity_after: 558 });
    assert_ledger(&world, 0);
}

#[test]
fn twice_in_one_transaction_grows_twice() {
    let mut world = World::new();
    world.land(&[grow(&world), grow(&world)]);
    assert_eq!(world.raw(&world.market).data.len(), 30_720);
    assert_eq!(world.market().slots.len(), 842);
    assert_ledger(&world, 0);
}

#[test]
fn keeps_a_full_queue_of_devices_in_order() {
    let mut world = World::new();
    for index in 1..=273 {
        let device = world.open_device(index);
        world.work(device);
    }
    let waiting = world.market().waiting().unwrap();
    world.land(&[grow(&world)]);
    assert_eq!(world.market().waiting().unwrap(), waiting);
    world.work(world.device);
    assert_eq!(world.market().waiting().unwrap(), [waiting, vec![world.device]].concat());
    assert_ledger(&world, 0);
}

#[test]
fn takes_less_of_the_payer_when_lamports_were_sent_to_the_market() {
    let mut world = World::new();
    let stranger = world.stranger.pubkey();
    let lamports = world.lamports(&stranger);
    let difference = world.rent(20_480) - world.rent(10_240);
    for (sent, paid) in [(1, difference - 1), (difference, 0), (difference + 9, 0)] {
        let mut world = world.clone();
        let mut account = world.raw(&world.market);
        account.lamports += sent;
        world.network.set(world.market, account);
        world.land(&[grow(&world)]);
        assert_eq!(world.lamports(&stranger), lamports - paid);
        assert_eq!(world.raw(&world.market).lamports, world.rent(10_240) + sent + paid);
    }
    world.land(&[grow(&world)]);
}

#[test]
fn refuses_a_payer_who_can_not_pay() {
    let mut world = World::new();
    let poor = keypair_for("poor");
    let grow = instruction::grow_market(poor.pubkey(), world.market);
    let difference = world.rent(20_480) - world.rent(10_240);
    world.network.svm.airdrop(&poor.pubkey(), difference - 1).unwrap();
    let before = world.state();
    // ResultWithNegativeLamports of the system program.
    let failure = world.attempt(from_ref(&grow), &[&poor]).unwrap_err();
    assert_eq!(failure.code(), Some(1));
    assert_eq!(world.state(), before);
    world.network.svm.airdrop(&poor.pubkey(), 1).unwrap();
    world.run(&[grow], &[&poor]);
    assert_eq!(world.lamports(&poor.pubkey()), 0);
}

#[test]
fn refuses_a_queue_at_its_largest() {
    let mut world = World::new();
    world.grow_market_to(65_534);
    assert_eq!(world.raw(&world.market).data.len(), 231 * 10_240);
    assert_eq!(world.market().slots.len(), 65_535);
    assert_eq!(world.market().header.queue.free, 65_411);
    world.refuse(&[grow(&world)], GridError::QueueAtLimit);
    let job = world.list(1);
    assert_eq!(world.market().waiting(), Some(vec![job]));
    assert_ledger(&world, 0);
}

#[test]
fn refuses_a_market_that_is_none() {
    let mut world = World::new();
    let stranger = world.stranger.pubkey();
    for (fake, error) in [
        (keypair_for("nobody").pubkey(), InstructionError::AccountDataTooSmall),
        (world.project, InstructionError::AccountDataTooSmall),
    ] {
        world.refuse_with(&[instruction::grow_market(stranger, fake)], error);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[grow(&world)]);
}
