//! `list_many`

use crate::support::*;
use grid_client::{
    address,
    event::{Event, events_in},
    instruction::{self, Request, Spender},
};
use grid_jobs::{GridError, JobKind, JobState, MarketTerms, Member};
use grid_tests::{
    TERMS, World, assert_ledger, keypair_for,
    world::{DEFINITION, DEPOSIT},
};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_signer::Signer;
use solana_transaction::Transaction;
use std::slice::from_ref;

/// Bytes that a transaction may have.
const PACKET: usize = 1_232;
/// Place of the first job among the instruction's accounts.
const FIRST_JOB: usize = 5;
/// What the tests list unless it matters.
const REQUEST: Request = (JobKind::Batch, 600, DEFINITION);

fn list_many(world: &World, first_id: u64, requests: &[Request]) -> Instruction {
    let spender = Spender::Owner(world.client.pubkey());
    instruction::list_many(spender, world.project, world.market, first_id, u64::MAX, requests)
}

/// Jobs of the world's project with `count` consecutive ids.
fn jobs(world: &World, first_id: u64, count: u64) -> Vec<Address> {
    (0..count).map(|n| address::job(&world.project, first_id.wrapping_add(n)).0).collect()
}

/// Bytes of a transaction of one instruction, in the legacy format.
fn bytes_of(payer: &Address, instruction: &Instruction) -> usize {
    let transaction = Transaction::new_with_payer(from_ref(instruction), Some(payer));
    1 + 64 * transaction.signatures.len() + transaction.message_data().len()
}

/// A world whose stranger may spend `limit_atoms` of the project in 60 seconds.
fn with_member(limit_atoms: u64) -> World {
    let mut world = World::new();
    let (client, stranger) = (world.client.pubkey(), world.stranger.pubkey());
    world.land(&[instruction::set_member(client, world.project, stranger, limit_atoms, 60)]);
    world
}

fn list_many_as_member(world: &World, first_id: u64, requests: &[Request]) -> Instruction {
    let spender = Spender::Member(world.stranger.pubkey());
    instruction::list_many(spender, world.project, world.market, first_id, u64::MAX, requests)
}

#[test]
fn does_what_list_does_one_by_one() {
    for count in [1, 6] {
        for devices in [0, 1, 4, 6, 8] {
            let mut world = World::new();
            update_bond_to_zero(&mut world);
            for index in 0..devices {
                let node = world.node.pubkey();
                let device = address::device(&world.market, &node, 1 + index).0;
                world.land(&[
                    instruction::open_device(node, world.market, 1 + index, node),
                    instruction::work(node, device, world.market, 0),
                ]);
            }
            let mut one_by_one = world.clone();
            let mut logs = Vec::new();
            for id in 7..7 + count {
                let list = list_kind(&one_by_one, id);
                logs.extend(one_by_one.land(&[list]).logs);
            }
            let requests: Vec<Request> =
                (7..7 + count).map(|id| (kind_of(id), 600 + id as u32, DEFINITION)).collect();

            let landed = world.land(&[list_many(&world, 7, &requests)]);

            assert_eq!(world.state(), one_by_one.state(), "{count} jobs, {devices} devices");
            assert_eq!(data_lines(&landed.logs), data_lines(&logs), "the same events");
            assert_ledger(&world, 0);
        }
    }
}

fn update_bond_to_zero(world: &mut World) {
    let terms = MarketTerms { bond_atoms: 0, expiry_reward_atoms: 0, compensation_atoms: 0, ..TERMS };
    update_market(world, terms);
}

/// Odd ids are service jobs.
fn kind_of(id: u64) -> JobKind {
    if id % 2 == 1 { JobKind::Service } else { JobKind::Batch }
}

fn list_kind(world: &World, id: u64) -> Instruction {
    let listing = instruction::Listing { timeout_seconds: 600 + id as u32, ..listing(id, kind_of(id)) };
    instruction::list(world.client.pubkey(), world.project, world.market, &listing)
}

fn data_lines(logs: &[String]) -> Vec<&String> {
    logs.iter().filter(|line| line.starts_with("Program data: ")).collect()
}

