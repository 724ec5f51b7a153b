//! `close_job`

use grid_client::{address, instruction};
use grid_jobs::{GridError, Job, Project};
use grid_tests::{World, assert_event, assert_ledger};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// How long only the client may close a job, seconds.
const RETENTION: i64 = 86_400;

/// A world whose job 1 is done.
fn done() -> (World, Address) {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(60);
    world.finish(world.device, job);
    (world, job)
}

/// A world whose job 1 was stopped, because it was declined while the queue was full.
fn stopped() -> (World, Address) {
    let mut world = World::new();
    let job = world.list(1);
    world.work(world.device);
    world.fill_with_jobs(2);
    let node = world.node.pubkey();
    let decline = instruction::decline(node, world.run_of(world.device, job));
    world.land(&[decline]);
    (world, job)
}

fn close(world: &World, closer: Address, job: Address) -> Instruction {
    instruction::close_job(closer, world.project, job, world.client.pubkey())
}

#[test]
fn gives_the_owner_the_rent_back_at_any_time() {
    for ((mut world, job), others) in [(done(), 0), (stopped(), 273)] {
        let (project, client) = (world.project(), world.client.pubkey());
        let (market, device) = (world.raw(&world.market), world.raw(&world.device));
        let (lamports, vault) = (world.lamports(&client), world.vault_tokens());

        let landed = world.land(&[close(&world, client, job)]);

        assert!(!world.exists(&job));
        assert_eq!(world.lamports(&client), lamports + world.rent(328));
        assert_eq!(world.project(), Project { open_jobs: others.into(), ..project });
        assert_eq!((world.raw(&world.market), world.raw(&world.device)), (market, device));
        assert_eq!(world.vault_tokens(), vault);
        assert_event!(landed, JobClosed { job: job, project: world.project });
        assert_ledger(&world, 0);
    }
}

#[test]
fn anyone_may_close_after_the_retention() {
    let (world, job) = done();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    for (seconds, is_fine) in [
        (-1, false),
        (0, false),
        (RETENTION - 1, false),
        (RETENTION, true),
        (RETENTION + 1, true),
        (365 * 86_400, true),
    ] {
        let mut world = world.clone();
        world.network.advance(seconds);
        let close = close(&world, stranger, job);
        if !is_fine {
            world.refuse(&[close], GridError::RetentionNotOver);
            continue;
        }
        let lamports = (world.lamports(&client), world.lamports(&stranger));
        world.land(&[close]);
        assert!(!world.exists(&job));
        assert_eq!(
            (world.lamports(&client), world.lamports(&stranger)),
            (lamports.0 + world.rent(328), lamports.1),
            "the rent goes to who paid it"
        );
        assert_ledger(&world, 0);
    }
}

#[test]
fn a_retention_of_nothing_lets_anyone_close_at_once() {
    let (mut world, job) = done();
    world.edit::<Job>(job, |j| j.retention_seconds = 0.into());
    world.network.advance(-1);
    let close = close(&world, world.stranger.pubkey(), job);
    world.refuse(from_ref(&close), GridError::RetentionNotOver);
    world.network.advance(1);
    world.land(&[close]);
}

#[test]
fn a_retention_past_the_end_of_time_does_not_wrap() {
    let (mut world, job) = done();
    world.edit::<Job>(job, |j| j.ended_at = (i64::MAX - 1).into());
    let close = close(&world, world.stranger.pubkey(), job);
    world.refuse(from_ref(&close), GridError::RetentionNotOver);
    world.network.set_time(i64::MAX - 1);
    world.refuse(from_ref(&close), GridError::RetentionNotOver);
    world.network.set_time(i64::MAX);
    world.land(&[close]);
}

#[test]
fn gives_the_lamports_that_others_sent_to_the_rent_payer() {
    let (mut world, job) = done();
    let client = world.client.pubkey();
    let before = world.lamports(&client);
    let mut account = world.raw(&job);
    account.lamports += 5;
    world.network.set(job, account);
    world.land(&[close(&world, client, job)]);
    assert_eq!(world.lamports(&client), before + world.rent(328) + 5);
}

#[test]
fn refuses_a_job_that_is_not_over() {
    let mut world = World::new();
    let job = world.list(1);
    let client = world.client.pubkey();
    let close = close(&world, client, job);
    world.refuse(from_ref(&close), GridError::JobNotOver);
    world.work(world.device);
    world.refuse(from_ref(&close), GridError::JobNotOver);
    world.start(world.device, job);
    world.refuse(from_ref(&close), GridError::JobNotOver);

    let mut assigned = World::new();
    assigned.work(assigned.device);
    assigned.list(1);
    assigned.refuse(&[close], GridError::JobNotOver);
}

#[test]
fn a_stranger_gains_nothing_by_waiting_for_a_job_that_is_not_over() {
    let mut world = World::new();
    let job = world.run_job(1);
    world.network.advance(365 * 86_400);
    let close = close(&world, world.stranger.pubkey(), job);
    world.refuse(&[close], GridError::JobNotOver);
}

#[test]
fn refuses_another_project() {
    let (mut world, job) = done();
    let stranger = world.stranger.pubkey();
    let mut close = close(&world, stranger, job);
    close.accounts[1].pubkey = world.open_strangers_project();
    world.refuse(&[close], GridError::WrongProject);
}

#[test]
fn refuses_to_pay_the_rent_to_another() {
    let (mut world, job) = done();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    world.network.advance(RETENTION);
    for closer in [client, stranger] {
        let close = instruction::close_job(closer, world.project, job, stranger);
        world.refuse(&[close], GridError::WrongRentPayer);
    }
}

#[test]
fn refuses_a_count_below_zero() {
    let (mut world, job) = done();
    world.edit::<Project>(world.project, |p| p.open_jobs = 0.into());
    let close = close(&world, world.client.pubkey(), job);
    world.refuse(&[close], GridError::Overflow);
}

#[test]
fn happens_once() {
    let (mut world, job) = done();
    world.list(2);
    let close = close(&world, world.client.pubkey(), job);
    world.refuse_with(&[close.clone(), close.clone()], InstructionError::AccountDataTooSmall);
    world.land(from_ref(&close));
    world.refuse_with(&[close], InstructionError::AccountDataTooSmall);
    assert_eq!(world.project().open_jobs, 1);
    assert_ledger(&world, 0);
}

#[test]
fn the_address_serves_a_new_job() {
    let (mut world, job) = done();
    let close = close(&world, world.client.pubkey(), job);
    world.land(&[close, world.list_instruction(1)]);
    assert_eq!(world.market().waiting(), Some(vec![job]));
    assert_eq!(address::job(&world.project, 1).0, job);
    assert_ledger(&world, 0);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (world, job) = done();
    world.assert_ignores_donations(&[close(&world, world.client.pubkey(), job)]);
}
