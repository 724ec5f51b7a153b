//! A worker against the embedded network: what it must not run, it hands back, and nothing is lost.

use grid_client::{
    Chain, RpcChain,
    account::{Device, Job, Project},
    address,
    chain::{fetch, fetch_market},
    instruction::{self, Listing},
    token,
};
use grid_executor::{
    CancellationToken, ContentStore, Device as Hardware, Digest, FolderStore, ProcessExecutor, Sources,
    Workplace,
};
use grid_jobs::{JobKind, JobState, MarketTerms};
use grid_localnet::{Airdrop, Localnet, LocalnetConfig, ProgramBinary};
use grid_node::{DeviceWorker, NodeError, NodeEvent, Step, WorkerConfig};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

const TERMS: MarketTerms = MarketTerms {
    price_per_second_atoms: 100,
    bond_atoms: 0,
    expiry_reward_atoms: 0,
    compensation_atoms: 0,
    fee_bps: 250,
    stakers_bps: 0,
    burn_bps: 0,
    max_attempts: 16,
    max_strikes: 10,
    min_timeout_seconds: 10,
    max_timeout_seconds: 3_600,
    start_window_seconds: 60,
    heartbeat_limit_seconds: 120,
    finish_grace_seconds: 3_600,
    retention_seconds: 86_400,
};
const DEPOSIT: u64 = 1_000_000;

/// A network with a market, a funded project and a device; one key plays all parts.
struct World {
    localnet: Localnet,
    chain: Arc<RpcChain>,
    key: Arc<Keypair>,
    market: Address,
    project: Address,
    device: Address,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let key = Keypair::new();
        let owner = key.pubkey();
        let folder = std::env::var_os("GRID_SBF_DIR").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/deploy")),
            PathBuf::from,
        );
        let program =
            ProgramBinary::from_file("grid_jobs", grid_jobs::ID, folder.join("grid_jobs.so"), Some(owner))
                .unwrap();
        let config = LocalnetConfig {
            programs: vec![program],
            airdrops: vec![Airdrop { address: owner, lamports: 100_000_000_000 }],
            ..LocalnetConfig::default()
        };
        let localnet = Localnet::start(config).await.unwrap();
        let chain = Arc::new(RpcChain::new(localnet.rpc_url(), Duration::from_millis(10)));

        let mint_key = Keypair::new();
        let mint = mint_key.pubkey();
        let (market, project) = (address::market(&owner, 0).0, address::project(&mint, &owner).0);
        let tokens = address::token_account(&owner, mint);
        let rent = chain.minimum_balance(token::MINT_SPACE as usize).await.unwrap();
        let create = token::create_mint(owner, mint, owner, 6, rent);
        chain.submit(&create, &[&key, &mint_key]).await.unwrap();
        for step in [
            vec![token::create_account(owner, owner, mint), token::mint_to(mint, tokens, owner, DEPOSIT)],
            vec![instruction::initialize_config(owner, owner), instruction::open_vault(owner, mint)],
            vec![instruction::open_market(owner, mint, 0, TERMS)],
            vec![
                instruction::open_project(owner, mint),
                instruction::deposit(owner, tokens, project, mint, DEPOSIT),
            ],
            vec![instruction::open_device(owner, market, 0, owner)],
        ] {
            chain.submit(&step, &[&key]).await.unwrap();
        }
        let device = address::device(&market, &owner, 0).0;
        let folder = tempfile::tempdir().unwrap();
        Self { localnet, chain, key: Arc::new(key), market, project, device, folder }
    }

    async fn list(&self, id: u64, definition: Digest) -> Address {
        let listing = Listing {
            id,
            kind: JobKind::Batch,
            definition: definition.0,
            timeout_seconds: 60,
            max_price_per_second_atoms: 100,
        };
        let list = instruction::list(self.key.pubkey(), self.project, self.market, &listing);
        self.chain.submit(&[list], &[&self.key]).await.unwrap();
        address::job(&self.project, id).0
    }

    /// A worker that writes down its steps and refusals.
    fn worker(&self, store: &FolderStore, key: Arc<Keypair>, told: Arc<Mutex<Vec<String>>>) -> DeviceWorker {
        let observer = move |event: NodeEvent<'_>| {
            let text = match event {
                NodeEvent::Landed { step, .. } => step.name().to_owned(),
                NodeEvent::Refused { reason, .. } => format!("refused: {reason}"),
                _ => return,
            };
            told.lock().unwrap().push(text);
        };
        DeviceWorker {
            chain: self.chain.clone(),
            key,
            device: self.device,
            hardware: Hardware::cpu("cpu-0"),
            executor: Arc::new(ProcessExecutor::default()),
            workplace: Workplace::new(
                self.folder.path().join("scratch"),
                store.clone(),
                Sources::new(vec![Arc::new(store.clone())]),
            ),
            config: WorkerConfig {
                poll_interval: Duration::from_millis(20),
                watch_interval: Duration::from_millis(50),
                heartbeats_per_limit: 600, // every 0.2 s
                ..WorkerConfig::default()
            },
            observer: Arc::new(observer),
        }
    }
}