#[test]
fn meets_the_waiting_devices_first_and_queues_the_rest() {
    let mut world = World::new();
    let devices = [world.device, world.open_device(1)];
    devices.iter().for_each(|device| world.work(*device));
    let jobs = jobs(&world, 1, 4);

    let landed = world.land(&[list_many(&world, 1, &[REQUEST; 4])]);

    let found: Vec<(u8, Address)> =
        jobs.iter().map(|job| (world.job(job).state, world.job(job).device)).collect();
    let (assigned, queued) = (JobState::Assigned as u8, JobState::Queued as u8);
    let nobody = Address::default();
    assert_eq!(found, [(assigned, devices[0]), (assigned, devices[1]), (queued, nobody), (queued, nobody)]);
    assert_eq!(world.market().waiting(), Some(jobs[2..].to_vec()));
    let listed: Vec<(Address, Address)> = events_in(&landed.logs)
        .iter()
        .map(|event| match event {
            Event::JobMatched(event) => (event.job, event.device),
            Event::JobQueued(event) => (event.job, nobody),
            other => panic!("{} was not expected", other.name()),
        })
        .collect();
    assert_eq!(listed, jobs.iter().map(|job| (*job, world.job(job).device)).collect::<Vec<_>>());
    assert_ledger(&world, 0);
}

#[test]
fn as_many_as_a_transaction_holds() {
    let world = World::new();
    let (client, fee_payer) = (world.client.pubkey(), keypair_for("fee payer").pubkey());
    let largest = |size: &dyn Fn(usize) -> usize| (1..30).take_while(|count| size(*count) <= PACKET).count();
    let requests = [REQUEST; 30];
    let of_owner = |count: usize| list_many(&world, 1, &requests[..count]);
    let of_member = |count: usize| list_many_as_member(&world, 1, &requests[..count]);
    assert_eq!(largest(&|count| bytes_of(&client, &of_owner(count))), 13);
    assert_eq!(largest(&|count| bytes_of(&world.stranger.pubkey(), &of_member(count))), 12);
    assert_eq!(largest(&|count| bytes_of(&fee_payer, &of_owner(count))), 11);

    let mut world = with_member(12 * ESCROW);
    let (client, stranger) = (world.client.insecure_clone(), world.stranger.insecure_clone());
    let list = list_many(&world, 1, &requests[..13]);
    let landed = world.network.send_paid_by(&client.pubkey(), &[list], &[&client]).expect("it lands");
    assert_eq!(events_in(&landed.logs).len(), 13);
    assert!(landed.compute_units_consumed < 200_000, "no more than an instruction has by default");
    let list = list_many_as_member(&world, 14, &requests[..12]);
    world.network.send_paid_by(&stranger.pubkey(), &[list], &[&stranger]).expect("it lands");
    assert_eq!(world.market().waiting(), Some(jobs(&world, 1, 25)));
    assert_ledger(&world, 0);
}

#[test]
fn ids_go_on_with_zero_after_the_last() {
    let mut world = World::new();
    world.land(&[list_many(&world, u64::MAX - 1, &[REQUEST; 4])]);
    let jobs: Vec<Address> =
        [u64::MAX - 1, u64::MAX, 0, 1].map(|id| address::job(&world.project, id).0).to_vec();
    assert_eq!(world.market().waiting(), Some(jobs.clone()));
    assert_eq!(
        jobs.iter().map(|job| world.job(job).id.get()).collect::<Vec<_>>(),
        [u64::MAX - 1, u64::MAX, 0, 1]
    );
    assert_ledger(&world, 0);
}

#[test]
fn one_bad_request_refuses_all() {
    let mut world = World::new();
    for place in 0..3 {
        for (bad, error) in [
            ((JobKind::Batch, 600, [0; 32]), GridError::ZeroDefinition),
            ((JobKind::Batch, 9, DEFINITION), GridError::TimeoutOutOfRange),
            ((JobKind::Service, 7_201, DEFINITION), GridError::TimeoutOutOfRange),
        ] {
            let mut requests = [REQUEST; 3];
            requests[place] = bad;
            world.refuse(&[list_many(&world, 1, &requests)], error);
        }
    }
}

#[test]
fn a_job_that_exists_refuses_all() {
    let mut world = World::new();
    world.list(5);
    // AccountAlreadyInUse of the system program.
    let in_use = InstructionError::Custom(0);
    for first_id in 3..=5 {
        world.refuse_with(&[list_many(&world, first_id, &[REQUEST; 3])], in_use.clone());
    }
    let list = list_many(&world, 6, &[REQUEST; 3]);
    world.refuse_with(&[list.clone(), list.clone()], in_use.clone());
    world.land(from_ref(&list));
    world.refuse_with(&[list], in_use);
    assert_ledger(&world, 0);
}

