//! What the actors do: the client deposits and lists, the node works. Each step looks at the chain first, as the worker does,
//! so a step that was interrupted anywhere is taken up again.

use crate::{
    clock::VirtualClock,
    world::{TIMEOUT, World},
};
use grid_client::{
    Chain, ChainError, Expectation, Intent, Patience,
    account::{Device, Job},
    address,
    chain::{fetch, find},
    instruction::{self, Listing, Run},
};
use grid_jobs::{DeviceState, JobKind, JobState};
use grid_landing::{Landing, record::Ending};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use solana_address::Address;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The memo program: each transaction says what it is for.
pub const MEMO: Address = Address::from_str_const("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// Who acts, and what he remembers whatever happens to the process.
#[derive(Clone)]
pub struct Actor {
    /// Tells two workers with one key apart.
    pub name: &'static str,
    pub jobs: u64,
    pub deposits: u64,
    /// Whether all deposits are signed again by the engine; else every other one by the client.
    pub forever: bool,
    /// What he was told to have landed, by purpose.
    pub told: Arc<Mutex<BTreeSet<String>>>,
    pub seed: u64,
    pub clock: VirtualClock,
}

/// Amount of a deposit, atoms.
pub fn amount(number: u64) -> u64 {
    1_000 + number
}

impl Actor {
    pub fn purpose_of_deposit(&self, number: u64) -> String {
        format!("{} deposit-{number}", self.name)
    }

    /// Everything until all jobs are paid and all deposits made.
    pub async fn act(&self, landing: &Landing, world: &World) {
        let deposits = (0..self.deposits).map(|number| self.deposit(landing, world, number));
        let lists = (0..self.jobs).map(|id| self.list(landing, world, id));
        let devices = (0..world.devices.len()).map(|index| self.work(landing, world, index));
        futures_util::future::join3(
            futures_util::future::join_all(deposits),
            futures_util::future::join_all(lists),
            futures_util::future::join_all(devices),
        )
        .await;
    }

    async fn land(
        &self,
        landing: &Landing,
        mut intent: Intent,
        key: &Arc<Keypair>,
    ) -> Result<(), ChainError> {
        let purpose = format!("{} {}", self.name, intent.kind);
        let memo = Instruction::new_with_bytes(MEMO, purpose.as_bytes(), Vec::new());
        intent.instructions.push(memo);
        landing.land(&intent, &[key]).await?;
        self.told.lock().unwrap().insert(purpose);
        Ok(())
    }

    /// Lands what only its signature tells of, or the account that it `opens`: asks the journal first, which knows what a former
    /// process has landed.
    async fn once(&self, landing: &Landing, intent: &Intent, opens: Option<Address>, key: &Arc<Keypair>) {
        let purpose = format!("{} {}", self.name, intent.kind);
        loop {
            if self.told.lock().unwrap().contains(&purpose) {
                return;
            }
            if let Some(opened) = opens
                && let Ok(Some(_)) = grid_client::chain::account(landing, &opened).await
            {
                return; // perhaps by the other worker
            }
            let of_it = |subject, kind: &str| subject == intent.subject && kind == intent.kind;
            let closed = landing.closed_intents();
            let landed = |ending| ending == Ending::Landed;
            if closed.iter().any(|closed| of_it(closed.subject, &closed.kind) && landed(closed.ending)) {
                self.told.lock().unwrap().insert(purpose);
                return;
            }
            if self.land(landing, intent.clone(), key).await.is_err() {
                self.clock.sleep(PAUSE).await;
            }
        }
    }

    async fn deposit(&self, landing: &Landing, world: &World, number: u64) {
        let client = world.client.pubkey();
        let deposit =
            instruction::deposit(client, world.client_tokens(), world.project, world.mint, amount(number));
        let forever = self.forever || number % 2 == 1;
        let patience = if forever { Patience::Forever } else { Patience::OneSignature };
        let intent = Intent {
            subject: world.project,
            kind: format!("deposit-{number}"),
            instructions: vec![deposit],
            wanted_while: Vec::new(),
            patience,
        };
        self.once(landing, &intent, None, &world.client).await;
    }

    async fn list(&self, landing: &Landing, world: &World, id: u64) {
        let listing = Listing {
            id,
            kind: JobKind::Batch,
            definition: [9; 32],
            timeout_seconds: TIMEOUT,
            max_price_per_second_atoms: 100,
        };
        let subject = address::job(&world.project, id).0;
        let intent = Intent {
            subject,
            kind: format!("list-{id}"),
            instructions: vec![instruction::list(
                world.client.pubkey(),
                world.project,
                world.market,
                &listing,
            )],
            wanted_while: Vec::new(),
            patience: Patience::OneSignature,
        };
        self.once(landing, &intent, Some(subject), &world.client).await;
    }

    /// One device's life until every job is over.
    async fn work(&self, landing: &Landing, world: &World, index: usize) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed + index as u64);
        while let Ok(false) | Err(_) = self.round(landing, world, index, &mut rng).await {
            self.clock.sleep(PAUSE).await;
        }
    }

    /// Does the one thing that the accounts ask for; whether nothing is left.
    async fn round(
        &self,
        landing: &Landing,
        world: &World,
        index: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<bool, ChainError> {
        let address = world.devices[index];
        let node = world.node.pubkey();
        let device: Device = fetch(landing, "device", &address).await?;
        let mut jobs = Vec::new();
        for id in 0..self.jobs {
            let address = address::job(&world.project, id).0;
            jobs.push((address, find::<Job>(landing, &address).await?));
        }
        let over = jobs.iter().all(|(_, job)| job.as_ref().is_some_and(|job| job.is(JobState::Done)));
        let state = |state: DeviceState| {
            let offset = 8 + std::mem::offset_of!(Device, state);
            Expectation { account: address, offset, bytes: vec![state as u8] }
        };
        let finished = device.jobs_finished.get();
        let intent = |kind: String, instruction, wanted_while, patience| Intent {
            subject: address,
            kind,
            instructions: vec![instruction],
            wanted_while,
            patience,
        };
        let one = Patience::OneSignature;
        let intent = if device.is(DeviceState::Idle) && over {
            let earnings = device.earnings_atoms.get();
            if earnings == 0 {
                return Ok(true);
            }
            let offset = 8 + std::mem::offset_of!(Device, earnings_atoms);
            let bytes = earnings.to_le_bytes().to_vec();
            let wanted = vec![Expectation { account: address, offset, bytes }];
            let withdraw = instruction::withdraw_earnings(address, world.mint, node);
            intent(format!("withdraw-{index}"), withdraw, wanted, Patience::Forever)
        } else if device.is(DeviceState::Idle) {
            let work = instruction::work(node, address, world.market, 0);
            intent(format!("work-{index}-{finished}"), work, vec![state(DeviceState::Idle)], one)
        } else if device.is(DeviceState::Queued) && over {
            let leave = instruction::leave(node, address, world.market);
            intent(format!("leave-{index}"), leave, vec![state(DeviceState::Queued)], one)
        } else if device.is(DeviceState::Queued) || device.is(DeviceState::Assigned) {
            let taken = |(of, job): &&(Address, Option<Job>)| match job {
                Some(job) => (job.is(JobState::Assigned) && job.device == address) || *of == device.job,
                None => false,
            };
            let Some((job, _)) = jobs.iter().find(taken) else { return Ok(false) };
            let start = instruction::start(node, address, *job);
            let wanted = vec![state(if device.is(DeviceState::Queued) {
                DeviceState::Queued
            } else {
                DeviceState::Assigned
            })];
            intent(format!("start-{index}-{finished}"), start, wanted, one)
        } else {
            self.clock.sleep(Duration::from_secs(rng.random_range(1..30))).await;
            let run = Run { device: address, job: device.job, market: world.market, project: world.project };
            let offset = 8 + std::mem::offset_of!(Job, state);
            let wanted =
                vec![Expectation { account: device.job, offset, bytes: vec![JobState::Running as u8] }];
            let finish = instruction::finish(node, run, [finished as u8 + 1; 32]);
            intent(format!("finish-{index}-{finished}"), finish, wanted, Patience::Forever)
        };
        self.land(landing, intent, &world.node).await?;
        Ok(false)
    }
}
