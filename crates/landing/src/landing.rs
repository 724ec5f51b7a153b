//! The chain that forgets nothing.

use crate::{
    clock::{Clock, SystemClock},
    cluster::{Cluster, EndpointStatus, Pace},
    config::LandingConfig,
    disk::{Disk, Folder},
    endpoint::Endpoint,
    engine::{Engine, State},
    entry::{Answer, Entry, IntentStatus},
    error::LandingError,
    journal::Journal,
    judge::{Judge, judge},
    record::ClosedIntent,
    rpc::RpcEndpoint,
    transaction::{Budget, compile, sign},
};
use async_trait::async_trait;
use grid_client::{Chain, ChainError, Filter, Intent, Landed, Patience};
use solana_account::Account;
use solana_address::Address;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What a landing engine is made of.
pub struct Parts {
    /// The endpoints, in order of preference.
    pub endpoints: Vec<Arc<dyn Endpoint>>,
    /// Where the journal lies.
    pub disk: Arc<dyn Disk>,
    /// The rule that decides what became of a transaction.
    pub judge: Judge,
    /// For pauses and backoff.
    pub clock: Arc<dyn Clock>,
}

/// A chain over several endpoints, with a journal: what it was given to [`land`](Chain::land) it lands, once.
///
/// Its tasks end when it is dropped or [closed](Self::close); the journal stays, and the next one goes on from it.
pub struct Landing {
    engine: Arc<Engine>,
}

impl Landing {
    /// Locks the journal's folder, replays the journal and goes on with what is open, in the background. `keys` are those that
    /// open intents are signed with again, should they have to be.
    ///
    /// # Errors
    /// See [`LandingError`]. That no endpoint answers is none.
    pub async fn open(config: LandingConfig, keys: Vec<Arc<Keypair>>) -> Result<Self, LandingError> {
        let disk = Arc::new(Folder::lock(&config.journal)?);
        let timeout = config.timing.request_timeout;
        let endpoint = |url: &String| Arc::new(RpcEndpoint::new(url, timeout)) as Arc<dyn Endpoint>;
        let endpoints = config.endpoints.iter().map(endpoint).collect();
        let clock = Arc::new(SystemClock::default());
        let parts = Parts { endpoints, disk, judge: Arc::new(judge), clock };
        Self::assemble(config, parts, keys).await
    }

    /// The same of other parts: the configuration's `endpoints` and `journal` are not looked at.
    ///
    /// # Errors
    /// See [`LandingError`].
    pub async fn assemble(
        config: LandingConfig,
        parts: Parts,
        keys: Vec<Arc<Keypair>>,
    ) -> Result<Self, LandingError> {
        if parts.endpoints.is_empty() {
            return Err(LandingError::NoEndpoint);
        }
        let (journal, replay) = Journal::open(parts.disk)?;
        if let (Some(journal), Some(configured)) = (replay.genesis, config.genesis)
            && journal != configured
        {
            return Err(LandingError::OtherJournal { journal, configured });
        }
        let timing = config.timing;
        let pace = Pace {
            request_timeout: timing.request_timeout,
            poll_interval: timing.poll_interval,
            patience: timing.read_patience,
        };
        let genesis = config.genesis.or(replay.genesis);
        // What a former process saw land is not unseen by this one.
        let landed = replay.closed.iter().filter_map(|(_, closed)| closed.slot).max().unwrap_or(0);
        let cluster = Cluster::new(parts.endpoints, genesis, landed, pace, parts.clock.clone());
        if let Some((endpoint, found)) = cluster.verify().await.into_iter().next() {
            let expected = cluster.genesis().unwrap_or_default();
            return Err(LandingError::WrongChain { endpoint, found, expected });
        }
        let last_open = replay.open.iter().map(|record| record.id).max();
        let last_closed = replay.closed.iter().map(|(id, _)| *id).max();
        let mut state = State::after(last_open.max(last_closed).map_or(0, |id| id + 1), replay.closed);
        for record in replay.open {
            let own = |address: &Address| keys.iter().find(|key| key.pubkey() == *address).cloned();
            let signers = record.signers.iter().filter_map(own).collect();
            let mut entry = Entry::new(record, signers, true, timing.poll_interval, parts.clock.now());
            entry.look_first = true;
            state.entries.insert(entry.record.id, entry);
        }
        let engine = Arc::new(Engine {
            cluster,
            journal,
            judge: parts.judge,
            clock: parts.clock,
            open: watch::channel(state.entries.len()).0,
            state: Mutex::new(state),
            genesis_written: Mutex::new(replay.genesis.is_some()),
            wake: Notify::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            gate: Semaphore::new(timing.concurrency.max(1)),
            verifying: Semaphore::new(1),
            config,
        });
        engine.spawn(engine.clone().run());
        engine.wake.notify_one();
        Ok(Self { engine })
    }

    /// The open intents, oldest first.
    pub fn open_intents(&self) -> Vec<IntentStatus> {
        self.engine.state().entries.values().filter(|entry| entry.durable).map(Entry::status).collect()
    }

    /// Intents that are over, oldest first; the last thousand, those of former processes too. Who died before it was answered
    /// finds here what became of what it asked for.
    pub fn closed_intents(&self) -> Vec<ClosedIntent> {
        self.engine.state().closed.iter().map(|(_, closed)| closed.clone()).collect()
    }

