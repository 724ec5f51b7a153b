//! What the node shows of itself: put together from what its workers tell, and from a look at the chain now and then.

use crate::{
    event::{NodeEvent, Step},
    manager::{Room, WorkerView},
    view::{LogFile, View},
};
use grid_client::{
    Chain, ChainError,
    account::{self, Device, Job},
};
use grid_executor::{CancellationToken, Digest, FolderStore, Workplace};
use grid_jobs::DeviceState as Phase;
use grid_landing::{IntentStage, IntentStatus, Landing};
use grid_node_api::report::{
    DeviceReport, DeviceState, DiskReport, EndpointReport, IntentReport, JobPhase, JobReport, NodeReport,
};
use solana_address::Address;
use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;

/// Jobs that are remembered after their end.
const REMEMBERED_JOBS: usize = 50;
/// Time between two looks at the chain for what workers don't tell: earnings, and what pays for transactions.
const LOOK_INTERVAL: Duration = Duration::from_secs(30);

/// What the node shows of itself.
pub struct NodeState {
    node: Address,
    started_at: u64,
    landing: Arc<Landing>,
    workers: watch::Receiver<Vec<WorkerView>>,
    workplace: Workplace,
    seen: Mutex<Seen>,
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    is_stopping: bool,
    chain_read_at: Option<u64>,
    balance_lamports: Option<u64>,
    devices: BTreeMap<Address, SeenDevice>,
    jobs: BTreeMap<Address, SeenJob>,
    /// The jobs, oldest first.
    order: VecDeque<Address>,
    /// When each open intent was seen first.
    intents: BTreeMap<(Address, String), u64>,
}

#[derive(Clone, Copy)]
struct SeenDevice {
    state: DeviceState,
    job: Option<Address>,
    mint: Address,
    earnings_atoms: Option<u64>,
}

struct SeenJob {
    report: JobReport,
    log: LogFile,
}

