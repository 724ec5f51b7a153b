//! The engine: looks at what became of the open intents and does what the judge's verdicts ask for.

use crate::{
    alert::Alert,
    clock::Clock,
    cluster::{Cluster, Question},
    config::LandingConfig,
    entry::{Answer, Caller, Entry},
    journal::{Change, Journal, JournalError},
    judge::{Evidence, Judge, Verdict},
    prepare::{Obstacle, prepare},
    record::{ClosedIntent, Ending, OpenRecord},
};
use grid_client::{ChainError, Intent, Landed, Patience};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What is open and what is not on the disk yet.
#[derive(Default)]
pub(crate) struct State {
    pub entries: BTreeMap<u64, Entry>,
    pub closed: Vec<(u64, ClosedIntent)>,
    /// Endings that the journal does not know yet: a replay would find them out again.
    unwritten: Vec<(u64, ClosedIntent)>,
    /// Intents that were not taken, because the journal failed while they were written.
    to_forget: Vec<u64>,
    next_id: u64,
    /// Whether the last write failed: told once.
    journal_fails: bool,
    /// Fee payers that were last found without money: told once.
    no_fee_money: BTreeSet<Address>,
}

/// All that the engine's tasks share.
pub(crate) struct Engine {
    pub cluster: Cluster,
    pub journal: Journal,
    pub judge: Judge,
    pub clock: Arc<dyn Clock>,
    pub config: LandingConfig,
    pub state: Mutex<State>,
    /// Whether the journal knows the chain.
    pub genesis_written: Mutex<bool>,
    /// There is something to look at.
    pub wake: Notify,
    /// How many intents are open.
    pub open: watch::Sender<usize>,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
    pub gate: Semaphore,
    /// Held by who asks the endpoints for their chain.
    pub verifying: Semaphore,
}

/// Closed intents that are remembered in memory.
const REMEMBERED: usize = 1_000;

impl Engine {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a task until it is done or the engine stops.
    pub fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Looks at the open intents again and again.
    pub async fn run(self: Arc<Self>) {
        loop {
            if self.state().is_idle() {
                self.wake.notified().await;
            }
            self.tick().await;
            self.clock.sleep(self.config.timing.poll_interval).await;
        }
    }

    /// Takes an intent on; the answer comes when there is one.
    pub fn take(
        self: &Arc<Self>,
        intent: Intent,
        signers: Vec<Arc<Keypair>>,
        durable: bool,
    ) -> Result<oneshot::Receiver<Answer>, Answer> {
        let (caller, answer) = oneshot::channel();
        let id = {
            let mut state = self.state();
            let id = state.next_id;
            state.next_id += 1;
            let record = OpenRecord {
                id,
                signers: signers.iter().map(|key| key.pubkey()).collect(),
                since_slot: self.cluster.min_slot(),
                attempts: 0,
                promised: false,
                acknowledged: false,
                attempt: None,
                intent,
            };
            // What must be paid is remembered from now on, also while nothing can be signed.
            if durable && record.intent.patience == Patience::Forever {
                let written = self.write(&mut state, &[Change::Put(&record)]);
                if let Err(JournalError { name, reason }) = written {
                    state.to_forget.push(id);
                    return Err(Answer::Journal(format!("{name}: {reason}")));
                }
            }
            let mut entry =
                Entry::new(record, signers, durable, self.config.timing.poll_interval, self.clock.now());
            entry.callers.push(caller);
            entry.busy = true;
            state.entries.insert(id, entry);
            id
        };
        self.count();
        self.spawn(self.clone().sign(id));
        self.wake.notify_one();
        Ok(answer)
    }

    /// Adds a caller to an open intent.
    pub fn join(self: &Arc<Self>, entry: &mut Entry, caller: Caller) {
        entry.callers.push(caller);
        if let (Some(slot), false) = (entry.landed, entry.busy) {
            entry.busy = true;
            self.spawn(self.clone().report(entry.record.id, slot));
        }
    }

