//! `end`

use crate::support::*;
use grid_client::{
    address,
    instruction::{self, Spender},
};
use grid_jobs::{Device, DeviceState, GridError, Job, JobKind, JobState, Market, Project};
use grid_tests::{TERMS, World, assert_event, assert_ledger, world::DEFINITION};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

fn end(world: &World, job: Address) -> Instruction {
    instruction::end(world.client.pubkey(), run_on(world, world.device, job))
}

/// A world whose stranger is a member of the project and listed job 1, which runs.
fn running_of_a_member() -> (World, Address) {
    let mut world = World::new();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    let request = (JobKind::Batch, 600, DEFINITION);
    world.land(&[
        instruction::set_member(client, world.project, stranger, ESCROW, 60),
        instruction::list_many(
            Spender::Member(stranger),
            world.project,
            world.market,
            1,
            u64::MAX,
            &[request],
        ),
    ]);
    let job = address::job(&world.project, 1).0;
    world.work(world.device);
    world.start(world.device, job);
    (world, job)
}

#[test]
fn pays_the_seconds_so_far_and_returns_the_rest() {
    for kind in KINDS {
        let (mut world, job) = running(kind);
        world.edit::<Device>(world.device, |device| device.strikes = 2.into());
        let (job_before, device, project) = (world.job(&job), world.device(&world.device), world.project());
        let (header, before) = (world.market().header, world.state());
        world.network.advance(90);

        let landed = world.land(&[end(&world, job)]);

        let now = world.network.time().into();
        let state = JobState::Done as u8;
        assert_eq!(world.job(&job), Job { state, escrow_atoms: 0.into(), ended_at: now, ..job_before });
        assert_eq!(
            world.device(&world.device),
            Device {
                state: DeviceState::Idle as u8,
                job: Address::default(),
                earnings_atoms: 9_000.into(),
                ..device
            },
            "no strike goes, no finished job is counted"
        );
        assert_eq!(world.project(), Project { balance: (project.balance.get() + 52_275).into(), ..project });
        assert_eq!(
            world.market().header,
            Market { fees_owed_atoms: 225.into(), active_jobs: 0.into(), ..header }
        );
        assert_changed(&before, &world, &[job, world.device, world.project, world.market]);
        assert_event!(
            landed,
            JobEnded {
                job: job,
                seconds: 90,
                paid_atoms: 9_000,
                fee_atoms: 225,
                refund_atoms: 52_275,
                earnings_after_atoms: 9_000,
                fees_owed_after_atoms: 225,
                balance_after_atoms: world.project().balance,
            }
        );
        assert_ledger(&world, 0);
    }
}

#[test]
fn pays_until_now_while_the_node_shows_life_and_else_to_its_last_heartbeat() {
    for kind in KINDS {
        let (mut world, job) = running(kind);
        world.network.advance(50);
        world.land(&[instruction::heartbeat(world.node.pubkey(), world.device, job)]);
        for (seconds, paid_seconds) in [(119, 169), (120, 170), (121, 50), (100_000, 50)] {
            let mut world = world.clone();
            world.network.advance(seconds);
            world.land(&[end(&world, job)]);
            assert_eq!(world.device(&world.device).earnings_atoms, paid_seconds * 100, "{seconds} s");
            assert_eq!(world.job(&job).ended_at, world.network.time());
            assert_ledger(&world, 0);
        }
    }
}

#[test]
fn pays_nothing_for_a_run_that_never_showed_life() {
    let (mut world, job) = running(JobKind::Service);
    let balance = world.project().balance.get();
    world.network.advance(121);
    world.land(&[end(&world, job)]);
    assert_eq!(world.device(&world.device).earnings_atoms, 0);
    assert_eq!(world.market().header.fees_owed_atoms, 0);
    assert_eq!(world.project().balance, balance + ESCROW);
    assert_ledger(&world, 0);
}

#[test]
fn pays_no_more_than_the_timeout() {
    let (mut world, job) = running(JobKind::Batch);
    for (seconds, paid, fee) in [(599, 59_900, 1_498), (600, 60_000, 1_500), (601, 60_000, 1_500)] {
        let mut world = world.clone();
        world.network.advance(seconds);
        world.land(&[instruction::heartbeat(world.node.pubkey(), world.device, job), end(&world, job)]);
        assert_eq!(world.device(&world.device).earnings_atoms, paid, "{seconds} s");
        assert_eq!(world.market().header.fees_owed_atoms, fee, "{seconds} s");
        assert_ledger(&world, 0);
    }
    world.network.advance(1_000_000);
    world.land(&[instruction::heartbeat(world.node.pubkey(), world.device, job), end(&world, job)]);
    assert_eq!(world.device(&world.device).earnings_atoms, 60_000);
}

#[test]
fn pays_nothing_when_the_clock_went_backwards() {
    let (mut world, job) = running(JobKind::Batch);
    world.network.advance(-5);
    world.land(&[end(&world, job)]);
    assert_eq!(world.device(&world.device).earnings_atoms, 0);
    assert_ledger(&world, 0);
}

#[test]
fn adds_to_what_was_earned_before() {
    let (mut world, first) = running(JobKind::Batch);
    world.network.advance(10);
    world.land(&[end(&world, first)]);
    let second = world.run_job(2);
    world.network.advance(20);
    let landed = world.land(&[end(&world, second)]);
    assert_event!(
        landed,
        JobEnded {
            job: second,
            seconds: 20,
            paid_atoms: 2_000,
            fee_atoms: 50,
            refund_atoms: 59_450,
            earnings_after_atoms: 3_000,
            fees_owed_after_atoms: 75,
            balance_after_atoms: world.project().balance,
        }
    );
    assert_ledger(&world, 0);
}

