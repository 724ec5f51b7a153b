//! `extend`

use crate::support::*;
use grid_client::{
    address,
    instruction::{self, Spender},
};
use grid_jobs::{GridError, Job, JobKind, MarketTerms, Member, Project};
use grid_tests::{
    TERMS, World, assert_event, assert_ledger,
    world::{DEPOSIT, TIMEOUT},
};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// What 100 seconds more cost: the fee of 700 seconds is 1,750, that of 600 is 1,500.
const ADDED: u64 = 10_250;

fn extend(world: &World, job: Address, timeout_seconds: u32) -> Instruction {
    instruction::extend(Spender::Owner(world.client.pubkey()), world.project, job, timeout_seconds)
}

/// A world whose job 1 waits, and whose stranger may spend `limit_atoms` in 60 seconds.
fn with_member(limit_atoms: u64) -> (World, Address) {
    let (mut world, job) = at(Stage::Queued, JobKind::Batch);
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    world.land(&[instruction::set_member(client, world.project, stranger, limit_atoms, 60)]);
    (world, job)
}

fn extend_as_member(world: &World, job: Address, timeout_seconds: u32) -> Instruction {
    instruction::extend(Spender::Member(world.stranger.pubkey()), world.project, job, timeout_seconds)
}

fn member(world: &World) -> Member {
    let address = address::member(&world.project, &world.stranger.pubkey()).0;
    grid_client::account::decode(&address, &world.raw(&address)).expect("a member")
}

#[test]
fn takes_the_difference_and_touches_nothing_else() {
    for kind in KINDS {
        for stage in [Stage::Queued, Stage::MatchedByDevice, Stage::MatchedByJob, Stage::Running] {
            let (mut world, job) = at(stage, kind);
            let (job_before, project, before) = (world.job(&job), world.project(), world.state());

            let landed = world.land(&[extend(&world, job, 700)]);

            let escrow = (ESCROW + ADDED).into();
            assert_eq!(
                world.job(&job),
                Job { timeout_seconds: 700.into(), escrow_atoms: escrow, ..job_before }
            );
            let balance = (DEPOSIT - ESCROW - ADDED).into();
            assert_eq!(world.project(), Project { balance, ..project });
            assert_changed(&before, &world, &[job, world.project]);
            assert_event!(
                landed,
                JobExtended {
                    job: job,
                    timeout_after_seconds: 700,
                    added_atoms: ADDED,
                    escrow_after_atoms: escrow,
                    balance_after_atoms: balance,
                }
            );
            assert_ledger(&world, 0);
        }
    }
}

#[test]
fn refuses_a_job_that_is_over() {
    for stage in [Stage::Finished, Stage::Ended, Stage::Stopped] {
        let (mut world, job) = at(stage, JobKind::Batch);
        world.refuse(&[extend(&world, job, 700)], GridError::JobOver);
    }
}

#[test]
fn refuses_a_timeout_that_is_not_longer() {
    let (mut world, job) = running(JobKind::Batch);
    for seconds in [0, 1, 599, 600] {
        world.refuse(&[extend(&world, job, seconds)], GridError::TimeoutNotLonger);
    }
    world.land(&[extend(&world, job, 601)]);
    assert_ledger(&world, 0);
}

#[test]
fn goes_as_far_as_the_market_allowed_when_the_job_was_listed() {
    for later in [1_000, 7_200, 10_000] {
        let (mut world, job) = running(JobKind::Batch);
        update_market(&mut world, MarketTerms { max_timeout_seconds: later, ..TERMS });
        for seconds in [7_201, 10_000, u32::MAX] {
            world.refuse(&[extend(&world, job, seconds)], GridError::TimeoutOutOfRange);
        }
        world.land(&[extend(&world, job, 7_200)]);
        assert_eq!(world.job(&job).escrow_atoms, escrow(100, 7_200, 250));
        assert_ledger(&world, 0);
    }
}

#[test]
fn costs_what_the_job_was_listed_at() {
    let (mut world, job) = running(JobKind::Batch);
    update_market(&mut world, MarketTerms { price_per_second_atoms: 1_000, fee_bps: 3_000, ..TERMS });
    world.land(&[extend(&world, job, 700)]);
    assert_eq!(world.project().balance, DEPOSIT - ESCROW - ADDED);
    world.network.advance(700);
    world.finish(world.device, job);
    assert_eq!(world.device(&world.device).earnings_atoms, 70_000);
    assert_eq!(world.market().header.fees_owed_atoms, 1_750);
    assert_ledger(&world, 0);
}

#[test]
fn steps_cost_what_one_leap_does() {
    let (mut world, job) = running(JobKind::Batch);
    let mut leap = world.clone();
    leap.land(&[extend(&world, job, 657)]);
    world.land(&(601..=629).map(|seconds| extend(&world, job, seconds)).collect::<Vec<_>>());
    (630..=657).for_each(|seconds| drop(world.land(&[extend(&world, job, seconds)])));
    assert_eq!(world.state(), leap.state());
}

#[test]
fn a_second_one_to_the_same_timeout_fails() {
    let (mut world, job) = running(JobKind::Batch);
    let extend = extend(&world, job, 700);
    world.refuse(&[extend.clone(), extend.clone()], GridError::TimeoutNotLonger);
    world.land(from_ref(&extend));
    world.refuse(&[extend], GridError::TimeoutNotLonger);
}