fn store(folder: &Path) -> FolderStore {
    FolderStore::open(folder.join("store")).unwrap()
}

async fn until(mut reached: impl AsyncFnMut() -> bool) {
    for _ in 0..1_000 {
        if reached().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited 20 s in vain");
}

#[tokio::test]
async fn a_definition_that_does_not_match_its_hash_is_handed_back_and_nothing_is_lost() {
    let world = World::new().await;
    let store = store(world.folder.path());
    let honest = br#"{"version":"0.1","type":"container","ops":[{"type":"container/run","id":"a","args":{"image":"x","cmd":"true"}}]}"#;
    let digest = store.put(honest).await.unwrap();
    std::fs::write(store.path_of(digest), honest.map(|byte| byte ^ 1)).unwrap();
    let job = world.list(1, digest).await;

    let (told, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
    let running = tokio::spawn(world.worker(&store, world.key.clone(), told.clone()).run(stop.clone()));
    until(async || told.lock().unwrap().iter().any(|text| text == Step::Decline.name())).await;
    stop.cancel();
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
    let (told, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
    let running = tokio::spawn(world.worker(&store, world.key.clone(), told.clone()).run(stop.clone()));
    let declines = || told.lock().unwrap().iter().filter(|text| *text == Step::Decline.name()).count();
    until(async || declines() >= 4).await;
    // The waits have doubled to 0.3 s by now; at full speed there would be dozens more in that time.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(declines() <= 6, "{} declines", declines());
    stop.cancel();
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
    let (told, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
    let running = tokio::spawn(world.worker(&store, world.key.clone(), told.clone()).run(stop.clone()));
    until(async || told.lock().unwrap().iter().any(|text| text == Step::Work.name())).await;
    let job = world.list(1, digest).await;
    // A stop while the job runs lets it finish.
    until(async || told.lock().unwrap().iter().any(|text| text == Step::Start.name())).await;
    stop.cancel();
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
    let (told, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
    let running = tokio::spawn(world.worker(&store, world.key.clone(), told.clone()).run(stop.clone()));
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
    stop.cancel();
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
    let (told, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
    let mut worker = world.worker(&store, world.key.clone(), told.clone());
    worker.config.heartbeats_per_limit = 1; // the next one is due in two minutes
    let running = tokio::spawn(worker.run(stop.clone()));
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
    stop.cancel();
    running.await.unwrap().unwrap();
    world.localnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_worker_with_another_key_or_without_a_device_ends_at_once() {
    let mut world = World::new().await;
    let store = store(world.folder.path());
    let told = Arc::new(Mutex::new(Vec::new()));
    let other =
        world.worker(&store, Arc::new(Keypair::new()), told.clone()).run(CancellationToken::new()).await;
    assert!(matches!(other, Err(NodeError::OtherNode { .. })), "{other:?}");
    world.device = Address::new_unique();
    let none = world.worker(&store, world.key.clone(), told.clone()).run(CancellationToken::new()).await;
    assert!(matches!(none, Err(NodeError::NoDevice { .. })), "{none:?}");
    assert!(told.lock().unwrap().is_empty());
    world.localnet.stop().await.unwrap();
}