#[test]
fn frees_the_device_for_the_next_job_at_once() {
    let (mut world, job) = running(JobKind::Batch);
    let next = world.list(2);
    world.land(&[
        end(&world, job),
        instruction::work(world.node.pubkey(), world.device, world.market, 0),
        instruction::start(world.node.pubkey(), world.device, next),
    ]);
    assert!(world.job(&next).is(JobState::Running));
    assert_ledger(&world, 0);
}

#[test]
fn the_member_who_listed_the_job_may_end_it_and_so_may_the_owner() {
    let (world, job) = running_of_a_member();
    for client in [world.stranger.pubkey(), world.client.pubkey()] {
        let mut world = world.clone();
        world.network.advance(90);
        let balance = world.project().balance.get();
        world.land(&[instruction::end(client, run_on(&world, world.device, job))]);
        assert_eq!(world.project().balance, balance + 52_275, "the project gets the rest, whoever ended it");
        assert_ledger(&world, 0);
    }
}

#[test]
fn a_member_whose_membership_is_over_may_still_end_its_job() {
    let (mut world, job) = running_of_a_member();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    world.land(&[
        instruction::close_member(client, client, world.project, stranger),
        instruction::end(stranger, run_on(&world, world.device, job)),
    ]);
    assert!(world.job(&job).is(JobState::Done));
    assert_ledger(&world, 0);
}

#[test]
fn a_member_may_not_end_what_another_listed() {
    let (mut world, job) = running(JobKind::Batch);
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    world.land(&[instruction::set_member(client, world.project, stranger, u64::MAX, 60)]);
    let end = instruction::end(stranger, run_on(&world, world.device, job));
    world.refuse(&[end], GridError::NotJobClient);
}

#[test]
fn refuses_everybody_else() {
    let (mut world, job) = running(JobKind::Batch);
    world.network.advance(1_000_000);
    let end = end(&world, job);
    let others = [world.stranger.pubkey(), world.node.pubkey(), world.authority.pubkey()];
    let swaps = others.map(|other| (0, other, GridError::NotJobClient)).to_vec();
    refuse_swaps(&mut world, &end, swaps);
}

#[test]
fn refuses_a_job_that_does_not_run() {
    for kind in KINDS {
        for stage in STAGES.into_iter().filter(|stage| *stage != Stage::Running) {
            let (mut world, job) = at(stage, kind);
            world.refuse(&[end(&world, job)], GridError::JobNotRunning);
        }
    }
}

#[test]
fn refuses_accounts_of_others() {
    let (mut world, job) = running(JobKind::Batch);
    let busy = world.open_device(1);
    let second = world.list(2);
    world.work(busy);
    world.start(busy, second);
    let market = world.open_market(1, TERMS);
    let project = world.open_strangers_project();
    let end = end(&world, job);
    let swaps = vec![
        (1, busy, GridError::JobNotRunning),
        (2, second, GridError::JobNotRunning),
        (3, market, GridError::WrongMarket),
        (4, project, GridError::WrongProject),
        (5, solana_sdk_ids::sysvar::rent::ID, GridError::WrongClock),
    ];
    refuse_swaps(&mut world, &end, swaps);
}

#[test]
fn happens_once() {
    let (mut world, job) = running(JobKind::Service);
    world.network.advance(90);
    let end = end(&world, job);
    world.refuse(&[end.clone(), end.clone()], GridError::JobNotRunning);
    world.land(from_ref(&end));
    world.refuse(&[end], GridError::JobNotRunning);
    assert_ledger(&world, 0);
}

#[test]
fn the_first_of_end_finish_quit_and_expire_wins() {
    let (mut world, job) = running(JobKind::Service);
    world.network.advance(121);
    let run = run_on(&world, world.device, job);
    let node = world.node.pubkey();
    let ways = [
        end(&world, job),
        instruction::finish(node, run, [1; 32]),
        instruction::quit(node, run),
        instruction::expire_run(run, None),
    ];
    for first in &ways {
        for second in &ways {
            world.clone().refuse(&[first.clone(), second.clone()], GridError::JobNotRunning);
        }
    }
}

#[test]
fn refuses_sums_that_do_not_fit() {
    let (mut world, job) = running(JobKind::Batch);
    world.network.advance(10);
    let end = end(&world, job);

    let mut full = world.clone();
    full.edit::<Device>(world.device, |device| device.earnings_atoms = (u64::MAX - 999).into());
    full.refuse(from_ref(&end), GridError::Overflow);
    full.edit::<Device>(world.device, |device| device.earnings_atoms = (u64::MAX - 1_000).into());
    full.land(from_ref(&end));

    let mut full = world.clone();
    full.edit::<Market>(world.market, |market| market.fees_owed_atoms = (u64::MAX - 24).into());
    full.refuse(from_ref(&end), GridError::Overflow);
    full.edit::<Market>(world.market, |market| market.fees_owed_atoms = (u64::MAX - 25).into());
    full.land(from_ref(&end));

    let mut full = world.clone();
    full.edit::<Project>(world.project, |project| project.balance = (u64::MAX - 60_474).into());
    full.refuse(from_ref(&end), GridError::Overflow);
    full.edit::<Project>(world.project, |project| project.balance = (u64::MAX - 60_475).into());
    full.land(from_ref(&end));

    world.edit::<Market>(world.market, |market| market.active_jobs = 0.into());
    world.refuse(&[end], GridError::Overflow);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (mut world, job) = running(JobKind::Batch);
    world.network.advance(90);
    world.assert_ignores_donations(&[end(&world, job)]);
}
