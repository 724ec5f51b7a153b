//! `expire_run`

use crate::support::*;
use grid_client::{address, instruction};
use grid_jobs::{
    Device, GridError, Job, JobKind, JobState, Market, MarketTerms, Project, QueueLinks, events::JobTakenBack,
};
use grid_tests::{
    TERMS, World, assert_ledger,
    world::{BOND, DEPOSIT, RESULT},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

fn expire(world: &World, job: Address, reward_project: Option<Address>) -> Instruction {
    instruction::expire_run(run_on(world, world.device, job), reward_project)
}

fn heartbeat(world: &World, job: Address) -> Instruction {
    instruction::heartbeat(world.node.pubkey(), world.device, job)
}

/// A world whose job 1 of this kind runs, showed life after 93 seconds and is silent for 121 seconds now.
fn silent(kind: JobKind) -> (World, Address) {
    let (mut world, job) = running(kind);
    world.network.advance(93);
    world.land(&[heartbeat(&world, job)]);
    world.network.advance(121);
    (world, job)
}

/// Asserts that the run can be taken back `seconds` from now if and only if `is_over`.
#[track_caller]
fn assert_can_be_taken_back(world: &World, job: Address, seconds: i64, is_over: bool) {
    let mut world = world.clone();
    world.network.advance(seconds);
    let expire = expire(&world, job, None);
    match is_over {
        true => drop(world.land(&[expire])),
        false => world.refuse(&[expire], GridError::RunNotOverdue),
    }
}

#[test]
fn a_batch_job_pays_nothing_and_its_project_is_compensated_from_the_bond() {
    let (mut world, job) = silent(JobKind::Batch);
    let others = [world.list(2), world.list(3)];
    let (job_before, device) = (world.job(&job), world.device(&world.device));
    let (project, header, before) = (world.project(), world.market().header, world.state());

    let landed = world.land(&[expire(&world, job, None)]);

    assert_eq!(world.job(&job), queued_again(job_before, 2));
    assert_eq!(world.device(&world.device), Device { bond_atoms: 1_000.into(), ..struck(device) });
    assert_eq!(world.project(), Project { balance: (project.balance.get() + 4_000).into(), ..project });
    assert_eq!(world.market().waiting(), Some(vec![job, others[0], others[1]]));
    let queue =
        QueueLinks { head: 2.into(), tail: 1.into(), free: 3.into(), waiting: 3.into(), kind: 1, padding: 0 };
    assert_eq!(world.market().header, Market { queue, ..header });
    assert_changed(&before, &world, &[job, world.device, world.project, world.market]);
    assert_taken_back(
        &landed,
        JobTakenBack {
            attempts_after: 1,
            strikes_after: 1.into(),
            reward_atoms: 1_000.into(),
            compensation_atoms: 3_000.into(),
            bond_after_atoms: 1_000.into(),
            balance_after_atoms: (DEPOSIT - 3 * ESCROW + 4_000).into(),
            ..taken_back(&world, job, 4)
        },
    );
    assert_ledger(&world, 0);
}

#[test]
fn a_service_job_pays_the_seconds_to_the_last_heartbeat_and_keeps_what_the_rest_costs() {
    let (mut world, job) = silent(JobKind::Service);
    let (job_before, device) = (world.job(&job), world.device(&world.device));
    let (project, header) = (world.project(), world.market().header);

    let landed = world.land(&[expire(&world, job, None)]);

    let rest = Job { timeout_seconds: 507.into(), escrow_atoms: 51_968.into(), ..job_before };
    assert_eq!(escrow(100, 507, 250), 51_968);
    assert_eq!(world.job(&job), queued_again(rest, 0));
    assert_eq!(
        world.device(&world.device),
        Device { bond_atoms: 1_000.into(), earnings_atoms: 9_300.into(), ..struck(device) }
    );
    assert_eq!(world.project(), Project { balance: (project.balance.get() + 4_000).into(), ..project });
    let queue = world.market().header.queue;
    assert_eq!(world.market().header, Market { queue, fees_owed_atoms: 232.into(), ..header });
    assert_eq!(world.market().waiting(), Some(vec![job]));
    assert_taken_back(
        &landed,
        JobTakenBack {
            paid_atoms: 9_300.into(),
            fee_atoms: 232.into(),
            reward_atoms: 1_000.into(),
            compensation_atoms: 3_000.into(),
            earnings_after_atoms: 9_300.into(),
            fees_owed_after_atoms: 232.into(),
            ..taken_back(&world, job, 4)
        },
    );
    assert_ledger(&world, 0);
}

#[test]
fn a_service_job_whose_timeout_is_covered_is_over() {
    let (world, job) = running(JobKind::Service);
    for (seconds, left) in [(599, 1), (600, 0), (601, 0)] {
        let mut world = world.clone();
        world.network.advance(seconds);
        world.land(&[heartbeat(&world, job)]);
        world.network.advance(121);
        world.land(&[expire(&world, job, None)]);
        assert_eq!(world.job(&job).timeout_seconds, left, "{seconds} s");
        assert_eq!(world.job(&job).is(JobState::Stopped), left == 0, "{seconds} s");
        let paid = (600 - u64::from(left)) * 100;
        assert_eq!(world.device(&world.device).earnings_atoms, paid, "{seconds} s");
        assert_eq!(world.market().header.active_jobs, left, "{seconds} s");
        assert_ledger(&world, 0);
    }
}

#[test]
fn a_run_without_a_heartbeat_is_silent_from_its_start() {
    for kind in KINDS {
        let (world, job) = running(kind);
        for (seconds, is_over) in [(-1_000, false), (0, false), (119, false), (120, false), (121, true)] {
            assert_can_be_taken_back(&world, job, seconds, is_over);
        }
    }
}

#[test]
fn a_heartbeat_postpones_it() {
    let (mut world, job) = running(JobKind::Batch);
    world.network.advance(120);
    world.land(&[heartbeat(&world, job)]);
    for (seconds, is_over) in [(1, false), (119, false), (120, false), (121, true)] {
        assert_can_be_taken_back(&world, job, seconds, is_over);
    }
    world.network.advance(121);
    world.refuse(&[heartbeat(&world, job), expire(&world, job, None)], GridError::RunNotOverdue);
}

#[test]
fn a_run_that_shows_life_has_its_timeout_and_the_grace() {
    for kind in KINDS {
        let (mut world, job) = running(kind);
        for _ in 0..42 {
            world.network.advance(100);
            world.land(&[heartbeat(&world, job)]);
        }
        for (seconds, is_over) in [(-1, false), (0, false), (1, true)] {
            assert_can_be_taken_back(&world, job, seconds, is_over);
        }
        world.network.advance(1);
        world.land(&[heartbeat(&world, job), expire(&world, job, None)]);
        let paid = if kind == JobKind::Service { 60_000 } else { 0 };
        assert_eq!(world.device(&world.device).earnings_atoms, paid);
        assert_ledger(&world, 0);
    }
}

#[test]
fn a_longer_timeout_postpones_the_end_of_the_grace() {
    let (mut world, job) = running(JobKind::Batch);
    let spender = instruction::Spender::Owner(world.client.pubkey());
    world.network.advance(600 + 3_600);
    world.land(&[instruction::extend(spender, world.project, job, 700), heartbeat(&world, job)]);
    for (seconds, is_over) in [(1, false), (99, false), (100, false), (101, true)] {
        let mut world = world.clone();
        world.network.advance(seconds);
        world.land(&[heartbeat(&world, job)]);
        assert_can_be_taken_back(&world, job, 0, is_over);
    }
}

#[test]
fn the_deadlines_are_those_that_the_job_was_listed_with() {
    let stricter = MarketTerms { heartbeat_limit_seconds: 30, ..TERMS };
    let laxer = MarketTerms { heartbeat_limit_seconds: 3_600, finish_grace_seconds: 86_400, ..TERMS };
    for terms in [stricter, laxer] {
        let (mut world, job) = running(JobKind::Batch);
        update_market(&mut world, terms);
        assert_can_be_taken_back(&world, job, 120, false);
        assert_can_be_taken_back(&world, job, 121, true);
        world.network.advance(600 + 3_600);
        world.land(&[heartbeat(&world, job)]);
        assert_can_be_taken_back(&world, job, 0, false);
        assert_can_be_taken_back(&world, job, 1, true);
    }
}

#[test]
fn pays_the_reward_to_the_project_that_the_caller_names_and_compensates_the_jobs() {
    let (mut world, job) = silent(JobKind::Batch);
    let reward_project = world.open_strangers_project();
    let (own, other) = (world.project(), world.project_at(&reward_project));
    let before = world.state();

    let landed = world.land(&[expire(&world, job, Some(reward_project))]);

    let balance = (own.balance.get() + 3_000).into();
    assert_eq!(world.project(), Project { balance, ..own });
    assert_eq!(world.project_at(&reward_project), Project { balance: 1_000.into(), ..other });
    assert_changed(&before, &world, &[job, world.device, world.project, reward_project, world.market]);
    assert_taken_back(
        &landed,
        JobTakenBack {
            reward_project,
            reward_atoms: 1_000.into(),
            compensation_atoms: 3_000.into(),
            balance_after_atoms: balance,
            ..taken_back(&world, job, 4)
        },
    );
    assert_ledger(&world, 0);
}

#[test]
fn refuses_a_reward_project_of_another_mint() {
    let (mut world, job) = silent(JobKind::Batch);
    let other = open_project_of_another_mint(&mut world);
    world.refuse(&[expire(&world, job, Some(other))], GridError::WrongMint);
}

#[test]
fn refuses_the_jobs_own_project_named_twice() {
    let (mut world, job) = silent(JobKind::Batch);
    let own = Some(world.project);
    world.refuse_with(&[expire(&world, job, own)], named_twice());
}

#[test]
fn takes_the_reward_first_and_no_more_than_the_bond() {
    let (world, job) = silent(JobKind::Batch);
    let balance = world.project().balance.get();
    for (bond, reward, compensation) in [
        (0, 0, 0),
        (999, 999, 0),
        (1_000, 1_000, 0),
        (1_001, 1_000, 1),
        (3_999, 1_000, 2_999),
        (4_000, 1_000, 3_000),
        (4_001, 1_000, 3_000),
    ] {
        let mut world = world.clone();
        world.edit::<Device>(world.device, |device| device.bond_atoms = bond.into());
        let landed = world.land(&[expire(&world, job, None)]);
        assert_eq!(world.device(&world.device).bond_atoms, bond - reward - compensation);
        assert_eq!(world.project().balance, balance + reward + compensation);
        assert_taken_back(
            &landed,
            JobTakenBack {
                reward_atoms: reward.into(),
                compensation_atoms: compensation.into(),
                ..taken_back(&world, job, 4)
            },
        );
        assert_ledger(&world, BOND - bond);
    }
}

#[test]
fn takes_what_the_device_agreed_to_and_not_what_the_market_says_later() {
    for (reward, compensation) in [(0, 0), (3_000, 2_000), (0, 5_000)] {
        let (mut world, job) = silent(JobKind::Batch);
        let terms = MarketTerms { expiry_reward_atoms: reward, compensation_atoms: compensation, ..TERMS };
        update_market(&mut world, terms);
        world.land(&[expire(&world, job, None)]);
        assert_eq!(world.device(&world.device).bond_atoms, 1_000);
        assert_ledger(&world, 0);
    }
}

#[test]
fn a_device_pays_for_the_terms_of_the_time_that_it_began_to_wait() {
    let mut world = World::new();
    update_market(&mut world, MarketTerms { compensation_atoms: 0, ..TERMS });
    world.work(world.device);
    update_market(&mut world, TERMS);
    let job = world.list(1);
    world.start(world.device, job);
    world.network.advance(121);
    world.land(&[expire(&world, job, None)]);
    assert_eq!(world.device(&world.device).bond_atoms, 4_000);
    assert_ledger(&world, 0);
}

#[test]
fn the_device_works_again_when_its_bond_is_whole() {
    let (mut world, job) = silent(JobKind::Service);
    world.land(&[expire(&world, job, None)]);
    let (node, mint) = (world.node.pubkey(), world.mint);
    let work = instruction::work(node, world.device, world.market, 0);
    world.refuse(from_ref(&work), GridError::InsufficientBond);
    let source = address::token_account(&node, mint);
    world.land(&[
        instruction::fund_bond(node, source, world.device, mint, 4_000),
        work,
        instruction::start(node, world.device, job),
    ]);
    world.network.advance(507);
    world.finish(world.device, job);
    let device = world.device(&world.device);
    assert_eq!((device.earnings_atoms, device.strikes), (60_000.into(), 0.into()));
    assert_eq!(world.market().header.fees_owed_atoms, 1_500);
    assert_ledger(&world, 0);
}

#[test]
fn a_finish_that_lands_before_it_is_paid_in_full_and_one_that_lands_after_it_fails() {
    for kind in KINDS {
        let (mut world, job) = silent(kind);
        world.network.advance(1_000_000);
        let finish = instruction::finish(world.node.pubkey(), run_on(&world, world.device, job), RESULT);
        let expire = expire(&world, job, None);

        let mut late = world.clone();
        late.refuse(&[expire.clone(), finish.clone()], GridError::JobNotRunning);
        late.land(from_ref(&expire));
        late.refuse(from_ref(&finish), GridError::JobNotRunning);
        assert_ledger(&late, 0);

        world.refuse(&[finish.clone(), expire.clone()], GridError::JobNotRunning);
        world.land(&[finish]);
        world.refuse(&[expire], GridError::JobNotRunning);
        let device = world.device(&world.device);
        assert_eq!((device.earnings_atoms, device.bond_atoms), (60_000.into(), 5_000.into()));
        assert_ledger(&world, 0);
    }
}

#[test]
fn the_job_meets_the_device_that_waited_longest() {
    let (mut world, job) = silent(JobKind::Service);
    let devices = [world.open_device(1), world.open_device(2)];
    devices.iter().for_each(|device| world.work(*device));
    let (job_before, next) = (world.job(&job), world.raw(&devices[0]));

    world.land(&[expire(&world, job, None)]);

    let rest = Job { timeout_seconds: 507.into(), escrow_atoms: 51_968.into(), ..job_before };
    assert_eq!(
        world.job(&job),
        Job {
            state: JobState::Assigned as u8,
            device: devices[0],
            matched_at: world.network.time().into(),
            ..queued_again(rest, 0)
        }
    );
    assert_eq!(world.raw(&devices[0]), next, "the next device's account was not needed");
    assert_eq!(world.market().waiting(), Some(vec![devices[1]]));
    assert_ledger(&world, 0);
}

#[test]
fn the_last_attempt_stops_the_job() {
    for (kind, paid, fee, left) in [(JobKind::Batch, 0, 0, ESCROW), (JobKind::Service, 9_300, 232, 51_968)] {
        let (mut world, job) = silent(kind);
        world.edit::<Job>(job, |job| job.attempts = 2);
        let balance = world.project().balance.get();
        let landed = world.land(&[expire(&world, job, None)]);
        assert!(world.job(&job).is(JobState::Stopped));
        assert_eq!(world.job(&job).ended_at, world.network.time());
        assert_eq!(world.market().header.active_jobs, 0);
        assert_taken_back(
            &landed,
            JobTakenBack {
                job_state: 5,
                attempts_after: 3,
                paid_atoms: paid.into(),
                fee_atoms: fee.into(),
                refund_atoms: left.into(),
                reward_atoms: 1_000.into(),
                compensation_atoms: 3_000.into(),
                balance_after_atoms: (balance + left + 4_000).into(),
                ..taken_back(&world, job, 4)
            },
        );
        assert_ledger(&world, 0);
    }
}

#[test]
fn a_job_that_finds_the_queue_full_is_stopped() {
    let (mut world, job) = silent(JobKind::Batch);
    world.fill_with_jobs(2);
    let (balance, slots) = (world.project().balance.get(), world.market().slots);
    world.land(&[expire(&world, job, None)]);
    assert!(world.job(&job).is(JobState::Stopped));
    assert_eq!(world.project().balance, balance + ESCROW + 4_000);
    assert_eq!(world.market().header.active_jobs, 273);
    assert_eq!(world.market().slots, slots);
    assert_ledger(&world, 0);
}

#[test]
fn a_node_that_takes_its_own_run_back_still_compensates_the_client() {
    let (mut world, job) = silent(JobKind::Batch);
    let (node, mint) = (world.node.pubkey(), world.mint);
    world.land(&[instruction::open_project(node, mint)]);
    let own = address::project(&mint, &node).0;
    let balance = world.project().balance.get();
    world.land(&[expire(&world, job, Some(own))]);
    let device = world.device(&world.device);
    assert_eq!((device.bond_atoms, device.strikes), (1_000.into(), 1.into()));
    assert_eq!(world.project().balance, balance + 3_000);
    assert_ledger(&world, 0);
}

#[test]
fn needs_nobodys_signature_but_the_fee_payers() {
    let (mut world, job) = silent(JobKind::Batch);
    let expire = expire(&world, job, None);
    assert!(expire.accounts.iter().all(|meta| !meta.is_signer));
    world.run(&[expire], &[]);
}

#[test]
fn happens_once() {
    for kind in KINDS {
        let (mut world, job) = silent(kind);
        let expire = expire(&world, job, None);
        world.refuse(&[expire.clone(), expire.clone()], GridError::JobNotRunning);
        world.land(from_ref(&expire));
        world.refuse(&[expire], GridError::JobNotRunning);
        assert_ledger(&world, 0);
    }
}

#[test]
fn refuses_a_job_that_does_not_run() {
    for stage in STAGES.into_iter().filter(|stage| *stage != Stage::Running) {
        let (mut world, job) = at(stage, JobKind::Service);
        world.network.advance(1_000_000);
        world.refuse(&[expire(&world, job, None)], GridError::JobNotRunning);
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
    world.network.advance(121);
    let expire = expire(&world, job, None);
    let swaps = vec![
        (0, busy, GridError::JobNotRunning),
        (1, second, GridError::JobNotRunning),
        (2, market, GridError::WrongMarket),
        (3, project, GridError::WrongProject),
        (5, solana_sdk_ids::sysvar::rent::ID, GridError::WrongClock),
    ];
    refuse_swaps(&mut world, &expire, swaps);
}

#[test]
fn refuses_sums_that_do_not_fit() {
    let (mut world, job) = silent(JobKind::Service);
    let reward_project = world.open_strangers_project();
    let expire = expire(&world, job, Some(reward_project));

    let mut full = world.clone();
    full.edit::<Project>(reward_project, |project| project.balance = (u64::MAX - 999).into());
    full.refuse(from_ref(&expire), GridError::Overflow);
    let mut full = world.clone();
    full.edit::<Project>(world.project, |project| project.balance = (u64::MAX - 2_999).into());
    full.refuse(from_ref(&expire), GridError::Overflow);
    let mut full = world.clone();
    full.edit::<Device>(world.device, |device| device.earnings_atoms = (u64::MAX - 9_299).into());
    full.refuse(from_ref(&expire), GridError::Overflow);
    let mut full = world.clone();
    full.edit::<Market>(world.market, |market| market.fees_owed_atoms = (u64::MAX - 231).into());
    full.refuse(from_ref(&expire), GridError::Overflow);

    world.edit::<Project>(reward_project, |project| project.balance = (u64::MAX - 1_000).into());
    world.edit::<Project>(world.project, |project| project.balance = (u64::MAX - 3_000).into());
    world.edit::<Device>(world.device, |device| device.earnings_atoms = (u64::MAX - 9_300).into());
    world.edit::<Market>(world.market, |market| market.fees_owed_atoms = (u64::MAX - 232).into());
    world.land(&[expire]);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (world, job) = silent(JobKind::Service);
    world.assert_ignores_donations(&[expire(&world, job, None)]);
}
