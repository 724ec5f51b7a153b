//! What a member of a project may do, and what it may not.

use grid_client::{
    address,
    instruction::{self, Listing, Request, Spender},
};
use grid_jobs::{GridError, JobKind, JobState, Member, Project};
use grid_tests::{
    World, assert_ledger,
    world::{DEFINITION, DEPOSIT, TIMEOUT},
};
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::slice::from_ref;

/// 100 atoms × 600 seconds and 2.5 % of it.
const ESCROW: u64 = 61_500;
/// Length of the member's period, seconds.
const PERIOD: i64 = 1_000;
/// A job like those of [`World::list`].
const REQUEST: Request = (JobKind::Batch, TIMEOUT, DEFINITION);

/// A world whose project has the stranger as a member with this limit.
fn with_limit(limit_atoms: u64) -> World {
    let mut world = World::new();
    set_limit(&mut world, limit_atoms);
    world
}

fn set_limit(world: &mut World, limit_atoms: u64) {
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    world.land(&[instruction::set_member(client, world.project, stranger, limit_atoms, PERIOD as u32)]);
}

/// A spender lists this many jobs.
fn list(world: &World, spender: Spender, first_id: u64, count: usize) -> Instruction {
    let requests = vec![REQUEST; count];
    instruction::list_many(spender, world.project, world.market, first_id, u64::MAX, &requests)
}

/// The stranger as a member of the world's project.
fn member(world: &World) -> Spender {
    Spender::Member(world.stranger.pubkey())
}

/// The stranger's membership: what it has spent, and since when.
fn spent(world: &World) -> (u64, i64) {
    let member = world.member(&world.stranger.pubkey());
    (member.spent_atoms.get(), member.period_started_at.get())
}

fn delist(world: &World, closer: Address, job: Address, rent_payer: Address) -> Instruction {
    instruction::delist(closer, world.project, world.market, job, rent_payer)
}

#[test]
fn lists_with_the_projects_balance_and_its_own_rent() {
    let mut world = with_limit(2 * ESCROW);
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    let (project, before) = (world.project(), world.member(&stranger));
    let lamports = (world.lamports(&client), world.lamports(&stranger));

    world.land(&[list(&world, member(&world), 1, 2)]);

    assert_eq!(
        world.member(&stranger),
        Member { spent_atoms: (2 * ESCROW).into(), period_started_at: world.network.time().into(), ..before }
    );
    assert_eq!(
        world.project(),
        Project { balance: (DEPOSIT - 2 * ESCROW).into(), open_jobs: 2.into(), ..project }
    );
    assert_eq!(world.lamports(&client), lamports.0);
    assert_eq!(world.lamports(&stranger), lamports.1 - 2 * world.rent(328));
    for id in [1, 2] {
        assert_eq!(world.job(&address::job(&world.project, id).0).rent_payer, stranger);
    }
    assert_ledger(&world, 0);
}

#[test]
fn spends_up_to_its_limit_and_not_an_atom_more() {
    for (limit, is_fine) in
        [(0, false), (3 * ESCROW - 1, false), (3 * ESCROW, true), (3 * ESCROW + 1, true), (u64::MAX, true)]
    {
        let mut world = with_limit(limit);
        let (at_once, last) = (list(&world, member(&world), 1, 3), list(&world, member(&world), 3, 1));
        let mut one_by_one = world.clone();
        if limit > 0 {
            one_by_one.land(&[list(&world, member(&world), 1, 2)]);
        }
        match is_fine {
            true => {
                world.land(&[at_once]);
                one_by_one.land(&[last]);
                assert_eq!(world.project().balance, one_by_one.project().balance);
            }
            false => {
                world.refuse(&[at_once], GridError::MemberLimitExceeded);
                one_by_one.refuse(&[last], GridError::MemberLimitExceeded);
            }
        }
    }
}

