//! `finish`

use grid_client::instruction;
use grid_jobs::{Device, DeviceState, GridError, Job, JobState, Market, Project};
use grid_tests::{
    TERMS, World, assert_event, assert_ledger,
    world::{RESULT, TIMEOUT},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// 100 atoms × 600 seconds and 2.5 % of it.
const ESCROW: u64 = 61_500;

/// A world whose job 1 runs on the world's device.
fn running() -> (World, Address) {
    let mut world = World::new();
    let job = world.run_job(1);
    (world, job)
}

fn finish(world: &World, job: Address) -> Instruction {
    let node = world.node.pubkey();
    instruction::finish(node, world.run_of(world.device, job), RESULT)
}

#[test]
fn pays_the_seconds_run_and_returns_the_rest() {
    let (mut world, job) = running();
    let (job_before, device, project) = (world.job(&job), world.device(&world.device), world.project());
    let (market, vault) = (world.market(), world.vault_tokens());
    let lamports = (world.lamports(&job), world.lamports(&world.device));
    world.network.advance(90);

    let landed = world.land(&[finish(&world, job)]);

    assert_eq!(
        world.job(&job),
        Job {
            state: JobState::Done as u8,
            result: RESULT,
            escrow_atoms: 0.into(),
            ended_at: world.network.time().into(),
            ..job_before
        }
    );
    assert_eq!(
        world.device(&world.device),
        Device {
            state: DeviceState::Idle as u8,
            job: Address::default(),
            earnings_atoms: 9_000.into(),
            jobs_finished: 1.into(),
            ..device
        }
    );
    assert_eq!(world.project(), Project { balance: (project.balance.get() + 52_275).into(), ..project });
    assert_eq!(
        world.market().header,
        Market { fees_owed_atoms: 225.into(), active_jobs: 0.into(), ..market.header }
    );
    assert_eq!(world.market().slots, market.slots);
    assert_eq!(world.vault_tokens(), vault, "no token moves");
    assert_eq!((world.lamports(&job), world.lamports(&world.device)), lamports);
    assert_event!(
        landed,
        JobFinished {
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

#[test]
fn ends_a_run_that_a_waiting_device_got() {
    let mut world = World::new();
    world.work(world.device);
    let job = world.list(1);
    world.start(world.device, job);
    let device = world.device(&world.device);
    world.network.advance(90);
    world.land(&[finish(&world, job)]);
    assert_eq!(
        world.device(&world.device),
        Device {
            state: DeviceState::Idle as u8,
            job: Address::default(),
            earnings_atoms: 9_000.into(),
            jobs_finished: 1.into(),
            ..device
        }
    );
    assert!(world.job(&job).is(JobState::Done));
    assert_ledger(&world, 0);
}

#[test]
fn pays_whole_seconds_up_to_the_timeout() {
    let (world, job) = running();
    let balance = world.project().balance.get();
    for (seconds, paid, fee) in [
        (-1, 0, 0),
        (0, 0, 0),
        (1, 100, 3),
        (2, 200, 5),
        (599, 59_900, 1_498),
        (600, 60_000, 1_500),
        (601, 60_000, 1_500),
        (100_000_000, 60_000, 1_500),
    ] {
        let mut world = world.clone();
        world.network.advance(seconds);
        world.land(&[finish(&world, job)]);
        assert_eq!(world.device(&world.device).earnings_atoms, paid, "{seconds} s");
        assert_eq!(world.market().header.fees_owed_atoms, fee, "{seconds} s");
        assert_eq!(world.project().balance, balance + ESCROW - paid - fee, "{seconds} s");
        assert_ledger(&world, 0);
    }
}

#[test]
fn adds_to_what_was_earned_before() {
    let (mut world, first) = running();
    world.network.advance(10);
    world.finish(world.device, first);
    let second = world.run_job(2);
    world.network.advance(20);
    let landed = world.land(&[finish(&world, second)]);
    assert_event!(
        landed,
        JobFinished {
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
    assert_eq!(world.device(&world.device).jobs_finished, 2);
    assert_ledger(&world, 0);
}

#[test]
fn takes_any_result_but_zero() {
    let (mut world, job) = running();
    let node = world.node.pubkey();
    let with = |world: &World, result| instruction::finish(node, world.run_of(world.device, job), result);
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
fn refuses_another_node() {
    let (mut world, job) = running();
    let mut finish = finish(&world, job);
    finish.accounts[0].pubkey = world.stranger.pubkey();
    world.refuse(&[finish], GridError::NotDeviceNode);
}

#[test]
fn refuses_another_device_of_the_node() {
    let (mut world, job) = running();
    let other = world.open_device(1);
    let mut finish = finish(&world, job);
    finish.accounts[1].pubkey = other;
    world.refuse(from_ref(&finish), GridError::JobNotRunning);
    world.list(2);
    world.work(other);
    world.refuse(&[finish], GridError::JobNotRunning);
}

#[test]
fn refuses_a_job_that_does_not_run() {
    let mut world = World::new();
    let job = world.list(1);
    let finish = finish(&world, job);
    world.refuse(from_ref(&finish), GridError::JobNotRunning);
    world.work(world.device);
    world.refuse(&[finish], GridError::JobNotRunning);
}

#[test]
fn refuses_a_job_that_was_assigned_and_not_started() {
    let mut world = World::new();
    world.work(world.device);
    let job = world.list(1);
    world.refuse(&[finish(&world, job)], GridError::JobNotRunning);
}

#[test]
fn refuses_another_market() {
    let (mut world, job) = running();
    let other = world.open_market(1, TERMS);
    let mut finish = finish(&world, job);
    finish.accounts[3].pubkey = other;
    world.refuse(&[finish], GridError::WrongMarket);
}

#[test]
fn refuses_another_project() {
    let (mut world, job) = running();
    let mut finish = finish(&world, job);
    finish.accounts[4].pubkey = world.open_strangers_project();
    world.refuse(&[finish], GridError::WrongProject);
}

#[test]
fn refuses_another_clock() {
    let (mut world, job) = running();
    for fake in [solana_sdk_ids::sysvar::rent::ID, world.mint, world.stranger.pubkey()] {
        let mut finish = finish(&world, job);
        finish.accounts[5].pubkey = fake;
        world.refuse(&[finish], GridError::WrongClock);
    }
}

#[test]
fn refuses_sums_that_do_not_fit() {
    let (mut world, job) = running();
    world.network.advance(10);
    let finish = finish(&world, job);

    let mut full = world.clone();
    full.edit::<Device>(world.device, |d| d.earnings_atoms = (u64::MAX - 999).into());
    full.refuse(from_ref(&finish), GridError::Overflow);
    full.edit::<Device>(world.device, |d| d.earnings_atoms = (u64::MAX - 1_000).into());
    full.land(from_ref(&finish));
    assert_eq!(full.device(&world.device).earnings_atoms, u64::MAX);

    let mut full = world.clone();
    full.edit::<Market>(world.market, |m| m.fees_owed_atoms = (u64::MAX - 24).into());
    full.refuse(from_ref(&finish), GridError::Overflow);
    full.edit::<Market>(world.market, |m| m.fees_owed_atoms = (u64::MAX - 25).into());
    full.land(from_ref(&finish));
    assert_eq!(full.market().header.fees_owed_atoms, u64::MAX);

    let mut full = world.clone();
    full.edit::<Project>(world.project, |p| p.balance = (u64::MAX - 60_474).into());
    full.refuse(from_ref(&finish), GridError::Overflow);
    full.edit::<Project>(world.project, |p| p.balance = (u64::MAX - 60_475).into());
    full.land(from_ref(&finish));
    assert_eq!(full.project().balance, u64::MAX);

    let mut poor = world.clone();
    poor.edit::<Job>(job, |j| j.escrow_atoms = 1_024.into());
    poor.refuse(from_ref(&finish), GridError::Overflow);
    poor.edit::<Job>(job, |j| j.escrow_atoms = 1_025.into());
    poor.land(from_ref(&finish));

    let mut none = world;
    none.edit::<Market>(none.market, |m| m.active_jobs = 0.into());
    none.refuse(&[finish], GridError::Overflow);
}

#[test]
fn takes_one_strike_off() {
    let (world, job) = running();
    for (before, after) in [(0, 0), (1, 0), (2, 1), (u32::MAX, u32::MAX - 1)] {
        let mut world = world.clone();
        world.edit::<Device>(world.device, |d| d.strikes = before.into());
        world.land(&[finish(&world, job)]);
        assert_eq!(world.device(&world.device).strikes, after);
    }
}

#[test]
fn ends_a_notice_to_the_device() {
    let mut world = World::new();
    world.work(world.device);
    world.land(&[instruction::notify_device(world.device)]);
    let job = world.list(1);
    world.start(world.device, job);
    world.land(&[finish(&world, job)]);
    assert_eq!(world.device(&world.device).noticed_at, 0);
}

#[test]
fn a_count_at_its_end_stops_no_payment() {
    let (mut world, job) = running();
    world.edit::<Device>(world.device, |d| d.jobs_finished = u64::MAX.into());
    world.network.advance(10);
    world.land(&[finish(&world, job)]);
    assert_eq!(world.device(&world.device).earnings_atoms, 1_000);
}

#[test]
fn happens_once() {
    let (mut world, job) = running();
    world.network.advance(i64::from(TIMEOUT));
    let finish = finish(&world, job);
    world.refuse(&[finish.clone(), finish.clone()], GridError::JobNotRunning);
    world.land(from_ref(&finish));
    world.refuse(&[finish], GridError::JobNotRunning);
    assert_ledger(&world, 0);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (mut world, job) = running();
    world.network.advance(90);
    world.assert_ignores_donations(&[finish(&world, job)]);
}
