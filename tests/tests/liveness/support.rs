//! What several files need.

use grid_client::{
    address,
    instruction::{self, Listing, Run},
};
use grid_jobs::{Device, DeviceState, GridError, Job, JobKind, JobState, MarketTerms, events::JobTakenBack};
use grid_tests::{
    World, assert_event,
    world::{DEFINITION, TIMEOUT},
};
use litesvm::types::TransactionMetadata;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use std::{collections::BTreeMap, slice::from_ref};

/// What a job of [`TIMEOUT`] reserves: 100 atoms × 600 seconds and 2.5 % of it.
pub const ESCROW: u64 = 61_500;
/// Both kinds of jobs.
pub const KINDS: [JobKind; 2] = [JobKind::Batch, JobKind::Service];

/// What a job must hold: the price of its timeout and the fee on it, rounded up.
pub fn escrow(price: u64, seconds: u32, fee_bps: u16) -> u64 {
    let price = u128::from(price) * u128::from(seconds);
    u64::try_from(price + (price * u128::from(fee_bps)).div_ceil(10_000)).expect("the bounds see to it")
}

/// A listing of the world's timeout at any price.
pub fn listing(id: u64, kind: JobKind) -> Listing {
    Listing {
        id,
        kind,
        definition: DEFINITION,
        timeout_seconds: TIMEOUT,
        max_price_per_second_atoms: u64::MAX,
    }
}

/// Lists job `id` of a kind; returns its address.
pub fn list(world: &mut World, id: u64, kind: JobKind) -> Address {
    let list = instruction::list(world.client.pubkey(), world.project, world.market, &listing(id, kind));
    world.land(&[list]);
    address::job(&world.project, id).0
}

/// A match or run of a job of the world's project in its market.
pub fn run_on(world: &World, device: Address, job: Address) -> Run {
    Run { device, job, market: world.market, project: world.project }
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// In the queue.
    Queued,
    /// Taken by a device: the record of the match is the device's.
    MatchedByDevice,
    /// Listed for a waiting device: the record of the match is the job's.
    MatchedByJob,
    /// Running.
    Running,
    /// Finished by its node.
    Finished,
    /// Ended by its client.
    Ended,
    /// Given up three times by its node.
    Stopped,
}

/// All stages of a job.
pub const STAGES: [Stage; 7] = [
    Stage::Queued,
    Stage::MatchedByDevice,
    Stage::MatchedByJob,
    Stage::Running,
    Stage::Finished,
    Stage::Ended,
    Stage::Stopped,
];

/// A world whose job 1 is of this kind and at this stage, with the world's device.
pub fn at(stage: Stage, kind: JobKind) -> (World, Address) {
    let mut world = World::new();
    if stage == Stage::MatchedByJob {
        world.work(world.device);
        let job = list(&mut world, 1, kind);
        return (world, job);
    }
    let job = list(&mut world, 1, kind);
    if stage != Stage::Queued {
        world.work(world.device);
    }
    if !matches!(stage, Stage::Queued | Stage::MatchedByDevice) {
        world.start(world.device, job);
    }
    let (client, node, run) = (world.client.pubkey(), world.node.pubkey(), run_on(&world, world.device, job));
    match stage {
        Stage::Finished => world.finish(world.device, job),
        Stage::Ended => drop(world.land(&[instruction::end(client, run)])),
        Stage::Stopped => {
            let quit = instruction::quit(node, run);
            let work = instruction::work(node, run.device, run.market, 0);
            let again = [quit.clone(), work, instruction::start(node, run.device, job)];
            world.land(&[&again[..], &again[..], from_ref(&quit)].concat());
        }
        _ => (),
    }
    (world, job)
}

/// A world whose job 1 of this kind runs on the world's device.
pub fn running(kind: JobKind) -> (World, Address) {
    at(Stage::Running, kind)
}

/// The accounts that differ from what they were, in no certain order.
pub fn changed_since(before: &BTreeMap<Address, Account>, world: &World) -> Vec<Address> {
    let after = world.state();
    let mut changed: Vec<Address> =
        before.keys().chain(after.keys()).filter(|at| before.get(at) != after.get(at)).copied().collect();
    changed.sort();
    changed.dedup();
    changed
}