#[test]
fn every_way_to_spend_counts() {
    let mut world = with_limit(3 * ESCROW);
    let (project, market, member) = (world.project, world.market, member(&world));
    world.work(world.device);
    let listing = Listing {
        id: 1,
        kind: JobKind::Service,
        definition: DEFINITION,
        timeout_seconds: TIMEOUT,
        max_price_per_second_atoms: u64::MAX,
    };
    let direct = |id| {
        let listing = Listing { id, ..listing };
        instruction::list_direct(member, project, market, world.device, &listing)
    };
    let (first, second) = (direct(1), direct(2));
    let extend = |timeout| instruction::extend(member, project, address::job(&project, 1).0, timeout);
    world.land(&[first]);
    assert_eq!(spent(&world).0, ESCROW);
    world.refuse(&[extend(1_801)], GridError::MemberLimitExceeded);
    world.land(&[extend(1_200)]);
    assert_eq!(spent(&world).0, 2 * ESCROW);
    world.land(&[list(&world, member, 3, 1)]);
    assert_eq!(spent(&world).0, 3 * ESCROW);
    world.refuse(&[extend(1_201)], GridError::MemberLimitExceeded);
    world.start(world.device, address::job(&project, 1).0);
    world.finish(world.device, address::job(&project, 1).0);
    let next = address::job(&project, 3).0;
    let stranger = world.stranger.pubkey();
    world.land(&[
        delist(&world, stranger, next, stranger),
        instruction::work(world.node.pubkey(), world.device, market, 0),
    ]);
    world.refuse(&[second], GridError::MemberLimitExceeded);
    assert_ledger(&world, 0);
}

#[test]
fn a_new_period_begins_with_the_first_job_after_the_last_one() {
    let mut world = with_limit(ESCROW);
    let begin = world.network.time();
    world.land(&[list(&world, member(&world), 1, 1)]);
    for (seconds, is_over) in [(0, false), (PERIOD - 1, false), (PERIOD, true), (PERIOD + 1, true)] {
        let mut world = world.clone();
        world.network.advance(seconds);
        let list = list(&world, member(&world), 2, 1);
        if !is_over {
            world.refuse(&[list], GridError::MemberLimitExceeded);
            continue;
        }
        world.land(&[list]);
        assert_eq!(spent(&world), (ESCROW, begin + seconds));
    }
}

#[test]
fn a_period_does_not_move_within_itself() {
    let mut world = with_limit(2 * ESCROW);
    let begin = world.network.time();
    world.land(&[list(&world, member(&world), 1, 1)]);
    world.network.advance(PERIOD - 1);
    world.land(&[list(&world, member(&world), 2, 1)]);
    assert_eq!(spent(&world), (2 * ESCROW, begin));
}

#[test]
fn refunds_do_not_lower_what_it_spent() {
    let mut world = with_limit(ESCROW);
    let stranger = world.stranger.pubkey();
    let job = address::job(&world.project, 1).0;
    world.land(&[list(&world, member(&world), 1, 1), delist(&world, stranger, job, stranger)]);
    assert_eq!((world.project().balance, spent(&world).0), (DEPOSIT.into(), ESCROW));
    world.refuse(&[list(&world, member(&world), 2, 1)], GridError::MemberLimitExceeded);
}

#[test]
fn a_lowered_limit_counts_at_once() {
    let mut world = with_limit(3 * ESCROW);
    world.land(&[list(&world, member(&world), 1, 2)]);
    let list = list(&world, member(&world), 3, 1);
    for limit in [0, ESCROW, 2 * ESCROW, 3 * ESCROW - 1] {
        set_limit(&mut world, limit);
        world.refuse(from_ref(&list), GridError::MemberLimitExceeded);
    }
    set_limit(&mut world, 3 * ESCROW);
    world.land(&[list]);
}

#[test]
fn takes_its_own_jobs_back_and_nobody_elses() {
    let mut world = with_limit(u64::MAX);
    let (client, node, stranger) = (world.client.pubkey(), world.node.pubkey(), world.stranger.pubkey());
    world.land(&[
        instruction::set_member(client, world.project, node, u64::MAX, 1),
        list(&world, member(&world), 1, 1),
        list(&world, Spender::Member(node), 2, 1),
        list(&world, Spender::Owner(client), 3, 1),
    ]);
    let [own, others, owners] = [1, 2, 3].map(|id| address::job(&world.project, id).0);
    world.refuse(&[delist(&world, stranger, others, node)], GridError::NoticeNotGiven);
    world.refuse(&[delist(&world, stranger, owners, client)], GridError::NoticeNotGiven);
    let lamports = world.lamports(&stranger);
    world.land(&[delist(&world, stranger, own, stranger)]);
    assert_eq!(world.lamports(&stranger), lamports + world.rent(328));
    let lamports = world.lamports(&node);
    world.land(&[delist(&world, client, others, node)]);
    assert_eq!(world.lamports(&node), lamports + world.rent(328), "the owner may, for its member");
    assert_eq!(world.project().balance, DEPOSIT - ESCROW);
    assert_ledger(&world, 0);
}

