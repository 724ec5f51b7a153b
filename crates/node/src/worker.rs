//! One device's worker.

use crate::{
    admission::Start,
    error::NodeError,
    event::{NodeEvent, Observer, Step},
    lookout::Lookout,
    orders::{Listener, Order},
    steps,
};
use grid_client::{
    Chain, ChainError, Intent,
    account::{self, Device, DevicePhase, Job},
    chain::{fetch, fetch_device_and_market, find, job_assigned_to},
    instruction,
};
use grid_executor::{
    CancellationToken, Device as Hardware, Digest, Executor, JobRequest, PreparedJob, Workplace,
    fetch_definition, prepare,
};
use grid_jobs::{JobState, math::is_zero};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{sync::Arc, time::Duration};

/// How a worker behaves.
#[derive(Debug, Clone, Copy)]
pub struct WorkerConfig {
    /// Time before the chain is read again while there is nothing to do and no change was seen.
    pub poll_interval: Duration,
    /// The same while the device waits in the queue, where the lookout sees changes.
    pub queued_interval: Duration,
    /// Longest time between two tries of what fails; the first retry comes after [`Self::poll_interval`].
    pub max_backoff: Duration,
    /// Time between two looks at the chain while a job runs.
    pub watch_interval: Duration,
    /// Heartbeats that the worker sends within the time in which one is due, at least 1.
    pub heartbeats_per_limit: u32,
    /// Lowest acceptable price, atoms per second.
    pub min_price_per_second_atoms: u64,
    /// Which of the node's stakes is shown to a market that asks for one: the number that it was opened with.
    pub stake_id: u64,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_secs(2),
            queued_interval: Duration::from_secs(60),
            max_backoff: Duration::from_secs(60),
            watch_interval: Duration::from_secs(10),
            heartbeats_per_limit: 3,
            min_price_per_second_atoms: 0,
            stake_id: 0,
        }
    }
}

/// Offers a device, runs what it is matched with, shows that it lives, posts the result; again and again, until it is
/// stopped.
pub struct DeviceWorker {
    /// Access to the chain.
    pub chain: Arc<dyn Chain>,
    /// Where the device is watched while it waits.
    pub lookout: Arc<Lookout>,
    /// The node's key.
    pub key: Arc<Keypair>,
    /// The device's account.
    pub device: Address,
    /// What the device is.
    pub hardware: Hardware,
    /// What runs jobs.
    pub executor: Arc<dyn Executor>,
    /// Where jobs live on this machine; a folder of this worker alone.
    pub workplace: Workplace,
    /// How the worker behaves.
    pub config: WorkerConfig,
    /// Who is told what happens.
    pub observer: Observer,
}

/// A result that is stored and still has to reach the chain.
struct Unposted {
    job: Address,
    result: Digest,
}

impl DeviceWorker {
    /// Works until it is ordered to end, see [`Order`].
    ///
    /// # Errors
    /// What no retry can mend, see [`NodeError`]; found before the first job is taken.
    pub async fn run(self, orders: Listener) -> Result<(), NodeError> {
        let market = self.check().await?;
        let mut unposted = None;
        let mut wait = self.config.poll_interval;
        loop {
            if orders.current() == Order::Detach {
                return Ok(());
            }
            match self.round(&market, &orders, &mut unposted).await {
                Ok(Round::Done) => return Ok(()),
                Ok(Round::Again) => {}
                Ok(Round::Posted) => wait = self.config.poll_interval,
                Ok(Round::Nothing) => {
                    wait = self.config.poll_interval;
                    orders.pause(wait).await;
                }
                Ok(Round::Waits(device)) => {
                    wait = self.config.poll_interval;
                    tokio::select! {
                        () = self.lookout.change(self.device, &device) => {}
                        () = orders.pause(self.config.queued_interval) => {}
                    }
                }
                // A job that was handed back is at the head of the queue again: who comes back at once meets it again.
                Ok(Round::Refused) => wait = self.back_off(wait, &orders).await,
                Err(error) => {
                    self.tell(NodeEvent::Retrying { device: self.device, error: error.to_string() });
                    wait = self.back_off(wait, &orders).await;
                }
            }
        }
    }

    /// Checks what would fail in every round; returns the device's market.
    async fn check(&self) -> Result<Address, NodeError> {
        let found = find(self.chain.as_ref(), &self.device).await?;
        let device: Device = found.ok_or(NodeError::NoDevice { device: self.device })?;
        if device.node != self.key.pubkey() {
            return Err(NodeError::OtherNode {
                device: self.device,
                node: device.node,
                key: self.key.pubkey(),
            });
        }
        let cleaned = grid_executor::clean_up_abandoned(self.executor.as_ref(), &self.workplace, &[]).await;
        cleaned.map_err(|source| NodeError::Scratch {
            folder: self.workplace.scratch.display().to_string(),
            source,
        })?;
        Ok(device.market)
    }

