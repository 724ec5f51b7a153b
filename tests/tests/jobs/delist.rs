//! `delist`

use grid_client::{address, instruction};
use grid_jobs::{GridError, Job, Market, Project, QueueLinks};
use grid_tests::{TERMS, World, assert_event, assert_ledger, world::DEPOSIT};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// 100 atoms × 600 seconds and 2.5 % of it.
const ESCROW: u64 = 61_500;

fn delist(world: &World, job: Address) -> Instruction {
    let client = world.client.pubkey();
    instruction::delist(client, world.project, world.market, job, client)
}

#[test]
fn returns_escrow_and_rent_and_closes_the_job() {
    let mut world = World::new();
    let (project, market, client) = (world.project(), world.market(), world.client.pubkey());
    let (lamports, vault) = (world.lamports(&client), world.vault_tokens());
    let job = world.list(1);
    assert_eq!(world.lamports(&client), lamports - world.rent(328));

    let landed = world.land(&[delist(&world, job)]);

    assert!(!world.exists(&job));
    assert_eq!(world.lamports(&client), lamports);
    assert_eq!(world.project(), project);
    let kind_stays = QueueLinks { kind: 1, ..market.header.queue };
    assert_eq!(world.market().header, Market { queue: kind_stays, ..market.header });
    assert_eq!(world.market().slots, market.slots, "the slot is free again");
    assert_eq!(world.vault_tokens(), vault);
    assert_event!(
        landed,
        JobDelisted {
            job: job,
            project: world.project,
            market: world.market,
            refund_atoms: ESCROW,
            balance_after_atoms: DEPOSIT,
        }
    );
    assert_ledger(&world, 0);
}

#[test]
fn takes_a_job_out_of_any_place_of_the_queue() {
    let mut world = World::new();
    let jobs: Vec<Address> = (0..5).map(|id| world.list(id)).collect();
    let header = world.market().header;
    for (place, (head, tail)) in [(1, 4), (0, 4), (0, 4), (0, 4), (0, 3)].into_iter().enumerate() {
        let mut world = world.clone();
        world.land(&[delist(&world, jobs[place])]);
        let mut left = jobs.clone();
        left.remove(place);
        assert_eq!(world.market().waiting(), Some(left));
        assert_eq!(
            world.market().header,
            Market {
                queue: QueueLinks {
                    head: head.into(),
                    tail: tail.into(),
                    free: (place as u16).into(),
                    waiting: 4.into(),
                    kind: 1,
                    padding: 0,
                },
                active_jobs: 4.into(),
                ..header
            }
        );
        assert_ledger(&world, 0);
        let again = world.list(9);
        assert_eq!(world.job(&again).slot, place as u16, "the slot serves the next");
    }
}

#[test]
fn gives_the_lamports_that_others_sent_to_the_rent_payer() {
    let mut world = World::new();
    let client = world.client.pubkey();
    let before = world.lamports(&client);
    let job = world.list(1);
    let mut account = world.raw(&job);
    account.lamports += 5;
    world.network.set(job, account);
    world.land(&[delist(&world, job)]);
    assert_eq!(world.lamports(&client), before + 5);
}

#[test]
fn refuses_another_owner() {
    let mut world = World::new();
    let job = world.list(1);
    let mut delist = delist(&world, job);
    delist.accounts[0].pubkey = world.stranger.pubkey();
    world.refuse(&[delist], GridError::NoticeNotGiven);
}

#[test]
fn refuses_another_project() {
    let mut world = World::new();
    let job = world.list(1);
    let mut delist = delist(&world, job);
    delist.accounts[0].pubkey = world.stranger.pubkey();
    delist.accounts[1].pubkey = world.open_strangers_project();
    world.refuse(&[delist], GridError::WrongProject);
}

