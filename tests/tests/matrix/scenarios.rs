//! Rows that take more than one instruction: 6 (the bump that `list`, `stake` and `open` are given), 9, 11 and 13.

use grid_client::{
    address,
    instruction::{self, Spender},
    nodes, pools, staking,
};
use grid_jobs::{GridError, Job, JobState};
use grid_pools::{Emission, PoolsError};
use grid_staking::Stake;
use grid_tests::{
    TERMS, World, assert_ledger, assert_solvent, expect_error, expect_failure,
    incentives::DURATION,
    matrix::{
        Kind, Stage, cases, chain,
        gates::Issuer,
        stage::listing,
        stakes::{AMOUNT, RATE, Stakes, emission_terms},
    },
    network::Failure,
    nodes::{hardware, label, software},
    world::{BOND, RESULT},
};
use litesvm::types::TransactionMetadata;
use solana_address::Address;
use solana_clock::Clock;
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_sdk_ids::system_program;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;
use std::slice::from_ref;

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

    let seeds = [Job::SEED, project.as_ref(), &id.to_le_bytes()];
    let (other, bump) = next_bump(&seeds, first_bump, &grid_jobs::ID);
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

/// Row 6. `stake` takes the bump from its caller like `list`. A stake at another bump is another stake of the same id: all
/// that was paid for it leaves with its owner, and nothing more.
#[test]
fn a_stake_at_another_bump_is_an_ordinary_stake() {
    let stage = Stage::new();
    let (mut world, own, id) = (stage.world.clone(), stage.stakes, 77);
    let before = (world.tokens_in(&own.tokens()), world.tokens_in(&vault_of_stakes(&own)));
    let mut open = staking::stake(own.owner, own.tokens(), own.mint, id, AMOUNT, DURATION);
    act(&mut world, open.clone());
    let (first, first_bump) = staking::stake_address(&own.mint.address, &own.owner, id);
    let seeds = [Stake::SEED, own.mint.address.as_ref(), own.owner.as_ref(), &id.to_le_bytes()];
    let (other, bump) = next_bump(&seeds, first_bump, &grid_staking::ID);
    open.accounts[2].pubkey = other;
    expect_failure(attempt(&mut world, &[open.clone()]));
    open.data[16] = bump;
    act(&mut world, open.clone());
    expect_failure(attempt(&mut world, &[open]));
    assert_solvent(&world);

    for stake in [first, other] {
        act(&mut world, staking::unstake(own.owner, stake));
        expect_failure(attempt(&mut world, &[staking::withdraw(own.owner, stake, own.mint, own.tokens())]));
    }
    assert_eq!(world.tokens_in(&vault_of_stakes(&own)), before.1 + 2 * AMOUNT);
    world.network.advance(DURATION.into());
    world.network.svm.warp_to_slot(3_000);
    for stake in [other, first] {
        act(&mut world, staking::withdraw(own.owner, stake, own.mint, own.tokens()));
        act(&mut world, staking::close(own.owner, stake));
    }
    assert_eq!((world.tokens_in(&own.tokens()), world.tokens_in(&vault_of_stakes(&own))), before);
    assert_solvent(&world);
}

/// Row 6. So does `open` of the pools program. An emission at another bump has a vault of its own.
#[test]
fn an_emission_at_another_bump_is_an_ordinary_emission() {
    let stage = Stage::new();
    let (mut world, own, id) = (stage.world.clone(), stage.stakes, 77);
    let terms = emission_terms(world.network.time(), own.steward);
    let mut open = pools::open(own.owner, own.mint, id, own.beneficiary(), terms);
    act(&mut world, open.clone());
    let (first, first_bump) = pools::emission_address(&own.owner, id);
    let seeds = [Emission::SEED, own.owner.as_ref(), &id.to_le_bytes()];
    let (other, bump) = next_bump(&seeds, first_bump, &grid_pools::ID);
    open.accounts[2].pubkey = other;
    open.accounts[3].pubkey = pools::vault_address(&other).0;
    expect_failure(attempt(&mut world, &[open.clone()]));
    open.data[16] = bump;
    act(&mut world, open.clone());
    expect_failure(attempt(&mut world, &[open]));

    let before = (world.tokens_in(&own.tokens()), world.tokens_in(&own.beneficiary()));
    act(&mut world, pools::top_up(own.owner, own.tokens(), other, own.mint, AMOUNT));
    world.network.advance(100);
    assert_solvent(&world);
    expect_error(
        attempt(&mut world, &[pools::claim(first, own.mint, own.beneficiary())]),
        PoolsError::NothingDue,
    );
    act(&mut world, pools::claim(other, own.mint, own.beneficiary()));
    for emission in [other, first] {
        act(&mut world, pools::close(own.owner, emission, own.mint, own.tokens()));
        assert!(!world.exists(&emission) && !world.exists(&pools::vault_address(&emission).0));
    }
    let paid = 100 * RATE;
    assert_eq!(
        (world.tokens_in(&own.tokens()), world.tokens_in(&own.beneficiary())),
        (before.0 - paid, before.1 + paid)
    );
    assert_solvent(&world);
}

