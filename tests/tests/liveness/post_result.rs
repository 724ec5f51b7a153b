//! `post_result`

use crate::support::*;
use grid_client::instruction;
use grid_jobs::{GridError, Job, JobKind};
use grid_tests::{
    World, assert_event, assert_ledger,
    world::{BOND, RESULT},
};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

fn post_result(world: &World, job: Address) -> Instruction {
    instruction::post_result(world.node.pubkey(), world.device, job, RESULT)
}

#[test]
fn adds_the_result_and_touches_nothing_else() {
    for kind in KINDS {
        let (mut world, job) = at(Stage::Ended, kind);
        let (job_before, before) = (world.job(&job), world.state());

        let landed = world.land(&[post_result(&world, job)]);

        assert_eq!(world.job(&job), Job { result: RESULT, ..job_before });
        assert_changed(&before, &world, &[job]);
        assert_event!(landed, ResultPosted { job: job, device: world.device, result: RESULT });
        assert_ledger(&world, 0);
    }
}

#[test]
fn happens_once() {
    let (mut world, job) = at(Stage::Ended, JobKind::Batch);
    let post = post_result(&world, job);
    world.refuse(&[post.clone(), post.clone()], GridError::AlreadyHasResult);
    world.land(from_ref(&post));
    world.refuse(&[post], GridError::AlreadyHasResult);
    let other = instruction::post_result(world.node.pubkey(), world.device, job, [1; 32]);
    world.refuse(&[other], GridError::AlreadyHasResult);
}

#[test]
fn takes_any_result_but_zero() {
    let (mut world, job) = at(Stage::Ended, JobKind::Batch);
    let with =
        |world: &World, result| instruction::post_result(world.node.pubkey(), world.device, job, result);
    world.refuse(&[with(&world, [0; 32])], GridError::ZeroResult);
    for place in [0, 7, 8, 31] {
        let mut result = [0; 32];
        result[place] = 1;
        let mut world = world.clone();
        world.land(&[with(&world, result)]);
        assert_eq!(world.job(&job).result, result);
    }
}

#[test]
fn refuses_every_job_but_one_that_its_client_ended() {
    for (stage, error) in [
        (Stage::Queued, GridError::NotJobDevice),
        (Stage::MatchedByDevice, GridError::NotJobDevice),
        (Stage::MatchedByJob, GridError::JobNotOver),
        (Stage::Running, GridError::JobNotOver),
        (Stage::Finished, GridError::AlreadyHasResult),
        (Stage::Stopped, GridError::NotJobDevice),
    ] {
        let (mut world, job) = at(stage, JobKind::Service);
        world.refuse(&[post_result(&world, job)], error);
    }
}

#[test]
fn refuses_other_nodes_and_devices() {
    let (mut world, job) = at(Stage::Ended, JobKind::Batch);
    let other = world.open_device(1);
    let post = post_result(&world, job);
    let swaps = vec![
        (0, world.stranger.pubkey(), GridError::NotDeviceNode),
        (0, world.client.pubkey(), GridError::NotDeviceNode),
        (1, other, GridError::NotJobDevice),
    ];
    refuse_swaps(&mut world, &post, swaps);
}

#[test]
fn the_device_of_an_earlier_run_is_not_the_one_that_ran_it() {
    let (mut world, job) = running(JobKind::Batch);
    let second = world.open_device(1);
    let node = world.node.pubkey();
    world.work(second);
    world.land(&[instruction::quit(node, run_on(&world, world.device, job))]);
    world.start(second, job);
    world.land(&[instruction::end(world.client.pubkey(), run_on(&world, second, job))]);
    world.refuse(&[post_result(&world, job)], GridError::NotJobDevice);
    world.land(&[instruction::post_result(node, second, job, RESULT)]);
}

#[test]
fn a_device_may_run_the_next_job_before() {
    let (mut world, job) = at(Stage::Ended, JobKind::Batch);
    let next = world.run_job(2);
    world.land(&[post_result(&world, job)]);
    world.finish(world.device, next);
    assert_ledger(&world, 0);
}

#[test]
fn a_device_that_was_closed_can_not_and_one_created_again_can() {
    let (mut world, job) = at(Stage::Ended, JobKind::Batch);
    let node = world.node.pubkey();
    world.land(&[
        instruction::withdraw_bond(node, world.device, world.mint, node, BOND),
        instruction::close_device(node, node, world.device),
    ]);
    world.refuse_with(&[post_result(&world, job)], InstructionError::UninitializedAccount);
    world.open_device(0);
    world.land(&[post_result(&world, job)]);
}

#[test]
fn the_job_can_be_closed_with_it_or_without_it() {
    let (mut world, job) = at(Stage::Ended, JobKind::Batch);
    let client = world.client.pubkey();
    let close = instruction::close_job(client, world.project, job, client);
    let post = post_result(&world, job);
    world.clone().refuse_with(&[close.clone(), post.clone()], InstructionError::AccountDataTooSmall);
    let mut without = world.clone();
    without.land(from_ref(&close));
    without.refuse_with(from_ref(&post), InstructionError::AccountDataTooSmall);
    world.land(&[post, close]);
    assert_eq!(world.state(), without.state());
    assert_ledger(&world, 0);
}

#[test]
fn a_job_created_again_is_not_the_one_that_was_ended() {
    let (mut world, job) = at(Stage::Ended, JobKind::Batch);
    let client = world.client.pubkey();
    let close = instruction::close_job(client, world.project, job, client);
    let post = post_result(&world, job);
    world.refuse(&[close, world.list_instruction(1), post], GridError::NotJobDevice);
}

#[test]
fn counts_no_time_of_retention_anew() {
    let (mut world, job) = at(Stage::Ended, JobKind::Batch);
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    let close = instruction::close_job(stranger, world.project, job, client);
    world.network.advance(86_399);
    world.land(&[post_result(&world, job)]);
    world.refuse(from_ref(&close), GridError::RetentionNotOver);
    world.network.advance(1);
    world.land(&[close]);
}