/// Asserts that these and no other accounts differ from what they were.
#[track_caller]
pub fn assert_changed(before: &BTreeMap<Address, Account>, world: &World, expected: &[Address]) {
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(changed_since(before, world), expected);
}

/// Asserts that an instruction is refused with each of these accounts at its place.
#[track_caller]
pub fn refuse_swaps(world: &mut World, instruction: &Instruction, swaps: Vec<(usize, Address, GridError)>) {
    for (place, account, error) in swaps {
        let mut swapped = instruction.clone();
        swapped.accounts[place].pubkey = account;
        world.refuse(&[swapped], error);
    }
}

/// A device that lost its match or run, with nothing paid: the base to which a test adds what it paid and lost.
pub fn struck(device: Device) -> Device {
    Device {
        state: DeviceState::Idle as u8,
        strikes: (device.strikes.get() + 1).into(),
        job: Address::default(),
        matched_at: 0.into(),
        ..device
    }
}

/// A job that lost its device and is at the head of the queue, in this slot: the base of what it may become else.
pub fn queued_again(job: Job, slot: u16) -> Job {
    Job {
        state: JobState::Queued as u8,
        attempts: job.attempts + 1,
        slot: slot.into(),
        device: Address::default(),
        matched_at: 0.into(),
        started_at: 0.into(),
        last_heartbeat_at: 0.into(),
        ..job
    }
}

/// The event of a job that lost the world's device and queues, where no money moved: the base of what else may have
/// happened. Read after the event.
pub fn taken_back(world: &World, job: Address, cause: u8) -> JobTakenBack {
    let device = world.device(&world.device);
    JobTakenBack {
        job,
        device: world.device,
        next_device: Address::default(),
        reward_project: world.project,
        cause,
        job_state: JobState::Queued as u8,
        attempts_after: world.job(&job).attempts,
        padding: 0,
        strikes_after: device.strikes,
        paid_atoms: 0.into(),
        fee_atoms: 0.into(),
        refund_atoms: 0.into(),
        reward_atoms: 0.into(),
        compensation_atoms: 0.into(),
        bond_after_atoms: device.bond_atoms,
        earnings_after_atoms: device.earnings_atoms,
        fees_owed_after_atoms: world.market().header.fees_owed_atoms,
        balance_after_atoms: world.project().balance,
    }
}

/// Asserts that a transaction logged one event, and this one.
#[track_caller]
pub fn assert_taken_back(landed: &TransactionMetadata, expected: JobTakenBack) {
    assert_event!(
        landed,
        JobTakenBack {
            job: expected.job,
            device: expected.device,
            next_device: expected.next_device,
            reward_project: expected.reward_project,
            cause: expected.cause,
            job_state: expected.job_state,
            attempts_after: expected.attempts_after,
            padding: expected.padding,
            strikes_after: expected.strikes_after,
            paid_atoms: expected.paid_atoms,
            fee_atoms: expected.fee_atoms,
            refund_atoms: expected.refund_atoms,
            reward_atoms: expected.reward_atoms,
            compensation_atoms: expected.compensation_atoms,
            bond_after_atoms: expected.bond_after_atoms,
            earnings_after_atoms: expected.earnings_after_atoms,
            fees_owed_after_atoms: expected.fees_owed_after_atoms,
            balance_after_atoms: expected.balance_after_atoms,
        }
    );
}

/// The error of an account that is named twice where it would be written twice.
pub fn named_twice() -> InstructionError {
    InstructionError::Custom(2_040) // ConstraintDuplicateMutableAccount of Anchor
}

/// Opens a project of the client in a mint of its own; returns its address.
pub fn open_project_of_another_mint(world: &mut World) -> Address {
    let (mint, client) = (world.open_mint("another mint"), world.client.pubkey());
    world.land(&[instruction::open_project(client, mint)]);
    address::project(&mint, &client).0
}

/// Sets the terms of the world's market.
pub fn update_market(world: &mut World, terms: MarketTerms) {
    world.land(&[instruction::update_market(world.authority.pubkey(), world.market, terms)]);
}
