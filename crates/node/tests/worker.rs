//! A worker against the embedded network: what it must not run, it hands back, and nothing is lost.

mod support;

use grid_client::{
    Chain,
    account::{Device, Job, Project},
    chain::{fetch, fetch_market},
    instruction,
};
use grid_executor::{ContentStore, Digest, FolderStore};
use grid_jobs::JobState;
use grid_node::{NodeError, Order, Orders, Step};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use support::{DEPOSIT, World, store, until};

#[tokio::test]
async fn a_definition_that_does_not_match_its_hash_is_handed_back_and_nothing_is_lost() {
    let world = World::new().await;
    let store = store(world.folder.path());
    let honest = br#"{"version":"0.1","type":"container","ops":[{"type":"container/run","id":"a","args":{"image":"x","cmd":"true"}}]}"#;
    let digest = store.put(honest).await.unwrap();
    std::fs::write(store.path_of(digest), honest.map(|byte| byte ^ 1)).unwrap();
    let job = world.list(1, digest).await;

    let (told, stop) = (Arc::new(Mutex::new(Vec::new())), Orders::new());
    let running = tokio::spawn(world.worker(&store, world.key.clone(), told.clone()).run(stop.listen()));
    until(async || told.lock().unwrap().iter().any(|text| text == Step::Decline.name())).await;
    stop.give(Order::Stop);
    running.await.unwrap().unwrap();

    let told = told.lock().unwrap().clone();
    let refused = told.iter().find(|text| text.starts_with("refused")).unwrap();
    assert!(refused.contains(&digest.to_string()), "it names what was asked for: {refused}");
    assert!(!told.iter().any(|text| text == Step::Start.name()), "nothing was started: {told:?}");
    let account: Job = fetch(world.chain.as_ref(), "job", &job).await.unwrap();
    assert!(account.is(JobState::Queued));
    assert_eq!(account.escrow_atoms, 6_150, "60 s × 100 atoms and 2.5 %");
    let project: Project = fetch(world.chain.as_ref(), "project", &world.project).await.unwrap();
    assert_eq!(project.balance, DEPOSIT - 6_150);
    let market = fetch_market(world.chain.as_ref(), &world.market).await.unwrap();
    assert_eq!(market.waiting(), Some(vec![job]), "back in the queue, and the device has left");
    world.localnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_not_repeated_at_full_speed() {
    let world = World::new().await;
    let store = store(world.folder.path());
    world.list(1, Digest([7; 32])).await;
    let (told, stop) = (Arc::new(Mutex::new(Vec::new())), Orders::new());
    let running = tokio::spawn(world.worker(&store, world.key.clone(), told.clone()).run(stop.listen()));
    let declines = || told.lock().unwrap().iter().filter(|text| *text == Step::Decline.name()).count();
    until(async || declines() >= 4).await;
    // The waits have doubled to 0.3 s by now; at full speed there would be dozens more in that time.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(declines() <= 6, "{} declines", declines());
    stop.give(Order::Stop);
    running.await.unwrap().unwrap();
    let device: Device = fetch(world.chain.as_ref(), "device", &world.device).await.unwrap();
    assert!(device.is(grid_jobs::DeviceState::Idle), "the worker left nothing behind");
    world.localnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_job_runs_is_paid_and_its_result_is_in_the_store() {
    let world = World::new().await;
    let store = store(world.folder.path());
    let definition = br#"{"version":"0.1","type":"container","ops":[{"type":"container/run","id":"a","args":{"image":"x","cmd":"sleep 2; echo done"}}]}"#;
    let digest = store.put(definition).await.unwrap();
    let (told, stop) = (Arc::new(Mutex::new(Vec::new())), Orders::new());
    let running = tokio::spawn(world.worker(&store, world.key.clone(), told.clone()).run(stop.listen()));
    until(async || told.lock().unwrap().iter().any(|text| text == Step::Work.name())).await;
    let job = world.list(1, digest).await;
    // A stop while the job runs lets it finish.
    until(async || told.lock().unwrap().iter().any(|text| text == Step::Start.name())).await;
    stop.give(Order::Stop);
    running.await.unwrap().unwrap();

    let account: Job = fetch(world.chain.as_ref(), "job", &job).await.unwrap();
    assert!(account.is(JobState::Done));
    let seconds = account.ended_at.get() - account.started_at.get();
    assert!((1..=10).contains(&seconds), "{seconds} s");
    let device: Device = fetch(world.chain.as_ref(), "device", &world.device).await.unwrap();
    assert_eq!(device.earnings_atoms, 100 * seconds as u64);
    assert!(store.path_of(Digest(account.result)).exists(), "the result document is in the store");
    world.localnet.stop().await.unwrap();
}

/// Lists a job that sleeps for ten minutes and waits until it runs.
async fn run_for_long(world: &World, store: &FolderStore, told: &Mutex<Vec<String>>) -> Address {
    let definition = br#"{"version":"0.1","type":"container","ops":[{"type":"container/run","id":"a","args":{"image":"x","cmd":"echo begun; sleep 600"}}]}"#;
    let job = world.list(1, store.put(definition).await.unwrap()).await;
    until(async || told.lock().unwrap().iter().any(|text| text == Step::Start.name())).await;
    job
}

#[tokio::test]
async fn a_running_job_sends_heartbeats_and_ends_when_its_client_ends_it() {
    let world = World::new().await;
    let store = store(world.folder.path());
    let (told, stop) = (Arc::new(Mutex::new(Vec::new())), Orders::new());
    let running = tokio::spawn(world.worker(&store, world.key.clone(), told.clone()).run(stop.listen()));
    let job = run_for_long(&world, &store, &told).await;
    let beats = || told.lock().unwrap().iter().filter(|text| *text == Step::Heartbeat.name()).count();
    until(async || beats() >= 2).await;
    world.localnet.advance_clock(30).await.unwrap();
    let so_far = beats();
    until(async || beats() > so_far).await;
    let account: Job = fetch(world.chain.as_ref(), "job", &job).await.unwrap();
    assert!(account.last_heartbeat_at.get() >= account.started_at.get() + 30);

    let run = instruction::Run { device: world.device, job, market: world.market, project: world.project };
    let end = instruction::end(world.key.pubkey(), run);
    world.chain.submit(&[end], &[&world.key]).await.unwrap();
    until(async || told.lock().unwrap().iter().any(|text| text == Step::PostResult.name())).await;
    stop.give(Order::Stop);
    running.await.unwrap().unwrap();

    let account: Job = fetch(world.chain.as_ref(), "job", &job).await.unwrap();
    assert!(account.is(JobState::Done));
    assert!(store.path_of(Digest(account.result)).exists(), "what there is of a result is in the store");
    let device: Device = fetch(world.chain.as_ref(), "device", &world.device).await.unwrap();
    assert!(device.earnings_atoms.get() >= 3_000, "30 s and more at 100 atoms: {}", device.earnings_atoms);
    assert!(!told.lock().unwrap().iter().any(|text| text == Step::Finish.name()));
    world.localnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_job_that_was_taken_back_is_given_up_and_the_device_goes_on() {
    let world = World::new().await;
    let store = store(world.folder.path());
    let (told, stop) = (Arc::new(Mutex::new(Vec::new())), Orders::new());
    let mut worker = world.worker(&store, world.key.clone(), told.clone());
    worker.config.heartbeats_per_limit = 1; // the next one is due in two minutes
    let running = tokio::spawn(worker.run(stop.listen()));
    let job = run_for_long(&world, &store, &told).await;
    world.localnet.advance_clock(121).await.unwrap();
    let run = instruction::Run { device: world.device, job, market: world.market, project: world.project };
    world.chain.submit(&[instruction::expire_run(run, None)], &[&world.key]).await.unwrap();
    // The device offers itself again and meets the job that went back to the head of the queue.
    let starts = || told.lock().unwrap().iter().filter(|text| *text == Step::Start.name()).count();
    until(async || starts() == 2).await;
    let account: Job = fetch(world.chain.as_ref(), "job", &job).await.unwrap();
    assert_eq!(account.attempts, 1);
    let end = instruction::end(world.key.pubkey(), run);
    world.chain.submit(&[end], &[&world.key]).await.unwrap();
    stop.give(Order::Stop);
    running.await.unwrap().unwrap();
    world.localnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_worker_with_another_key_or_without_a_device_ends_at_once() {
    let mut world = World::new().await;
    let store = store(world.folder.path());
    let told = Arc::new(Mutex::new(Vec::new()));
    let other =
        world.worker(&store, Arc::new(Keypair::new()), told.clone()).run(Orders::new().listen()).await;
    assert!(matches!(other, Err(NodeError::OtherNode { .. })), "{other:?}");
    world.device = Address::new_unique();
    let none = world.worker(&store, world.key.clone(), told.clone()).run(Orders::new().listen()).await;
    assert!(matches!(none, Err(NodeError::NoDevice { .. })), "{none:?}");
    assert!(told.lock().unwrap().is_empty());
    world.localnet.stop().await.unwrap();
}