    /// Writes changes, and with them what could not be written before.
    fn write(&self, state: &mut State, changes: &[Change<'_>]) -> Result<(), JournalError> {
        let written = {
            let left = state.unwritten.iter().map(|(id, closed)| Change::Close(*id, closed));
            let left = left.chain(state.to_forget.iter().map(|id| Change::Forget(*id)));
            let left: Vec<Change<'_>> = left.collect();
            self.journal.write(changes.iter().chain(&left))
        };
        match &written {
            Ok(()) => {
                state.unwritten.clear();
                state.to_forget.clear();
                state.journal_fails = false;
            }
            Err(error) => {
                if !std::mem::replace(&mut state.journal_fails, true) {
                    self.alert(&Alert::Journal { reason: error.to_string() });
                }
            }
        }
        written
    }

    fn alert(&self, alert: &Alert) {
        tracing::warn!("{alert}");
        (self.config.observer)(alert);
    }

    fn count(&self) {
        let open = self.state().entries.len();
        self.open.send_replace(open);
    }

    /// Makes the next transaction of an intent, writes it down, and only then sends it.
    async fn sign(self: Arc<Self>, id: u64) {
        let Ok(permit) = self.gate.acquire().await else { return };
        let found = self
            .state()
            .entries
            .get(&id)
            .map(|entry| (entry.record.clone(), entry.signers.clone(), entry.look_first, entry.durable));
        let Some((mut record, signers, look_first, durable)) = found else { return };
        let attempt = match prepare(&self.cluster, &self.config, &record, &signers, look_first).await {
            Ok(attempt) => attempt,
            Err(obstacle) => return self.hit(id, obstacle),
        };
        if record.attempts == 0 {
            record.since_slot = record.since_slot.max(attempt.slot);
        }
        let (bytes, signature, payer) =
            (attempt.bytes.clone(), attempt.signature, record.signers.first().copied().unwrap_or_default());
        record.attempts += 1;
        record.attempt = Some(attempt);
        {
            let mut state = self.state();
            if durable && let Err(error) = self.write(&mut state, &[Change::Put(&record)]) {
                let never_sent = record.attempts == 1;
                let Some(entry) = state.entries.get_mut(&id) else { return };
                entry.busy = false;
                if never_sent && record.intent.patience == Patience::OneSignature {
                    entry.answer(&Answer::Journal(error.to_string()));
                    state.entries.remove(&id);
                    state.to_forget.push(id);
                    drop(state);
                    return self.count();
                }
                entry.rest(self.clock.now(), self.config.timing.max_backoff);
                return;
            }
            state.no_fee_money.remove(&payer);
            let Some(entry) = state.entries.get_mut(&id) else { return };
            entry.record = record;
            entry.unsigned = false;
            entry.busy = false;
            entry.refused = false;
            entry.look_first = true;
            entry.landed = None;
            entry.signed_at = self.clock.now();
            entry.sent_at = Some(self.clock.now());
        }
        drop(permit);
        let taken = self.cluster.send(&bytes).await;
        let mut state = self.state();
        let entry = state.entries.get_mut(&id);
        let is_current = |entry: &&mut Entry| {
            entry.record.attempt.as_ref().is_some_and(|attempt| attempt.signature == signature)
        };
        if let Some(entry) = entry.filter(is_current) {
            entry.refused = !taken;
        }
    }

    /// There is no transaction: what that means for the intent.
    fn hit(&self, id: u64, obstacle: Obstacle) {
        let mut guard = self.state();
        let state = &mut *guard;
        let Some(entry) = state.entries.get_mut(&id) else { return };
        entry.busy = false;
        entry.look_first = true;
        if let Obstacle::NoFeeMoney(payer) = &obstacle
            && state.no_fee_money.insert(*payer)
        {
            self.alert(&Alert::NoFeeMoney { payer: *payer });
        }
        let answer = match &obstacle {
            Obstacle::Chain(ChainError::Rpc { endpoint, reason }) => {
                Answer::Rpc { endpoint: endpoint.clone(), reason: reason.clone() }
            }
            Obstacle::Chain(error) => Answer::Rpc { endpoint: "all".into(), reason: error.to_string() },
            Obstacle::Unwanted => Answer::Unwanted,
            Obstacle::WouldFail { error, logs } => {
                Answer::Failed { error: error.clone(), logs: logs.clone() }
            }
            Obstacle::NoFeeMoney(payer) => Answer::NoFeeMoney(*payer),
            Obstacle::Signing(reason) => Answer::Signing(reason.clone()),
        };
        if entry.record.intent.patience == Patience::OneSignature && !entry.record.promised {
            // Nothing of it was ever written or sent.
            entry.answer(&answer);
            state.entries.remove(&id);
            drop(guard);
            return self.count();
        }
        let reason = match obstacle {
            Obstacle::Unwanted => return self.close(guard, id, Ending::Unwanted, &answer),
            // Nobody answers: the caller waits, as the intent does.
            Obstacle::Chain(error) => {
                tracing::debug!(%error, "no transaction yet");
                return entry.rest(self.clock.now(), self.config.timing.max_backoff);
            }
            Obstacle::NoFeeMoney(_) => None,
            Obstacle::WouldFail { error, logs } => Some(sentence(&entry.record.intent, error, logs)),
            Obstacle::Signing(reason) => Some(reason),
        };
        entry.answer(&answer);
        if let Some(reason) = reason {
            self.review(entry, reason);
            if entry.record.intent.patience == Patience::OneSignature {
                return self.close(guard, id, Ending::Failed, &answer);
            }
        }
        entry.rest(self.clock.now(), self.config.timing.max_backoff);
    }

    /// An intent fails and is still wanted: a person is told, once for each reason.
    fn review(&self, entry: &mut Entry, reason: String) {
        if entry.review.as_ref() != Some(&reason) {
            let Intent { subject, kind, .. } = &entry.record.intent;
            self.alert(&Alert::Review { subject: *subject, kind: kind.clone(), reason: reason.clone() });
            entry.review = Some(reason);
        }
    }

    /// One look at everything that is open.
    pub async fn tick(self: &Arc<Self>) {
        self.spawn(self.clone().verify());
        self.remember_genesis();
        self.sign_what_is_due();
        let verdicts = self.judge_some(None).await;
        for (id, signature, verdict) in verdicts {
            self.act(id, signature, verdict);
        }
        self.resend();
        let mut state = self.state();
        if state.unwritten.len() + state.to_forget.len() > 0 {
            // Told by an alert; tried again in the next round.
            let _ = self.write(&mut state, &[]);
        }
    }

    /// Asks who has to say which chain it is on; nobody waits for that, and one round at a time is enough.
    async fn verify(self: Arc<Self>) {
        let Ok(_permit) = self.verifying.try_acquire() else { return };
        for (endpoint, genesis) in self.cluster.verify().await {
            self.alert(&Alert::WrongChain { endpoint, genesis });
        }
    }

    /// Writes down which chain the journal belongs to, once that is known.
    fn remember_genesis(&self) {
        let Some(genesis) = self.cluster.genesis() else { return };
        let mut written = self.genesis_written.lock().unwrap_or_else(PoisonError::into_inner);
        if !*written {
            *written = self.write(&mut self.state(), &[Change::Genesis(genesis)]).is_ok();
        }
    }

    fn sign_what_is_due(self: &Arc<Self>) {
        let now = self.clock.now();
        let due: Vec<u64> = {
            let mut state = self.state();
            let due = state.entries.values_mut().filter(|entry| {
                entry.unsigned && !entry.busy && entry.not_before.is_none_or(|time| time <= now)
            });
            due.map(|entry| {
                entry.busy = true;
                entry.record.id
            })
            .collect()
        };
        for id in due {
            self.spawn(self.clone().sign(id));
        }
    }

    /// Asks all endpoints about all transactions, or the one of one intent, and the judge about their answers.
    async fn judge_some(&self, only: Option<u64>) -> Vec<(u64, Signature, Verdict)> {
        let now = self.clock.now();
        let records: Vec<(OpenRecord, std::time::Duration, bool)> = {
            let state = self.state();
            let asked = |entry: &&Entry| only.is_none_or(|id| entry.record.id == id);
            let sent = state.entries.values().filter(|entry| !entry.unsigned && !entry.busy).filter(asked);
            sent.map(|entry| (entry.record.clone(), now.saturating_sub(entry.signed_at), entry.refused))
                .collect()
        };
        let with_attempt = || records.iter().filter_map(|of| Some((of, of.0.attempt.as_ref()?)));
        let questions: Vec<Question<'_>> = with_attempt()
            .map(|((record, ..), attempt)| Question {
                signature: attempt.signature,
                last_valid_height: attempt.last_valid_height,
                wanted_while: &record.intent.wanted_while,
            })
            .collect();
        if questions.is_empty() {
            return Vec::new();
        }
        let views = self.cluster.survey(&questions).await;
        let evidence = with_attempt().zip(views).map(|(((record, age, refused), attempt), views)| {
            let evidence = Evidence {
                quorum: self.cluster.quorum(),
                last_valid_height: attempt.last_valid_height,
                signed_slot: attempt.slot,
                since_slot: record.since_slot,
                by_accounts: !record.intent.wanted_while.is_empty(),
                views,
                age: *age,
                refused: *refused,
            };
            (record.id, attempt.signature, (self.judge)(&evidence))
        });
        evidence.collect()
    }

    /// Looks now at what became of one intent.
    pub async fn look_at(self: &Arc<Self>, id: u64) {
        for (id, signature, verdict) in self.judge_some(Some(id)).await {
            self.act(id, signature, verdict);
        }
    }

    /// Does what a verdict asks for.
    fn act(self: &Arc<Self>, id: u64, signature: Signature, verdict: Verdict) {
        let mut state = self.state();
        let Some(entry) = state.entries.get_mut(&id).filter(|entry| !entry.busy && !entry.unsigned) else {
            return;
        };
        // Who was told that it landed does not look again.
        let one_signature = entry.record.intent.patience == Patience::OneSignature && !entry.record.promised;
        match verdict {
            Verdict::Alive => {
                if let Some(slot) = entry.landed.take() {
                    entry.told = false;
                    let Intent { subject, kind, .. } = &entry.record.intent;
                    tracing::warn!(%subject, kind, slot, "its block was undone; sent again");
                }
            }
            Verdict::Landed { slot, finalized } => {
                self.cluster.raise_min_slot(slot);
                entry.landed = Some(slot);
                entry.review = None;
                if !entry.callers.is_empty() || !entry.durable {
                    entry.busy = true;
                    drop(state);
                    return self.spawn(self.clone().report(id, slot));
                }
                if finalized {
                    // Nobody waits for an answer.
                    self.close(state, id, Ending::Landed, &Answer::Unwanted);
                }
            }
            Verdict::Failed { slot, error, finalized } if finalized || !entry.durable => {
                self.cluster.raise_min_slot(slot);
                entry.busy = true;
                drop(state);
                self.spawn(self.clone().explain(id, signature, slot, error));
            }
            Verdict::Failed { .. } => {}
            Verdict::Unwanted => self.close(state, id, Ending::Unwanted, &Answer::Unwanted),
            Verdict::Dead if one_signature => {
                self.close(state, id, Ending::Expired, &Answer::Expired(signature));
            }
            Verdict::Dead => {
                entry.unsigned = true;
                entry.landed = None;
                entry.not_before = None;
                entry.look_first = false;
            }
        }
    }

    /// Tells the callers of a landed transaction what it did.
    async fn report(self: Arc<Self>, id: u64, slot: u64) {
        let found = self.state().entries.get(&id).and_then(|entry| entry.record.attempt.clone());
        let Some(attempt) = found else { return };
        let outcome = self.outcome(attempt.signature).await;
        let landed = match outcome {
            Some(outcome) => Landed {
                signature: attempt.signature,
                slot: outcome.slot,
                compute_units: outcome.compute_units,
                fee_lamports: outcome.fee_lamports,
                logs: outcome.logs,
            },
            // It landed, and nobody shows more: the fee is the most it can have been.
            None => Landed {
                signature: attempt.signature,
                slot,
                compute_units: 0,
                fee_lamports: attempt.fee_lamports,
                logs: Vec::new(),
            },
        };
        let mut state = self.state();
        let Some(entry) = state.entries.get_mut(&id) else { return };
        entry.busy = false;
        entry.told = true;
        entry.record.promised = true;
        if entry.durable {
            let record = entry.record.clone();
            // Should this fail, which an alert tells, this process keeps the promise alone.
            let _ = self.write(&mut state, &[Change::Put(&record)]);
        }
        let Some(entry) = state.entries.get_mut(&id) else { return };
        entry.answer(&Answer::Landed(landed));
        if !entry.durable {
            state.entries.remove(&id);
            drop(state);
            self.count();
        }
    }

    /// Callers have taken note of what they were told.
    pub fn acknowledge(&self) {
        let mut state = self.state();
        let told = state.entries.values_mut().filter(|entry| entry.told && entry.durable);
        let news = told.filter(|entry| !entry.record.acknowledged).map(|entry| {
            entry.record.acknowledged = true;
            entry.record.clone()
        });
        let news: Vec<_> = news.collect();
        let changes: Vec<Change<'_>> = news.iter().map(Change::Put).collect();
        if !changes.is_empty() {
            // Should this fail, which an alert tells, a caller that asks for the same after a restart gets the old answer.
            let _ = self.write(&mut state, &changes);
        }
    }

    /// What a transaction did, where an endpoint shows it.
    async fn outcome(&self, signature: Signature) -> Option<crate::endpoint::Outcome> {
        let question = move |endpoint: Arc<dyn crate::endpoint::Endpoint>| async move {
            let unknown = || crate::endpoint::EndpointError(format!("it does not know {signature}"));
            endpoint.outcome(&signature).await?.ok_or_else(unknown)
        };
        self.cluster.ask(question).await.ok()
    }

    /// A transaction failed for good: tells its callers, and has another one signed where that is wanted.
    async fn explain(self: Arc<Self>, id: u64, signature: Signature, slot: u64, error: TransactionError) {
        let logs = self.outcome(signature).await.map(|outcome| outcome.logs).unwrap_or_default();
        let answer = Answer::Failed { error: error.clone(), logs: logs.clone() };
        let mut state = self.state();
        let Some(entry) = state.entries.get_mut(&id) else { return };
        entry.busy = false;
        if entry.record.intent.patience == Patience::OneSignature {
            entry.landed = Some(slot);
            return self.close(state, id, Ending::Failed, &answer);
        }
        entry.answer(&answer);
        entry.unsigned = true;
        entry.landed = None;
        entry.look_first = true;
        let reason = sentence(&entry.record.intent, error, logs);
        self.review(entry, reason);
        entry.rest(self.clock.now(), self.config.timing.max_backoff);
    }

    /// Ends an intent: on the disk first, then for its callers.
    fn close(&self, mut state: MutexGuard<'_, State>, id: u64, ending: Ending, answer: &Answer) {
        let Some(mut entry) = state.entries.remove(&id) else { return };
        if entry.durable {
            let closed = entry.closed(ending);
            tracing::info!(subject = %closed.subject, kind = closed.kind, ?ending, "over");
            state.unwritten.push((id, closed.clone()));
            state.closed.push((id, closed));
            let surplus = state.closed.len().saturating_sub(REMEMBERED);
            state.closed.drain(..surplus);
            // Told by an alert; tried again in the next round.
            let _ = self.write(&mut state, &[]);
        }
        entry.answer(answer);
        drop(state);
        self.count();
    }

    /// Sends again what is due, to each endpoint at its own pace.
    fn resend(self: &Arc<Self>) {
        let now = self.clock.now();
        let interval = self.config.timing.resend_interval;
        let due: Arc<Vec<Vec<u8>>> = {
            let mut state = self.state();
            let due = state.entries.values_mut().filter(|entry| {
                let rested = entry.sent_at.is_none_or(|time| now.saturating_sub(time) >= interval);
                rested && !entry.unsigned && !entry.busy && entry.landed.is_none()
            });
            let due = due.filter_map(|entry| {
                entry.sent_at = Some(now);
                entry.record.attempt.as_ref().map(|attempt| attempt.bytes.clone())
            });
            Arc::new(due.collect())
        };
        if due.is_empty() {
            return;
        }
        for member in 0..self.cluster.size() {
            let (engine, due) = (self.clone(), due.clone());
            self.spawn(async move { engine.cluster.send_all(member, &due).await });
        }
    }
}

impl State {
    /// After a replay: the next intent gets the number `next_id`.
    pub fn after(next_id: u64, closed: Vec<(u64, ClosedIntent)>) -> Self {
        Self { next_id, closed, ..Self::default() }
    }

    fn is_idle(&self) -> bool {
        self.entries.is_empty() && self.unwritten.is_empty() && self.to_forget.is_empty()
    }
}

fn sentence(intent: &Intent, error: TransactionError, logs: Vec<String>) -> String {
    let programs: Vec<_> = intent.instructions.iter().map(|instruction| instruction.program_id).collect();
    ChainError::from_transaction(error, &programs, logs).to_string()
}
