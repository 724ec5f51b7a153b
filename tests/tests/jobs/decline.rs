//! `decline`

use grid_client::instruction;
use grid_jobs::{Device, DeviceState, GridError, Job, JobState, Market, NO_SLOT, Project, QueueLinks};
use grid_tests::{TERMS, World, assert_event, assert_ledger, world::BOND};
use litesvm::types::TransactionMetadata;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// 100 atoms × 600 seconds and 2.5 % of it.
const ESCROW: u64 = 61_500;

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

/// A world whose job 1 is matched while the queue is full of other jobs.
fn matched_and_full() -> (World, Address) {
    let (mut world, job) = matched_by_device();
    world.fill_with_jobs(2);
    (world, job)
}

fn decline(world: &World, job: Address) -> Instruction {
    let node = world.node.pubkey();
    instruction::decline(node, world.run_of(world.device, job))
}

/// What the event of a first decline must say: which device the job met, what became of it and what was refunded.
#[track_caller]
fn assert_declined(
    world: &World,
    landed: TransactionMetadata,
    job: Address,
    next_device: Address,
    job_state: JobState,
    refund_atoms: u64,
) {
    assert_event!(
        landed,
        JobTakenBack {
            job: job,
            device: world.device,
            next_device: next_device,
            reward_project: world.project,
            cause: 1u8,
            job_state: job_state as u8,
            attempts_after: 1u8,
            padding: 0u8,
            strikes_after: 1,
            paid_atoms: 0,
            fee_atoms: 0,
            refund_atoms: refund_atoms,
            reward_atoms: 0,
            compensation_atoms: 0,
            bond_after_atoms: BOND,
            earnings_after_atoms: 0,
            fees_owed_after_atoms: 0,
            balance_after_atoms: world.project().balance,
        }
    );
}

/// The world's device after a decline that was a strike.
fn struck(device: Device) -> Device {
    Device {
        state: DeviceState::Idle as u8,
        strikes: 1.into(),
        job: Address::default(),
        matched_at: 0.into(),
        ..device
    }
}

#[test]
fn puts_the_job_back_at_the_head_of_the_queue() {
    for (mut world, job) in [matched_by_device(), matched_by_job()] {
        let others = [world.list(2), world.list(3)];
        let (job_before, device, project) = (world.job(&job), world.device(&world.device), world.project());
        let (header, vault) = (world.market().header, world.vault_tokens());

        let landed = world.land(&[decline(&world, job)]);

        assert_eq!(
            world.job(&job),
            Job {
                state: JobState::Queued as u8,
                slot: 2.into(),
                attempts: 1,
                device: Address::default(),
                matched_at: 0.into(),
                ..job_before
            }
        );
        assert_eq!(world.device(&world.device), struck(device));
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
        assert_eq!(world.project(), project);
        assert_eq!(world.vault_tokens(), vault);
        assert_declined(&world, landed, job, Address::default(), JobState::Queued, 0);
        assert_ledger(&world, 0);
    }
}

#[test]
fn puts_the_job_into_an_empty_queue() {
    for (mut world, job) in [matched_by_device(), matched_by_job()] {
        world.land(&[decline(&world, job)]);
        assert_eq!(world.market().waiting(), Some(vec![job]));
        assert_ledger(&world, 0);
    }
}

#[test]
fn hands_the_job_to_the_device_that_waited_longest() {
    let mut world = World::new();
    let (second, third) = (world.open_device(1), world.open_device(2));
    for device in [world.device, second, third] {
        world.work(device);
    }
    let job = world.list(1);
    let (job_before, device, next) = (world.job(&job), world.device(&world.device), world.device(&second));
    let (header, project) = (world.market().header, world.project());
    world.network.advance(45);

    let landed = world.land(&[decline(&world, job)]);

    assert_eq!(
        world.job(&job),
        Job { device: second, attempts: 1, matched_at: world.network.time().into(), ..job_before }
    );
    assert_eq!(world.device(&world.device), struck(device));
    assert_eq!(world.device(&second), next, "the next device's account was not needed");
    assert_eq!(world.market().waiting(), Some(vec![third]));
    assert_eq!(
        world.market().header,
        Market {
            queue: QueueLinks {
                head: 2.into(),
                tail: 2.into(),
                free: 1.into(),
                waiting: 1.into(),
                kind: 2,
                padding: 0,
            },
            ..header
        }
    );
    assert_eq!(world.project(), project);
    assert_declined(&world, landed, job, second, JobState::Assigned, 0);
    assert_ledger(&world, 0);
    world.start(second, job);
}

#[test]
fn a_job_that_a_device_took_meets_a_device_that_came_later() {
    let (mut world, job) = matched_by_device();
    let second = world.open_device(1);
    world.work(second);
    let before = world.job(&job);
    world.land(&[decline(&world, job)]);
    assert_eq!(
        world.job(&job),
        Job {
            state: JobState::Assigned as u8,
            attempts: 1,
            device: second,
            matched_at: world.network.time().into(),
            ..before
        }
    );
    world.start(second, job);
    assert_ledger(&world, 0);
}

