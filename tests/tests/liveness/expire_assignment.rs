//! `expire_assignment`

use crate::support::*;
use grid_client::{address, instruction};
use grid_jobs::{
    Device, GridError, Job, JobKind, JobState, Market, MarketTerms, Project, QueueLinks, events::JobTakenBack,
};
use grid_tests::{
    TERMS, World, assert_ledger,
    world::{BOND, DEPOSIT},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// The two ways to be matched: the record is the device's or the job's.
const MATCHES: [Stage; 2] = [Stage::MatchedByDevice, Stage::MatchedByJob];

fn expire(world: &World, job: Address, reward_project: Option<Address>) -> Instruction {
    instruction::expire_assignment(run_on(world, world.device, job), reward_project)
}

/// A world whose job 1 was matched 61 seconds ago, and is now late.
fn late() -> (World, Address) {
    let (mut world, job) = at(Stage::MatchedByDevice, JobKind::Batch);
    world.network.advance(61);
    (world, job)
}

#[test]
fn takes_the_job_back_and_pays_its_project_from_the_bond() {
    for stage in MATCHES {
        for kind in KINDS {
            let (mut world, job) = at(stage, kind);
            let others = [world.list(2), world.list(3)];
            world.network.advance(61);
            let (job_before, device) = (world.job(&job), world.device(&world.device));
            let (project, header) = (world.project(), world.market().header);
            let before = world.state();

            let landed = world.land(&[expire(&world, job, None)]);

            assert_eq!(world.job(&job), queued_again(job_before, 2));
            assert_eq!(world.device(&world.device), Device { bond_atoms: 4_000.into(), ..struck(device) });
            assert_eq!(
                world.project(),
                Project { balance: (project.balance.get() + 1_000).into(), ..project }
            );
            assert_eq!(world.market().waiting(), Some(vec![job, others[0], others[1]]));
            let queue = QueueLinks {
                head: 2.into(),
                tail: 1.into(),
                free: 3.into(),
                waiting: 3.into(),
                kind: 1,
                padding: 0,
            };
            assert_eq!(world.market().header, Market { queue, ..header });
            assert_changed(&before, &world, &[job, world.device, world.project, world.market]);
            assert_taken_back(
                &landed,
                JobTakenBack {
                    attempts_after: 1,
                    strikes_after: 1.into(),
                    reward_atoms: 1_000.into(),
                    bond_after_atoms: 4_000.into(),
                    balance_after_atoms: (DEPOSIT - 3 * ESCROW + 1_000).into(),
                    ..taken_back(&world, job, 3)
                },
            );
            assert_ledger(&world, 0);
        }
    }
}

#[test]
fn waits_until_the_start_window_has_passed() {
    for stage in MATCHES {
        let (world, job) = at(stage, JobKind::Batch);
        for (seconds, has_passed) in [(-1_000, false), (0, false), (59, false), (60, false), (61, true)] {
            let mut world = world.clone();
            world.network.advance(seconds);
            let expire = expire(&world, job, None);
            match has_passed {
                true => drop(world.land(&[expire])),
                false => world.refuse(&[expire], GridError::StartWindowNotOver),
            }
        }
    }
}

#[test]
fn the_window_begins_with_the_match_whoever_came_first() {
    let mut world = World::new();
    let job = world.list(1);
    world.network.advance(1_000_000);
    world.work(world.device);
    world.refuse(&[expire(&world, job, None)], GridError::StartWindowNotOver);

    let mut world = World::new();
    world.work(world.device);
    world.network.advance(1_000_000);
    let job = world.list(1);
    world.refuse(&[expire(&world, job, None)], GridError::StartWindowNotOver);
    world.network.advance(61);
    world.land(&[expire(&world, job, None)]);
}

#[test]
fn the_window_is_the_one_that_the_job_was_listed_with() {
    for stage in MATCHES {
        let (mut world, job) = at(stage, JobKind::Batch);
        update_market(&mut world, MarketTerms { start_window_seconds: 3_600, ..TERMS });
        world.network.advance(61);
        world.land(&[expire(&world, job, None)]);
    }
}

#[test]
fn pays_the_reward_to_the_project_that_the_caller_names() {
    let (mut world, job) = late();
    let reward_project = world.open_strangers_project();
    let (own, other) = (world.project(), world.project_at(&reward_project));
    let before = world.state();

    let landed = world.land(&[expire(&world, job, Some(reward_project))]);

    assert_eq!(world.project(), own);
    assert_eq!(world.project_at(&reward_project), Project { balance: 1_000.into(), ..other });
    assert_changed(&before, &world, &[job, world.device, reward_project, world.market]);
    assert_taken_back(
        &landed,
        JobTakenBack {
            reward_project,
            reward_atoms: 1_000.into(),
            balance_after_atoms: own.balance,
            ..taken_back(&world, job, 3)
        },
    );
    assert_ledger(&world, 0);
}

#[test]
fn refuses_a_reward_project_of_another_mint() {
    let (mut world, job) = late();
    let other = open_project_of_another_mint(&mut world);
    world.refuse(&[expire(&world, job, Some(other))], GridError::WrongMint);
}

#[test]
fn refuses_the_jobs_own_project_named_twice() {
    let (mut world, job) = late();
    let own = Some(world.project);
    world.refuse_with(&[expire(&world, job, own)], named_twice());
}

#[test]
fn takes_no_more_than_the_bond() {
    let (world, job) = late();
    let balance = world.project().balance.get();
    for (bond, reward) in [(0, 0), (1, 1), (999, 999), (1_000, 1_000), (1_001, 1_000)] {
        let mut world = world.clone();
        world.edit::<Device>(world.device, |device| device.bond_atoms = bond.into());
        let donated = BOND - bond;
        let landed = world.land(&[expire(&world, job, None)]);
        assert_eq!(world.device(&world.device).bond_atoms, bond - reward);
        assert_eq!(world.project().balance, balance + reward);
        let event = JobTakenBack { reward_atoms: reward.into(), ..taken_back(&world, job, 3) };
        assert_taken_back(&landed, event);
        assert_ledger(&world, donated);
    }
}

#[test]
fn takes_what_the_device_agreed_to_and_not_what_the_market_says_later() {
    for stage in MATCHES {
        for later in [0, 5_000] {
            let (mut world, job) = at(stage, JobKind::Batch);
            let terms = MarketTerms { expiry_reward_atoms: later, compensation_atoms: 0, ..TERMS };
            update_market(&mut world, terms);
            world.network.advance(61);
            world.land(&[expire(&world, job, None)]);
            assert_eq!(world.device(&world.device).bond_atoms, 4_000);

            let (node, mint) = (world.node.pubkey(), world.mint);
            let source = address::token_account(&node, mint);
            world.land(&[instruction::fund_bond(node, source, world.device, mint, 1_000)]);
            world.work(world.device);
            world.network.advance(61);
            world.land(&[expire(&world, job, None)]);
            assert_eq!(world.device(&world.device).bond_atoms, 5_000 - later, "the next time it agreed anew");
            assert_ledger(&world, 0);
        }
    }
}

#[test]
fn is_a_strike_even_where_a_decline_is_none() {
    let mut world = World::new();
    let job = world.list(1);
    update_market(&mut world, MarketTerms { price_per_second_atoms: 200, ..TERMS });
    let node = world.node.pubkey();
    world.land(&[instruction::work(node, world.device, world.market, 150)]);
    let mut declined = world.clone();
    declined.land(&[instruction::decline(node, run_on(&world, world.device, job))]);
    assert_eq!(declined.device(&world.device).strikes, 0);
    world.network.advance(61);
    world.land(&[expire(&world, job, None)]);
    assert_eq!(world.device(&world.device).strikes, 1);
}

#[test]
fn the_device_works_again_when_its_bond_is_whole() {
    let (mut world, job) = late();
    world.land(&[expire(&world, job, None)]);
    let (node, mint) = (world.node.pubkey(), world.mint);
    let work = instruction::work(node, world.device, world.market, 0);
    world.refuse(from_ref(&work), GridError::InsufficientBond);
    let source = address::token_account(&node, mint);
    world.land(&[
        instruction::fund_bond(node, source, world.device, mint, 1_000),
        work,
        instruction::start(node, world.device, job),
    ]);
    assert!(world.job(&job).is(JobState::Running));
    assert_ledger(&world, 0);
}

#[test]
fn a_late_start_stands_until_somebody_takes_the_job_back() {
    for stage in MATCHES {
        let (mut world, job) = at(stage, JobKind::Batch);
        world.network.advance(1_000_000);
        let start = instruction::start(world.node.pubkey(), world.device, job);
        let expire = expire(&world, job, None);
        world.clone().refuse(&[start.clone(), expire.clone()], GridError::NotMatched);
        world.refuse(&[expire, start], GridError::NotMatched);
    }
}

#[test]
fn the_job_meets_the_device_that_waited_longest_and_has_a_window_of_its_own() {
    let (mut world, job) = at(Stage::MatchedByDevice, JobKind::Batch);
    let devices = [world.open_device(1), world.open_device(2)];
    devices.iter().for_each(|device| world.work(*device));
    world.network.advance(61);
    let (job_before, next) = (world.job(&job), world.raw(&devices[0]));

    let landed = world.land(&[expire(&world, job, None)]);

    let now = world.network.time();
    let state = JobState::Assigned as u8;
    assert_eq!(
        world.job(&job),
        Job { state, device: devices[0], matched_at: now.into(), ..queued_again(job_before, 0) }
    );
    assert_eq!(world.raw(&devices[0]), next, "the next device's account was not needed");
    assert_eq!(world.market().waiting(), Some(vec![devices[1]]));
    assert_taken_back(
        &landed,
        JobTakenBack {
            next_device: devices[0],
            job_state: 2,
            reward_atoms: 1_000.into(),
            ..taken_back(&world, job, 3)
        },
    );
    let again = instruction::expire_assignment(run_on(&world, devices[0], job), None);
    world.network.advance(60);
    world.refuse(from_ref(&again), GridError::StartWindowNotOver);
    world.network.advance(1);
    world.land(&[again]);
    assert_eq!(world.job(&job).device, devices[1]);
    assert_ledger(&world, 0);
}

#[test]
fn the_last_attempt_stops_the_job() {
    for (kind, stage) in KINDS.into_iter().zip(MATCHES) {
        let (mut world, job) = at(stage, kind);
        world.edit::<Job>(job, |job| job.attempts = 2);
        let waiting = world.open_device(1);
        world.work(waiting);
        world.network.advance(61);
        let (job_before, balance) = (world.job(&job), world.project().balance.get());

        let landed = world.land(&[expire(&world, job, None)]);

        let stopped = Job {
            state: JobState::Stopped as u8,
            escrow_atoms: 0.into(),
            ended_at: world.network.time().into(),
            ..queued_again(job_before, 0)
        };
        assert_eq!(world.job(&job), stopped);
        assert_eq!(world.market().header.active_jobs, 0);
        assert_eq!(world.market().waiting(), Some(vec![waiting]));
        assert_taken_back(
            &landed,
            JobTakenBack {
                job_state: 5,
                attempts_after: 3,
                refund_atoms: ESCROW.into(),
                reward_atoms: 1_000.into(),
                balance_after_atoms: (balance + ESCROW + 1_000).into(),
                ..taken_back(&world, job, 3)
            },
        );
        assert_ledger(&world, 0);
    }
}

#[test]
fn a_job_that_finds_the_queue_full_is_stopped() {
    let (mut world, job) = late();
    world.fill_with_jobs(2);
    let (balance, slots) = (world.project().balance.get(), world.market().slots);
    world.land(&[expire(&world, job, None)]);
    assert!(world.job(&job).is(JobState::Stopped));
    assert_eq!(world.project().balance, balance + ESCROW + 1_000);
    assert_eq!(world.market().header.active_jobs, 273);
    assert_eq!(world.market().slots, slots);
    assert_ledger(&world, 0);
}

#[test]
fn a_node_gains_nothing_by_taking_its_own_match_back() {
    let (mut world, job) = at(Stage::MatchedByDevice, JobKind::Batch);
    let (node, mint) = (world.node.pubkey(), world.mint);
    world.land(&[instruction::open_project(node, mint)]);
    let own = address::project(&mint, &node).0;
    world.network.advance(61);
    world.land(&[expire(&world, job, Some(own))]);
    let device = world.device(&world.device);
    assert_eq!((device.bond_atoms, device.strikes), (4_000.into(), 1.into()));
    assert_eq!(world.project_at(&own).balance, 1_000);
    assert_ledger(&world, 0);
}

#[test]
fn needs_nobodys_signature_but_the_fee_payers() {
    let (mut world, job) = late();
    let expire = expire(&world, job, None);
    assert!(expire.accounts.iter().all(|meta| !meta.is_signer));
    world.run(&[expire], &[]);
}

#[test]
fn happens_once() {
    for stage in MATCHES {
        let (mut world, job) = at(stage, JobKind::Batch);
        world.network.advance(61);
        let expire = expire(&world, job, None);
        world.refuse(&[expire.clone(), expire.clone()], GridError::NotMatched);
        world.land(from_ref(&expire));
        world.refuse(&[expire], GridError::NotMatched);
        assert_ledger(&world, 0);
    }
}

#[test]
fn refuses_a_job_that_is_not_matched() {
    for stage in STAGES.into_iter().filter(|stage| !MATCHES.contains(stage)) {
        let (mut world, job) = at(stage, JobKind::Batch);
        world.network.advance(1_000_000);
        world.refuse(&[expire(&world, job, None)], GridError::NotMatched);
    }
}

#[test]
fn refuses_accounts_of_others() {
    let (mut world, job) = at(Stage::MatchedByDevice, JobKind::Batch);
    let second_device = world.open_device(1);
    let second = world.list(2);
    world.work(second_device);
    let market = world.open_market(1, TERMS);
    let project = world.open_strangers_project();
    world.network.advance(61);
    let expire = expire(&world, job, None);
    let swaps = vec![
        (0, second_device, GridError::NotMatched),
        (1, second, GridError::NotMatched),
        (2, market, GridError::WrongMarket),
        (3, project, GridError::WrongProject),
        (5, solana_sdk_ids::sysvar::rent::ID, GridError::WrongClock),
    ];
    refuse_swaps(&mut world, &expire, swaps);
}

#[test]
fn refuses_sums_that_do_not_fit() {
    let (mut world, job) = late();
    let reward_project = world.open_strangers_project();
    let expire = expire(&world, job, Some(reward_project));
    world.edit::<Project>(reward_project, |project| project.balance = (u64::MAX - 999).into());
    world.refuse(from_ref(&expire), GridError::Overflow);
    world.edit::<Project>(reward_project, |project| project.balance = (u64::MAX - 1_000).into());
    world.land(&[expire]);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (world, job) = late();
    world.assert_ignores_donations(&[expire(&world, job, None)]);
}