    /// Waits until no intent is open.
    pub async fn settled(&self) {
        // The sender lives as long as this.
        let _ = self.engine.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// How the endpoints do, in the order of the configuration.
    pub fn endpoints(&self) -> Vec<EndpointStatus> {
        self.engine.cluster.statuses()
    }

    /// Tells the journal that callers know what they were told has landed: who asks for the same again, also after a restart,
    /// wants it to happen again. Before that, whoever asks again for what has landed is told so: a caller that died in between
    /// can't have known.
    pub fn acknowledge(&self) {
        self.engine.acknowledge();
    }

    /// Ends the tasks. What is open stays in the journal, and what callers were told is [acknowledged](Self::acknowledge).
    pub async fn close(self) {
        self.acknowledge();
        self.engine.stop.cancel();
        self.engine.tasks.close();
        self.engine.tasks.wait().await;
    }

    /// Refuses what could never be signed, before it is taken on.
    fn check(&self, instructions: &[Instruction], signers: &[Arc<Keypair>]) -> Result<(), ChainError> {
        let payer = signers.first().ok_or_else(|| ChainError::Signing("no signer was given".into()))?;
        let budget = Budget { compute_units: 0, price: 0 };
        let message =
            compile(self.engine.config.version, &payer.pubkey(), instructions, budget, Hash::default());
        message.and_then(|message| sign(message, signers)).map(drop).map_err(ChainError::Signing)
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.engine.stop.cancel();
    }
}

/// How an intent finds its place.
enum Place {
    /// The same one is open.
    Joined(oneshot::Receiver<Answer>),
    /// Another one has its name.
    Taken(oneshot::Receiver<Answer>),
    /// The same one was told to have landed a moment ago. Is it asked for again, or was it undone?
    Told(u64),
    /// It is new.
    New(Result<oneshot::Receiver<Answer>, Answer>),
}

#[async_trait]
impl Chain for Landing {
    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ChainError> {
        self.engine.cluster.accounts(addresses).await
    }

    async fn data_slice(
        &self,
        address: &Address,
        offset: usize,
        length: usize,
    ) -> Result<Option<Vec<u8>>, ChainError> {
        self.engine.cluster.data_slice(address, offset, length).await
    }

    async fn program_accounts(
        &self,
        program: &Address,
        filters: &[Filter],
    ) -> Result<Vec<(Address, Account)>, ChainError> {
        let min_slot = self.engine.cluster.min_slot();
        let question = |endpoint: Arc<dyn Endpoint>| async move {
            endpoint.program_accounts(program, filters, min_slot).await
        };
        self.engine.cluster.ask(question).await
    }

    async fn submit(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Landed, ChainError> {
        let signers = own(signers);
        self.check(instructions, &signers)?;
        let intent = Intent {
            subject: Address::default(),
            kind: "submit".into(),
            instructions: instructions.to_vec(),
            wanted_while: Vec::new(),
            patience: Patience::OneSignature,
        };
        let answer = self.engine.take(intent.clone(), signers, false);
        wait(answer).await.into_result(&intent)
    }

    async fn land(&self, intent: &Intent, signers: &[&Keypair]) -> Result<Landed, ChainError> {
        let signers = own(signers);
        self.check(&intent.instructions, &signers)?;
        let mut looked_at = None;
        loop {
            match self.place(intent, &signers, looked_at) {
                Place::Told(id) => {
                    self.engine.look_at(id).await;
                    looked_at = Some(id);
                }
                Place::Joined(answer) => return wait(Ok(answer)).await.into_result(intent),
                Place::New(answer) => return wait(answer).await.into_result(intent),
                Place::Taken(answer) => drop(wait(Ok(answer)).await),
            }
        }
    }

    async fn minimum_balance(&self, space: usize) -> Result<u64, ChainError> {
        let question = |endpoint: Arc<dyn Endpoint>| async move { endpoint.minimum_balance(space).await };
        self.engine.cluster.ask(question).await
    }
}

impl Landing {
    fn place(&self, intent: &Intent, signers: &[Arc<Keypair>], looked_at: Option<u64>) -> Place {
        {
            let mut state = self.engine.state();
            for entry in state.entries.values_mut().filter(|entry| entry.is_named(intent)) {
                let (id, same) = (entry.record.id, entry.record.intent.instructions == intent.instructions);
                if entry.told {
                    match same && looked_at.is_none_or(|looked_at| looked_at < id) {
                        true => return Place::Told(id),
                        false => continue, // for callers it is over
                    }
                }
                let (caller, answer) = oneshot::channel();
                self.engine.join(entry, caller);
                return if same { Place::Joined(answer) } else { Place::Taken(answer) };
            }
        }
        Place::New(self.engine.take(intent.clone(), signers.to_vec(), true))
    }
}

/// Copies of the keys, for as long as the intent is open.
fn own(signers: &[&Keypair]) -> Vec<Arc<Keypair>> {
    signers.iter().map(|key| Arc::new(key.insecure_clone())).collect()
}

async fn wait(answer: Result<oneshot::Receiver<Answer>, Answer>) -> Answer {
    let stopped = || Answer::Rpc {
        endpoint: "all".into(),
        reason: "the landing engine was stopped; what is open stays in its journal".into(),
    };
    match answer {
        Ok(answer) => answer.await.unwrap_or_else(|_| stopped()),
        Err(answer) => answer,
    }
}