#[test]
fn stops_and_refunds_the_job_when_the_queue_is_full() {
    let (mut world, job) = matched_and_full();
    let (job_before, device, project) = (world.job(&job), world.device(&world.device), world.project());
    let (market, vault) = (world.market(), world.vault_tokens());
    assert_eq!(market.header.queue.free, NO_SLOT);
    world.network.advance(5);

    let landed = world.land(&[decline(&world, job)]);

    assert_eq!(
        world.job(&job),
        Job {
            state: JobState::Stopped as u8,
            attempts: 1,
            escrow_atoms: 0.into(),
            ended_at: world.network.time().into(),
            ..job_before
        }
    );
    assert_eq!(world.device(&world.device), struck(device));
    assert_eq!(world.project(), Project { balance: (project.balance.get() + ESCROW).into(), ..project });
    assert_eq!(world.market().header, Market { active_jobs: 273.into(), ..market.header });
    assert_eq!(world.market().slots, market.slots);
    assert_eq!(world.vault_tokens(), vault);
    assert_declined(&world, landed, job, Address::default(), JobState::Stopped, ESCROW);
    assert_ledger(&world, 0);
}

#[test]
fn one_free_slot_is_enough_to_queue_again() {
    let (mut world, job) = matched_and_full();
    let (client, last) = (world.client.pubkey(), *world.market().waiting().unwrap().last().unwrap());
    let delist = instruction::delist(client, world.project, world.market, last, client);
    world.land(&[delist]);
    world.land(&[decline(&world, job)]);
    let waiting = world.market().waiting().unwrap();
    assert_eq!((waiting.len(), waiting[0]), (273, job));
    assert_ledger(&world, 0);
}

#[test]
fn stops_and_refunds_the_job_at_its_last_attempt() {
    for minimum in [0, 101] {
        let (mut world, job) = matched_by_device();
        for attempts in 1..3 {
            // A decline that is no strike is an attempt all the same.
            world.edit::<Device>(world.device, |d| d.min_price_per_second_atoms = minimum.into());
            world.land(&[decline(&world, job)]);
            assert_eq!(world.job(&job).attempts, attempts);
            assert_eq!(world.market().waiting(), Some(vec![job]));
            world.work(world.device);
        }
        let (job_before, project) = (world.job(&job), world.project());
        world.land(&[decline(&world, job)]);
        assert_eq!(
            world.job(&job),
            Job {
                state: JobState::Stopped as u8,
                attempts: 3,
                escrow_atoms: 0.into(),
                ended_at: world.network.time().into(),
                ..job_before
            }
        );
        assert_eq!(world.project(), Project { balance: (project.balance.get() + ESCROW).into(), ..project });
        assert_eq!(world.market().header.active_jobs, 0);
        assert_eq!(world.market().waiting(), Some(vec![]));
        assert_ledger(&world, 0);
    }
}

#[test]
fn a_job_at_its_last_attempt_takes_no_waiting_device() {
    let (mut world, job) = matched_by_device();
    let second = world.open_device(1);
    world.work(second);
    world.edit::<Job>(job, |j| j.attempts = 2);
    world.land(&[decline(&world, job)]);
    assert!(world.job(&job).is(JobState::Stopped));
    assert_eq!(world.market().waiting(), Some(vec![second]));
    assert_ledger(&world, 0);
}

#[test]
fn forgets_the_notices_of_job_and_device() {
    let mut queued = World::new();
    let job = queued.list(1);
    queued.land(&[instruction::notify_job(job)]);
    queued.work(queued.device);
    let mut taken = World::new();
    taken.work(taken.device);
    taken.land(&[instruction::notify_device(taken.device)]);
    taken.list(1);
    for mut world in [queued, taken] {
        world.land(&[decline(&world, job)]);
        assert_eq!(world.job(&job).noticed_at, 0);
        assert_eq!(world.device(&world.device).noticed_at, 0);
    }
}

#[test]
fn is_a_strike_unless_the_job_pays_less_than_the_minimum() {
    for (minimum, strikes) in [(0, 1), (99, 1), (100, 1), (101, 0), (u64::MAX, 0)] {
        let (mut world, job) = matched_by_device();
        // As if the market's price had risen to the minimum between the listing and `work`.
        world.edit::<Device>(world.device, |d| d.min_price_per_second_atoms = minimum.into());
        world.land(&[decline(&world, job)]);
        assert_eq!(world.device(&world.device).strikes, strikes, "minimum {minimum}");
    }
}

