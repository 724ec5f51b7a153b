//! `start`

use grid_client::instruction;
use grid_jobs::{Device, DeviceState, GridError, Job, JobState};
use grid_tests::{World, assert_event, assert_ledger};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// A world whose job 1 was taken by the world's device: the record of the match is the device's.
fn matched_by_device() -> (World, Address) {
    let mut world = World::new();
    let job = world.list(1);
    world.work(world.device);
    (world, job)
}

/// A world whose job 1 took the world's device: the record of the match is the job's.
fn matched_by_job() -> (World, Address) {
    let mut world = World::new();
    world.work(world.device);
    let job = world.list(1);
    (world, job)
}

fn start(world: &World, job: Address) -> Instruction {
    instruction::start(world.node.pubkey(), world.device, job)
}

#[test]
fn joins_both_records_and_starts_the_paid_clock() {
    for (mut world, job) in [matched_by_device(), matched_by_job()] {
        let (job_before, device, project) = (world.job(&job), world.device(&world.device), world.project());
        let (market, vault) = (world.raw(&world.market), world.vault_tokens());
        world.network.advance(30);
        let now = world.network.time();

        let landed = world.land(&[start(&world, job)]);

        assert_eq!(
            world.job(&job),
            Job {
                state: JobState::Running as u8,
                device: world.device,
                matched_at: 0.into(),
                started_at: now.into(),
                last_heartbeat_at: now.into(),
                ..job_before
            }
        );
        assert_eq!(
            world.device(&world.device),
            Device { state: DeviceState::Running as u8, job, matched_at: 0.into(), ..device }
        );
        assert_eq!(world.project(), project);
        assert_eq!(world.raw(&world.market), market, "the market was not needed");
        assert_eq!(world.vault_tokens(), vault);
        assert_event!(landed, JobStarted { job: job, started_at: now });
        assert_ledger(&world, 0);
    }
}

#[test]
fn stands_however_late_as_long_as_nobody_took_the_job_back() {
    for (world, job) in [matched_by_device(), matched_by_job()] {
        for seconds in [-1, 0, 59, 60, 61, 365 * 86_400] {
            let mut world = world.clone();
            world.network.advance(seconds);
            world.land(&[start(&world, job)]);
            assert_eq!(world.job(&job).started_at, world.network.time());
        }
    }
}

#[test]
fn refuses_another_node() {
    for (mut world, job) in [matched_by_device(), matched_by_job()] {
        let start = instruction::start(world.stranger.pubkey(), world.device, job);
        world.refuse(&[start], GridError::NotDeviceNode);
    }
}

#[test]
fn refuses_a_job_and_a_device_that_never_met() {
    let mut world = World::new();
    let job = world.list(1);
    world.refuse(&[start(&world, job)], GridError::NotMatched);
    let mut world = World::new();
    world.work(world.device);
    let other = world.open_device(1);
    let job = world.list(1);
    let start = instruction::start(world.node.pubkey(), other, job);
    world.refuse(&[start], GridError::NotMatched);
}

#[test]
fn refuses_the_job_of_another_device() {
    let (mut world, job) = matched_by_device();
    let other = world.open_device(1);
    let jobs = [job, world.list(2)];
    world.work(other);
    let node = world.node.pubkey();
    world.refuse(&[instruction::start(node, other, jobs[0])], GridError::NotMatched);
    world.refuse(&[instruction::start(node, world.device, jobs[1])], GridError::NotMatched);

    let mut world = World::new();
    let other = world.open_device(1);
    world.work(world.device);
    world.work(other);
    let jobs = [world.list(1), world.list(2)];
    world.refuse(&[instruction::start(node, other, jobs[0])], GridError::NotMatched);
    world.refuse(&[instruction::start(node, world.device, jobs[1])], GridError::NotMatched);
}

#[test]
fn refuses_a_waiting_device_and_a_waiting_job_of_two_markets() {
    let mut world = World::new();
    let market = world.open_market(1, grid_tests::TERMS);
    world.work(world.device);
    let mut list = world.list_instruction(1);
    list.accounts[2].pubkey = market;
    world.land(&[list]);
    let job = grid_client::address::job(&world.project, 1).0;
    world.refuse(&[start(&world, job)], GridError::NotMatched);
}

#[test]
fn refuses_another_clock() {
    for (mut world, job) in [matched_by_device(), matched_by_job()] {
        for fake in [solana_sdk_ids::sysvar::rent::ID, world.market, world.stranger.pubkey()] {
            let mut start = start(&world, job);
            start.accounts[3].pubkey = fake;
            world.refuse(&[start], GridError::WrongClock);
        }
    }
}

#[test]
fn happens_once() {
    for (mut world, job) in [matched_by_device(), matched_by_job()] {
        let start = start(&world, job);
        world.refuse(&[start.clone(), start.clone()], GridError::NotMatched);
        world.land(from_ref(&start));
        world.network.advance(10);
        world.refuse(&[start], GridError::NotMatched);
    }
}

#[test]
fn refuses_a_job_that_is_over() {
    let (mut world, job) = matched_by_device();
    world.start(world.device, job);
    world.finish(world.device, job);
    world.refuse(&[start(&world, job)], GridError::NotMatched);
}

#[test]
fn refuses_a_job_that_was_declined() {
    for (mut world, job) in [matched_by_device(), matched_by_job()] {
        let node = world.node.pubkey();
        let decline = instruction::decline(node, world.run_of(world.device, job));
        world.land(&[decline]);
        world.refuse(&[start(&world, job)], GridError::NotMatched);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (world, job) = matched_by_device();
    world.assert_ignores_donations(&[start(&world, job)]);
}
