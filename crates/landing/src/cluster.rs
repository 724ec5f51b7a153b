//! Several endpoints as one: who is asked first, who is not asked, and what they say together.

use crate::{
    clock::{Clock, within},
    endpoint::{Commitment, Endpoint, EndpointError, Lifetime, ReadAt, Status},
    health::{Health, Standing, ranking},
    judge::{Reading, View, is_expired},
};
use futures_util::future::join_all;
use grid_client::{ChainError, Expectation};
use solana_account::Account;
use solana_address::Address;
use solana_hash::Hash;
use solana_signature::Signature;
use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

/// Signatures in one question.
const STATUSES_AT_ONCE: usize = 256;
/// Accounts in one question.
pub(crate) const ACCOUNTS_AT_ONCE: usize = 100;
/// Transactions that are sent to an endpoint at the same time.
const SENDS_AT_ONCE: usize = 16;
/// A slot further ahead of the newest finalized one than this is not believed.
const SLOTS_AHEAD: u64 = 1_000;
/// Endpoints that must agree before a transaction is over, where as many are configured.
const QUORUM: usize = 2;

/// Pauses and limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How long an endpoint may take for an answer.
    pub request_timeout: Duration,
    /// Time between two rounds of questions that nobody answered.
    pub poll_interval: Duration,
    /// How long a question is asked again when nobody answers.
    pub patience: Duration,
}

/// How an endpoint does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointStatus {
    /// How it is called in messages.
    pub name: String,
    /// Whether it is on the right chain.
    pub standing: Standing,
    /// Slots that its newest finalized block is behind that of the best endpoint.
    pub lag_slots: u64,
    /// Questions that failed since the last answer.
    pub failures: u32,
    /// Questions altogether.
    pub asked: u64,
    /// Questions that failed altogether.
    pub failed: u64,
    /// How bad it is, in slots; the smallest is asked first.
    pub score: u64,
}

/// A transaction that is asked about.
pub(crate) struct Question<'a> {
    pub signature: Signature,
    pub last_valid_height: u64,
    pub wanted_while: &'a [Expectation],
}

struct Member {
    endpoint: Arc<dyn Endpoint>,
    health: Mutex<Health>,
    /// Held by who sends again.
    sending: Semaphore,
}

impl Member {
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The configured endpoints.
pub(crate) struct Cluster {
    members: Vec<Member>,
    genesis: Mutex<Option<Hash>>,
    min_slot: AtomicU64,
    pace: Pace,
    clock: Arc<dyn Clock>,
}

impl Cluster {
    /// Nothing older than `min_slot` is read.
    pub fn new(
        endpoints: Vec<Arc<dyn Endpoint>>,
        genesis: Option<Hash>,
        min_slot: u64,
        pace: Pace,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let member = |endpoint| Member { endpoint, health: Mutex::default(), sending: Semaphore::new(1) };
        let members = endpoints.into_iter().map(member).collect();
        Self { members, genesis: Mutex::new(genesis), min_slot: AtomicU64::new(min_slot), pace, clock }
    }

    /// How many endpoints must agree before a transaction is over.
    pub fn quorum(&self) -> usize {
        self.members.len().clamp(1, QUORUM)
    }

