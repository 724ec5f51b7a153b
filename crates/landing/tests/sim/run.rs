//! One run: a world, a schedule of faults, one or two workers, and what must hold at the end.

use crate::{
    chain::{Chain, TO_FINALIZED},
    clock::VirtualClock,
    disk::FaultyDisk,
    faults::{Event, Kill, Schedule},
    proxy::{Power, Proxy},
    script::{Actor, amount},
    world::{BALANCE, LAMPORTS, PRICE, World},
};
use grid_client::{
    account::{Job, MarketView, Project, decode},
    address,
    ledger::Ledger,
    token,
};
use grid_jobs::JobState;
use grid_landing::{
    Alert, Landing, LandingConfig, LandingError, Parts, Timing,
    endpoint::Endpoint,
    judge::{Evidence, Judge, Verdict, View, judge},
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_address::Address;
use solana_signer::Signer;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Longest run, by the virtual clock: everything is settled long before.
const PATIENCE: Duration = Duration::from_secs(12 * 3_600);

/// How the machine says so.
const DISK_IS_FULL: &str = "no storage space";

/// A mistake that an engine could make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// Sends before the journal is on the disk.
    SendBeforePersist,
    /// Gives a transaction up when it could not be sent.
    SignAgainOnSendError,
    /// Gives it up after a minute.
    ExpiryByClock,
    /// Gives it up when nobody knows it.
    UnknownIsFailed,
    /// Believes the first endpoint that answers.
    TrustInOne,
}

impl Plant {
    pub const ALL: [Self; 5] = [
        Self::SendBeforePersist,
        Self::SignAgainOnSendError,
        Self::ExpiryByClock,
        Self::UnknownIsFailed,
        Self::TrustInOne,
    ];

    fn judge(self) -> Judge {
        let unseen = |evidence: &Evidence| {
            let unseen = |view: &View| view.status.as_ref().is_none_or(Option::is_none);
            evidence.views.iter().all(unseen)
        };
        let unknown = move |evidence: &Evidence| {
            unseen(evidence) && evidence.views.iter().any(|view| view.status.is_some())
        };
        let wrong = move |evidence: &Evidence| match self {
            Self::SendBeforePersist => false,
            Self::SignAgainOnSendError => evidence.refused && unseen(evidence),
            Self::ExpiryByClock => evidence.age > Duration::from_secs(60) && unknown(evidence),
            Self::UnknownIsFailed => evidence.age > Duration::from_secs(20) && unknown(evidence),
            Self::TrustInOne => false,
        };
        Arc::new(move |evidence| {
            if wrong(evidence) {
                return Verdict::Dead;
            }
            if self != Self::TrustInOne {
                return judge(evidence);
            }
            let first = evidence.views.iter().find(|view| view.status.is_some()).cloned();
            judge(&Evidence { quorum: 1, views: first.into_iter().collect(), ..evidence.clone() })
        })
    }
}

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Kinds of what the engine told a person.
    pub alerts: BTreeSet<&'static str>,
    pub transactions: usize,
    /// What transactions were sent for.
    pub purposes: usize,
    /// Transactions that were signed for that.
    pub signatures: usize,
    pub lives: usize,
    /// The most intents that were open at a time, looked at once a minute.
    pub most_open: usize,
    /// Disk operations of the last life.
    pub disk_operations: u64,
    /// Questions of the last life.
    pub questions: u64,
}

/// What is run.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub seed: u64,
    pub schedule: Schedule,
    pub jobs: u64,
    pub deposits: u64,
    /// Whether all deposits are signed again by the engine.
    pub forever: bool,
    pub plant: Option<Plant>,
}

impl Scenario {
    pub fn draw(seed: u64, plant: Option<Plant>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let schedule = Schedule::draw(&mut rng);
        let (jobs, deposits) = (rng.random_range(1..=2), rng.random_range(1..=3));
        Self { seed, schedule, jobs, deposits, forever: false, plant }
    }

    /// Runs it on a clock of its own.
    pub fn run(&self, world: &World) -> Result<Summary, String> {
        let clock = VirtualClock::default();
        clock.runtime().block_on(async {
            tokio::select! {
                biased;
                ended = Run::new(self, world, clock.clone()).run() => ended,
                () = clock.sleep(PATIENCE) => Err("it does not end".into()),
            }
        })
    }
}