#[test]
fn ends_its_own_runs_and_nobody_elses() {
    let mut world = with_limit(u64::MAX);
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    let second = world.open_device(1);
    let [own, owners] = [1, 2].map(|id| address::job(&world.project, id).0);
    world.land(&[list(&world, member(&world), 1, 1), list(&world, Spender::Owner(client), 2, 1)]);
    for (device, job) in [(world.device, own), (second, owners)] {
        world.work(device);
        world.start(device, job);
    }
    let theirs = instruction::end(stranger, world.run_of(second, owners));
    world.refuse(&[theirs], GridError::NotJobClient);
    world.land(&[instruction::end(stranger, world.run_of(world.device, own))]);
    assert!(world.job(&own).is(JobState::Done));
    let close = instruction::close_job(stranger, world.project, own, stranger);
    world.refuse(from_ref(&close), GridError::RetentionNotOver);
    world.network.advance(86_400);
    world.land(&[close]);
    assert_ledger(&world, 0);
}

#[test]
fn who_was_removed_lists_nothing_and_takes_back_what_it_listed() {
    let mut world = with_limit(u64::MAX);
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    world.land(&[list(&world, member(&world), 1, 2)]);
    let next = list(&world, member(&world), 3, 1);
    world.land(&[instruction::close_member(client, client, world.project, stranger)]);
    world.refuse_with(&[next], InstructionError::AccountDataTooSmall);
    let alone = list(&world, Spender::Owner(stranger), 3, 1);
    world.refuse(&[alone], GridError::NotMember);
    let [first, second] = [1, 2].map(|id| address::job(&world.project, id).0);
    world.work(world.device);
    world.start(world.device, first);
    world.land(&[
        instruction::end(stranger, world.run_of(world.device, first)),
        delist(&world, stranger, second, stranger),
    ]);
    assert_eq!(world.project().balance, DEPOSIT);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_who_is_no_member_of_this_project() {
    let mut world = with_limit(u64::MAX);
    let (client, node, stranger) = (world.client.pubkey(), world.node.pubkey(), world.stranger.pubkey());
    let other = world.open_strangers_project();
    world.land(&[instruction::set_member(stranger, other, node, u64::MAX, 1)]);
    let elsewhere = address::member(&other, &node).0;
    let somebody_elses = address::member(&world.project, &stranger).0;
    for account in [elsewhere, somebody_elses] {
        let mut list = list(&world, Spender::Member(node), 1, 1);
        list.accounts[3].pubkey = account;
        world.refuse(&[list], GridError::NotMember);
    }
    world.refuse(&[list(&world, Spender::Owner(node), 1, 1)], GridError::NotMember);
    let owner = list(&world, Spender::Owner(client), 1, 1);
    world.land(&[owner]);
    assert_ledger(&world, 0);
}

#[test]
fn an_owner_has_no_limit_even_where_it_is_its_own_member() {
    let mut world = World::new();
    let client = world.client.pubkey();
    world.land(&[
        instruction::set_member(client, world.project, client, 0, 1),
        list(&world, Spender::Member(client), 1, 2),
    ]);
    assert_eq!(world.member(&client).spent_atoms, 0);
    assert_ledger(&world, 0);
}

#[test]
fn a_limit_is_no_balance() {
    let mut world = with_limit(u64::MAX);
    let client = world.client.pubkey();
    let destination = address::token_account(&client, world.mint);
    let amount = DEPOSIT - 2 * ESCROW + 1;
    world.land(&[instruction::withdraw(client, world.project, world.mint, destination, amount)]);
    world.refuse(&[list(&world, member(&world), 1, 2)], GridError::InsufficientBalance);
    world.land(&[list(&world, member(&world), 1, 1)]);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_a_member_what_only_the_owner_may() {
    let mut world = with_limit(u64::MAX);
    let (stranger, project) = (world.stranger.pubkey(), world.project);
    let destination = address::token_account(&stranger, world.mint);
    let mut one = world.list_instruction(1);
    one.accounts[0].pubkey = stranger;
    for refused in [
        one,
        instruction::withdraw(stranger, project, world.mint, destination, 1),
        instruction::set_member(stranger, project, stranger, 1, 1),
        instruction::close_project(stranger, project),
    ] {
        world.refuse(&[refused], GridError::NotProjectOwner);
    }
}
