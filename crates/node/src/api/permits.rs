//! [`Permits`]: who may push for a job and read its log, by what the chain says.

use grid_client::{
    Chain, ChainError,
    account::{self, Job, Member, Project},
    address, chain,
};
use grid_jobs::JobState;
use grid_node_api::report::NodeReport;
use solana_address::Address;
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a yes of the chain is remembered: so late can a dismissed member lose access.
const YES_LASTS: Duration = Duration::from_secs(30);
/// How long a no is remembered: so late is a new member or job noticed.
const NO_LASTS: Duration = Duration::from_secs(3);
/// Answers that are remembered, of each kind.
const MAX_REMEMBERED: usize = 4_096;
/// Questions to the chain within a minute: whoever has a key can ask, and endpoints count requests.
const QUESTIONS_PER_MINUTE: u32 = 300;

/// Why a key may not do what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Denied {
    #[error("job {0} does not exist: list it first, and wait until the transaction is confirmed")]
    NoJob(Address),
    #[error("job {0} is over: content is taken for jobs that wait or run")]
    Over(Address),
    #[error("job {job} is listed in market {market}, where this node has no device")]
    OtherMarket { job: Address, market: Address },
    #[error("job {job} is with device {device} of another node: push to that one")]
    OtherNode { job: Address, device: Address },
    #[error("key {key} is neither the owner nor a member of project {project}")]
    NotClient { key: Address, project: Address },
    #[error("too many questions to the chain: try again in a minute")]
    Busy,
    #[error("the chain can't be asked now: try again soon")]
    NoAnswer,
}

/// What is known of a job that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct JobFacts {
    project: Address,
    market: Address,
    /// The device that its account names; zero for none.
    device: Address,
    is_over: bool,
}

/// Asks the chain, and remembers for a while.
pub(super) struct Permits {
    chain: Arc<dyn Chain>,
    jobs: Mutex<Memory<Address, Option<JobFacts>>>,
    clients: Mutex<Memory<(Address, Address), bool>>,
    budget: Mutex<Budget>,
}

impl Permits {
    pub(super) fn new(chain: Arc<dyn Chain>) -> Self {
        let budget = Mutex::new(Budget { since: Instant::now(), asked: 0 });
        Self { chain, jobs: Mutex::default(), clients: Mutex::default(), budget }
    }

    /// Whether `key` may push content for `job` to the node that reports: the job waits or runs here, or waits in a market
    /// where the node has a device, and the key is its client's.
    pub(super) async fn may_push(
        &self,
        key: Address,
        job: Address,
        report: &NodeReport,
    ) -> Result<(), Denied> {
        let facts = self.job(job).await?.ok_or(Denied::NoJob(job))?;
        concerns(job, &facts, report)?;
        self.may_read(key, facts.project).await
    }

    /// Whether `key` speaks for `project`: it owns it or is a member.
    pub(super) async fn may_read(&self, key: Address, project: Address) -> Result<(), Denied> {
        let name = (key, project);
        let known = lock(&self.clients).get(&name, Instant::now());
        let is_client = match known {
            Some(known) => known,
            None => {
                let is_client = self.ask_client(key, project).await?;
                let lasts = if is_client { YES_LASTS } else { NO_LASTS };
                lock(&self.clients).keep(name, is_client, Instant::now(), lasts);
                is_client
            }
        };
        is_client.then_some(()).ok_or(Denied::NotClient { key, project })
    }

    async fn job(&self, job: Address) -> Result<Option<JobFacts>, Denied> {
        if let Some(known) = lock(&self.jobs).get(&job, Instant::now()) {
            return Ok(known);
        }
        self.spend()?;
        let found = chain::account(self.chain.as_ref(), &job).await.map_err(no_answer)?;
        // An account that is something else is no job.
        let found = found.and_then(|found| account::decode::<Job>(&job, &found).ok());
        let facts = found.map(|found| JobFacts {
            project: found.project,
            market: found.market,
            device: match found.is(JobState::Queued) {
                true => Address::default(),
                false => found.device,
            },
            is_over: found.is_over(),
        });
        let lasts = if facts.is_some_and(|facts| !facts.is_over) { YES_LASTS } else { NO_LASTS };
        lock(&self.jobs).keep(job, facts, Instant::now(), lasts);
        Ok(facts)
    }

