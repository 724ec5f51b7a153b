//! Workers in markets that ask for something: they show what is asked for at that time, and what they can't start goes on to
//! the next device.

mod support;

use grid_client::{
    Chain,
    account::{Device, Job, Node},
    address,
    chain::fetch,
    instruction,
    nodes::{self, Label},
    staking, token,
};
use grid_executor::{BenchClass, Machine};
use grid_jobs::{AccessRule, AdmissionTerms, DeviceState, JobState};
use grid_node::{Order, Orders, Step, registration};
use grid_nodes::Measured;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{path::Path, sync::Arc};
use support::{Told, World, count, publish, store, until};

const CLASS: u16 = BenchClass::CpuFp32 as u16;
const SCORE: u64 = 1_000;

/// The world's access collection: the other node's key is authority and attestor.
fn collection(world: &World) -> Address {
    nodes::collection_mint_address(&world.other.pubkey(), 0).0
}

/// Sends instructions that the collection's authority signs.
async fn land_as_authority(world: &World, instructions: &[Instruction]) {
    world.chain.submit(instructions, &[&world.other]).await.unwrap();
}

fn label() -> Label {
    Label { name: "access".into(), symbol: "GRID".into(), uri: String::new() }
}

/// Makes the collection.
async fn open_collection(world: &World) {
    let create = nodes::create_collection(world.other.pubkey(), 0, label());
    land_as_authority(world, &[nodes::compute_limit(nodes::NFT_COMPUTE_UNITS), create]).await;
}

/// Registers a node as what this machine is.
async fn register(world: &World, node: &Keypair) {
    let hardware = registration::hardware(&Machine::read(Path::new("/")).unwrap(), &[]);
    let register =
        nodes::register_node(node.pubkey(), hardware, registration::software(276, String::new(), &[]));
    world.chain.submit(&[register], &[node]).await.unwrap();
}

/// Attests a registered node; the attestation.
async fn attest(world: &World, node: &Address) -> Address {
    let record: Node = fetch(world.chain.as_ref(), "node", &nodes::node_address(node).0).await.unwrap();
    let measured = Measured {
        class: CLASS,
        score: SCORE,
        result: [5; 32],
        expires_at: world.localnet.clock().await.unix_timestamp + 86_400,
        hardware_slot: record.hardware_slot.get(),
    };
    let attest = nodes::attest(world.other.pubkey(), &collection(world), node, &measured);
    land_as_authority(world, &[attest]).await;
    nodes::attestation_address(&collection(world), node, CLASS).0
}

/// Issues an access NFT to the world's node; its mint.
async fn issue(world: &World) -> Address {
    let collection = collection(world);
    let issue = nodes::issue_access(world.other.pubkey(), &collection, world.key.pubkey(), 0, label());
    land_as_authority(world, &[nodes::compute_limit(nodes::NFT_COMPUTE_UNITS), issue]).await;
    nodes::access_mint_address(&collection, 0).0
}

async fn admit(world: &World, mint: &Address) {
    let (key, device) = (world.key.pubkey(), world.device);
    world.land(&[instruction::admit_device(key, device, world.market, mint, AccessRule::Issued)]).await;
}

async fn set_admission(world: &World, terms: AdmissionTerms) {
    world.land(&[instruction::set_admission(world.key.pubkey(), world.market, terms)]).await;
}

fn asks_for_access(world: &World) -> AdmissionTerms {
    AdmissionTerms { access: AccessRule::Issued, collection: collection(world), ..AdmissionTerms::OPEN }
}

fn asks_for_a_score(world: &World) -> AdmissionTerms {
    AdmissionTerms {
        benchmark_class: CLASS,
        min_score: SCORE,
        collection: collection(world),
        ..AdmissionTerms::OPEN
    }
}

async fn device(world: &World, address: &Address) -> Device {
    fetch(world.chain.as_ref(), "device", address).await.unwrap()
}

async fn is_done(world: &World, job: &Address) -> bool {
    let job: Job = fetch(world.chain.as_ref(), "job", job).await.unwrap();
    job.is(JobState::Done)
}