#[test]
fn counts_strikes_no_further_than_the_field_goes() {
    let (world, job) = matched_by_device();
    for strikes in [u32::MAX - 1, u32::MAX] {
        let mut world = world.clone();
        world.edit::<Device>(world.device, |d| d.strikes = strikes.into());
        world.land(&[decline(&world, job)]);
        assert_eq!(world.device(&world.device).strikes, u32::MAX);
    }
}

#[test]
fn works_at_any_time_before_the_start() {
    for (world, job) in [matched_by_device(), matched_by_job()] {
        for seconds in [-1, 59, 60, 61, 365 * 86_400] {
            let mut world = world.clone();
            world.network.advance(seconds);
            world.land(&[decline(&world, job)]);
            assert_eq!(world.market().waiting(), Some(vec![job]));
        }
    }
}

#[test]
fn refuses_another_node() {
    for (mut world, job) in [matched_by_device(), matched_by_job()] {
        let mut decline = decline(&world, job);
        decline.accounts[0].pubkey = world.stranger.pubkey();
        world.refuse(&[decline], GridError::NotDeviceNode);
    }
}

#[test]
fn refuses_a_job_and_a_device_that_never_met() {
    let mut world = World::new();
    let job = world.list(1);
    world.refuse(&[decline(&world, job)], GridError::NotMatched);
    let other = world.open_device(1);
    world.work(other);
    world.refuse(&[decline(&world, job)], GridError::NotMatched);
}

#[test]
fn refuses_the_job_of_another_device() {
    for (mut world, job) in [matched_by_device(), matched_by_job()] {
        let other = world.open_device(1);
        world.work(other);
        let mut decline = decline(&world, job);
        decline.accounts[1].pubkey = other;
        world.refuse(&[decline], GridError::NotMatched);
    }
}

#[test]
fn refuses_a_job_that_runs_or_is_over() {
    for (mut world, job) in [matched_by_device(), matched_by_job()] {
        world.start(world.device, job);
        world.refuse(&[decline(&world, job)], GridError::NotMatched);
        world.finish(world.device, job);
        world.refuse(&[decline(&world, job)], GridError::NotMatched);
    }
}

#[test]
fn refuses_another_market() {
    let (mut world, job) = matched_by_device();
    let mut decline = decline(&world, job);
    decline.accounts[3].pubkey = world.open_market(1, TERMS);
    world.refuse(&[decline], GridError::WrongMarket);
}

#[test]
fn refuses_another_project() {
    let (mut world, job) = matched_by_device();
    let mut decline = decline(&world, job);
    decline.accounts[4].pubkey = world.open_strangers_project();
    world.refuse(&[decline], GridError::WrongProject);
}

#[test]
fn refuses_another_clock() {
    let (mut world, job) = matched_by_device();
    for fake in [solana_sdk_ids::sysvar::rent::ID, world.mint, world.stranger.pubkey()] {
        let mut decline = decline(&world, job);
        decline.accounts[5].pubkey = fake;
        world.refuse(&[decline], GridError::WrongClock);
    }
}

#[test]
fn refuses_a_refund_that_does_not_fit() {
    let (mut world, job) = matched_and_full();
    world.edit::<Project>(world.project, |p| p.balance = (u64::MAX - ESCROW + 1).into());
    world.refuse(&[decline(&world, job)], GridError::Overflow);
    world.edit::<Project>(world.project, |p| p.balance = (u64::MAX - ESCROW).into());
    world.land(&[decline(&world, job)]);
    assert_eq!(world.project().balance, u64::MAX);
}

#[test]
fn notes_any_time_of_the_next_match() {
    let (mut world, job) = matched_by_device();
    let other = world.open_device(1);
    world.work(other);
    for now in [i64::MIN, -1, 0, 1, i64::MAX] {
        let mut world = world.clone();
        world.network.set_time(now);
        world.land(&[decline(&world, job)]);
        assert_eq!(world.job(&job).matched_at, now);
    }
}

#[test]
fn reports_a_queue_whose_links_contradict_each_other() {
    let (mut world, job) = matched_by_device();
    world.edit::<Market>(world.market, |m| m.queue.free = 273.into());
    world.refuse(&[decline(&world, job)], GridError::QueueCorrupted);
    world.edit::<Market>(world.market, |m| {
        m.queue.head = 273.into();
        m.queue.kind = 2;
    });
    world.refuse(&[decline(&world, job)], GridError::QueueCorrupted);
}

#[test]
fn happens_once_per_match() {
    for (mut world, job) in [matched_by_device(), matched_by_job(), matched_and_full()] {
        let decline = decline(&world, job);
        world.refuse(&[decline.clone(), decline.clone()], GridError::NotMatched);
        world.land(from_ref(&decline));
        world.refuse(&[decline], GridError::NotMatched);
    }
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (world, job) = matched_by_device();
    world.assert_ignores_donations(&[decline(&world, job)]);
    let (world, job) = matched_and_full();
    world.assert_ignores_donations(&[decline(&world, job)]);
}