struct Run<'a> {
    scenario: &'a Scenario,
    world: &'a World,
    chain: Arc<Mutex<Chain>>,
    clock: VirtualClock,
    alerts: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl<'a> Run<'a> {
    fn new(scenario: &'a Scenario, world: &'a World, clock: VirtualClock) -> Self {
        let chain = Arc::new(Mutex::new(Chain::new(world, scenario.seed, clock.clone())));
        Self { scenario, world, chain, clock, alerts: Arc::default() }
    }

    fn chain(&self) -> std::sync::MutexGuard<'_, Chain> {
        let mut chain = self.chain.lock().unwrap();
        chain.catch_up();
        chain
    }

    fn actor(&self, name: &'static str, deposits: u64) -> Actor {
        let (jobs, seed) = (self.scenario.jobs, self.scenario.seed);
        let forever = self.scenario.forever;
        Actor { name, jobs, deposits, forever, told: Arc::default(), seed, clock: self.clock.clone() }
    }

    async fn run(self) -> Result<Summary, String> {
        let schedule = &self.scenario.schedule;
        let (disk, other_disk) = (FaultyDisk::default(), FaultyDisk::default());
        if self.scenario.plant == Some(Plant::SendBeforePersist) {
            disk.make_lazy();
        }
        let first = self.actor("A", self.scenario.deposits);
        let second = self.actor("B", 0);
        let events = self.direct(disk.clone());
        let workers = async {
            let one = self.live(&first, &disk, schedule.kills.clone());
            match schedule.second_worker {
                false => one.await,
                true => {
                    let other = self.live(&second, &other_disk, Vec::new());
                    let (one, other) = futures_util::future::join(one, other).await;
                    other.and(one)
                }
            }
        };
        let (summary, ()) = futures_util::future::join(workers, events).await;
        let summary = summary?;
        // Until nothing can be undone any more.
        self.clock.sleep(Duration::from_millis(430) * (TO_FINALIZED as u32 + 160)).await;
        self.check(&[&first, &second])?;
        let alerts = self.alerts.lock().unwrap().clone();
        let (purposes, signatures) = self.chain().purposes_and_signatures();
        let transactions = self.chain().included.len();
        Ok(Summary { transactions, purposes, signatures, alerts, ..summary })
    }

    /// Lets happen what happens to the cluster and the machine.
    async fn direct(&self, disk: FaultyDisk) {
        let payers = [self.world.client.pubkey(), self.world.node.pubkey()];
        for (at, event) in &self.scenario.schedule.events {
            self.clock.sleep_until(*at).await;
            let mut chain = self.chain();
            match event {
                Event::StandStill(time) => chain.stand_still(*time),
                Event::RollBack { slots } => chain.roll_back(*slots),
                Event::Congestion { price } => chain.lowest_price = *price,
                Event::TakeFeeMoney => payers.iter().for_each(|payer| chain.set_lamports(*payer, 0)),
                Event::GiveFeeMoney => payers.iter().for_each(|payer| chain.set_lamports(*payer, LAMPORTS)),
                Event::DiskFull(full) => disk.set_full(*full),
            }
        }
    }

    /// A worker's process, killed and started again, until all is done and settled.
    async fn live(&self, actor: &Actor, disk: &FaultyDisk, kills: Vec<Kill>) -> Result<Summary, String> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.scenario.seed ^ 0xD15C);
        let mut kills = kills.into_iter();
        let mut lives = 0;
        let most_open = AtomicUsize::new(0);
        loop {
            lives += 1;
            let before = disk.operations();
            let kill = kills.next();
            let dies_at = match kill {
                Some(Kill::AtQuestion(number)) => Some(number),
                Some(Kill::AtDiskOperation(number)) => {
                    disk.die_at(number);
                    None
                }
                None => None,
            };
            let power = Power::new(disk.clone(), dies_at);
            let outcome = {
                let life = self.life(actor, disk, &power, &most_open);
                tokio::pin!(life);
                tokio::select! {
                    biased;
                    () = power.died() => None,
                    outcome = &mut life => Some(outcome),
                }
            };
            if let Some(violation) = self.chain().violation.clone() {
                return Err(violation);
            }
            match outcome {
                Some(Ok(())) => {
                    let disk_operations = disk.operations() - before;
                    let questions = power.questions();
                    let most_open = most_open.into_inner();
                    return Ok(Summary {
                        lives,
                        most_open,
                        disk_operations,
                        questions,
                        ..Summary::default()
                    });
                }
                // The machine went off while the journal was opened.
                Some(Err(_)) if disk.is_dead() => {}
                Some(Err(LandingError::Journal(error))) if error.reason.contains(DISK_IS_FULL) => {
                    lives -= 1;
                    self.clock.sleep(Duration::from_secs(10)).await;
                    continue;
                }
                Some(Err(error)) => return Err(error.to_string()),
                None => {}
            }
            disk.revive(&mut rng);
            self.clock.sleep(Duration::from_secs(3)).await;
        }
    }

    /// One life of a process.
    async fn life(
        &self,
        actor: &Actor,
        disk: &FaultyDisk,
        power: &Arc<Power>,
        most_open: &AtomicUsize,
    ) -> Result<(), LandingError> {
        let windows = self.scenario.schedule.endpoints.iter().enumerate();
        let endpoint = |(index, windows): (usize, &Vec<_>)| {
            let (chain, seed) = (self.chain.clone(), self.scenario.seed);
            let proxy = Proxy::new(index, seed, chain, windows.clone(), self.clock.clone(), power.clone());
            Arc::new(proxy) as Arc<dyn Endpoint>
        };
        let parts = Parts {
            endpoints: windows.map(endpoint).collect(),
            disk: Arc::new(disk.clone()),
            judge: self.scenario.plant.map_or_else(|| Arc::new(judge) as Judge, Plant::judge),
            clock: Arc::new(self.clock.clone()),
        };
        let mut config = LandingConfig::new(Vec::new(), "");
        let alerts = self.alerts.clone();
        config.observer = Arc::new(move |alert| {
            alerts.lock().unwrap().insert(match alert {
                Alert::WrongChain { .. } => "wrong chain",
                Alert::Review { .. } => "review",
                Alert::NoFeeMoney { .. } => "no fee money",
                Alert::Journal { reason } if reason.contains(DISK_IS_FULL) => "disk full",
                Alert::Journal { .. } => "disk dead",
            });
        });
        config.timing = Timing { poll_interval: Duration::from_secs(1), ..Timing::default() };
        let keys = vec![self.world.client.clone(), self.world.node.clone()];
        let landing = Landing::assemble(config, parts, keys).await?;
        let watch = async {
            while self.clock.now() < PATIENCE - Duration::from_secs(60) {
                most_open.fetch_max(landing.open_intents().len(), Ordering::SeqCst);
                self.clock.sleep(Duration::from_secs(60)).await;
            }
            println!(
                "{} still has open: {:#?} {:#?}",
                actor.name,
                landing.open_intents(),
                landing.endpoints()
            );
            std::future::pending().await
        };
        let work = async {
            actor.act(&landing, self.world).await;
            landing.settled().await;
        };
        tokio::select! {
            biased;
            () = work => {}
            () = watch => {}
        }
        landing.close().await;
        Ok(())
    }

    /// What must hold when all is over.
    fn check(&self, actors: &[&Actor]) -> Result<(), String> {
        let chain = self.chain();
        if let Some(violation) = &chain.violation {
            return Err(violation.clone());
        }
        let purposes: BTreeSet<&String> = chain.included.values().map(|included| &included.purpose).collect();
        for purpose in purposes {
            let times = chain.successes(purpose);
            if times > 1 {
                return Err(format!("{purpose}: landed {times} times"));
            }
        }
        for actor in actors {
            // What was undone may be unwanted when it could land again; a deposit is wanted for ever.
            let undone = |(_, event): &(Duration, Event)| matches!(event, Event::RollBack { .. });
            let undone = self.scenario.schedule.events.iter().any(undone);
            for purpose in actor.told.lock().unwrap().iter().filter(|_| !undone) {
                if chain.successes(purpose) != 1 {
                    return Err(format!("{purpose}: told to have landed, and has not"));
                }
            }
            for number in 0..actor.deposits {
                let purpose = actor.purpose_of_deposit(number);
                if chain.successes(&purpose) != 1 {
                    return Err(format!("{purpose}: landed {} times", chain.successes(&purpose)));
                }
            }
        }
        let account = |address: &Address| chain.account(address).ok_or_else(|| format!("{address} is gone"));
        let mut worked = 0;
        for id in 0..self.scenario.jobs {
            let address = address::job(&self.world.project, id).0;
            let job: Job = decode(&address, &account(&address)?).map_err(|error| error.to_string())?;
            if !job.is(JobState::Done) || job.result == [0; 32] {
                return Err(format!("job {id} has no result"));
            }
            let seconds = job.ended_at.get() - job.started_at.get();
            worked += (seconds as u64).min(job.timeout_seconds.get().into()) * PRICE;
        }
        let paid = token::amount(&account(&self.world.node_tokens())?.data).ok_or("no token account")?;
        if paid != worked {
            return Err(format!("the node worked for {worked} atoms and was paid {paid}"));
        }
        let deposited: u64 = (0..self.scenario.deposits).map(amount).sum();
        let project: Project =
            decode(&self.world.project, &account(&self.world.project)?).map_err(|error| error.to_string())?;
        let market = MarketView::decode(&self.world.market, &account(&self.world.market)?);
        let market = market.map_err(|error| error.to_string())?.header;
        let fees = market.fees_owed_atoms.get() + market.treasury_owed_atoms.get();
        if BALANCE + deposited != project.balance.get() + paid + fees {
            return Err(format!(
                "{deposited} atoms deposited, {paid} paid, {fees} fees: the project has {}",
                project.balance.get()
            ));
        }
        let vault = address::vault(&self.world.mint).0;
        let held = token::amount(&account(&vault)?.data).map(u128::from);
        let owed = Ledger::of(&chain.program_accounts(&grid_jobs::ID), &self.world.mint).total();
        if held != Some(owed) {
            return Err(format!("the vault holds {held:?} atoms and owes {owed}"));
        }
        Ok(())
    }
}