#[test]
fn a_balance_for_all_but_one_refuses_all() {
    let mut world = World::new();
    let client = world.client.pubkey();
    let (mint, home) = (world.mint, address::token_account(&client, world.mint));
    let leave = |atoms| instruction::withdraw(client, world.project, mint, home, DEPOSIT - atoms);
    let list = list_many(&world, 1, &[REQUEST; 3]);
    world.clone().refuse(&[leave(3 * ESCROW - 1), list.clone()], GridError::InsufficientBalance);
    world.land(&[leave(3 * ESCROW), list]);
    assert_eq!(world.project().balance, 0);
    assert_ledger(&world, 0);
}

#[test]
fn rent_for_all_but_one_refuses_all() {
    let mut world = World::new();
    let (client, rent) = (world.client.pubkey(), world.rent(328));
    let list = list_many(&world, 1, &[REQUEST; 3]);
    let with = |lamports| Account { lamports, ..Account::default() };
    world.network.set(client, with(3 * rent - 1));
    // ResultWithNegativeLamports of the system program.
    world.refuse_with(from_ref(&list), InstructionError::Custom(1));
    world.network.set(client, with(3 * rent));
    world.land(&[list]);
    assert_ledger(&world, 0);
}

#[test]
fn room_for_all_but_one_refuses_all() {
    let mut world = World::new();
    for id in 100..370 {
        world.list(id);
    }
    world.refuse(&[list_many(&world, 1, &[REQUEST; 4])], GridError::QueueFull);
    world.land(&[list_many(&world, 1, &[REQUEST; 3])]);
    assert_eq!(world.market().header.queue.waiting, 273);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_what_list_refuses() {
    let mut world = World::new();
    let cheap = |maximum| {
        let spender = Spender::Owner(world.client.pubkey());
        instruction::list_many(spender, world.project, world.market, 1, maximum, &[REQUEST; 2])
    };
    let (dear, fair) = (cheap(99), cheap(100));
    world.refuse(&[dear], GridError::PriceAboveMaximum);
    let pause = instruction::pause_market(world.authority.pubkey(), world.market, 60);
    world.refuse(&[pause, fair.clone()], GridError::MarketPaused);
    let mut other = fair.clone();
    let project = open_project_of_another_mint(&mut world);
    other.accounts[1].pubkey = project;
    world.refuse(&[other], GridError::WrongMint);
    world.land(&[fair]);
}

#[test]
fn needs_one_account_for_each_request() {
    let mut world = World::new();
    world.refuse(&[list_many(&world, 1, &[])], GridError::WrongJobAccounts);
    let list = list_many(&world, 1, &[REQUEST; 3]);
    let spare = AccountMeta::new(address::job(&world.project, 4).0, false);
    let with = |change: &dyn Fn(&mut Vec<AccountMeta>)| {
        let mut list = list.clone();
        change(&mut list.accounts);
        list
    };
    let none = with(&|accounts| accounts.truncate(FIRST_JOB));
    let fewer = with(&|accounts| accounts.truncate(FIRST_JOB + 2));
    let more = with(&|accounts| accounts.push(spare.clone()));
    for wrong in [none, fewer, more] {
        world.refuse(&[wrong], GridError::WrongJobAccounts);
    }
    let mut no_request = list_many(&world, 1, &[]);
    no_request.accounts.push(spare);
    world.refuse(&[no_request], GridError::WrongJobAccounts);
}

#[test]
fn needs_the_accounts_of_the_ids_in_their_order() {
    let mut world = World::new();
    let stranger = world.open_strangers_project();
    let list = list_many(&world, 1, &[REQUEST; 3]);
    let with = |change: &dyn Fn(&mut Vec<AccountMeta>)| {
        let mut list = list.clone();
        change(&mut list.accounts);
        list
    };
    let swapped = with(&|accounts| accounts.swap(FIRST_JOB, FIRST_JOB + 1));
    let doubled = with(&|accounts| accounts[FIRST_JOB + 1] = accounts[FIRST_JOB].clone());
    let foreign = with(&|accounts| accounts[FIRST_JOB + 2].pubkey = address::job(&stranger, 3).0);
    let read_only = with(&|accounts| accounts[FIRST_JOB + 2].is_writable = false);
    for wrong in [swapped, doubled, foreign, read_only] {
        world.refuse_with(&[wrong], InstructionError::PrivilegeEscalation);
    }
    for named in 0..3 {
        let twice = with(&|accounts| accounts[FIRST_JOB + 1].pubkey = accounts[named].pubkey);
        world.refuse_with(&[twice], named_twice());
    }
}

#[test]
fn needs_the_bump_of_each_address() {
    let mut world = World::new();
    let list = list_many(&world, 1, &[REQUEST; 3]);
    for request in 0..3 {
        let mut wrong = list.clone();
        // The first bump stands behind discriminator, id, price and number of requests, of 38 bytes each.
        wrong.data[28 + 38 * request] ^= 1;
        let failure = world.attempt(&[wrong], &[&world.client.insecure_clone()]);
        grid_tests::expect_failure(failure);
        assert!(!world.exists(&address::job(&world.project, 1).0), "nothing is listed");
    }
    world.land(&[list]);
}

#[test]
fn refuses_a_kind_that_is_none() {
    let mut world = World::new();
    let mut list = list_many(&world, 1, &[REQUEST; 3]);
    list.data[29 + 38] = 2;
    world.refuse_with(&[list], InstructionError::InvalidInstructionData);
}

#[test]
fn refuses_data_that_promises_more_requests_than_it_holds() {
    let mut world = World::new();
    for promised in [4, u32::MAX] {
        let mut list = list_many(&world, 1, &[REQUEST; 3]);
        list.data[24..28].copy_from_slice(&promised.to_le_bytes());
        world.refuse_with(&[list], InstructionError::InvalidInstructionData);
    }
}

#[test]
fn counts_all_jobs_towards_a_members_limit_to_the_atom() {
    let mut world = with_member(6 * ESCROW - 1);
    world.refuse(&[list_many_as_member(&world, 1, &[REQUEST; 6])], GridError::MemberLimitExceeded);

    let mut world = with_member(6 * ESCROW);
    let stranger = world.stranger.pubkey();
    let lamports = world.lamports(&stranger);
    world.land(&[list_many_as_member(&world, 1, &[REQUEST; 6])]);
    let account = address::member(&world.project, &stranger).0;
    let member: Member = grid_client::account::decode(&account, &world.raw(&account)).expect("a member");
    assert_eq!(
        (member.spent_atoms, member.period_started_at),
        ((6 * ESCROW).into(), world.network.time().into())
    );
    for job in jobs(&world, 1, 6) {
        assert_eq!(world.job(&job).rent_payer, stranger);
    }
    assert_eq!(world.lamports(&stranger), lamports - 6 * world.rent(328));
    let one_more = list_many_as_member(&world, 7, &[REQUEST]);
    world.refuse(from_ref(&one_more), GridError::MemberLimitExceeded);
    world.network.advance(59);
    world.refuse(from_ref(&one_more), GridError::MemberLimitExceeded);
    world.network.advance(1);
    world.land(&[one_more]);
    assert_ledger(&world, 0);
}

#[test]
fn a_refund_does_not_lower_what_a_member_has_spent() {
    let mut world = with_member(2 * ESCROW);
    let stranger = world.stranger.pubkey();
    world.land(&[list_many_as_member(&world, 1, &[REQUEST; 2])]);
    let job = address::job(&world.project, 1).0;
    world.land(&[instruction::delist(stranger, world.project, world.market, job, stranger)]);
    world.refuse(&[list_many_as_member(&world, 3, &[REQUEST])], GridError::MemberLimitExceeded);
}

#[test]
fn refuses_everybody_else() {
    let mut world = with_member(u64::MAX);
    let (stranger, node) = (world.stranger.pubkey(), world.node.pubkey());
    for other in [stranger, node] {
        let spender = Spender::Owner(other);
        let list = instruction::list_many(spender, world.project, world.market, 1, u64::MAX, &[REQUEST]);
        world.refuse(&[list], GridError::NotMember);
    }
    let mut borrowed = list_many_as_member(&world, 1, &[REQUEST]);
    borrowed.accounts[0].pubkey = node;
    world.refuse(from_ref(&borrowed), GridError::NotMember);

    let project = world.open_strangers_project();
    world.land(&[instruction::set_member(stranger, project, node, u64::MAX, 60)]);
    borrowed.accounts[3].pubkey = address::member(&project, &node).0;
    world.refuse(&[borrowed], GridError::NotMember);
}

#[test]
fn ignores_tokens_sent_to_the_vault() {
    let world = World::new();
    world.assert_ignores_donations(&[list_many(&world, 1, &[REQUEST; 3])]);
}
