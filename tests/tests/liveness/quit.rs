//! `quit`

use crate::support::*;
use grid_client::instruction;
use grid_jobs::{
    Device, GridError, Job, JobKind, JobState, Market, MarketTerms, Project, QueueLinks, events::JobTakenBack,
};
use grid_tests::{
    TERMS, World, assert_ledger,
    world::{DEPOSIT, RESULT},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

fn quit(world: &World, job: Address) -> Instruction {
    instruction::quit(world.node.pubkey(), run_on(world, world.device, job))
}

/// Shows life of the run of a job on the world's device.
fn beat(world: &mut World, job: Address) {
    world.land(&[instruction::heartbeat(world.node.pubkey(), world.device, job)]);
}

/// A device after a quit that paid this much.
fn paid(device: Device, paid_atoms: u64) -> Device {
    Device { earnings_atoms: (device.earnings_atoms.get() + paid_atoms).into(), ..struck(device) }
}

#[test]
fn a_batch_job_pays_nothing_and_returns_to_the_head_of_the_queue() {
    let (mut world, job) = running(JobKind::Batch);
    let others = [world.list(2), world.list(3)];
    world.network.advance(90);
    beat(&mut world, job);
    world.network.advance(10);
    let (job_before, device, project) = (world.job(&job), world.device(&world.device), world.project());
    let (header, before) = (world.market().header, world.state());

    let landed = world.land(&[quit(&world, job)]);

    assert_eq!(world.job(&job), queued_again(job_before, 2));
    assert_eq!(world.device(&world.device), struck(device));
    assert_eq!(world.project(), project);
    assert_eq!(world.market().waiting(), Some(vec![job, others[0], others[1]]));
    assert_eq!(
        world.market().header,
        Market {
            queue: QueueLinks {
                head: 2.into(),
                tail: 1.into(),
                free: 3.into(),
                waiting: 3.into(),
                kind: 1,
                padding: 0,
            },
            ..header
        }
    );
    assert_changed(&before, &world, &[job, world.device, world.market]);
    assert_taken_back(
        &landed,
        JobTakenBack { attempts_after: 1, strikes_after: 1.into(), ..taken_back(&world, job, 2) },
    );
    assert_ledger(&world, 0);
}

#[test]
fn a_service_job_pays_the_seconds_to_the_last_heartbeat_and_keeps_what_the_rest_costs() {
    let (mut world, job) = running(JobKind::Service);
    world.network.advance(93);
    beat(&mut world, job);
    world.network.advance(10);
    let (job_before, device, project) = (world.job(&job), world.device(&world.device), world.project());
    let (header, before) = (world.market().header, world.state());

    let landed = world.land(&[quit(&world, job)]);

    let left = escrow(100, 507, 250);
    assert_eq!((ESCROW, left), (61_500, 51_968));
    let rest = Job { timeout_seconds: 507.into(), escrow_atoms: left.into(), ..job_before };
    assert_eq!(world.job(&job), queued_again(rest, 0));
    assert_eq!(world.device(&world.device), paid(device, 9_300));
    assert_eq!(world.project(), project);
    let queue =
        QueueLinks { head: 0.into(), tail: 0.into(), free: 1.into(), waiting: 1.into(), kind: 1, padding: 0 };
    assert_eq!(world.market().header, Market { queue, fees_owed_atoms: 232.into(), ..header });
    assert_changed(&before, &world, &[job, world.device, world.market]);
    assert_taken_back(
        &landed,
        JobTakenBack {
            paid_atoms: 9_300.into(),
            fee_atoms: 232.into(),
            earnings_after_atoms: 9_300.into(),
            fees_owed_after_atoms: 232.into(),
            ..taken_back(&world, job, 2)
        },
    );
    assert_ledger(&world, 0);
}

#[test]
fn a_service_job_that_never_showed_life_pays_nothing() {
    let (mut world, job) = running(JobKind::Service);
    world.network.advance(100);
    world.land(&[quit(&world, job)]);
    assert_eq!(world.device(&world.device).earnings_atoms, 0);
    assert_eq!((world.job(&job).timeout_seconds, world.job(&job).escrow_atoms), (600.into(), ESCROW.into()));
    assert_ledger(&world, 0);
}

#[test]
fn a_service_job_whose_timeout_is_covered_is_over() {
    let (world, job) = running(JobKind::Service);
    let balance = world.project().balance;
    for (seconds, left) in [(599, 1), (600, 0), (601, 0), (100_000, 0)] {
        let mut world = world.clone();
        world.network.advance(seconds);
        beat(&mut world, job);
        let landed = world.land(&[quit(&world, job)]);
        let after = world.job(&job);
        assert_eq!(after.timeout_seconds, left, "{seconds} s");
        assert_eq!(after.is(JobState::Stopped), left == 0, "{seconds} s");
        assert_eq!(world.market().header.active_jobs, left, "{seconds} s");
        assert_eq!(world.market().waiting().unwrap().len(), left as usize, "{seconds} s");
        let paid = (600 - u64::from(left)) * 100;
        assert_eq!(world.device(&world.device).earnings_atoms, paid, "{seconds} s");
        assert_taken_back(
            &landed,
            JobTakenBack {
                job_state: if left == 0 { 5 } else { 1 },
                paid_atoms: paid.into(),
                fee_atoms: (ESCROW - escrow(100, left, 250) - paid).into(),
                balance_after_atoms: balance,
                ..taken_back(&world, job, 2)
            },
        );
        assert_ledger(&world, 0);
    }
}

#[test]
fn the_next_device_runs_and_is_paid_the_rest_of_a_service_job() {
    let (mut world, job) = running(JobKind::Service);
    let second = world.open_device(1);
    world.network.advance(93);
    beat(&mut world, job);
    world.land(&[quit(&world, job)]);
    world.work(second);
    world.start(second, job);
    world.network.advance(10_000);
    world.finish(second, job);
    assert_eq!(world.device(&second).earnings_atoms, 50_700);
    assert_eq!(world.device(&world.device).earnings_atoms, 9_300);
    assert_eq!(world.market().header.fees_owed_atoms, 1_500, "the fee of the whole, not of the parts");
    assert_eq!(world.project().balance, DEPOSIT - ESCROW);
    assert_ledger(&world, 0);
}

#[test]
fn every_quit_is_a_strike_and_the_last_attempt_stops_the_job() {
    let (mut world, job) = running(JobKind::Batch);
    let balance = world.project().balance.get();
    for attempt in 1..=2 {
        world.land(&[quit(&world, job)]);
        assert_eq!(
            (world.job(&job).attempts, world.device(&world.device).strikes),
            (attempt, u32::from(attempt).into())
        );
        world.work(world.device);
        world.start(world.device, job);
    }
    let (job_before, device, header) = (world.job(&job), world.device(&world.device), world.market().header);
    world.network.advance(7);

    let landed = world.land(&[quit(&world, job)]);

    assert_eq!(
        world.job(&job),
        Job {
            state: JobState::Stopped as u8,
            attempts: 3,
            escrow_atoms: 0.into(),
            device: Address::default(),
            started_at: 0.into(),
            last_heartbeat_at: 0.into(),
            ended_at: world.network.time().into(),
            ..job_before
        }
    );
    assert_eq!(world.device(&world.device), struck(device));
    assert_eq!(world.project().balance, balance + ESCROW);
    assert_eq!(world.market().header, Market { active_jobs: 0.into(), ..header });
    assert_taken_back(
        &landed,
        JobTakenBack {
            job_state: 5,
            attempts_after: 3,
            strikes_after: 3.into(),
            refund_atoms: ESCROW.into(),
            balance_after_atoms: (balance + ESCROW).into(),
            ..taken_back(&world, job, 2)
        },
    );
    let client = world.client.pubkey();
    world.land(&[instruction::close_job(client, world.project, job, client)]);
    assert_ledger(&world, 0);
}

#[test]
fn the_last_attempt_of_a_service_job_pays_first_and_refunds_the_rest() {
    let mut world = World::new();
    let terms = MarketTerms { max_attempts: 1, ..TERMS };
    update_market(&mut world, terms);
    let job = list(&mut world, 1, JobKind::Service);
    world.work(world.device);
    world.start(world.device, job);
    let balance = world.project().balance.get();
    world.network.advance(93);
    beat(&mut world, job);
    world.land(&[quit(&world, job)]);
    assert!(world.job(&job).is(JobState::Stopped));
    assert_eq!(world.device(&world.device).earnings_atoms, 9_300);
    assert_eq!(world.market().header.fees_owed_atoms, 232);
    assert_eq!(world.project().balance, balance + 51_968);
    assert_ledger(&world, 0);
}

#[test]
fn the_job_meets_the_device_that_waited_longest() {
    let (mut world, job) = running(JobKind::Batch);
    let devices = [world.open_device(1), world.open_device(2)];
    devices.iter().for_each(|device| world.work(*device));
    world.network.advance(45);
    let (job_before, device, next) = (world.job(&job), world.device(&world.device), world.raw(&devices[0]));
    let header = world.market().header;

    let landed = world.land(&[quit(&world, job)]);

    let now = world.network.time().into();
    let state = JobState::Assigned as u8;
    assert_eq!(
        world.job(&job),
        Job { state, device: devices[0], matched_at: now, ..queued_again(job_before, 0) }
    );
    assert_eq!(world.device(&world.device), struck(device));
    assert_eq!(world.raw(&devices[0]), next, "the next device's account was not needed");
    assert_eq!(world.market().waiting(), Some(vec![devices[1]]));
    assert_eq!(world.market().header, Market { queue: world.market().header.queue, ..header });
    let event = JobTakenBack { next_device: devices[0], job_state: 2, ..taken_back(&world, job, 2) };
    assert_taken_back(&landed, event);
    world.start(devices[0], job);
    assert_ledger(&world, 0);
}

#[test]
fn a_job_that_finds_the_queue_full_is_stopped() {
    for kind in KINDS {
        let (mut world, job) = running(kind);
        world.fill_with_jobs(2);
        world.network.advance(93);
        beat(&mut world, job);
        let (project, market) = (world.project(), world.market());
        world.land(&[quit(&world, job)]);
        let (paid, fee, left) = match kind {
            JobKind::Batch => (0, 0, ESCROW),
            JobKind::Service => (9_300, 232, 51_968),
        };
        assert!(world.job(&job).is(JobState::Stopped));
        assert_eq!(world.job(&job).attempts, 1);
        assert_eq!(world.device(&world.device).earnings_atoms, paid);
        assert_eq!(world.project(), Project { balance: (project.balance.get() + left).into(), ..project });
        assert_eq!(
            world.market().header,
            Market { active_jobs: 273.into(), fees_owed_atoms: fee.into(), ..market.header }
        );
        assert_eq!(world.market().slots, market.slots);
        assert_ledger(&world, 0);
    }
}

#[test]
fn a_job_with_no_attempt_left_is_stopped_though_a_device_waits() {
    let (mut world, job) = running(JobKind::Batch);
    world.edit::<Job>(job, |job| job.attempts = 2);
    let second = world.open_device(1);
    world.work(second);
    world.land(&[quit(&world, job)]);
    assert!(world.job(&job).is(JobState::Stopped));
    assert_eq!(world.market().waiting(), Some(vec![second]));
    assert_ledger(&world, 0);
}

#[test]
fn happens_once() {
    for kind in KINDS {
        let (mut world, job) = running(kind);
        world.network.advance(90);
        beat(&mut world, job);
        let quit = quit(&world, job);
        world.refuse(&[quit.clone(), quit.clone()], GridError::JobNotRunning);
        world.land(from_ref(&quit));
        world.refuse(from_ref(&quit), GridError::JobNotRunning);
        world.work(world.device);
        world.refuse(&[quit], GridError::JobNotRunning);
        assert_ledger(&world, 0);
    }
}

#[test]
fn refuses_a_job_that_does_not_run() {
    for stage in STAGES.into_iter().filter(|stage| *stage != Stage::Running) {
        let (mut world, job) = at(stage, JobKind::Service);
        world.refuse(&[quit(&world, job)], GridError::JobNotRunning);
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
    let quit = quit(&world, job);
    let swaps = vec![
        (0, world.stranger.pubkey(), GridError::NotDeviceNode),
        (0, world.client.pubkey(), GridError::NotDeviceNode),
        (1, busy, GridError::JobNotRunning),
        (2, second, GridError::JobNotRunning),
        (3, market, GridError::WrongMarket),
        (4, project, GridError::WrongProject),
        (5, solana_sdk_ids::sysvar::rent::ID, GridError::WrongClock),
    ];
    refuse_swaps(&mut world, &quit, swaps);
}

#[test]
fn a_finish_after_it_fails() {
    let (mut world, job) = running(JobKind::Batch);
    let finish = instruction::finish(world.node.pubkey(), run_on(&world, world.device, job), RESULT);
    world.refuse(&[quit(&world, job), finish], GridError::JobNotRunning);
}

#[test]
fn strikes_go_no_further_than_the_field() {
    let (mut world, job) = running(JobKind::Batch);
    world.edit::<Device>(world.device, |device| device.strikes = u32::MAX.into());
    world.land(&[quit(&world, job)]);
    assert_eq!(world.device(&world.device).strikes, u32::MAX);
}

#[test]
fn refuses_sums_that_do_not_fit() {
    let (mut world, job) = running(JobKind::Service);
    world.network.advance(10);
    beat(&mut world, job);
    let quit = quit(&world, job);

    let mut full = world.clone();
    full.edit::<Device>(world.device, |device| device.earnings_atoms = (u64::MAX - 999).into());
    full.refuse(from_ref(&quit), GridError::Overflow);
    full.edit::<Device>(world.device, |device| device.earnings_atoms = (u64::MAX - 1_000).into());
    full.land(from_ref(&quit));

    let mut full = world.clone();
    full.edit::<Market>(world.market, |market| market.fees_owed_atoms = (u64::MAX - 24).into());
    full.refuse(from_ref(&quit), GridError::Overflow);
    full.edit::<Market>(world.market, |market| market.fees_owed_atoms = (u64::MAX - 25).into());
    full.land(from_ref(&quit));

    world.edit::<Job>(job, |job| job.attempts = 2);
    let left = escrow(100, 590, 250);
    let mut full = world.clone();
    full.edit::<Project>(world.project, |project| project.balance = (u64::MAX - left + 1).into());
    full.refuse(from_ref(&quit), GridError::Overflow);
    full.edit::<Project>(world.project, |project| project.balance = (u64::MAX - left).into());
    full.land(from_ref(&quit));
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (mut world, job) = running(JobKind::Service);
    world.network.advance(90);
    beat(&mut world, job);
    world.assert_ignores_donations(&[quit(&world, job)]);
}
