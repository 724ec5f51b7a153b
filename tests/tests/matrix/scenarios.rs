//! Rows that take more than one instruction: 6 (the bump that `list` is given), 9, 11 and 13.

use crate::cases;
use grid_client::{address, instruction};
use grid_jobs::{GridError, Job, JobState};
use grid_tests::{
    World, assert_ledger, expect_error, expect_failure,
    matrix::{Stage, chain, stage::listing},
    network::Failure,
    world::{BOND, RESULT},
};
use litesvm::types::TransactionMetadata;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_sdk_ids::system_program;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

fn attempt(world: &mut World, instructions: &[Instruction]) -> Result<TransactionMetadata, Failure> {
    chain::send(&mut world.network.svm, &Stage::fee_payer(), instructions)
}

#[track_caller]
fn act(world: &mut World, instruction: Instruction) {
    if let Err(failure) = attempt(world, &[instruction]) {
        panic!("{}\n{}", failure.error, failure.logs.join("\n"));
    }
}

/// Row 6. `list` takes the bump from its caller and lets the address it gives sign for itself, so that a job may stand
/// at any bump of its seeds, not only at the first. Such a job is another account with the same id: its owner paid for
/// it like for any other, it runs and ends like any other, and no other project's seeds reach it.
#[test]
fn a_job_at_another_bump_is_an_ordinary_job() {
    let mut world = Stage::new().world;
    let (client, project, market) = (world.client.pubkey(), world.project, world.market);
    let before = world.project();
    let id = 77;
    let (first, first_bump) = address::job(&project, id);
    act(&mut world, instruction::list(client, project, market, &listing(id)));

    let (other, bump) = (0..first_bump)
        .rev()
        .find_map(|bump| {
            let seeds: [&[u8]; 4] = [Job::SEED, project.as_ref(), &id.to_le_bytes(), &[bump]];
            let address = Address::create_program_address(&seeds, &grid_jobs::ID).ok()?;
            Some((address, bump))
        })
        .expect("some other bump gives an address");
    let mut list = instruction::list(client, project, market, &listing(id));
    list.accounts[3].pubkey = other;
    expect_failure(attempt(&mut world, &[list.clone()]));
    list.data[16] = bump;
    act(&mut world, list.clone());
    expect_failure(attempt(&mut world, &[list]));

    let (one, two) = (world.job(&first), world.job(&other));
    assert_eq!((two.id, two.bump, two.project), (one.id, bump, project));
    assert_eq!(two.escrow_atoms, one.escrow_atoms, "it is paid for like the first");
    assert_eq!(world.project().open_jobs.get(), before.open_jobs.get() + 2);
    assert_ledger(&world, 0);

    for job in [other, first] {
        act(&mut world, instruction::delist(client, project, market, job, client));
    }
    assert_eq!(world.project(), before);
    assert_ledger(&world, 0);
}

/// Row 9: a program whose upgrade authority was given up has nobody who may initialise the config.
#[test]
fn a_final_program_can_not_be_initialised() {
    let mut world = World::bare();
    chain::trust_signatures(&mut world.network.svm);
    world.network.set_upgrade_authority(None);
    for signer in [world.authority.pubkey(), world.stranger.pubkey(), Address::default()] {
        let initialize = instruction::initialize_config(signer, signer);
        expect_failure(attempt(&mut world, &[initialize]));
    }
    let signer = world.authority.pubkey();
    expect_error(
        attempt(&mut world, &[instruction::initialize_config(signer, signer)]),
        GridError::NotUpgradeAuthority,
    );
    let stranger = world.stranger.pubkey();
    world.network.set_upgrade_authority(Some(&stranger));
    expect_error(
        attempt(&mut world, &[instruction::initialize_config(signer, signer)]),
        GridError::NotUpgradeAuthority,
    );
    act(&mut world, instruction::initialize_config(stranger, stranger));
}

/// Row 11: an account that was closed and paid its rent again serves no other instruction, in the same transaction and
/// in the next: every closing case × every slot of its kind in every case.
#[test]
fn a_closed_account_serves_no_instruction() {
    let stage = Stage::new();
    let mut checks = 0;
    for closing in cases::all() {
        let sample = closing.build_valid(&stage);
        let Some((source, _)) = sample.closes else {
            continue;
        };
        let (address, kind) = (sample.address(source), sample.slots[source].kind);
        let refund = refund(&stage.world, address);
        let close = sample.instruction.clone();
        for case in cases::all() {
            let user = case.build_valid(&stage);
            for (place, slot) in user.slots.iter().enumerate() {
                if slot.kind != kind {
                    continue;
                }
                let mut use_it = user.instruction.clone();
                use_it.accounts[place].pubkey = address;
                let at = format!("{} after {}", case.name(), closing.name());

                let mut world = sample.world.clone();
                let together = [close.clone(), refund.clone(), use_it.clone()];
                expect_refusal(attempt(&mut world, &together), 2, &at);
                attempt(&mut world, &[close.clone(), refund.clone()]).expect("it closes");
                expect_refusal(attempt(&mut world, &[use_it]), 0, &at);
                checks += 1;
            }
        }
    }
    assert!(checks > 20, "{checks} checks");
}

#[track_caller]
fn expect_refusal(result: Result<TransactionMetadata, Failure>, at: u8, what: &str) {
    match result.map_err(|failure| failure.error) {
        Err(TransactionError::InstructionError(index, error)) if index == at => {
            assert_ne!(error, InstructionError::ProgramFailedToComplete, "{what}");
        }
        other => panic!("{what}: {other:?}"),
    }
}

