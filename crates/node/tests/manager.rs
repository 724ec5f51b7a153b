//! A manager against the embedded network: devices that move, fail, run short of money, and go on.

mod support;

use grid_client::{
    Chain,
    account::{Device, Job},
    address,
    chain::fetch,
    instruction,
};
use grid_connectors::Connectors;
use grid_executor::{Device as Hardware, ProcessExecutor, Sources, Workplace};
use grid_jobs::{DeviceState, JobState};
use grid_node::{
    NodeEvent, WorkerConfig,
    config::DeviceConfig,
    manager::{Found, Health, Inventory, Limits, Manager, Shortage, Signal, WorkerView},
};
use solana_address::Address;
use solana_signer::Signer;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use support::{TERMS, World, publish, store, until};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

struct Node {
    signals: mpsc::Sender<Signal>,
    inventory: watch::Sender<Inventory>,
    view: watch::Receiver<Vec<WorkerView>>,
    shortages: watch::Receiver<Vec<Shortage>>,
    told: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

fn inventory(found: &[(&str, Health)]) -> Inventory {
    Inventory::of(found.iter().map(|(name, health)| {
        let found = Found { hardware: Hardware::cpu(*name), health: health.clone() };
        ((*name).to_owned(), found)
    }))
}

fn well(names: &[&str]) -> Inventory {
    inventory(&names.iter().map(|name| (*name, Health::Well)).collect::<Vec<_>>())
}

impl Node {
    fn start(world: &World, found: Inventory, devices: Vec<DeviceConfig>, min_balance_lamports: u64) -> Self {
        let (signals, receiver) = mpsc::channel(8);
        let (inventory, watched) = watch::channel(found);
        let (view, seen) = watch::channel(Vec::new());
        let (shortages, short) = watch::channel(Vec::new());
        let told = Arc::new(Mutex::new(Vec::new()));
        let store = store(world.folder.path());
        let tells = told.clone();
        let manager = Manager {
            chain: world.chain.clone(),
            lookout: world.lookout(),
            key: world.key.clone(),
            executor: Arc::new(ProcessExecutor::default()),
            connectors: Arc::new(Connectors::default()),
            workplace: Workplace::new(
                world.folder.path().join("scratch"),
                store.clone(),
                Sources::new(vec![Arc::new(store)]),
            ),
            worker: WorkerConfig {
                poll_interval: Duration::from_millis(20),
                watch_interval: Duration::from_millis(50),
                ..WorkerConfig::default()
            },
            limits: Limits { min_balance_lamports, min_free_bytes: 0 },
            look_interval: Duration::from_millis(50),
            inventory: watched,
            observer: Arc::new(move |event: NodeEvent<'_>| {
                let text = match event {
                    NodeEvent::Landed { device, step, .. } => format!("{} {device}", step.name()),
                    NodeEvent::GaveUp { error, .. } => format!("gave up: {error}"),
                    _ => return,
                };
                tells.lock().unwrap().push(text);
            }),
            view,
            shortages,
        };
        let task = tokio::spawn(manager.run(devices, receiver));
        Self { signals, inventory, view: seen, shortages: short, told, task }
    }

    fn has_told(&self, step: &str, device: Address) -> bool {
        self.told.lock().unwrap().contains(&format!("{step} {device}"))
    }

    async fn stop(self) {
        self.signals.send(Signal::Stop).await.unwrap();
        self.task.await.unwrap();
    }
}

async fn state_of(world: &World, device: Address) -> Device {
    fetch(world.chain.as_ref(), "device", &device).await.unwrap()
}

/// Another market of the world, and a device of its key there.
async fn second_market(world: &World) -> (Address, Address) {
    let owner = world.key.pubkey();
    let market = address::market(&owner, 1).0;
    world.land(&[instruction::open_market(owner, world.mint, 1, TERMS)]).await;
    world.land(&[instruction::open_device(owner, market, 0, owner)]).await;
    (market, address::device(&market, &owner, 0).0)
}