    async fn ask_client(&self, key: Address, project: Address) -> Result<bool, Denied> {
        self.spend()?;
        let member = address::member(&project, &key).0;
        let found = self.chain.accounts(&[project, member]).await.map_err(no_answer)?;
        let [project_account, member_account] = found.as_slice() else { return Err(Denied::NoAnswer) };
        let owner = project_account.as_ref().and_then(|it| account::decode::<Project>(&project, it).ok());
        let member = member_account.as_ref().and_then(|it| account::decode::<Member>(&member, it).ok());
        // Without its project a membership means nothing.
        Ok(owner.is_some_and(|owner| {
            owner.owner == key || member.is_some_and(|member| member.is_open() && member.key == key)
        }))
    }

    fn spend(&self) -> Result<(), Denied> {
        lock(&self.budget).spend(Instant::now()).then_some(()).ok_or(Denied::Busy)
    }
}

/// Whether a job can need something from the node that reports.
fn concerns(job: Address, facts: &JobFacts, report: &NodeReport) -> Result<(), Denied> {
    let JobFacts { market, device, .. } = *facts;
    if facts.is_over {
        return Err(Denied::Over(job));
    }
    if device != Address::default() && !report.devices.iter().any(|own| own.device == device) {
        return Err(Denied::OtherNode { job, device });
    }
    if !report.devices.iter().any(|own| own.market == market) {
        return Err(Denied::OtherMarket { job, market });
    }
    Ok(())
}

fn no_answer(error: ChainError) -> Denied {
    tracing::warn!(%error, "the chain could not say what a client may do");
    Denied::NoAnswer
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers, each until its time is over.
#[derive(Debug)]
struct Memory<K, V>(HashMap<K, (Instant, V)>);

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash, V: Copy> Memory<K, V> {
    fn get(&self, key: &K, now: Instant) -> Option<V> {
        self.0.get(key).filter(|(until, _)| *until > now).map(|(_, value)| *value)
    }

    fn keep(&mut self, key: K, value: V, now: Instant, lasts: Duration) {
        if self.0.len() >= MAX_REMEMBERED {
            self.0.retain(|_, (until, _)| *until > now);
        }
        // Still full: to ask again costs less than to remember without end.
        if self.0.len() < MAX_REMEMBERED {
            self.0.insert(key, (now + lasts, value));
        }
    }
}

/// Questions within the running minute.
#[derive(Debug)]
struct Budget {
    since: Instant,
    asked: u32,
}

impl Budget {
    fn spend(&mut self, now: Instant) -> bool {
        if now - self.since >= Duration::from_secs(60) {
            *self = Self { since: now, asked: 0 };
        }
        self.asked += 1;
        self.asked <= QUESTIONS_PER_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_job_concerns_the_node_that_has_it_or_may_get_it() {
        let report = sample::report();
        let (job, own) = (Address::new_unique(), &report.devices[0]);
        let waits = JobFacts {
            project: Address::new_unique(),
            market: own.market,
            device: Address::default(),
            is_over: false,
        };
        let of = |facts: JobFacts| concerns(job, &facts, &report);
        assert_eq!(of(waits), Ok(()));
        assert_eq!(of(JobFacts { device: own.device, ..waits }), Ok(()));
        let (device, market) = (Address::new_unique(), Address::new_unique());
        assert_eq!(of(JobFacts { device, ..waits }), Err(Denied::OtherNode { job, device }));
        assert_eq!(of(JobFacts { market, ..waits }), Err(Denied::OtherMarket { job, market }));
        assert_eq!(of(JobFacts { is_over: true, ..waits }), Err(Denied::Over(job)));
    }

    #[test]
    fn an_answer_lasts_its_time_and_memory_is_bounded() {
        let (mut memory, begun, lasts) = (Memory::default(), Instant::now(), Duration::from_secs(30));
        let at = |seconds| begun + Duration::from_secs(seconds);
        memory.keep(0, 'a', begun, lasts);
        assert_eq!((memory.get(&0, at(29)), memory.get(&0, at(30))), (Some('a'), None));
        for key in 0..2 * MAX_REMEMBERED {
            memory.keep(key, 'b', at(31), lasts);
        }
        assert_eq!(memory.0.len(), MAX_REMEMBERED);
        memory.keep(usize::MAX, 'c', at(61), lasts);
        assert_eq!(memory.0.len(), 1, "what is over makes room");
    }

    #[test]
    fn questions_are_counted_per_minute() {
        let begun = Instant::now();
        let mut budget = Budget { since: begun, asked: 0 };
        let granted = (0..1_000).filter(|_| budget.spend(begun + Duration::from_secs(59))).count();
        assert_eq!(granted, QUESTIONS_PER_MINUTE as usize);
        assert!(budget.spend(begun + Duration::from_secs(60)));
    }
}
