//! `heartbeat`

use crate::support::*;
use grid_client::{event::events_in, instruction};
use grid_jobs::{GridError, Job, JobKind};
use grid_tests::{World, assert_ledger};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

fn heartbeat(world: &World, job: Address) -> Instruction {
    instruction::heartbeat(world.node.pubkey(), world.device, job)
}

#[test]
fn notes_the_time_in_the_job_and_touches_nothing_else() {
    for kind in KINDS {
        let (mut world, job) = running(kind);
        world.network.advance(100);
        let (job_before, before) = (world.job(&job), world.state());

        let landed = world.land(&[heartbeat(&world, job)]);

        let now = world.network.time();
        assert_eq!(world.job(&job), Job { last_heartbeat_at: now.into(), ..job_before });
        assert_changed(&before, &world, &[job]);
        assert!(events_in(&landed.logs).is_empty(), "the job's account says it");
        assert_ledger(&world, 0);
    }
}

#[test]
fn a_second_one_does_no_harm() {
    let (mut world, job) = running(JobKind::Batch);
    world.network.advance(100);
    let beat = heartbeat(&world, job);
    let mut once = world.clone();
    once.land(from_ref(&beat));
    world.land(&[beat.clone(), beat.clone()]);
    assert_eq!(world.state(), once.state(), "twice in one transaction");
    once.land(&[beat]);
    assert_eq!(world.state(), once.state(), "and in two");
}

#[test]
fn keeps_a_run_alive_to_the_second() {
    let (mut world, job) = running(JobKind::Batch);
    world.network.advance(100);
    world.land(&[heartbeat(&world, job)]);
    let expire = instruction::expire_run(run_on(&world, world.device, job), None);
    for (seconds, is_silent) in [(119, false), (120, false), (121, true)] {
        let mut world = world.clone();
        world.network.advance(seconds);
        match is_silent {
            true => drop(world.land(from_ref(&expire))),
            false => world.refuse(from_ref(&expire), GridError::RunNotOverdue),
        }
    }
}

#[test]
fn a_late_one_counts_until_somebody_takes_the_job_back() {
    let (mut world, job) = running(JobKind::Batch);
    world.network.advance(1_000);
    let expire = instruction::expire_run(run_on(&world, world.device, job), None);
    let mut dead = world.clone();
    dead.land(from_ref(&expire));
    dead.refuse(&[heartbeat(&dead, job)], GridError::JobNotRunning);

    world.land(&[heartbeat(&world, job)]);
    world.refuse(&[expire], GridError::RunNotOverdue);
    world.finish(world.device, job);
    assert_eq!(world.device(&world.device).earnings_atoms, 60_000);
    assert_ledger(&world, 0);
}

#[test]
fn does_not_save_a_run_from_the_end_of_timeout_and_grace() {
    let (mut world, job) = running(JobKind::Batch);
    let expire = instruction::expire_run(run_on(&world, world.device, job), None);
    world.network.advance(600 + 3_600);
    world.land(&[heartbeat(&world, job)]);
    world.refuse(from_ref(&expire), GridError::RunNotOverdue);
    world.network.advance(1);
    world.land(&[heartbeat(&world, job), expire]);
    assert_ledger(&world, 0);
}

#[test]
fn follows_a_clock_that_runs_backwards() {
    let (mut world, job) = running(JobKind::Service);
    world.network.advance(-500);
    world.land(&[heartbeat(&world, job)]);
    assert_eq!(world.job(&job).last_heartbeat_at, world.network.time());
    let quit = instruction::quit(world.node.pubkey(), run_on(&world, world.device, job));
    world.land(&[quit]);
    assert_eq!(world.device(&world.device).earnings_atoms, 0, "no time has passed");
    assert_ledger(&world, 0);
}

#[test]
fn refuses_a_job_that_does_not_run() {
    for kind in KINDS {
        for stage in STAGES.into_iter().filter(|stage| *stage != Stage::Running) {
            let (mut world, job) = at(stage, kind);
            world.refuse(&[heartbeat(&world, job)], GridError::JobNotRunning);
        }
    }
}

#[test]
fn refuses_other_nodes_devices_and_clocks() {
    let (mut world, job) = running(JobKind::Batch);
    let (other, busy) = (world.open_device(1), world.open_device(2));
    let second = world.list(2);
    world.work(busy);
    world.start(busy, second);
    let beat = heartbeat(&world, job);
    let swaps = vec![
        (0, world.stranger.pubkey(), GridError::NotDeviceNode),
        (0, world.client.pubkey(), GridError::NotDeviceNode),
        (1, other, GridError::JobNotRunning),
        (1, busy, GridError::JobNotRunning),
        (2, second, GridError::JobNotRunning),
        (3, solana_sdk_ids::sysvar::rent::ID, GridError::WrongClock),
        (3, world.stranger.pubkey(), GridError::WrongClock),
    ];
    refuse_swaps(&mut world, &beat, swaps);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (mut world, job) = running(JobKind::Service);
    world.network.advance(90);
    world.assert_ignores_donations(&[heartbeat(&world, job)]);
}