#[test]
fn needs_the_whole_difference_in_the_balance() {
    let (mut world, job) = running(JobKind::Batch);
    let client = world.client.pubkey();
    let (mint, home) = (world.mint, address::token_account(&client, world.mint));
    let all_but = |left| instruction::withdraw(client, world.project, mint, home, DEPOSIT - ESCROW - left);
    let extend = extend(&world, job, 700);
    world.clone().refuse(&[all_but(ADDED - 1), extend.clone()], GridError::InsufficientBalance);
    world.land(&[all_but(ADDED), extend]);
    assert_eq!(world.project().balance, 0);
    assert_ledger(&world, 0);
}

#[test]
fn a_finish_after_it_is_paid_beyond_the_old_timeout() {
    for kind in KINDS {
        let (mut world, job) = running(kind);
        world.network.advance(i64::from(TIMEOUT) + 50);
        world.land(&[extend(&world, job, 700)]);
        for (seconds, paid) in [(0, 65_000), (49, 69_900), (50, 70_000), (51, 70_000)] {
            let mut world = world.clone();
            world.network.advance(seconds);
            world.finish(world.device, job);
            assert_eq!(world.device(&world.device).earnings_atoms, paid);
            assert_ledger(&world, 0);
        }
    }
}

#[test]
fn lengthens_the_rest_of_a_service_job_that_ran_before() {
    let (mut world, job) = running(JobKind::Service);
    let node = world.node.pubkey();
    world.network.advance(93);
    world.land(&[
        instruction::heartbeat(node, world.device, job),
        instruction::quit(node, run_on(&world, world.device, job)),
    ]);
    world.refuse(&[extend(&world, job, 507)], GridError::TimeoutNotLonger);
    world.land(&[extend(&world, job, 508)]);
    assert_eq!(world.job(&job).escrow_atoms, escrow(100, 508, 250));
    assert_ledger(&world, 0);
}

#[test]
fn a_pause_does_not_refuse_it() {
    let (mut world, job) = running(JobKind::Batch);
    let pauser = world.authority.pubkey();
    world.land(&[
        instruction::pause_market(pauser, world.market, 3_600),
        instruction::pause_deposits(pauser, 3_600),
        extend(&world, job, 700),
    ]);
    assert_ledger(&world, 0);
}

#[test]
fn counts_towards_a_members_limit_to_the_atom() {
    let (mut world, job) = with_member(ADDED - 1);
    world.refuse(&[extend_as_member(&world, job, 700)], GridError::MemberLimitExceeded);

    let (mut world, job) = with_member(ADDED);
    let before = world.state();
    world.land(&[extend_as_member(&world, job, 700)]);
    assert_eq!(
        (member(&world).spent_atoms, member(&world).period_started_at),
        (ADDED.into(), world.network.time().into())
    );
    let account = address::member(&world.project, &world.stranger.pubkey()).0;
    assert_changed(&before, &world, &[job, world.project, account]);
    world.refuse(&[extend_as_member(&world, job, 701)], GridError::MemberLimitExceeded);
    world.network.advance(59);
    world.refuse(&[extend_as_member(&world, job, 701)], GridError::MemberLimitExceeded);
    world.network.advance(1);
    world.land(&[extend_as_member(&world, job, 701)]);
    assert_eq!(member(&world).spent_atoms, escrow(100, 701, 250) - escrow(100, 700, 250));
    assert_ledger(&world, 0);
}

#[test]
fn does_not_count_the_owner_towards_a_members_limit() {
    let (mut world, job) = with_member(1);
    let account = address::member(&world.project, &world.stranger.pubkey()).0;
    let mut extend = extend(&world, job, 700);
    extend.accounts[3] = solana_instruction::AccountMeta::new(account, false);
    let before = world.raw(&account);
    world.land(&[extend]);
    assert_eq!(world.raw(&account), before);
}

#[test]
fn refuses_everybody_else() {
    let (mut world, job) = with_member(u64::MAX);
    let (node, authority) = (world.node.pubkey(), world.authority.pubkey());
    for other in [world.stranger.pubkey(), node, authority] {
        let alone = instruction::extend(Spender::Owner(other), world.project, job, 700);
        world.refuse(&[alone], GridError::NotMember);
    }
    let mut borrowed = extend_as_member(&world, job, 700);
    borrowed.accounts[0].pubkey = node;
    world.refuse(&[borrowed], GridError::NotMember);
}

#[test]
fn refuses_a_member_of_another_project() {
    let (mut world, job) = at(Stage::Queued, JobKind::Batch);
    let (stranger, node) = (world.stranger.pubkey(), world.node.pubkey());
    let project = world.open_strangers_project();
    world.land(&[instruction::set_member(stranger, project, node, u64::MAX, 60)]);
    let mut extend = instruction::extend(Spender::Member(node), world.project, job, 700);
    extend.accounts[3].pubkey = address::member(&project, &node).0;
    world.refuse(from_ref(&extend), GridError::NotMember);
    extend.accounts[1].pubkey = project;
    world.refuse(&[extend], GridError::WrongProject);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let (world, job) = running(JobKind::Batch);
    world.assert_ignores_donations(&[extend(&world, job, 700)]);
}
