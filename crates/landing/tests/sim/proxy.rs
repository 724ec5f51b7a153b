//! Endpoints between the engine and the cluster, through which the faults come.

use crate::{
    chain::Chain,
    clock::VirtualClock,
    disk::FaultyDisk,
    faults::{Fault, Window},
};
use async_trait::async_trait;
use grid_client::Filter;
use grid_landing::endpoint::{
    Commitment, Endpoint, EndpointError, Lifetime, Outcome, ReadAt, Simulation, Status, Tip,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_account::Account;
use solana_address::Address;
use solana_hash::Hash;
use solana_signature::Signature;
use std::{
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::Notify;

/// Longer than the engine waits for an answer.
const NEVER: Duration = Duration::from_secs(3_600);

/// Whether the process lives. Each life has its own.
pub struct Power {
    disk: FaultyDisk,
    questions: Mutex<u64>,
    dies_at: Option<u64>,
    died: Notify,
}

impl Power {
    pub fn new(disk: FaultyDisk, dies_at: Option<u64>) -> Arc<Self> {
        Arc::new(Self { disk, questions: Mutex::new(0), dies_at, died: Notify::new() })
    }

    /// Questions that were asked until now.
    pub fn questions(&self) -> u64 {
        *self.questions.lock().unwrap()
    }

    /// Waits until the process is killed.
    pub async fn died(&self) {
        self.died.notified().await;
    }

    /// One step on the network; never returns when the process is dead.
    async fn step(&self) {
        let count = {
            let mut questions = self.questions.lock().unwrap();
            *questions += 1;
            *questions
        };
        if self.dies_at.is_some_and(|at| count >= at) {
            self.disk.kill();
        }
        self.breathe().await;
    }

    async fn breathe(&self) {
        if self.disk.is_dead() {
            self.died.notify_one();
            pending().await
        }
    }
}

/// An endpoint with faults.
pub struct Proxy {
    pub name: String,
    pub chain: Arc<Mutex<Chain>>,
    pub windows: Vec<Window>,
    pub clock: VirtualClock,
    /// When this life began.
    pub begun: Duration,
    pub power: Arc<Power>,
    pub rng: Mutex<ChaCha8Rng>,
}

impl Proxy {
    pub fn new(
        index: usize,
        seed: u64,
        chain: Arc<Mutex<Chain>>,
        windows: Vec<Window>,
        clock: VirtualClock,
        power: Arc<Power>,
    ) -> Self {
        let rng = Mutex::new(ChaCha8Rng::seed_from_u64(seed.wrapping_mul(31) + index as u64));
        let begun = clock.now();
        Self { name: format!("endpoint-{index}"), chain, windows, clock, begun, power, rng }
    }

    fn fault(&self) -> Option<Fault> {
        let now = self.clock.now();
        self.windows.iter().find(|window| window.is_open(now)).map(|window| window.fault)
    }

    fn chain(&self) -> MutexGuard<'_, Chain> {
        let mut chain = self.chain.lock().unwrap();
        chain.catch_up();
        chain
    }

    /// Asks the cluster, with all that goes wrong on the way.
    async fn ask<T>(
        &self,
        question: impl FnOnce(&mut Chain, u64, Option<Fault>) -> Result<T, EndpointError> + Send,
    ) -> Result<T, EndpointError> {
        self.power.step().await;
        let latency = self.rng.lock().unwrap().random_range(5..80);
        self.clock.sleep(Duration::from_millis(latency)).await;
        let fault = self.fault();
        match fault {
            Some(Fault::Dropped) => self.clock.sleep(NEVER).await,
            Some(Fault::Limited) => return Err(error("429 Too Many Requests")),
            Some(Fault::Broken) => return Err(error("502 Bad Gateway")),
            Some(Fault::InvalidJson) => return Err(error("expected value at line 1 column 1")),
            _ => {}
        }
        let behind = match fault {
            Some(Fault::Stale { slots }) => slots,
            _ => 0,
        };
        self.power.breathe().await;
        let answer = question(&mut self.chain(), behind, fault);
        if fault == Some(Fault::ResponseDropped) {
            self.clock.sleep(NEVER).await;
        }
        self.power.breathe().await;
        answer
    }
}

fn error(text: &str) -> EndpointError {
    EndpointError(text.to_owned())
}

fn not_behind(slot: u64, min_slot: u64) -> Result<(), EndpointError> {
    match slot < min_slot {
        true => Err(error("Minimum context slot has not been reached")),
        false => Ok(()),
    }
}

#[async_trait]
impl Endpoint for Proxy {
    fn name(&self) -> &str {
        &self.name
    }

    async fn genesis(&self) -> Result<Hash, EndpointError> {
        self.ask(|chain, _, fault| match fault {
            // It turns up late in each life, so that the configuration is not refused at once.
            Some(Fault::OtherChain) if self.clock.now() < self.begun + Duration::from_secs(2) => {
                Err(error("starting"))
            }
            Some(Fault::OtherChain) => Ok(Hash::new_from_array([66; 32])),
            _ => Ok(chain.genesis),
        })
        .await
    }

    async fn blockhash(&self) -> Result<Lifetime, EndpointError> {
        self.ask(|chain, behind, _| Ok(chain.lifetime(behind))).await
    }

    async fn finalized(&self) -> Result<Tip, EndpointError> {
        self.ask(|chain, behind, _| Ok(chain.tip(Commitment::Finalized, behind))).await
    }

    async fn first_slot(&self) -> Result<u64, EndpointError> {
        self.ask(|_, _, _| Ok(0)).await
    }

    async fn send(&self, transaction: &[u8]) -> Result<(), EndpointError> {
        // Once it is out it is out, whatever becomes of it.
        self.power.breathe().await;
        self.chain().watch(transaction);
        let jitter = self.rng.lock().unwrap().random_range(0..3);
        self.ask(|chain, _, fault| {
            match fault {
                Some(Fault::NeverForwarded | Fault::SaysLanded | Fault::OtherChain) => {}
                Some(Fault::Delayed { slots }) => chain.deliver(transaction.to_vec(), slots),
                Some(Fault::Duplicated { slots }) => {
                    chain.deliver(transaction.to_vec(), jitter);
                    chain.deliver(transaction.to_vec(), slots);
                }
                _ => chain.deliver(transaction.to_vec(), jitter),
            }
            Ok(())
        })
        .await
    }

    async fn statuses(
        &self,
        signatures: &[Signature],
        history: bool,
    ) -> Result<Vec<Option<Status>>, EndpointError> {
        self.ask(|chain, behind, fault| {
            let status = |signature: &Signature| match fault {
                Some(Fault::NullStatuses) => None,
                Some(Fault::SaysLanded | Fault::OtherChain) => {
                    let slot = chain.slot_at(Commitment::Finalized, 0);
                    Some(Status { slot, commitment: Commitment::Finalized, error: None })
                }
                _ => chain.status(signature, history, behind),
            };
            Ok(signatures.iter().map(status).collect())
        })
        .await
    }

    async fn accounts(
        &self,
        addresses: &[Address],
        at: ReadAt,
    ) -> Result<(u64, Vec<Option<Account>>), EndpointError> {
        self.ask(|chain, behind, _| {
            let slot = chain.slot_at(at.commitment, behind);
            not_behind(slot, at.min_slot)?;
            Ok((slot, addresses.iter().map(|address| chain.read(address, slot)).collect()))
        })
        .await
    }

    async fn program_accounts(
        &self,
        program: &Address,
        filters: &[Filter],
        min_slot: u64,
    ) -> Result<Vec<(Address, Account)>, EndpointError> {
        self.ask(|chain, behind, _| {
            not_behind(chain.slot_at(Commitment::Confirmed, behind), min_slot)?;
            let passes = |account: &Account, filter: &Filter| {
                account.data.get(filter.offset..filter.offset + filter.bytes.len()) == Some(&filter.bytes)
            };
            let mut found = chain.program_accounts(program);
            found.retain(|(_, account)| filters.iter().all(|filter| passes(account, filter)));
            Ok(found)
        })
        .await
    }

    async fn simulate(&self, transaction: &[u8], min_slot: u64) -> Result<Simulation, EndpointError> {
        self.ask(|chain, behind, _| {
            not_behind(chain.slot_at(Commitment::Confirmed, behind), min_slot)?;
            Ok(chain.simulate(transaction))
        })
        .await
    }

    async fn recent_fees(&self, _: &[Address]) -> Result<Vec<u64>, EndpointError> {
        // What was paid for other accounts says little of these: the steps have to find the price.
        self.ask(|_, _, _| Ok(vec![0, 500, 1_000])).await
    }

    async fn outcome(&self, signature: &Signature) -> Result<Option<Outcome>, EndpointError> {
        self.ask(|chain, behind, fault| match fault {
            Some(Fault::NullStatuses) => Ok(None),
            _ => Ok(chain.outcome(signature, behind)),
        })
        .await
    }

    async fn minimum_balance(&self, space: usize) -> Result<u64, EndpointError> {
        self.ask(|chain, _, _| Ok(chain.minimum_balance(space))).await
    }
}