#[test]
fn refuses_another_market() {
    let mut world = World::new();
    let job = world.list(1);
    let mut delist = delist(&world, job);
    delist.accounts[2].pubkey = world.open_market(1, TERMS);
    world.refuse(&[delist], GridError::WrongMarket);
}

#[test]
fn refuses_to_pay_the_rent_to_another() {
    let mut world = World::new();
    let job = world.list(1);
    let mut delist = delist(&world, job);
    delist.accounts[4].pubkey = world.stranger.pubkey();
    world.refuse(&[delist], GridError::WrongRentPayer);
}

#[test]
fn refuses_a_job_that_a_device_took() {
    let mut world = World::new();
    let job = world.list(1);
    world.work(world.device);
    world.refuse(&[delist(&world, job)], GridError::JobNotQueued);
    world.list(2);
    assert_eq!(world.market().waiting().unwrap().len(), 1, "its slot has another job");
    world.refuse(&[delist(&world, job)], GridError::JobNotQueued);
    world.start(world.device, job);
    world.refuse(&[delist(&world, job)], GridError::JobNotQueued);
    world.finish(world.device, job);
    world.refuse(&[delist(&world, job)], GridError::JobNotQueued);
}

#[test]
fn refuses_a_job_that_took_a_device() {
    let mut world = World::new();
    world.work(world.device);
    let other = world.open_device(1);
    world.work(other);
    let job = world.list(1);
    world.refuse(&[delist(&world, job)], GridError::JobNotQueued);
}

#[test]
fn refuses_a_slot_beyond_the_queue() {
    let mut world = World::new();
    let job = world.list(1);
    for slot in [1, 272, 273, u16::MAX] {
        world.edit::<Job>(job, |j| j.slot = slot.into());
        world.refuse(&[delist(&world, job)], GridError::JobNotQueued);
    }
}

#[test]
fn happens_once() {
    let mut world = World::new();
    let job = world.list(1);
    let other = world.list(2);
    let delist = delist(&world, job);
    world.refuse_with(&[delist.clone(), delist.clone()], InstructionError::AccountDataTooSmall);
    world.land(from_ref(&delist));
    world.refuse_with(&[delist], InstructionError::AccountDataTooSmall);
    assert_eq!(world.market().waiting(), Some(vec![other]));
    assert_ledger(&world, 0);
}

#[test]
fn refuses_sums_that_do_not_fit() {
    let mut world = World::new();
    let job = world.list(1);
    let delist = delist(&world, job);

    let mut full = world.clone();
    full.edit::<Project>(world.project, |p| p.balance = (u64::MAX - ESCROW + 1).into());
    full.refuse(from_ref(&delist), GridError::Overflow);
    full.edit::<Project>(world.project, |p| p.balance = (u64::MAX - ESCROW).into());
    full.land(from_ref(&delist));
    assert_eq!(full.project().balance, u64::MAX);

    let mut none = world.clone();
    none.edit::<Project>(world.project, |p| p.open_jobs = 0.into());
    none.refuse(from_ref(&delist), GridError::Overflow);

    let mut none = world;
    none.edit::<Market>(none.market, |m| m.active_jobs = 0.into());
    none.refuse(&[delist], GridError::Overflow);
}

#[test]
fn reports_a_queue_whose_links_contradict_each_other() {
    let mut world = World::new();
    let job = world.list(1);
    world.break_links();
    world.refuse(&[delist(&world, job)], GridError::QueueCorrupted);
}

#[test]
fn a_stopped_job_is_not_queued() {
    let mut world = World::new();
    let job = world.list(1);
    world.work(world.device);
    world.fill_with_jobs(2);
    let decline = instruction::decline(world.node.pubkey(), world.run_of(world.device, job));
    world.land(&[decline]);
    world.refuse(&[delist(&world, job)], GridError::JobNotQueued);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let mut world = World::new();
    let (job, _) = address::job(&world.project, 1);
    world.list(1);
    world.assert_ignores_donations(&[delist(&world, job)]);
}