fn refund(world: &World, address: Address) -> Instruction {
    let lamports = world.raw(&address).lamports;
    // System program: Transfer is variant 2 (u32), then lamports.
    let data = [&2_u32.to_le_bytes()[..], &lamports.to_le_bytes()].concat();
    let metas = vec![AccountMeta::new(world.stranger.pubkey(), true), AccountMeta::new(address, false)];
    Instruction::new_with_bytes(system_program::ID, &data, metas)
}

/// Row 13: a job that is over remembers its device. The device, closed and opened anew at the same address, has
/// nothing to do with it.
#[test]
fn a_device_opened_anew_does_not_inherit_a_job() {
    let stage = Stage::new();
    let (mut world, device, old_job) = (stage.world.clone(), stage.earned, stage.done_job);
    let (node, mint, market, project) = (world.node.pubkey(), world.mint, world.market, world.project);
    assert_eq!(world.job(&old_job).device, device);
    let index = world.device(&device).index.get();
    act(&mut world, instruction::withdraw_earnings(device, mint, node));
    act(&mut world, instruction::withdraw_bond(node, device, mint, node, BOND));
    act(&mut world, instruction::close_device(node, device, market));
    act(&mut world, instruction::open_device(node, market, index, node));
    let source = address::token_account(&node, &mint);
    act(&mut world, instruction::fund_bond(node, source, device, mint, BOND));
    act(&mut world, instruction::work(node, device, market, 0));
    let new_job = world.device(&device).job;
    assert_ne!(new_job, old_job);

    let start = instruction::start(node, device, old_job);
    expect_error(attempt(&mut world, &[start]), GridError::NotMatched);
    let decline = instruction::decline(node, device, old_job, market, project);
    expect_error(attempt(&mut world, &[decline]), GridError::NotMatched);
    let finish = instruction::finish(node, device, old_job, market, project, RESULT);
    expect_error(attempt(&mut world, &[finish]), GridError::JobNotRunning);
    assert_ledger(&world, 0);
}

/// Row 13: a job closed and listed anew under the same id is at the same address. Who ran the first has nothing to do
/// with the second.
#[test]
fn a_job_listed_anew_does_not_inherit_a_device() {
    let stage = Stage::new();
    let (mut world, device, job) = (stage.world.clone(), stage.earned, stage.done_job);
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    let (market, project) = (world.market, world.project);
    let id = world.job(&job).id.get();
    act(&mut world, instruction::close_job(client, project, job, client));
    act(&mut world, instruction::list(client, project, market, &listing(id)));
    let listed = world.job(&job);
    assert!(listed.is(JobState::Queued));
    assert_eq!((listed.device, listed.result, listed.ended_at.get()), (Address::default(), [0; 32], 0));

    let start = instruction::start(node, device, job);
    expect_error(attempt(&mut world, &[start]), GridError::NotMatched);
    let decline = instruction::decline(node, device, job, market, project);
    expect_error(attempt(&mut world, &[decline]), GridError::NotMatched);
    let finish = instruction::finish(node, device, job, market, project, RESULT);
    expect_error(attempt(&mut world, &[finish]), GridError::JobNotRunning);
    let close = instruction::close_job(client, project, job, client);
    expect_error(attempt(&mut world, &[close]), GridError::JobNotOver);
    act(&mut world, instruction::delist(client, project, market, job, client));
    assert_ledger(&world, 0);
}

/// Row 13: a job and a device that were taken out of the queue remember their slot, which others use by then.
#[test]
fn a_remembered_slot_opens_no_queue() {
    let stage = Stage::new();
    let mut world = stage.world.clone();
    let (client, node) = (world.client.pubkey(), world.node.pubkey());
    let (market, devices, project) = (world.market, stage.market_of_devices, world.project);

    act(&mut world, instruction::work(node, stage.idle, market, 0));
    let taken = world.device(&stage.idle).job;
    let slot = world.job(&taken).slot;
    act(&mut world, instruction::list(client, project, market, &listing(88)));
    let newcomer = address::job(&project, 88).0;
    assert_eq!(world.job(&newcomer).slot, slot, "the slot serves the next");
    let owner = world.job(&taken).rent_payer;
    let delist = instruction::delist(owner, world.job(&taken).project, market, taken, owner);
    expect_error(attempt(&mut world, &[delist]), GridError::JobNotQueued);
    assert!(world.market().waiting().unwrap().contains(&newcomer));

    let first = stage.waiting(&devices)[0];
    act(&mut world, instruction::list(client, project, devices, &listing(89)));
    let slot = world.device(&first).slot;
    let newcomer = stage.idle_where_devices_wait;
    act(&mut world, instruction::work(node, newcomer, devices, 0));
    assert_eq!(world.device(&newcomer).slot, slot, "the slot serves the next");
    let leave = instruction::leave(world.device(&first).node, first, devices);
    expect_error(attempt(&mut world, &[leave]), GridError::DeviceNotQueued);
    assert!(world.market_at(&devices).waiting().unwrap().contains(&newcomer));
    assert_ledger(&world, 0);
}

/// Row 30: every instruction that ends something, twice, in one transaction and in two.
#[test]
fn nothing_ends_twice() {
    let stage = Stage::new();
    let enders = ["delist", "finish", "decline", "leave", "withdraw_earnings", "start"];
    let closers = ["close_job", "close_device", "close_project"];
    for case in cases::all() {
        if !enders.iter().chain(&closers).any(|name| *name == case.instruction()) {
            continue;
        }
        let sample = case.build_valid(&stage);
        let once = sample.instruction;
        let (mut together, mut apart) = (sample.world.clone(), sample.world);
        let twice = [once.clone(), once.clone()];
        expect_refusal(attempt(&mut together, &twice), 1, &case.name());
        act(&mut apart, once.clone());
        expect_refusal(attempt(&mut apart, &[once]), 0, &case.name());
        assert_ledger(&apart, 0);
    }
}
