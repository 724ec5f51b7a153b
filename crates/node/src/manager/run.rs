//! The manager's loop.

use super::{
    inventory::Inventory,
    plan::{Change, Place, Running, plan},
    readiness::{self, Limits, Room, Shortage, shortages},
};
use crate::{
    config::DeviceConfig,
    error::NodeError,
    event::{NodeEvent, Observer},
    lookout::Lookout,
    orders::{Order, Orders},
    worker::{DeviceWorker, WorkerConfig},
};
use grid_client::{Chain, address};
use grid_connectors::Connectors;
use grid_executor::{Executor, Workplace};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::{Id, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

/// Time before a worker that gave up is started again.
const RESTART_PAUSE: Duration = Duration::from_secs(30);

/// What the manager is told while it runs.
#[derive(Debug)]
pub enum Signal {
    /// The devices to offer from now on.
    Devices(Vec<DeviceConfig>),
    /// Take no new job, finish what runs, end.
    Stop,
}

/// A worker, for showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerView {
    /// Its entry in the configuration.
    pub config: DeviceConfig,
    /// Its account.
    pub device: Address,
    /// The order that holds; `None` while no worker runs.
    pub order: Option<Order>,
    /// Why there is no worker, or why the last one gave up.
    pub problem: Option<String>,
}

/// Runs a worker for each device that is wanted and well.
pub struct Manager {
    /// Access to the chain.
    pub chain: Arc<dyn Chain>,
    /// Where all devices are watched while they wait.
    pub lookout: Arc<Lookout>,
    /// The node's key.
    pub key: Arc<Keypair>,
    /// What runs jobs.
    pub executor: Arc<dyn Executor>,
    /// What turns typed jobs into commands.
    pub connectors: Arc<Connectors>,
    /// Where jobs live; each device has a folder of its own below its scratch folder.
    pub workplace: Workplace,
    /// How workers behave; price and stake are those of their device.
    pub worker: WorkerConfig,
    /// What the node must have to take new jobs.
    pub limits: Limits,
    /// Time between two looks at money and disk.
    pub look_interval: Duration,
    /// What this machine has, as it changes.
    pub inventory: watch::Receiver<Inventory>,
    /// Who is told what happens.
    pub observer: Observer,
    /// Where the state is shown.
    pub view: watch::Sender<Vec<WorkerView>>,
    /// What is short, for showing.
    pub shortages: watch::Sender<Vec<Shortage>>,
}

/// The workers that have not ended, and what is known of those that have.
#[derive(Default)]
struct Workers {
    tasks: JoinSet<Result<(), NodeError>>,
    running: BTreeMap<Place, (DeviceConfig, Orders, Id)>,
    /// When a worker that gave up is tried again, and why it did.
    given_up: BTreeMap<Place, (Instant, String)>,
}