    /// The chain that the endpoints must be on, once it is known.
    pub fn genesis(&self) -> Option<Hash> {
        *self.genesis.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The newest slot that mattered: nothing older is read.
    pub fn min_slot(&self) -> u64 {
        self.min_slot.load(Ordering::SeqCst)
    }

    /// Something of ours happened in this slot.
    pub fn raise_min_slot(&self, slot: u64) {
        let newest = self.healths().iter().map(|health| health.slot).max().unwrap_or(0);
        if slot <= newest.saturating_add(SLOTS_AHEAD) {
            self.min_slot.fetch_max(slot, Ordering::SeqCst);
        }
    }

    fn healths(&self) -> Vec<Health> {
        self.members.iter().map(|member| *member.health()).collect()
    }

    pub fn statuses(&self) -> Vec<EndpointStatus> {
        let healths = self.healths();
        let newest = healths.iter().map(|health| health.slot).max().unwrap_or(0);
        let status = |(member, health): (&Member, Health)| EndpointStatus {
            name: member.endpoint.name().to_owned(),
            standing: health.standing,
            lag_slots: newest.saturating_sub(health.slot),
            failures: health.failures,
            asked: health.asked,
            failed: health.failed,
            score: health.score(newest),
        };
        self.members.iter().zip(healths).map(status).collect()
    }

    /// Waits for one answer, and remembers how it went.
    async fn answer<T>(
        &self,
        member: &Member,
        question: impl Future<Output = Result<T, EndpointError>>,
    ) -> Result<T, EndpointError> {
        let limit = self.pace.request_timeout;
        let answer = within(self.clock.as_ref(), limit, question).await;
        let answer = answer.unwrap_or_else(|| Err(EndpointError(format!("no answer within {limit:?}"))));
        match &answer {
            Ok(_) => member.health().answered(),
            Err(error) => {
                tracing::debug!(endpoint = member.endpoint.name(), %error, "no answer");
                member.health().did_not();
            }
        }
        answer
    }

    /// Asks those who have not said yet which chain they are on. Returns who turned out to be on another one.
    pub async fn verify(&self) -> Vec<(String, Hash)> {
        let unknown = self.members.iter().filter(|member| member.health().standing == Standing::Unknown);
        let asked = unknown.map(|member| async move {
            let answer = self.answer(member, member.endpoint.genesis()).await;
            answer.ok().map(|genesis| (member, genesis))
        });
        let mut wrong = Vec::new();
        for (member, genesis) in join_all(asked).await.into_iter().flatten() {
            let mut right = self.genesis.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if *right.get_or_insert(genesis) == genesis {
                member.health().standing = Standing::Right;
            } else {
                member.health().standing = Standing::Wrong(genesis);
                wrong.push((member.endpoint.name().to_owned(), genesis));
            }
        }
        wrong
    }

    /// Asks the best endpoint, then the others, and again until one answers or patience ends.
    pub async fn ask<T, A>(&self, question: impl Fn(Arc<dyn Endpoint>) -> A) -> Result<T, ChainError>
    where
        A: Future<Output = Result<T, EndpointError>>,
    {
        let begun = self.clock.now();
        let mut last = None;
        loop {
            for index in ranking(&self.healths()) {
                let member = &self.members[index];
                match self.answer(member, question(member.endpoint.clone())).await {
                    Ok(answer) => return Ok(answer),
                    Err(EndpointError(reason)) => last = Some((member.endpoint.name().to_owned(), reason)),
                }
            }
            if self.clock.now() >= begun + self.pace.patience {
                let nobody =
                    || ("all".to_owned(), "no endpoint has said yet which chain it is on".to_owned());
                let (endpoint, reason) = last.unwrap_or_else(nobody);
                return Err(ChainError::Rpc { endpoint, reason });
            }
            self.clock.sleep(self.pace.poll_interval).await;
            self.verify().await;
        }
    }

    /// Asks the endpoints one by one, best first, until `enough` answers are there.
    pub async fn ask_several<T, A>(
        &self,
        enough: usize,
        question: impl Fn(Arc<dyn Endpoint>) -> A,
        goes_on: impl Fn(&T) -> bool,
    ) -> Vec<T>
    where
        A: Future<Output = Result<T, EndpointError>>,
    {
        let mut answers = Vec::new();
        for index in ranking(&self.healths()) {
            let member = &self.members[index];
            if let Ok(answer) = self.answer(member, question(member.endpoint.clone())).await {
                let end = !goes_on(&answer);
                answers.push(answer);
                if end || answers.len() == enough {
                    break;
                }
            }
        }
        answers
    }

    /// A blockhash that is not older than what mattered.
    pub async fn lifetime(&self) -> Result<Lifetime, ChainError> {
        let min_slot = self.min_slot();
        let question = |endpoint: Arc<dyn Endpoint>| async move {
            let lifetime = endpoint.blockhash().await?;
            if lifetime.slot < min_slot {
                return Err(EndpointError(format!("it is at slot {}, behind {min_slot}", lifetime.slot)));
            }
            Ok(lifetime)
        };
        self.ask(question).await
    }

    /// Hands the bytes to every endpoint. Whether one took them.
    pub async fn send(&self, bytes: &[u8]) -> bool {
        let trusted = ranking(&self.healths());
        let sent = trusted.into_iter().map(|index| {
            let member = &self.members[index];
            self.answer(member, member.endpoint.send(bytes))
        });
        join_all(sent).await.iter().any(Result::is_ok)
    }

    /// Endpoints that are configured.
    pub fn size(&self) -> usize {
        self.members.len()
    }

    /// Hands all these bytes to one endpoint, unless it is still busy with the last round. One that takes nothing of a part is not
    /// asked to take the rest.
    pub async fn send_all(&self, index: usize, all: &[Vec<u8>]) {
        let member = &self.members[index];
        let Ok(_permit) = member.sending.try_acquire() else { return };
        if member.health().standing != Standing::Right {
            return;
        }
        for part in all.chunks(SENDS_AT_ONCE) {
            let sent =
                join_all(part.iter().map(|bytes| self.answer(member, member.endpoint.send(bytes)))).await;
            if sent.iter().all(Result::is_err) {
                return;
            }
        }
    }

    /// Reads confirmed accounts, not older than what mattered.
    pub async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, ChainError> {
        let mut all = Vec::with_capacity(addresses.len());
        for chunk in addresses.chunks(ACCOUNTS_AT_ONCE) {
            let at = ReadAt { commitment: Commitment::Confirmed, min_slot: self.min_slot() };
            let question = |endpoint: Arc<dyn Endpoint>| async move { endpoint.accounts(chunk, at).await };
            all.extend(self.ask(question).await?.1);
        }
        Ok(all)
    }

    /// Reads a part of a confirmed account, not older than what mattered.
    pub async fn data_slice(
        &self,
        address: &Address,
        offset: usize,
        length: usize,
    ) -> Result<Option<Vec<u8>>, ChainError> {
        let at = ReadAt { commitment: Commitment::Confirmed, min_slot: self.min_slot() };
        let question = |endpoint: Arc<dyn Endpoint>| async move {
            endpoint.data_slice(address, offset, length, at).await
        };
        self.ask(question).await
    }

    /// Whether the finalized accounts, at `since` or later, still ask for something; `None` when too few answer or they
    /// contradict each other.
    pub async fn wanted(&self, expectations: &[Expectation], since: u64) -> Option<bool> {
        let addresses = &addresses_of([expectations]);
        let asked = ranking(&self.healths()).into_iter().map(|index| async move {
            let accounts = self.read(&self.members[index], addresses, since).await?;
            is_wanted(expectations, &accounts).map(|reading| reading.wanted)
        });
        let readings: Vec<bool> = join_all(asked).await.into_iter().flatten().collect();
        let first = *readings.first()?;
        let agree = readings.len() >= self.quorum() && readings.iter().all(|wanted| *wanted == first);
        agree.then_some(first)
    }

    /// Reads finalized accounts from one endpoint; `None` when it does not answer.
    async fn read(&self, member: &Member, addresses: &[Address], min_slot: u64) -> Option<Accounts> {
        let mut all = BTreeMap::new();
        let at = ReadAt { commitment: Commitment::Finalized, min_slot };
        for chunk in addresses.chunks(ACCOUNTS_AT_ONCE) {
            let (slot, accounts) = self.answer(member, member.endpoint.accounts(chunk, at)).await.ok()?;
            all.extend(chunk.iter().zip(accounts).map(|(address, account)| (*address, (slot, account))));
        }
        Some(all)
    }

    /// What each endpoint says of each transaction: for each question a view per endpoint.
    pub async fn survey(&self, questions: &[Question<'_>]) -> Vec<Vec<View>> {
        let looks = join_all(self.members.iter().map(|member| self.look(member, questions))).await;
        (0..questions.len()).map(|index| looks.iter().map(|look| look[index].clone()).collect()).collect()
    }

    /// What one endpoint says. The order matters: the height first, then the statuses, then the accounts.
    async fn look(&self, member: &Member, questions: &[Question<'_>]) -> Vec<View> {
        let mut views = vec![View::default(); questions.len()];
        if member.health().standing != Standing::Right {
            return views;
        }
        let Ok(tip) = self.answer(member, member.endpoint.finalized()).await else { return views };
        member.health().slot = tip.slot;
        for view in &mut views {
            view.finalized = Some(tip);
        }
        let expired = |question: &Question| is_expired(Some(tip), question.last_valid_height);
        for searched in [false, true] {
            let asked: Vec<usize> =
                (0..questions.len()).filter(|index| expired(&questions[*index]) == searched).collect();
            for chunk in asked.chunks(STATUSES_AT_ONCE) {
                let signatures: Vec<Signature> =
                    chunk.iter().map(|index| questions[*index].signature).collect();
                let answer = self.answer(member, member.endpoint.statuses(&signatures, searched)).await;
                let statuses: Vec<Option<Status>> = answer.unwrap_or_default();
                for (index, status) in chunk.iter().zip(statuses) {
                    views[*index].status = Some(status);
                    views[*index].searched = searched;
                }
            }
        }
        let unknown = |index: &usize| expired(&questions[*index]) && views[*index].status == Some(None);
        let unknown: Vec<usize> = (0..questions.len()).filter(unknown).collect();
        let (by_accounts, by_signature): (Vec<usize>, Vec<usize>) =
            unknown.into_iter().partition(|index| !questions[*index].wanted_while.is_empty());
        if !by_signature.is_empty() {
            let first_slot = self.answer(member, member.endpoint.first_slot()).await.ok();
            for index in by_signature {
                views[index].first_slot = first_slot;
            }
        }
        if !by_accounts.is_empty() {
            let addresses = addresses_of(by_accounts.iter().map(|index| questions[*index].wanted_while));
            if let Some(accounts) = self.read(member, &addresses, tip.slot).await {
                for index in by_accounts {
                    views[index].reading = is_wanted(questions[index].wanted_while, &accounts);
                }
            }
        }
        views
    }
}

/// Accounts, each with the slot as of which it was read.
type Accounts = BTreeMap<Address, (u64, Option<Account>)>;

/// The accounts that expectations are about, each once.
fn addresses_of<'a>(expectations: impl IntoIterator<Item = &'a [Expectation]>) -> Vec<Address> {
    let mut addresses: Vec<Address> =
        expectations.into_iter().flatten().map(|expectation| expectation.account).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

/// Whether all expectations are met, as of the oldest of the accounts that were read.
fn is_wanted(expectations: &[Expectation], accounts: &Accounts) -> Option<Reading> {
    let mut reading = Reading { slot: u64::MAX, wanted: true };
    for expectation in expectations {
        let (slot, account) = accounts.get(&expectation.account)?;
        reading.slot = reading.slot.min(*slot);
        reading.wanted &= expectation.is_met(account.as_ref());
    }
    Some(reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_is_wanted_while_all_its_expectations_are_met() {
        let key = |byte| Address::new_from_array([byte; 32]);
        let expect = |byte, value| Expectation { account: key(byte), offset: 0, bytes: vec![value] };
        let account = |value| Some(Account { data: vec![value], ..Account::default() });
        let accounts =
            Accounts::from([(key(1), (10, account(1))), (key(2), (9, account(2))), (key(3), (11, None))]);
        let both = [expect(1, 1), expect(2, 2)];
        assert_eq!(is_wanted(&both, &accounts), Some(Reading { slot: 9, wanted: true }));
        assert_eq!(
            is_wanted(&[expect(1, 1), expect(2, 3)], &accounts).map(|reading| reading.wanted),
            Some(false)
        );
        assert_eq!(is_wanted(&[expect(3, 1)], &accounts), Some(Reading { slot: 11, wanted: false }));
        assert_eq!(is_wanted(&[expect(4, 1)], &accounts), None, "it was not read");
        assert_eq!(addresses_of([&both[..], &both[..]]), [key(1), key(2)]);
    }
}