#[tokio::test]
async fn a_device_moves_to_another_market_while_the_node_runs() {
    let world = World::new().await;
    let (market, there) = second_market(&world).await;
    let node = Node::start(&world, well(&["cpu:0"]), vec![DeviceConfig::new("cpu:0", world.market, 0)], 0);
    until(async || node.has_told("work", world.device)).await;

    let moved = vec![DeviceConfig::new("cpu:0", market, 0)];
    node.signals.send(Signal::Devices(moved.clone())).await.unwrap();
    until(async || node.has_told("work", there)).await;
    assert!(node.has_told("leave", world.device), "it left before it came");
    assert!(state_of(&world, world.device).await.is(DeviceState::Idle));
    until(async || node.view.borrow().iter().map(|view| &view.config).eq(&moved)).await;
    node.stop().await;
    assert!(state_of(&world, there).await.is(DeviceState::Idle), "the queue is empty after the node");
    world.localnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_device_that_fails_gives_its_job_back_and_the_other_goes_on() {
    let world = World::new().await;
    let store = store(world.folder.path());
    let owner = world.key.pubkey();
    world.land(&[instruction::open_device(owner, world.market, 1, owner)]).await;
    let second = address::device(&world.market, &owner, 1).0;
    let devices = ["cpu:0", "cpu:1"].into_iter().zip(0..);
    let devices = devices.map(|(name, index)| DeviceConfig::new(name, world.market, index)).collect();
    let node = Node::start(&world, well(&["cpu:0"]), devices, 0);
    until(async || node.has_told("work", world.device)).await;
    let job = world.list(1, publish(&store, "sleep 600").await).await;
    until(async || node.has_told("start", world.device)).await;
    // The second device is plugged in while the first one runs.
    node.inventory.send_replace(well(&["cpu:0", "cpu:1"]));
    until(async || node.has_told("work", second)).await;

    let failed = Health::Failed("fell off the bus".to_owned());
    node.inventory.send_replace(inventory(&[("cpu:0", failed), ("cpu:1", Health::Well)]));
    until(async || node.has_told("start", second)).await;
    assert!(node.has_told("quit", world.device));
    let account: Job = fetch(world.chain.as_ref(), "job", &job).await.unwrap();
    assert!(account.is(JobState::Running) && account.device == second && account.attempts == 1);
    let problem = node.view.borrow().iter().find(|view| view.device == world.device).unwrap().problem.clone();
    assert_eq!(problem.as_deref(), Some("fell off the bus"));

    let run = instruction::Run { device: second, job, market: world.market, project: world.project };
    world.chain.submit(&[instruction::end(owner, run)], &[&world.key]).await.unwrap();
    node.stop().await;
    world.localnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_node_without_money_takes_no_job_and_comes_back() {
    let world = World::new().await;
    let node = Node::start(&world, well(&["cpu:0"]), vec![DeviceConfig::new("cpu:0", world.market, 0)], 1);
    until(async || node.has_told("work", world.device)).await;
    node.signals.send(Signal::Stop).await.unwrap();
    node.task.await.unwrap();

    let rich = 1_000_000_000_000;
    let node = Node::start(&world, well(&["cpu:0"]), vec![DeviceConfig::new("cpu:0", world.market, 0)], rich);
    until(async || !node.shortages.borrow().is_empty()).await;
    until(async || state_of(&world, world.device).await.is(DeviceState::Idle)).await;
    let short = node.shortages.borrow()[0].to_string();
    assert!(short.contains("send SOL"), "{short}");
    world.localnet.airdrop(&world.key.pubkey(), 3 * rich).await.unwrap();
    until(async || node.shortages.borrow().is_empty()).await;
    until(async || node.has_told("work", world.device)).await;
    node.stop().await;
    world.localnet.stop().await.unwrap();
}

#[tokio::test]
async fn a_device_that_was_never_opened_is_shown_with_its_reason() {
    let world = World::new().await;
    let devices =
        vec![DeviceConfig::new("cpu:0", world.market, 7), DeviceConfig::new("GPU-1", world.market, 0)];
    let node = Node::start(&world, well(&["cpu:0"]), devices, 0);
    let problems = || node.view.borrow().iter().map(|view| view.problem.clone()).collect::<Vec<_>>();
    until(async || problems().iter().all(Option::is_some) && !problems().is_empty()).await;
    let problems = problems();
    assert!(problems[0].as_ref().is_some_and(|reason| reason.contains("open it first")), "{problems:?}");
    assert!(problems[1].as_ref().is_some_and(|reason| reason.contains("does not have it")), "{problems:?}");
    node.stop().await;
    world.localnet.stop().await.unwrap();
}