/// The steps and refusals that were told, without the retries that went before.
fn steps(told: &Told) -> Vec<String> {
    told.lock().unwrap().iter().filter(|text| !text.starts_with("retrying")).cloned().collect()
}

#[tokio::test]
async fn a_worker_goes_by_the_rule_that_the_market_has() {
    let world = World::new().await;
    let store = store(world.folder.path());
    open_collection(&world).await;
    register(&world, &world.key).await;
    attest(&world, &world.key.pubkey()).await;
    let mint = issue(&world).await;
    let everything = AdmissionTerms { access: AccessRule::Issued, ..asks_for_a_score(&world) };
    let definition = publish(&store, "true").await;

    let (told, stop) = (Told::default(), Orders::new());
    let running = tokio::spawn(world.worker(&store, world.key.clone(), told.clone()).run(stop.listen()));
    // It offers itself while the market asks for nothing; the device is idle now and then only to be admitted.
    until(async || count(&told, Step::Work.name()) == 1).await;
    set_admission(&world, everything).await;
    let job = world.list(1, definition).await;
    until(async || is_done(&world, &job).await).await;
    // Now the market asks, and the device has no NFT.
    let refusal = "retrying: instruction 0: DeviceNotAdmitted (6093)";
    until(async || told.lock().unwrap().iter().any(|text| text.starts_with(refusal))).await;
    admit(&world, &mint).await;
    until(async || count(&told, Step::WorkGated.name()) == 1).await;
    let job = world.list(2, definition).await;
    until(async || is_done(&world, &job).await).await;
    // What was offered with evidence starts with evidence: with none, when nothing is asked for any more.
    until(async || count(&told, Step::WorkGated.name()) == 2).await;
    set_admission(&world, AdmissionTerms::OPEN).await;
    let job = world.list(3, definition).await;
    until(async || is_done(&world, &job).await).await;
    until(async || count(&told, Step::Work.name()) == 2).await;
    stop.give(Order::Stop);
    running.await.unwrap().unwrap();

    let expected = [
        ["work", "start", "finish"],
        ["work_gated", "start_gated", "finish"],
        ["work_gated", "start_gated", "finish"],
        ["work", "leave", ""],
    ];
    let expected: Vec<&str> = expected.into_iter().flatten().filter(|step| !step.is_empty()).collect();
    assert_eq!(steps(&told), expected);
    world.localnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_that_is_refused_is_declined_and_the_job_goes_on_to_the_next_device() {
    let mut world = World::new().await;
    let store = store(world.folder.path());
    open_collection(&world).await;
    let (first, other) = (world.device, world.other.clone());
    let (mut attestations, mut workers, mut told) = (Vec::new(), Vec::new(), Vec::new());
    let stop = Orders::new();
    set_admission(&world, asks_for_a_score(&world)).await;
    let open = instruction::open_device(other.pubkey(), world.market, 0, other.pubkey());
    world.chain.submit(&[open], &[&other]).await.unwrap();
    let second = address::device(&world.market, &other.pubkey(), 0).0;
    for (key, device) in [(world.key.clone(), first), (other, second)] {
        register(&world, &key).await;
        attestations.push(attest(&world, &key.pubkey()).await);
        world.device = device;
        let tells = Told::default();
        workers.push(tokio::spawn(world.worker(&store, key, tells.clone()).run(stop.listen())));
        until(async || count(&tells, Step::WorkGated.name()) == 1).await;
        told.push(tells);
    }

    // The first one waits in front, and loses its attestation.
    let (authority, collection) = (world.other.pubkey(), collection(&world));
    let revoke = nodes::revoke_attestation(authority, &collection, attestations[0], authority);
    land_as_authority(&world, &[revoke]).await;
    let job = world.list(1, publish(&store, "true").await).await;
    until(async || is_done(&world, &job).await).await;
    let refusal = "retrying: instruction 0: WrongAttestation (6097)";
    until(async || told[0].lock().unwrap().iter().any(|text| text.starts_with(refusal))).await;
    stop.give(Order::Stop);
    for worker in workers {
        worker.await.unwrap().unwrap();
    }

    let job: Job = fetch(world.chain.as_ref(), "job", &job).await.unwrap();
    assert_eq!((job.device, job.attempts), (second, 1), "one attempt was lost");
    let first_told = steps(&told[0]);
    let [offer, refused, decline] = first_told.as_slice() else { panic!("{first_told:?}") };
    assert_eq!((offer.as_str(), decline.as_str()), (Step::WorkGated.name(), Step::Decline.name()));
    assert!(refused.starts_with("refused: WrongAttestation (6097): The market asks for an"), "{refused}");
    assert!(refused.ends_with(&format!("shown: attestation {}", attestations[0])), "{refused}");
    assert_eq!(steps(&told[1])[..3], ["work_gated", "start_gated", "finish"]);
    let first = device(&world, &first).await;
    assert!(first.is(DeviceState::Idle) && first.strikes == 1, "{first:?}");
    world.localnet.stop().await.unwrap();
}

#[tokio::test]
async fn an_access_nft_that_was_revoked_while_the_device_waited_is_said_to_be_missing() {
    let world = World::new().await;
    let store = store(world.folder.path());
    open_collection(&world).await;
    register(&world, &world.key).await;
    let mint = issue(&world).await;
    set_admission(&world, asks_for_access(&world)).await;
    admit(&world, &mint).await;
    let (told, stop) = (Told::default(), Orders::new());
    let running = tokio::spawn(world.worker(&store, world.key.clone(), told.clone()).run(stop.listen()));
    until(async || count(&told, Step::WorkGated.name()) == 1).await;
    let authority = world.other.pubkey();
    let revoke = nodes::revoke_access(authority, &collection(&world), &mint, authority);
    land_as_authority(&world, &[revoke]).await;
    let job = world.list(1, publish(&store, "true").await).await;
    until(async || count(&told, Step::Decline.name()) == 1).await;
    stop.give(Order::Stop);
    running.await.unwrap().unwrap();

    let token = address::token_account(&world.key.pubkey(), mint);
    let refused = steps(&told).into_iter().find(|text| text.starts_with("refused")).unwrap();
    assert!(refused.starts_with("refused: AccessNotVerified (6095)"), "{refused}");
    assert!(refused.ends_with(&format!("shown: access NFT in {token}")), "{refused}");
    let job: Job = fetch(world.chain.as_ref(), "job", &job).await.unwrap();
    assert!(job.is(JobState::Queued), "it waits for a device that is admitted");
    world.localnet.stop().await.unwrap();
}

#[tokio::test]
async fn the_stake_that_is_shown_is_the_configured_one() {
    const STAKE_ID: u64 = 3;
    let world = World::new().await;
    let store = store(world.folder.path());
    let (key, mint) = (world.key.pubkey(), world.mint);
    let tokens = address::token_account(&key, mint);
    let settings = staking::open_settings(key, mint, tokens, 2_500, 86_400);
    let stake = staking::stake(key, tokens, mint, STAKE_ID, 1_000, 14 * 86_400);
    world.land(&[token::mint_to(mint, tokens, key, 1_000), settings, stake]).await;
    let terms = AdmissionTerms { stake_mint: mint, min_stake_weight: 1_000, ..AdmissionTerms::OPEN };
    set_admission(&world, terms).await;

    let told = Told::default();
    let run = |stake_id| {
        let (mut worker, stop) = (world.worker(&store, Arc::clone(&world.key), told.clone()), Orders::new());
        worker.config.stake_id = stake_id;
        (tokio::spawn(worker.run(stop.listen())), stop)
    };
    let (running, stop) = run(0);
    let refusal = "retrying: instruction 0: WrongStake (6091)";
    until(async || told.lock().unwrap().iter().any(|text| text.starts_with(refusal))).await;
    stop.give(Order::Stop);
    running.await.unwrap().unwrap();
    let (running, stop) = run(STAKE_ID);
    let job = world.list(1, publish(&store, "true").await).await;
    until(async || is_done(&world, &job).await).await;
    stop.give(Order::Stop);
    running.await.unwrap().unwrap();
    assert_eq!(steps(&told)[..1], ["work_gated"]);
    assert_eq!(count(&told, Step::StartGated.name()), 1);
    world.localnet.stop().await.unwrap();
}