/// Now, Unix seconds.
pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl NodeState {
    /// Knows nothing yet.
    pub fn new(
        node: Address,
        landing: Arc<Landing>,
        workers: watch::Receiver<Vec<WorkerView>>,
        workplace: Workplace,
    ) -> Self {
        Self { node, started_at: unix_now(), landing, workers, workplace, seen: Mutex::default() }
    }

    /// Takes in what a worker told.
    pub fn tell(&self, event: &NodeEvent<'_>) {
        let now = unix_now();
        let mut seen = self.lock();
        match event {
            NodeEvent::Matched { device, job, account } => {
                seen.device(device, DeviceState::Matched, Some(*job));
                self.job_came(&mut seen, *device, *job, account, JobPhase::Preparing, now);
            }
            NodeEvent::Resumed { device, job, account } => {
                seen.device(device, DeviceState::Running, Some(*job));
                self.job_came(&mut seen, *device, *job, account, JobPhase::Running, now);
            }
            NodeEvent::Landed { device, step, job, .. } => {
                seen.chain_read_at = Some(now);
                seen.landed(device, *step, *job, now);
            }
            NodeEvent::Ran { job, status, result, log, .. } => {
                let path = self.workplace.store.path_of(*log);
                if let Some(seen) = seen.jobs.get_mut(job) {
                    seen.report.status = Some(*status);
                    seen.report.result = Some(*result);
                    seen.phase(JobPhase::Unpaid, now);
                    seen.log.ended.cancel();
                    seen.log.path = path;
                }
            }
            NodeEvent::Refused { job, .. } => {
                if let Some(seen) = seen.jobs.get_mut(job) {
                    seen.phase(JobPhase::Gone, now);
                    seen.log.ended.cancel();
                }
            }
            NodeEvent::Sending { .. }
            | NodeEvent::Job { .. }
            | NodeEvent::GaveUp { .. }
            | NodeEvent::Retrying { .. } => {}
        }
    }

    /// The node takes no more jobs because it is about to end.
    pub fn is_stopping(&self) {
        self.lock().is_stopping = true;
    }

    /// Looks at the chain now and then, for as long as the node runs.
    pub async fn look_for_ever(&self) {
        loop {
            let devices: Vec<Address> = self.workers.borrow().iter().map(|worker| worker.device).collect();
            if let Err(error) = self.look(&devices).await {
                tracing::debug!(%error, "the chain was not looked at");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    async fn look(&self, devices: &[Address]) -> Result<(), ChainError> {
        let addresses: Vec<Address> = [self.node].iter().chain(devices).copied().collect();
        let mut found = self.landing.accounts(&addresses).await?.into_iter();
        let mut seen = self.lock();
        seen.chain_read_at = Some(unix_now());
        seen.balance_lamports = Some(found.next().flatten().map_or(0, |account| account.lamports));
        for (address, found) in devices.iter().zip(found) {
            let Some(device) = found.and_then(|found| account::decode::<Device>(address, &found).ok()) else {
                continue;
            };
            let new = SeenDevice {
                state: phase_of(&device),
                job: (device.job != Address::default()).then_some(device.job),
                mint: device.mint,
                earnings_atoms: None,
            };
            let seen = seen.devices.entry(*address).or_insert(new);
            seen.mint = device.mint;
            seen.earnings_atoms = Some(device.earnings_atoms.get());
            // A device that a job took out of the queue still reads as waiting.
            if (seen.state, new.state) != (DeviceState::Matched, DeviceState::Queued) {
                (seen.state, seen.job) = (new.state, new.job);
            }
        }
        Ok(())
    }

    fn job_came(
        &self,
        seen: &mut Seen,
        device: Address,
        job: Address,
        account: &Job,
        phase: JobPhase,
        now: u64,
    ) {
        let started_at = u64::try_from(account.started_at.get()).ok().filter(|at| *at > 0);
        let scratch = self.workplace.scratch.join(device.to_string());
        let workplace = Workplace { scratch, ..self.workplace.clone() };
        let report = JobReport {
            job,
            project: account.project,
            device,
            definition: Digest(account.definition),
            state: phase,
            since: now,
            started_at,
            timeout_seconds: account.timeout_seconds.get(),
            heartbeat_at: None,
            log_bytes: None,
            status: None,
            result: None,
        };
        let log = LogFile { path: workplace.log_path(&job.to_string()), ended: CancellationToken::new() };
        if let Some(old) = seen.jobs.insert(job, SeenJob { report, log }) {
            old.log.ended.cancel();
        } else {
            seen.order.push_back(job);
        }
        while seen.order.len() > REMEMBERED_JOBS {
            let oldest = seen.order.iter().position(|job| seen.jobs.get(job).is_none_or(SeenJob::is_over));
            let Some(oldest) = oldest.and_then(|index| seen.order.remove(index)) else { break };
            seen.jobs.remove(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn devices(&self, seen: &Seen) -> Vec<DeviceReport> {
        let report = |worker: &WorkerView| {
            let known = seen.devices.get(&worker.device);
            let state = match (&worker.problem, worker.order) {
                (Some(_), None) => DeviceState::Failed,
                _ => known.map_or(DeviceState::Idle, |known| known.state),
            };
            DeviceReport {
                device: worker.device,
                market: worker.config.market,
                mint: known.map_or_else(Address::default, |known| known.mint),
                label: worker.config.hardware.clone(),
                state,
                failure: worker.problem.clone(),
                job: known.and_then(|known| known.job),
                queue_position: None,
                earnings_atoms: known.and_then(|known| known.earnings_atoms),
                temperature_celsius: None,
                power_watts: None,
                utilisation_percent: None,
                memory_used_bytes: None,
                memory_total_bytes: None,
            }
        };
        self.workers.borrow().iter().map(report).collect()
    }

    fn disks(&self) -> Vec<DiskReport> {
        let store: &FolderStore = &self.workplace.store;
        [("store", store.root()), ("scratch", self.workplace.scratch.as_path())]
            .into_iter()
            .filter_map(|(name, path)| disk(name, path))
            .collect()
    }
}

impl View for NodeState {
    fn report(&self) -> NodeReport {
        let now = unix_now();
        let open = self.landing.open_intents();
        let mut seen = self.lock();
        seen.intents
            .retain(|name, _| open.iter().any(|intent| name.0 == intent.subject && name.1 == intent.kind));
        let intents = open.iter().map(|intent| {
            let name = (intent.subject, intent.kind.clone());
            intent_report(intent, *seen.intents.entry(name).or_insert(now))
        });
        let intents = intents.collect();
        let jobs =
            seen.order.iter().rev().filter_map(|job| seen.jobs.get(job)).map(SeenJob::report).collect();
        NodeReport {
            node: self.node,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            now,
            is_stopping: seen.is_stopping,
            chain_read_at: seen.chain_read_at,
            fee_balance_lamports: seen.balance_lamports,
            devices: self.devices(&seen),
            jobs,
            intents,
            endpoints: self.landing.endpoints().into_iter().map(endpoint_report).collect(),
            disks: self.disks(),
            problems: Vec::new(),
        }
    }

    fn log(&self, job: &Address) -> Option<LogFile> {
        self.lock().jobs.get(job).map(|job| job.log.clone())
    }
}

impl Seen {
    fn device(&mut self, device: &Address, state: DeviceState, job: Option<Address>) {
        let new = SeenDevice { state, job, mint: Address::default(), earnings_atoms: None };
        let seen = self.devices.entry(*device).or_insert(new);
        (seen.state, seen.job) = (state, job);
    }

    fn landed(&mut self, device: &Address, step: Step, job: Option<Address>, now: u64) {
        match step {
            Step::Work | Step::WorkGated => self.device(device, DeviceState::Queued, None),
            Step::Start | Step::StartGated => self.device(device, DeviceState::Running, job),
            Step::Leave | Step::Decline | Step::Quit | Step::Finish | Step::PostResult => {
                self.device(device, DeviceState::Idle, None);
            }
            Step::Heartbeat => {}
        }
        let Some(seen) = job.and_then(|job| self.jobs.get_mut(&job)) else { return };
        match step {
            Step::Start | Step::StartGated => {
                seen.report.started_at = Some(now);
                seen.phase(JobPhase::Running, now);
            }
            Step::Heartbeat => seen.report.heartbeat_at = Some(now),
            Step::Finish | Step::PostResult => seen.phase(JobPhase::Paid, now),
            Step::Decline | Step::Quit => {
                seen.phase(JobPhase::Gone, now);
                seen.log.ended.cancel();
            }
            Step::Work | Step::WorkGated | Step::Leave => {}
        }
    }
}

impl SeenJob {
    fn phase(&mut self, phase: JobPhase, now: u64) {
        self.report.state = phase;
        self.report.since = now;
    }

    fn is_over(&self) -> bool {
        matches!(self.report.state, JobPhase::Paid | JobPhase::Gone)
    }

    fn report(&self) -> JobReport {
        let log_bytes = std::fs::metadata(&self.log.path).ok().map(|metadata| metadata.len());
        JobReport { log_bytes, ..self.report.clone() }
    }
}

fn phase_of(device: &Device) -> DeviceState {
    match device.state {
        state if state == Phase::Queued as u8 => DeviceState::Queued,
        state if state == Phase::Assigned as u8 => DeviceState::Matched,
        state if state == Phase::Running as u8 => DeviceState::Running,
        _ => DeviceState::Idle,
    }
}

fn intent_report(intent: &IntentStatus, since: u64) -> IntentReport {
    let obstacle = match &intent.stage {
        IntentStage::Review { reason } => Some(reason.clone()),
        IntentStage::Unsigned | IntentStage::Sent | IntentStage::Landed { .. } => None,
    };
    IntentReport {
        subject: intent.subject,
        kind: intent.kind.clone(),
        since,
        signatures: intent.attempts,
        obstacle,
    }
}

fn endpoint_report(endpoint: grid_landing::EndpointStatus) -> EndpointReport {
    EndpointReport {
        name: endpoint.name,
        is_answering: endpoint.failures == 0,
        lag_slots: Some(endpoint.lag_slots),
        requests: endpoint.asked,
        errors: endpoint.failed,
    }
}

fn disk(name: &str, folder: &Path) -> Option<DiskReport> {
    let Room { free_bytes, total_bytes } = Room::on_the_disk_of(folder).ok()?;
    Some(DiskReport { name: name.to_owned(), free_bytes, total_bytes })
}
