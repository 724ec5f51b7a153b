//! `list`

use grid_client::address;
use grid_client::instruction::{self, Listing};
use grid_jobs::{DeviceState, GridError, Job, JobState};
use grid_tests::{
    TERMS, World, assert_ledger, expect_error, expect_failure,
    world::{DEFINITION, DEPOSIT, TIMEOUT},
};
use solana_signer::Signer;

/// 100 atoms × 600 seconds and 2.5 % of it.
const ESCROW: u64 = 61_500;

fn attempt(
    world: &mut World,
    change: impl FnOnce(&mut Listing),
) -> Result<litesvm::types::TransactionMetadata, grid_tests::Failure> {
    let mut listing = Listing {
        id: 1,
        definition: DEFINITION,
        timeout_seconds: TIMEOUT,
        max_price_per_second_atoms: TERMS.price_per_second_atoms,
    };
    change(&mut listing);
    let list = instruction::list(world.client.pubkey(), world.project, world.market, &listing);
    let client = world.client.insecure_clone();
    world.attempt(&[list], &[&client])
}

#[test]
fn queues_a_job_and_takes_its_escrow() {
    let mut world = World::new();
    let job = world.list(1);
    let (_, bump) = address::job(&world.project, 1);
    assert_eq!(
        world.job(&job),
        Job {
            version: 1,
            bump,
            state: JobState::Queued as u8,
            kind: 0,
            attempts: 0,
            max_attempts: TERMS.max_attempts,
            fee_bps: TERMS.fee_bps.into(),
            slot: 0.into(),
            padding: [0; 2],
            timeout_seconds: TIMEOUT.into(),
            id: 1.into(),
            project: world.project,
            market: world.market,
            rent_payer: world.client.pubkey(),
            device: Default::default(),
            definition: DEFINITION,
            result: [0; 32],
            price_per_second_atoms: TERMS.price_per_second_atoms.into(),
            escrow_atoms: ESCROW.into(),
            start_window_seconds: TERMS.start_window_seconds.into(),
            heartbeat_limit_seconds: TERMS.heartbeat_limit_seconds.into(),
            finish_grace_seconds: TERMS.finish_grace_seconds.into(),
            retention_seconds: TERMS.retention_seconds.into(),
            start_deadline: 0.into(),
            started_at: 0.into(),
            last_heartbeat_at: 0.into(),
            ended_at: 0.into(),
            reserved: [0; 40],
        }
    );
    assert_eq!(world.project().balance, DEPOSIT - ESCROW);
    assert_eq!(world.project().open_jobs, 1);
    assert_eq!(world.market().header.active_jobs, 1);
    assert_eq!(world.market().waiting(), Some(vec![job]));
    assert_ledger(&world, 0);
}

#[test]
fn meets_the_device_that_waited_longest() {
    let mut world = World::new();
    let second = world.open_device(1);
    world.work(world.device);
    world.work(second);
    let job = world.list(1);
    let found = world.job(&job);
    assert!(found.is(JobState::Assigned));
    assert_eq!(found.device, world.device);
    assert_eq!(found.start_deadline, world.network.time() + 60);
    assert_eq!(world.market().waiting(), Some(vec![second]));
    assert!(
        world.device(&world.device).is(DeviceState::Queued),
        "the device's account was not needed"
    );
    assert_ledger(&world, 0);
}

#[test]
fn an_escrow_up_to_the_whole_balance_is_enough() {
    let mut world = World::new();
    let client = world.client.insecure_clone();
    let destination = address::token_account(&client.pubkey(), &world.mint);
    let leave_short = instruction::withdraw(
        client.pubkey(),
        world.project,
        world.mint,
        destination,
        DEPOSIT - ESCROW + 1,
    );
    let mut short = world.clone();
    short.run(&[leave_short], &[&client]);
    expect_error(attempt(&mut short, |_| ()), GridError::InsufficientBalance);

    let leave_all = instruction::withdraw(
        client.pubkey(),
        world.project,
        world.mint,
        destination,
        DEPOSIT - ESCROW,
    );
    world.run(&[leave_all], &[&client]);
    attempt(&mut world, |_| ()).unwrap();
    assert_eq!(world.project().balance, 0);
    assert_ledger(&world, 0);
}

#[test]
fn refuses_another_owner() {
    let mut world = World::new();
    let stranger = world.stranger.insecure_clone();
    let mut list = world.list_instruction(1);
    list.accounts[0].pubkey = stranger.pubkey();
    expect_error(world.attempt(&[list], &[&stranger]), GridError::NotProjectOwner);
}

#[test]
fn refuses_a_zero_definition() {
    let mut world = World::new();
    expect_error(
        attempt(&mut world, |l| l.definition = [0; 32]),
        GridError::ZeroDefinition,
    );
}

#[test]
fn refuses_a_timeout_out_of_the_markets_range() {
    let mut world = World::new();
    for (timeout, is_fine) in [
        (0, false),
        (9, false),
        (10, true),
        (7_200, true),
        (7_201, false),
        (u32::MAX, false),
    ] {
        let result = attempt(&mut world.clone(), |l| l.timeout_seconds = timeout);
        match is_fine {
            true => assert!(result.is_ok(), "{timeout}"),
            false => expect_error(result, GridError::TimeoutOutOfRange),
        }
    }
    assert_ledger(&world, 0);
    world.list(1);
}

#[test]
fn refuses_a_price_above_the_clients_maximum() {
    let mut world = World::new();
    expect_error(
        attempt(&mut world, |l| l.max_price_per_second_atoms = 99),
        GridError::PriceAboveMaximum,
    );
    expect_error(
        attempt(&mut world, |l| l.max_price_per_second_atoms = 0),
        GridError::PriceAboveMaximum,
    );
    assert_eq!(world.project().balance, DEPOSIT, "nothing is lost");
    attempt(&mut world, |l| l.max_price_per_second_atoms = 100).unwrap();
}

#[test]
fn refuses_a_job_that_exists() {
    let mut world = World::new();
    world.list(1);
    expect_failure(attempt(&mut world, |_| ()));
    assert_eq!(world.project().open_jobs, 1);
}

#[test]
fn refuses_a_bump_that_is_not_the_addresss() {
    let mut world = World::new();
    let client = world.client.insecure_clone();
    let mut list = world.list_instruction(1);
    list.data[16] = list.data[16].wrapping_sub(1);
    expect_failure(world.attempt(&[list], &[&client]));
}