    /// Does the one thing that the accounts ask for.
    async fn round(
        &self,
        market: &Address,
        orders: &Listener,
        unposted: &mut Option<Unposted>,
    ) -> Result<Round, ChainError> {
        let chain = self.chain.as_ref();
        let (device, view) = fetch_device_and_market(chain, &self.device, market).await?;
        let (node, order) = (self.key.pubkey(), orders.current());
        match account::device_phase(&self.device, &device, &view) {
            DevicePhase::Idle if unposted.is_some() => self.post_after_the_end(unposted).await,
            DevicePhase::Idle => match order {
                Order::Work => {
                    let (step, offer) = self.offer(&device, &view.header.admission).await?;
                    self.land(step, None, steps::once(self.device, step, offer)).await?;
                    Ok(Round::Again)
                }
                Order::Pause => Ok(Round::Nothing),
                Order::Stop | Order::Abandon | Order::Detach => Ok(Round::Done),
            },
            DevicePhase::Queued if order == Order::Work => Ok(Round::Waits(Box::new(device))),
            DevicePhase::Queued => {
                let leave = instruction::leave(node, self.device, *market);
                self.land(Step::Leave, None, steps::once(self.device, Step::Leave, leave)).await?;
                Ok(Round::Again)
            }
            DevicePhase::Assigned => {
                let job = fetch(chain, "job", &device.job).await?;
                self.take(&device, device.job, &job, orders, unposted).await
            }
            DevicePhase::TakenByJob => match job_assigned_to(chain, &self.device).await? {
                Some((address, job)) => self.take(&device, address, &job, orders, unposted).await,
                None => Ok(Round::Nothing), // a read between the match and its being visible everywhere
            },
            DevicePhase::Running => self.resume(&device, orders, unposted).await,
        }
    }

    /// Runs a job that the device was matched with, or hands it back.
    async fn take(
        &self,
        device: &Device,
        address: Address,
        job: &Job,
        orders: &Listener,
        unposted: &mut Option<Unposted>,
    ) -> Result<Round, ChainError> {
        self.tell(NodeEvent::Matched { device: self.device, job: address });
        let prepared = match orders.current() {
            Order::Work => self.prepare(address, job).await,
            Order::Pause => Err("the node takes no jobs at present".to_owned()),
            Order::Stop | Order::Abandon | Order::Detach => Err("the worker is stopping".to_owned()),
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(reason) => return self.hand_back(address, job, reason).await,
        };
        // The paid clock starts here: definition and inputs are on the machine.
        match self.start(device, address).await {
            Ok(Start::Begun) => self.execute(address, prepared, orders, unposted).await,
            Ok(Start::Refused(reason)) => {
                prepared.discard();
                self.hand_back(address, job, reason).await
            }
            Err(error) => {
                prepared.discard();
                Err(error)
            }
        }
    }

    /// Hands a matched job back: it goes to the next device.
    async fn hand_back(&self, address: Address, job: &Job, reason: String) -> Result<Round, ChainError> {
        self.tell(NodeEvent::Refused { device: self.device, job: address, reason });
        let decline = instruction::decline(self.key.pubkey(), self.run_of(address, job));
        self.land(Step::Decline, Some(address), steps::once(address, Step::Decline, decline)).await?;
        Ok(Round::Refused)
    }

    /// Fetches a job's definition and inputs, by their hashes; says why if it can't be run here.
    async fn prepare(&self, address: Address, job: &Job) -> Result<PreparedJob, String> {
        let digest = Digest(job.definition);
        let fetched = fetch_definition(&self.workplace.sources, digest).await;
        let (_, bytes) = fetched.map_err(|error| error.to_string())?;
        let request = JobRequest::new(address.to_string(), &bytes, self.hardware.clone());
        let request = JobRequest {
            project: job.project.to_string(),
            host: self.key.pubkey().to_string(),
            timeout: Some(Duration::from_secs(job.timeout_seconds.get().into())),
            ..request.map_err(|error| error.to_string())?
        };
        prepare(request, self.executor.as_ref(), &self.workplace).await.map_err(|error| error.to_string())
    }