fn vault_of_stakes(of: &Stakes) -> Address {
    staking::vault_address(&of.mint.address).0
}

/// The next address of these seeds, and its bump.
fn next_bump(seeds: &[&[u8]], first: u8, program: &Address) -> (Address, u8) {
    let at = |bump: u8| {
        let end = [bump];
        let seeds = [seeds, &[&end]].concat();
        Some((Address::create_program_address(&seeds, program).ok()?, bump))
    };
    (0..first).rev().find_map(at).expect("some other bump gives an address")
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
/// in the next: one closing case of each kind of account × every slot of that kind in every case.
#[test]
fn a_closed_account_serves_no_instruction() {
    let stage = Stage::new();
    let (mut kinds, mut checks) = (Vec::new(), 0);
    for closing in cases::all() {
        let sample = (closing.build)(&stage);
        let Some((source, _)) = sample.closes else {
            continue;
        };
        let (address, kind) = (sample.address(source), sample.slots[source].kind);
        if kinds.contains(&kind) {
            continue;
        }
        kinds.push(kind);
        let refund = refund(&stage.world, address);
        let close = sample.instruction.clone();
        let mut closed = sample.world.clone();
        attempt(&mut closed, &[close.clone(), refund.clone()]).expect("it closes");
        // `set_member` opens a closed member anew.
        for case in cases::all().into_iter().filter(|case| case.title() != "jobs set_member") {
            let user = (case.build)(&stage);
            for (place, slot) in user.slots.iter().enumerate() {
                if slot.kind != kind {
                    continue;
                }
                let mut use_it = user.instruction.clone();
                use_it.accounts[place].pubkey = address;
                use_it.accounts[place].is_writable |= slot.is_filled_writable();
                let at = format!("{} after {}", case.name(), closing.name());

                let together = [close.clone(), refund.clone(), use_it.clone()];
                expect_refusal(attempt(&mut sample.world.clone(), &together), 2, &at);
                expect_refusal(attempt(&mut closed.clone(), &[use_it]), 0, &at);
                checks += 1;
            }
        }
    }
    kinds.sort();
    assert_eq!(
        kinds,
        [
            Kind::Market,
            Kind::Project,
            Kind::Member,
            Kind::Job,
            Kind::Device,
            Kind::Admission,
            Kind::Stake,
            Kind::Position,
            Kind::Emission,
            Kind::Node,
            Kind::Attestation,
            Kind::Access
        ]
    );
    assert!(checks > 100, "{checks} checks");
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
    let (mut world, old) = (stage.world.clone(), stage.own.done);
    let (device, old_job) = (old.device, old.job);
    let (node, payee) = (stage.cast.node, stage.cast.payee);
    let (mint, market, project) = (world.mint, world.market, world.project);
    assert_eq!(world.job(&old_job).device, device);
    let index = world.device(&device).index.get();
    act(&mut world, instruction::withdraw_earnings(device, mint, payee));
    act(&mut world, instruction::withdraw_bond(node, device, mint, payee, BOND));
    act(&mut world, instruction::close_device(node, node, device));
    act(&mut world, instruction::open_device(node, market, index, node));
    let source = address::token_account(&node, mint);
    act(&mut world, instruction::fund_bond(node, source, device, mint, BOND));
    act(&mut world, instruction::work(node, device, market, 0));
    let new_job = world.device(&device).job;
    assert_ne!(new_job, old_job);

    let start = instruction::start(node, device, old_job);
    expect_error(attempt(&mut world, &[start]), GridError::NotMatched);
    let decline = instruction::decline(node, old.run(market, project));
    expect_error(attempt(&mut world, &[decline]), GridError::NotMatched);
    let finish = instruction::finish(node, old.run(market, project), RESULT);
    expect_error(attempt(&mut world, &[finish]), GridError::JobNotRunning);
    let quit = instruction::quit(node, old.run(market, project));
    expect_error(attempt(&mut world, &[quit]), GridError::JobNotRunning);
    assert_ledger(&world, 0);
}

/// Row 13: a job closed and listed anew under the same id is at the same address. Who ran the first has nothing to do
/// with the second.
#[test]
fn a_job_listed_anew_does_not_inherit_a_device() {
    let stage = Stage::new();
    let (mut world, pair) = (stage.world.clone(), stage.own.done);
    let (device, job) = (pair.device, pair.job);
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
    let decline = instruction::decline(node, pair.run(market, project));
    expect_error(attempt(&mut world, &[decline]), GridError::NotMatched);
    let finish = instruction::finish(node, pair.run(market, project), RESULT);
    expect_error(attempt(&mut world, &[finish]), GridError::JobNotRunning);
    let post = instruction::post_result(node, device, job, RESULT);
    expect_error(attempt(&mut world, &[post]), GridError::NotJobDevice);
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
    let (market, devices, project) = (world.market, stage.waiters.market, world.project);

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
    let newcomer = stage.waiters.idle;
    act(&mut world, instruction::work(node, newcomer, devices, 0));
    assert_eq!(world.device(&newcomer).slot, slot, "the slot serves the next");
    let leave = instruction::leave(world.device(&first).node, first, devices);
    expect_error(attempt(&mut world, &[leave]), GridError::DeviceNotQueued);
    assert!(world.market_at(&devices).waiting().unwrap().contains(&newcomer));
    assert_ledger(&world, 0);
}

/// Row 13: a market that was closed and opened anew, of another mint, is at the same address. A device that was idle in
/// the first takes no jobs in the second, and gets its bond back in its own mint.
#[test]
fn a_market_opened_anew_takes_no_device_of_another_mint() {
    let stage = Stage::new();
    let (mut world, cast, market) = (stage.world.clone(), stage.cast, stage.empty_market);
    let (node, payee) = (cast.node, cast.payee);
    let device = address::device(&market, &node, 0).0;
    let source = address::token_account(&node, stage.mint);
    act(&mut world, instruction::open_device(node, market, 0, payee));
    act(&mut world, instruction::fund_bond(node, source, device, stage.mint, BOND));
    let id = world.market_at(&market).header.id.get();
    act(&mut world, instruction::close_market(cast.authority, market));
    let work = instruction::work(node, device, market, 0);
    expect_failure(attempt(&mut world, from_ref(&work)));
    act(&mut world, instruction::open_market(cast.authority, stage.second_mint, id, TERMS));

    expect_error(attempt(&mut world, &[work]), GridError::WrongMint);
    let wrong = instruction::withdraw_bond(node, device, stage.second_mint, payee, BOND);
    expect_error(attempt(&mut world, &[wrong]), GridError::WrongMint);
    act(&mut world, instruction::withdraw_bond(node, device, stage.mint, payee, BOND));
    act(&mut world, instruction::close_device(node, node, device));
    assert_ledger(&world, 0);
}

/// Row 13: a member that was closed and appointed anew is at the same address, and has what it is given then.
#[test]
fn a_member_appointed_anew_does_not_inherit_a_limit() {
    let stage = Stage::new();
    let (mut world, own) = (stage.world.clone(), stage.own);
    let (owner, key, project) = (own.owner, own.member, own.project);
    assert!(world.member(&key).spent_atoms > 0, "it listed jobs");
    act(&mut world, instruction::close_member(key, owner, project, key));
    act(&mut world, instruction::set_member(owner, project, key, 1, 1));
    let member = world.member(&key);
    assert_eq!((member.limit_atoms.get(), member.spent_atoms.get()), (1, 0));
    assert_eq!((member.period_seconds.get(), member.period_started_at.get()), (1, 0));
    let extend =
        instruction::extend(Spender::Member(key), project, own.waiting_job, TERMS.max_timeout_seconds);
    expect_error(attempt(&mut world, &[extend]), GridError::MemberLimitExceeded);
    assert_ledger(&world, 0);
}

/// Row 13: a node that left the registry and came back is at the same address. What was attested of it before does not
/// hold any more, whatever hardware it tells.
#[test]
fn a_node_registered_anew_does_not_inherit_an_attestation() {
    let stage = Stage::new();
    let (mut world, gate) = (stage.world.clone(), stage.gates.own);
    let work = instruction::work_gated(gate.node, gate.idle, gate.market, 0, gate.evidence());
    let start =
        instruction::start_gated(gate.node, gate.took.device, gate.took.job, gate.market, gate.evidence());
    for instruction in [&work, &start] {
        attempt(&mut world.clone(), from_ref(instruction)).expect("it is attested");
    }
    act(&mut world, nodes::close_node(gate.node));
    let slot = world.network.svm.get_sysvar::<Clock>().slot;
    for slot in [slot, slot + 1] {
        world.network.svm.warp_to_slot(slot);
        for instruction in [&work, &start] {
            expect_error(attempt(&mut world, from_ref(instruction)), GridError::WrongNodeRecord);
        }
    }
    act(&mut world, nodes::register_node(gate.node, hardware(), software()));
    for instruction in [work, start] {
        expect_error(attempt(&mut world, &[instruction]), GridError::HardwareChanged);
    }
    assert_ledger(&world, 0);
}

/// Row 13: the index of an access NFT serves once. A revoked NFT's record is not written anew.
#[test]
fn an_index_of_a_revoked_nft_is_not_issued_again() {
    let stage = Stage::new();
    let (mut world, [own, _]) = (stage.world.clone(), stage.gates.issuers);
    let Issuer { authority, collection, .. } = own;
    act(&mut world, nodes::revoke_access(authority, &collection, &own.first(), authority));
    act(&mut world, nodes::revoke_access(authority, &collection, &own.burned(), authority));
    for (index, nft) in [(0, own.first()), (2, own.burned())] {
        assert!(!world.exists(&nodes::access_address(&nft).0));
        let issue = nodes::issue_access(authority, &collection, stage.cast.node, index, label("Again"));
        expect_failure(attempt(&mut world, &[issue]));
    }
}

/// What may be sent again.
const REPEATABLE: [&str; 31] = [
    "jobs deposit",
    "jobs extend",
    "jobs fund_bond",
    "jobs grow_market",
    "jobs heartbeat",
    "jobs pause_deposits",
    "jobs pause_market",
    "jobs propose_admin",
    "jobs propose_market_authority",
    "jobs set_admission",
    "jobs set_member",
    "jobs set_payee",
    "jobs update_config",
    "jobs set_stake_mint",
    "jobs update_market",
    "jobs withdraw",
    "jobs withdraw_bond",
    "jobs work",
    "nodes adopt_collection",
    "nodes attest",
    "nodes propose_collection_role",
    "nodes update_node",
    "pools close (of Token-2022)",
    "pools close (while something is due)",
    "pools top_up",
    "rewards add",
    "rewards sync",
    "staking propose_role",
    "staking slash",
    "staking top_up",
    "staking update_settings",
];

/// Row 30: every instruction but those, twice, in one transaction and in two.
#[test]
fn nothing_ends_twice() {
    let stage = Stage::new();
    for case in cases::all() {
        if REPEATABLE.contains(&case.title().as_str()) || REPEATABLE.contains(&case.name().as_str()) {
            continue;
        }
        let sample = (case.build)(&stage);
        let once = sample.instruction;
        let (mut together, mut apart) = (sample.world.clone(), sample.world);
        let twice = [once.clone(), once.clone()];
        expect_refusal(attempt(&mut together, &twice), 1, &case.name());
        act(&mut apart, once.clone());
        expect_refusal(attempt(&mut apart, &[once]), 0, &case.name());
        if case.title() != "jobs initialize_config" {
            assert_ledger(&apart, 0);
            assert_solvent(&apart);
        }
    }
}