impl Manager {
    /// Runs `devices` until [`Signal::Stop`], and then until the last worker has ended.
    ///
    /// A process that is killed loses nothing: jobs go on without it, and the next manager finds them again.
    pub async fn run(mut self, devices: Vec<DeviceConfig>, mut signals: mpsc::Receiver<Signal>) {
        let mut wanted = devices;
        let mut workers = Workers::default();
        let (mut ending, mut watched) = (false, true);
        let mut readiness = interval(self.look_interval);
        readiness.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.apply(&wanted, &mut workers);
            self.show(&wanted, &workers);
            if ending && workers.running.is_empty() {
                return;
            }
            let next_try = workers.next_try().unwrap_or_else(far_away);
            tokio::select! {
                signal = signals.recv(), if !(ending && signals.is_closed()) => match signal {
                    Some(Signal::Devices(devices)) if !ending => wanted = devices,
                    Some(Signal::Devices(_)) => {}
                    // Nobody can give signals any more: the same as an end.
                    Some(Signal::Stop) | None => {
                        ending = true;
                        wanted.clear();
                    }
                },
                // Without a watcher, what it saw last holds.
                changed = self.inventory.changed(), if watched => watched = changed.is_ok(),
                Some(ended) = workers.tasks.join_next_with_id() => workers.ended(ended, &self.observer),
                _ = readiness.tick() => self.look_at_money_and_disk().await,
                () = sleep_until(next_try) => {}
            }
        }
    }

    /// Makes what is wanted so.
    fn apply(&self, wanted: &[DeviceConfig], workers: &mut Workers) {
        let now = Instant::now();
        workers
            .given_up
            .retain(|place, (until, _)| *until > now && wanted.iter().any(|config| config.place() == *place));
        let possible: Vec<DeviceConfig> =
            wanted.iter().filter(|config| !workers.given_up.contains_key(&config.place())).cloned().collect();
        let running: Vec<Running> = workers
            .running
            .values()
            .map(|(config, orders, _)| Running { config: config.clone(), order: orders.current() })
            .collect();
        let accepts = self.shortages.borrow().is_empty();
        let changes = plan(&possible, &self.inventory.borrow(), &running, accepts);
        for change in changes {
            match change {
                Change::Start(config) => self.start(config, workers, accepts),
                Change::Tell(place, order) => {
                    if let Some((config, orders, _)) = workers.running.get(&place) {
                        tracing::info!(hardware = config.hardware, market = %place.market, ?order, "worker told");
                        orders.give(order);
                    }
                }
            }
        }
    }

    fn start(&self, config: DeviceConfig, workers: &mut Workers, accepts: bool) {
        let Some(found) = self.inventory.borrow().get(&config.hardware).cloned() else { return };
        tracing::info!(hardware = config.hardware, market = %config.market, index = config.index, "worker starts");
        let orders = Orders::new();
        if !accepts {
            orders.give(Order::Pause);
        }
        let device = self.address(&config);
        let worker = DeviceWorker {
            chain: self.chain.clone(),
            lookout: self.lookout.clone(),
            key: self.key.clone(),
            device,
            hardware: found.hardware,
            executor: self.executor.clone(),
            connectors: self.connectors.clone(),
            workplace: Workplace { scratch: self.scratch(&device), ..self.workplace.clone() },
            config: WorkerConfig {
                min_price_per_second_atoms: config.min_price_per_second_atoms,
                stake_id: config.stake_id,
                ..self.worker
            },
            observer: self.observer.clone(),
        };
        let task = workers.tasks.spawn(worker.run(orders.listen()));
        workers.running.insert(config.place(), (config, orders, task.id()));
    }

    fn address(&self, config: &DeviceConfig) -> Address {
        address::device(&config.market, &self.key.pubkey(), config.index).0
    }

    /// By account, so that the next process finds the jobs of the same device.
    fn scratch(&self, device: &Address) -> PathBuf {
        self.workplace.scratch.join(device.to_string())
    }

    async fn look_at_money_and_disk(&self) {
        let balance = readiness::balance(self.chain.as_ref(), &self.key.pubkey()).await;
        let room = Room::on_the_disk_of(&self.workplace.scratch);
        let (lamports, free_bytes) = match (balance, room) {
            (Ok(lamports), Ok(room)) => (lamports, room.free_bytes),
            // What can't be read is no reason to stop: it shows elsewhere.
            (balance, room) => {
                tracing::warn!(?balance, ?room, "money or disk can't be read");
                return;
            }
        };
        self.shortages.send_if_modified(|current| {
            let found = shortages(self.limits, lamports, free_bytes, current);
            let changed = found.len() != current.len();
            if changed {
                for shortage in &found {
                    tracing::warn!("no new jobs: {shortage}");
                }
            }
            *current = found;
            changed
        });
    }

    fn show(&self, wanted: &[DeviceConfig], workers: &Workers) {
        let inventory = self.inventory.borrow();
        let short = self.shortages.borrow().first().map(|shortage| format!("takes no jobs: {shortage}"));
        let leaving = workers.running.values().map(|(config, ..)| config);
        let leaving = leaving.filter(|config| !wanted.contains(config));
        let view = wanted.iter().chain(leaving).map(|config| {
            let running = workers.running.get(&config.place()).filter(|(found, ..)| found == config);
            let problem = workers.given_up.get(&config.place()).map(|(_, reason)| reason.clone());
            WorkerView {
                config: config.clone(),
                device: self.address(config),
                order: running.map(|(_, orders, _)| orders.current()),
                problem: problem.or_else(|| inventory.problem_of(&config.hardware)).or_else(|| short.clone()),
            }
        });
        let view: Vec<WorkerView> = view.collect();
        self.view.send_if_modified(|current| {
            let changed = *current != view;
            *current = view;
            changed
        });
    }
}

impl Workers {
    /// Notes how a worker ended.
    fn ended(
        &mut self,
        ended: Result<(Id, Result<(), NodeError>), tokio::task::JoinError>,
        observer: &Observer,
    ) {
        let (id, problem) = match ended {
            Ok((id, result)) => (id, result.err().map(|error| error.to_string())),
            Err(error) => (error.id(), Some(format!("the worker broke off: {error}"))),
        };
        let place = self.running.iter().find(|(_, (.., task))| *task == id).map(|(place, _)| *place);
        let Some((place, (config, ..))) = place.and_then(|place| self.running.remove_entry(&place)) else {
            return;
        };
        tracing::info!(hardware = config.hardware, market = %place.market, ?problem, "worker ended");
        if let Some(problem) = problem {
            observer(NodeEvent::GaveUp {
                hardware: &config.hardware,
                market: place.market,
                error: problem.clone(),
            });
            self.given_up.insert(place, (Instant::now() + RESTART_PAUSE, problem));
        }
    }

    /// When the first of those that gave up is tried again.
    fn next_try(&self) -> Option<Instant> {
        self.given_up.values().map(|(at, _)| *at).min()
    }
}

/// A time that does not come.
fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(86_400 * 365)
}
