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
    chain::{fetch, fetch_device_and_market, job_assigned_to},
    instruction,
};
use grid_connectors::Connectors;
use grid_executor::{Device as Hardware, Digest, Executor, Workplace};
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
    /// How long a definition or an input that nobody has yet is waited for: a client pushes them when it sees the match. At
    /// most half of the time that the job gives for its start.
    pub upload_patience: Duration,
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
            upload_patience: Duration::from_secs(60),
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
    /// What turns typed jobs into commands.
    pub connectors: Arc<Connectors>,
    /// Where jobs live on this machine; a folder of this worker alone.
    pub workplace: Workplace,
    /// How the worker behaves.
    pub config: WorkerConfig,
    /// Who is told what happens.
    pub observer: Observer,
}

/// A result that is stored and still has to reach the chain.
pub(crate) struct Unposted {
    pub(crate) job: Address,
    pub(crate) result: Digest,
}

impl DeviceWorker {
    /// Works until it is ordered to end, see [`Order`].
    ///
    /// # Errors
    /// What no retry can mend, see [`NodeError`]; found before the first job is taken.
    pub async fn run(self, orders: Listener) -> Result<(), NodeError> {
        let (market, left) = self.check().await?;
        let mut unposted = match left {
            Some(job) => self.end_left_behind(job).await,
            None => None,
        };
        let mut wait = self.config.poll_interval;
        loop {
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
                Order::Stop | Order::Abandon => Ok(Round::Done),
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
        self.tell(NodeEvent::Matched { device: self.device, job: address, account: job });
        let prepared = match orders.current() {
            Order::Work => {
                let start_window = Duration::from_secs(job.start_window_seconds.get().into());
                let patience = self.config.upload_patience.min(start_window / 2);
                tokio::select! {
                    prepared = self.prepare_patiently(address, job, patience) => prepared,
                    () = orders.until(|order| *order != Order::Work) => Err("the worker is stopping".to_owned()),
                }
            }
            Order::Pause => Err("the node takes no jobs at present".to_owned()),
            Order::Stop | Order::Abandon => Err("the worker is stopping".to_owned()),
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

    pub(crate) fn run_of(&self, address: Address, job: &Job) -> instruction::Run {
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
            Order::Stop | Order::Abandon => tokio::time::sleep(wait).await,
        }
        (wait * 2).min(self.config.max_backoff)
    }
}

/// What a round came to.
pub(crate) enum Round {
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
