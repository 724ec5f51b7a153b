//! `notify_job` and `notify_device`, and what anyone may do when a notice has passed.

use crate::support::*;
use grid_client::{
    address,
    instruction::{self, Spender},
};
use grid_jobs::{Device, GridError, Job, JobKind, Project};
use grid_tests::{
    World, assert_event, assert_ledger,
    world::{BOND, DEFINITION, DEPOSIT},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// The time of a notice, seconds.
const NOTICE: i64 = 30 * 24 * 60 * 60;

fn delist(world: &World, job: Address) -> Instruction {
    let (stranger, client) = (world.stranger.pubkey(), world.client.pubkey());
    instruction::delist(stranger, world.project, world.market, job, client)
}

fn leave(world: &World) -> Instruction {
    instruction::leave(world.stranger.pubkey(), world.device, world.market)
}

fn withdraw_bond(world: &World, amount_atoms: u64) -> Instruction {
    let (stranger, node) = (world.stranger.pubkey(), world.node.pubkey());
    instruction::withdraw_bond(stranger, world.device, world.mint, node, amount_atoms)
}

fn close_device(world: &World) -> Instruction {
    instruction::close_device(world.stranger.pubkey(), world.node.pubkey(), world.device)
}

/// Asserts that a stranger's instruction is refused before a notice and until it has passed, and lands one second
/// later. Leaves the world there, with the notice given and the instruction landed.
#[track_caller]
fn assert_lands_after_notice(world: &mut World, notify: Instruction, instruction: &Instruction) {
    world.refuse(from_ref(instruction), GridError::NoticeNotGiven);
    world.land(&[notify]);
    for seconds in [0, NOTICE - 1, 1] {
        world.network.advance(seconds);
        world.refuse(from_ref(instruction), GridError::NoticeNotGiven);
    }
    world.network.advance(1);
    world.land(from_ref(instruction));
    assert_ledger(world, 0);
}

#[test]
fn notes_the_time_in_a_job_that_waits() {
    for kind in KINDS {
        let (mut world, job) = at(Stage::Queued, kind);
        let notify = instruction::notify_job(job);
        let (job_before, before) = (world.job(&job), world.state());

        let landed = world.run(from_ref(&notify), &[]);

        let noticed_at = world.network.time().into();
        assert_eq!(world.job(&job), Job { noticed_at, ..job_before });
        assert_changed(&before, &world, &[job]);
        assert_event!(landed, JobNotified { job: job, noticed_at: noticed_at });
        assert_ledger(&world, 0);
    }
}

#[test]
fn notes_the_time_in_a_device_that_is_idle_or_waits() {
    for waits in [false, true] {
        let mut world = World::new();
        if waits {
            world.work(world.device);
        }
        let (device, before) = (world.device(&world.device), world.state());

        let landed = world.run(&[instruction::notify_device(world.device)], &[]);

        let noticed_at = world.network.time().into();
        assert_eq!(world.device(&world.device), Device { noticed_at, ..device });
        assert_changed(&before, &world, &[world.device]);
        assert_event!(landed, DeviceNotified { device: world.device, noticed_at: noticed_at });
        assert_ledger(&world, 0);
    }
}

#[test]
fn refuses_a_job_that_does_not_wait() {
    for stage in [Stage::MatchedByJob, Stage::Running, Stage::Finished, Stage::Ended, Stage::Stopped] {
        let (mut world, job) = at(stage, JobKind::Batch);
        world.refuse(&[instruction::notify_job(job)], GridError::NotWaiting);
    }
}

#[test]
fn refuses_a_device_that_does_not_wait() {
    for stage in [Stage::MatchedByDevice, Stage::Running] {
        let (mut world, _) = at(stage, JobKind::Batch);
        let notify = instruction::notify_device(world.device);
        world.refuse(&[notify], GridError::NotWaiting);
    }
}

#[test]
fn can_not_be_given_again_and_so_not_be_postponed() {
    let (mut world, job) = at(Stage::Queued, JobKind::Batch);
    for notify in [instruction::notify_job(job), instruction::notify_device(world.device)] {
        let mut world = world.clone();
        world.refuse(&[notify.clone(), notify.clone()], GridError::NoticeAlreadyGiven);
        world.land(from_ref(&notify));
        for seconds in [1, NOTICE - 1, 1, NOTICE] {
            world.network.advance(seconds);
            world.refuse(from_ref(&notify), GridError::NoticeAlreadyGiven);
        }
    }
    world.land(&[instruction::notify_job(job)]);
    world.network.advance(NOTICE + 1);
    world.land(&[delist(&world, job)]);
}

#[test]
fn a_job_goes_home_by_anybodys_hand() {
    let (mut world, job) = at(Stage::Queued, JobKind::Batch);
    let (client, lamports) = (world.client.pubkey(), world.lamports(&world.client.pubkey()));
    let project = world.project();
    let mut at_once = world.clone();
    let by_owner = instruction::delist(client, world.project, world.market, job, client);
    at_once.land(&[by_owner]);

    let by_stranger = delist(&world, job);
    assert_lands_after_notice(&mut world, instruction::notify_job(job), &by_stranger);

    assert_eq!(world.state(), at_once.state(), "the owner would have got the same");
    assert_eq!(world.project(), Project { balance: DEPOSIT.into(), open_jobs: 0.into(), ..project });
    assert_eq!(world.lamports(&client), lamports + world.rent(328));
    assert_eq!(world.market().waiting(), Some(vec![]));
}

#[test]
fn a_members_job_goes_home_with_the_rent_to_the_member() {
    let mut world = World::new();
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    world.land(&[instruction::set_member(client, world.project, node, ESCROW, 60)]);
    let lamports = world.lamports(&node);
    let request = (JobKind::Batch, 600, DEFINITION);
    let spender = Spender::Member(node);
    let list = instruction::list_many(spender, world.project, world.market, 1, u64::MAX, &[request]);
    world.land(&[list]);
    let job = address::job(&world.project, 1).0;
    assert_eq!(world.lamports(&node), lamports - world.rent(328));
    world.land(&[instruction::notify_job(job)]);
    world.network.advance(NOTICE + 1);
    let stranger = world.stranger.pubkey();
    let mut delist = instruction::delist(stranger, world.project, world.market, job, stranger);
    world.refuse(from_ref(&delist), GridError::WrongRentPayer);
    delist.accounts[4].pubkey = client;
    world.refuse(from_ref(&delist), GridError::WrongRentPayer);
    delist.accounts[4].pubkey = node;
    world.land(&[delist]);
    assert_eq!(world.lamports(&node), lamports);
    assert_eq!(world.project().balance, DEPOSIT);
    assert_ledger(&world, 0);
}

#[test]
fn the_owner_and_the_lister_need_no_notice_and_one_does_not_hinder_them() {
    let mut world = World::new();
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    world.land(&[instruction::set_member(client, world.project, node, ESCROW, 60)]);
    let request = (JobKind::Batch, 600, DEFINITION);
    let spender = Spender::Member(node);
    world.land(&[instruction::list_many(spender, world.project, world.market, 1, u64::MAX, &[request])]);
    let job = address::job(&world.project, 1).0;
    for closer in [client, node] {
        let delist = instruction::delist(closer, world.project, world.market, job, node);
        world.clone().land(from_ref(&delist));
        world.clone().land(&[instruction::notify_job(job), delist]);
    }
}

#[test]
fn a_device_leaves_goes_home_and_closes_by_anybodys_hand_with_a_notice_for_each_place() {
    let mut world = World::new();
    let node = world.node.pubkey();
    let (lamports, tokens) = (world.lamports(&node), world.tokens(&node));
    world.work(world.device);
    let notify = instruction::notify_device(world.device);

    let leave = leave(&world);
    assert_lands_after_notice(&mut world, notify.clone(), &leave);
    assert_eq!(world.market().waiting(), Some(vec![]));
    assert_eq!(world.device(&world.device).noticed_at, 0);

    let bond = withdraw_bond(&world, BOND);
    assert_lands_after_notice(&mut world, notify, &bond);
    assert_eq!(world.tokens(&node), tokens + BOND);

    world.land(&[close_device(&world)]);
    assert!(!world.exists(&world.device));
    assert_eq!(world.lamports(&node), lamports + world.rent(288));
    assert_ledger(&world, 0);
}

#[test]
fn an_empty_device_closes_to_the_second() {
    let mut world = World::new();
    let (node, mint) = (world.node.pubkey(), world.mint);
    world.land(&[instruction::withdraw_bond(node, world.device, mint, node, BOND)]);
    let close = close_device(&world);
    let notify = instruction::notify_device(world.device);
    assert_lands_after_notice(&mut world, notify, &close);
}

#[test]
fn nobody_but_node_and_payee_gets_what_a_device_leaves_behind() {
    let (mut world, job) = running(JobKind::Batch);
    world.network.advance(10);
    world.finish(world.device, job);
    let (node, stranger, mint) = (world.node.pubkey(), world.stranger.pubkey(), world.mint);
    let tokens = world.tokens(&node);
    world.land(&[instruction::notify_device(world.device)]);
    world.network.advance(NOTICE + 1);

    let bond = instruction::withdraw_bond(stranger, world.device, mint, stranger, BOND);
    let earnings = instruction::withdraw_earnings(world.device, mint, stranger);
    world.refuse(&[bond], GridError::WrongPayeeAccount);
    world.refuse(&[earnings], GridError::WrongPayeeAccount);
    world.refuse(&[withdraw_bond(&world, BOND + 1)], GridError::InsufficientBond);
    world.refuse(&[close_device(&world)], GridError::DeviceNotEmpty);
    world.land(&[withdraw_bond(&world, BOND)]);
    world.refuse(&[close_device(&world)], GridError::DeviceNotEmpty);
    world.land(&[instruction::withdraw_earnings(world.device, mint, node)]);
    let to_another = instruction::close_device(stranger, stranger, world.device);
    world.refuse(&[to_another], GridError::NotDeviceNode);
    world.land(&[close_device(&world)]);
    assert_eq!(world.tokens(&node), tokens + BOND + 1_000);
    assert_ledger(&world, 0);
}

#[test]
fn earnings_go_home_at_any_time_without_a_notice() {
    let (mut world, job) = running(JobKind::Batch);
    world.network.advance(10);
    world.finish(world.device, job);
    let node = world.node.pubkey();
    world.run(&[instruction::withdraw_earnings(world.device, world.mint, node)], &[]);
    assert_ledger(&world, 0);
}

#[test]
fn a_job_that_a_device_took_reads_queued_and_is_not_delisted() {
    let (mut world, job) = at(Stage::MatchedByDevice, JobKind::Batch);
    world.land(&[instruction::notify_job(job)]);
    world.network.advance(NOTICE + 1);
    world.refuse(&[delist(&world, job)], GridError::JobNotQueued);
}

#[test]
fn a_device_that_a_job_took_reads_queued_and_does_not_leave() {
    let (mut world, _) = at(Stage::MatchedByJob, JobKind::Batch);
    let notify = instruction::notify_device(world.device);
    world.land(&[notify]);
    world.network.advance(NOTICE + 1);
    world.refuse(&[leave(&world)], GridError::DeviceNotQueued);
    world.refuse(&[withdraw_bond(&world, BOND)], GridError::DeviceNotIdle);
    world.refuse(&[close_device(&world)], GridError::DeviceNotIdle);
}

#[test]
fn a_jobs_notice_lapses_when_it_is_taken_and_queues_again() {
    let (mut world, job) = at(Stage::Queued, JobKind::Batch);
    let node = world.node.pubkey();
    world.land(&[instruction::notify_job(job)]);
    world.work(world.device);
    world.network.advance(NOTICE + 1);
    let run = run_on(&world, world.device, job);
    let start = instruction::start(node, world.device, job);
    for back in [
        vec![instruction::decline(node, run)],
        vec![instruction::expire_assignment(run, None)],
        vec![start.clone(), instruction::quit(node, run)],
    ] {
        let mut world = world.clone();
        world.land(&back);
        assert_eq!(world.market().waiting(), Some(vec![job]));
        assert_eq!(world.job(&job).noticed_at, 0);
        world.refuse(&[delist(&world, job)], GridError::NoticeNotGiven);
    }
    world.land(&[start]);
    world.network.advance(121);
    world.land(&[instruction::expire_run(run, None)]);
    world.refuse(&[delist(&world, job)], GridError::NoticeNotGiven);
}

#[test]
fn a_devices_notice_lapses_when_it_offers_itself() {
    let mut world = World::new();
    world.land(&[instruction::notify_device(world.device)]);
    world.network.advance(NOTICE + 1);
    world.work(world.device);
    assert_eq!(world.device(&world.device).noticed_at, 0);
    world.refuse(&[leave(&world)], GridError::NoticeNotGiven);
}

#[test]
fn a_devices_notice_lapses_when_its_match_or_run_ends() {
    let mut world = World::new();
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    world.land(&[
        instruction::work(node, world.device, world.market, 0),
        instruction::notify_device(world.device),
    ]);
    let job = world.list(1);
    world.network.advance(NOTICE + 1);
    let run = run_on(&world, world.device, job);
    let start = instruction::start(node, world.device, job);
    for over in [
        vec![instruction::decline(node, run)],
        vec![instruction::expire_assignment(run, None)],
        vec![start.clone(), instruction::finish(node, run, [1; 32])],
        vec![start.clone(), instruction::end(client, run)],
        vec![start.clone(), instruction::quit(node, run)],
    ] {
        let mut world = world.clone();
        world.land(&over);
        assert_eq!(world.device(&world.device).noticed_at, 0);
        world.refuse(&[withdraw_bond(&world, 1)], GridError::NoticeNotGiven);
        world.refuse(&[close_device(&world)], GridError::NoticeNotGiven);
    }
    world.land(&[start]);
    world.network.advance(121);
    world.land(&[instruction::expire_run(run, None)]);
    world.refuse(&[withdraw_bond(&world, 1)], GridError::NoticeNotGiven);
}

#[test]
fn a_devices_notice_lapses_when_it_leaves() {
    let mut world = World::new();
    let node = world.node.pubkey();
    world.land(&[
        instruction::work(node, world.device, world.market, 0),
        instruction::notify_device(world.device),
        instruction::leave(node, world.device, world.market),
    ]);
    world.network.advance(NOTICE + 1);
    world.refuse(&[withdraw_bond(&world, BOND)], GridError::NoticeNotGiven);
}

#[test]
fn a_job_created_again_has_no_notice() {
    let (mut world, job) = at(Stage::Queued, JobKind::Batch);
    let client = world.client.pubkey();
    world.land(&[
        instruction::notify_job(job),
        instruction::delist(client, world.project, world.market, job, client),
        world.list_instruction(1),
    ]);
    world.network.advance(NOTICE + 1);
    world.refuse(&[delist(&world, job)], GridError::NoticeNotGiven);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (mut world, job) = at(Stage::Queued, JobKind::Batch);
    world.assert_ignores_donations(&[instruction::notify_job(job)]);
    world.assert_ignores_donations(&[instruction::notify_device(world.device)]);
    world.land(&[instruction::notify_job(job), instruction::notify_device(world.device)]);
    world.network.advance(NOTICE + 1);
    world.assert_ignores_donations(&[delist(&world, job)]);
    world.assert_ignores_donations(&[withdraw_bond(&world, BOND), close_device(&world)]);
}