    /// Runs a started job and posts its result.
    async fn execute(
        &self,
        address: Address,
        prepared: PreparedJob,
        orders: &Listener,
        unposted: &mut Option<Unposted>,
    ) -> Result<Round, ChainError> {
        let tell = |event: grid_executor::JobEvent<'_>| {
            self.tell(NodeEvent::Job { device: self.device, job: address, event });
        };
        // A stop lets the running job finish: it is paid, and the client has its result.
        let cancel = CancellationToken::new();
        let run = prepared.run(self.executor.as_ref(), &self.workplace, cancel.clone(), &tell);
        tokio::pin!(run);
        let outcome = tokio::select! {
            outcome = &mut run => outcome,
            () = self.watch(address) => {
                cancel.cancel();
                run.await
            }
            () = orders.until(|order| *order == Order::Abandon) => {
                cancel.cancel();
                let _ = run.await; // of a device that failed
                return Ok(Round::Again);
            }
        };
        match outcome {
            Ok(outcome) => {
                let (status, result) = (outcome.document.status, outcome.digest);
                self.tell(NodeEvent::Ran { device: self.device, job: address, status, result });
                *unposted = Some(Unposted { job: address, result });
            }
            // This machine failed, not the job: the next round runs it again.
            Err(error) => {
                self.tell(NodeEvent::Retrying { device: self.device, error: error.to_string() });
                tokio::time::sleep(self.config.poll_interval).await;
            }
        }
        Ok(Round::Again)
    }

    /// Posts the result of the job that the chain says is running; runs it again if this process does not have it.
    async fn resume(
        &self,
        device: &Device,
        orders: &Listener,
        unposted: &mut Option<Unposted>,
    ) -> Result<Round, ChainError> {
        let job: Job = fetch(self.chain.as_ref(), "job", &device.job).await?;
        let (node, run) = (self.key.pubkey(), self.run_of(device.job, &job));
        match unposted.take_if(|unposted| unposted.job == device.job) {
            Some(ready) => {
                let finish = instruction::finish(node, run, ready.result.0);
                let intent = steps::pays(self.device, device.job, Step::Finish, finish);
                let posted = self.land(Step::Finish, Some(device.job), intent).await;
                if posted.is_err() {
                    *unposted = Some(ready); // the next round sees whether it landed after all
                }
                posted.map(|()| Round::Posted)
            }
            None if orders.current() == Order::Abandon => {
                let quit = steps::pays(self.device, device.job, Step::Quit, instruction::quit(node, run));
                self.land(Step::Quit, Some(device.job), quit).await?;
                Ok(Round::Again)
            }
            None => match self.prepare(device.job, &job).await {
                Ok(prepared) => self.execute(device.job, prepared, orders, unposted).await,
                Err(error) => {
                    self.tell(NodeEvent::Retrying { device: self.device, error });
                    Ok(Round::Nothing)
                }
            },
        }
    }

    /// Posts what is there of a job that its client ended; forgets it when it was given to another device.
    async fn post_after_the_end(&self, unposted: &mut Option<Unposted>) -> Result<Round, ChainError> {
        let Some(Unposted { job: address, result }) = unposted.as_ref() else { return Ok(Round::Again) };
        let job: Option<Job> = find(self.chain.as_ref(), address).await?;
        if job.is_some_and(|job| job.is(JobState::Done) && job.device == self.device && is_zero(&job.result))
        {
            let post = instruction::post_result(self.key.pubkey(), self.device, *address, result.0);
            self.land(Step::PostResult, Some(*address), steps::once(*address, Step::PostResult, post)).await?;
        }
        *unposted = None;
        Ok(Round::Again)
    }

    fn run_of(&self, address: Address, job: &Job) -> instruction::Run {
        instruction::Run { device: self.device, job: address, market: job.market, project: job.project }
    }

    pub(crate) async fn land(
        &self,
        step: Step,
        job: Option<Address>,
        intent: Intent,
    ) -> Result<(), ChainError> {
        self.tell(NodeEvent::Sending { device: self.device, step });
        let landed = self.chain.land(&intent, &[&self.key]).await?;
        self.tell(NodeEvent::Landed { device: self.device, step, job, landed: &landed });
        Ok(())
    }

    pub(crate) fn tell(&self, event: NodeEvent<'_>) {
        (self.observer)(event);
    }

    /// Waits, but not beyond another order; returns how long to wait the next time.
    async fn back_off(&self, wait: Duration, orders: &Listener) -> Duration {
        match orders.current() {
            Order::Work | Order::Pause => orders.pause(wait).await,
            Order::Stop | Order::Abandon | Order::Detach => tokio::time::sleep(wait).await,
        }
        (wait * 2).min(self.config.max_backoff)
    }
}

/// What a round came to.
enum Round {
    /// Something was done: look again at once.
    Again,
    /// A result reached the chain.
    Posted,
    /// The device waits in the queue, as it is here.
    Waits(Box<Device>),
    /// There was nothing to do.
    Nothing,
    /// A job was handed back.
    Refused,
    /// The worker was told to end and holds nothing any more.
    Done,
}
