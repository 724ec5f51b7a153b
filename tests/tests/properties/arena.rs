//! The machine and the model side by side, compared after every step.

use crate::{
    model::{
        DEVICES, Device, DevicePhase, JobKey, JobPhase, MARKETS, Market, Model, NODES, PROJECTS, Record,
        Refusal, market_of, node_of,
    },
    op::{self, Op},
    tally::Tally,
};
use grid_client::{address, token};
use grid_jobs::{DeviceState, JobState, MarketTerms};
use grid_tests::{
    TERMS, World, keypair_for,
    matrix::{Stage, chain},
    network::Failure,
};
use litesvm::LiteSVM;
use rand::Rng;
use solana_account::ReadableAccount;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer;
use solana_transaction_error::TransactionError;
use std::collections::VecDeque;

/// A market whose jobs cost atoms.
const CHEAP: MarketTerms = MarketTerms {
    price_per_second_atoms: 3,
    bond_atoms: 10,
    fee_bps: 333,
    min_timeout_seconds: 2,
    max_timeout_seconds: 10_000,
    ..TERMS
};
/// A market at the upper bounds.
const DEAR: MarketTerms = MarketTerms {
    price_per_second_atoms: 1_000_000_000_000,
    bond_atoms: 1_000_000_000_000_000,
    fee_bps: 3_000,
    min_timeout_seconds: 60,
    max_timeout_seconds: 2_592_000,
    retention_seconds: 0,
    ..TERMS
};
/// Tokens that each client begins with: together with the nodes' they fit a mint's supply.
const CLIENT_TOKENS: u64 = 5_000_000_000_000_000_000;
/// Tokens that each node begins with.
const NODE_TOKENS: u64 = 10_000_000_000_000_000;

/// Everybody's addresses.
pub struct Addresses {
    /// The mint.
    pub mint: Address,
    /// Its vault.
    pub vault: Address,
    /// The clients.
    pub clients: [Address; PROJECTS],
    /// Their projects.
    pub projects: [Address; PROJECTS],
    /// The nodes.
    pub nodes: [Address; NODES],
    /// Their devices.
    pub devices: [Address; DEVICES],
    /// The markets.
    pub markets: [Address; MARKETS],
    /// Somebody else.
    pub stranger: Address,
    /// Somebody else's token account.
    pub strangers_accounts: [Address; 1],
}

impl Addresses {
    /// The address of a job.
    pub fn job(&self, (project, id): JobKey) -> Address {
        address::job(&self.projects[project], id).0
    }

    /// The associated token account of a wallet.
    pub fn tokens(&self, wallet: &Address) -> Address {
        address::token_account(wallet, &self.mint)
    }
}

/// The machine, the model, and what happened.
pub struct Arena {
    /// The machine.
    pub world: World,
    /// The model.
    pub model: Model,
    /// Who is where.
    pub addresses: Addresses,
    /// The steps so far.
    pub trace: Vec<String>,
    /// How often each operation came out how.
    pub tally: Tally,
    supply: u128,
}

impl Arena {
    /// Vault, markets and actors with tokens; projects and devices are still to be opened.
    pub fn new(random: &mut impl Rng) -> Self {
        let mut world = World::bare();
        world.initialize_config();
        world.open_vault();
        let (mint, authority) = (world.mint, world.authority.pubkey());
        let markets: [Address; MARKETS] = [world.open_market(0, CHEAP), world.open_market(1, DEAR)];
        let clients: [Address; PROJECTS] =
            std::array::from_fn(|n| keypair_for(&format!("client {n}")).pubkey());
        let nodes: [Address; NODES] = std::array::from_fn(|n| keypair_for(&format!("node {n}")).pubkey());
        for (wallets, tokens) in [(&clients[..], CLIENT_TOKENS), (&nodes[..], NODE_TOKENS)] {
            for wallet in wallets {
                world.network.fund(wallet);
                world.give_tokens(&mint, wallet, tokens);
            }
        }
        chain::trust_signatures(&mut world.network.svm);
        assert_eq!(authority, world.market_at(&markets[0]).header.authority);
        let capacities: [usize; MARKETS] = std::array::from_fn(|_| random.random_range(2..6));
        for (market, capacity) in markets.iter().zip(capacities) {
            shorten_queue(&mut world, market, capacity);
        }
        let model = Model {
            now: world.network.time(),
            projects: [None; PROJECTS],
            devices: [None; DEVICES],
            markets: std::array::from_fn(|n| Market {
                terms: [CHEAP, DEAR][n],
                fees: 0,
                capacity: capacities[n],
                jobs: VecDeque::new(),
                devices: VecDeque::new(),
            }),
            jobs: Default::default(),
            client_tokens: [CLIENT_TOKENS; PROJECTS],
            node_tokens: [NODE_TOKENS; NODES],
            donated: 0,
        };
        let stranger = world.stranger.pubkey();
        let addresses = Addresses {
            mint,
            vault: address::vault(&mint).0,
            clients,
            projects: clients.map(|client| address::project(&mint, &client).0),
            nodes,
            devices: std::array::from_fn(|d| {
                address::device(&markets[market_of(d)], &nodes[node_of(d)], d as u32).0
            }),
            markets,
            stranger,
            strangers_accounts: [address::token_account(&stranger, &mint)],
        };
        let mut arena = Self {
            supply: supply(&world.network.svm),
            world,
            model,
            addresses,
            trace: Vec::new(),
            tally: Tally::default(),
        };
        for op in (0..PROJECTS).map(Op::OpenProject).chain((0..DEVICES).map(Op::OpenDevice)) {
            arena.step(op);
        }
        arena
    }

    /// Does an operation, in the machine and in the model, and compares.
    pub fn step(&mut self, op: Op) {
        self.trace.push(format!("{op:?}"));
        let Some(instruction) = op.instruction(&self.model, &self.addresses) else {
            op.apply(&mut self.model).expect("the clock can be set");
            self.world.network.set_time(self.model.now);
            return;
        };
        let mut after = self.model.clone();
        let expected = op.apply(&mut after);
        let result = self.send(instruction);
        self.tally.count(op, &expected);
        match (&expected, &result) {
            (Ok(()), Ok(())) => {
                self.tally.note_ways(op, &self.model, &after);
                self.model = after;
            }
            (Err(Refusal::Grid(error)), Err(failure)) => {
                let code = *error as u32 + 6_000;
                assert_eq!(failure.code(), Some(code), "{error:?} was expected: {failure:?}");
            }
            (Err(Refusal::Other), Err(failure)) => {
                assert_refused(failure);
                assert!(failure.code() < Some(6_000), "no error of the program's own: {failure:?}");
            }
            _ => panic!("the model says {expected:?}, the program {result:?}"),
        }
        if let Op::Grow(market) = op {
            let address = self.addresses.markets[market];
            let capacity = self.world.market_at(&address).slots.len();
            assert!(capacity > self.model.markets[market].capacity);
            self.model.markets[market].capacity = capacity;
        }
        self.compare();
    }

    /// Sends what must fail.
    pub fn must_fail(&mut self, what: &str, instruction: Instruction) {
        self.trace.push(format!("hostile: {what}"));
        *self.tally.0.entry("hostile".into()).or_default() += 1;
        match self.send(instruction) {
            Ok(()) => panic!("was accepted"),
            Err(failure) => assert_refused(&failure),
        }
    }

    /// Sends, and checks what holds of every transaction: a failing one changes nothing, none makes or loses lamports
    /// or tokens.
    fn send(&mut self, instruction: Instruction) -> Result<(), Failure> {
        let payer = Stage::fee_payer();
        let before = self.world.network.svm.clone();
        let result = chain::send(&mut self.world.network.svm, &payer, &[instruction]).map(drop);
        let after = &self.world.network.svm;
        if result.is_err() {
            assert_eq!(chain::differences(&before, after, &payer), [], "a failure changes nothing");
        }
        assert_eq!(lamports(&before), lamports(after), "lamports but for the fee");
        assert_eq!(supply(after), self.supply, "tokens");
        result
    }

    /// Brings everything home, and looks at what is left.
    pub fn wind_down(&mut self) {
        while let Some(op) = op::homeward(&self.model) {
            let before = self.model.clone();
            self.step(op);
            let is_progress = format!("{before:?}") != format!("{:?}", self.model);
            assert!(is_progress, "{op:?} leads home");
        }
        let fees: u64 = self.model.markets.iter().map(|market| market.fees).sum();
        let vault = self.world.vault_tokens();
        assert_eq!(vault, fees + self.model.donated, "fees and donations are left");
        let program_accounts = self.world.network.svm.get_program_accounts(&grid_jobs::ID);
        assert_eq!(program_accounts.len(), 1 + MARKETS, "config and markets are left");
        for market in self.addresses.markets {
            let header = self.world.market_at(&market).header;
            assert_eq!((header.active_jobs.get(), header.open_devices.get()), (0, 0));
        }
    }

    /// Compares every account with the model.
    fn compare(&self) {
        let (world, model, at) = (&self.world, &self.model, &self.addresses);
        assert_eq!(world.vault_tokens(), model.vault(), "the ledger against the vault");
        for (wallet, tokens) in at.clients.iter().zip(model.client_tokens) {
            assert_eq!(world.tokens(wallet), tokens, "tokens of client {wallet}");
        }
        for (wallet, tokens) in at.nodes.iter().zip(model.node_tokens) {
            assert_eq!(world.tokens(wallet), tokens, "tokens of node {wallet}");
        }
        for (number, balance) in model.projects.iter().enumerate() {
            let address = at.projects[number];
            assert_eq!(world.exists(&address), balance.is_some(), "project {number}");
            if let Some(balance) = balance {
                let found: grid_jobs::Project = world.project_at(&address);
                let open = model.jobs.keys().filter(|job| job.0 == number).count();
                assert_eq!(found.balance, *balance, "balance of project {number}");
                assert_eq!(found.open_jobs, open as u32, "open jobs of project {number}");
            }
        }
        for (number, market) in model.markets.iter().enumerate() {
            self.compare_market(number, market);
        }
        for (number, device) in model.devices.iter().enumerate() {
            assert_eq!(world.exists(&at.devices[number]), device.is_some(), "device {number}");
            if let Some(device) = device {
                self.compare_device(number, device);
            }
        }
        for project in 0..PROJECTS {
            for id in 0..crate::model::IDS {
                self.compare_job((project, id));
            }
        }
    }

    fn compare_market(&self, number: usize, market: &Market) {
        let found = self.world.market_at(&self.addresses.markets[number]);
        let jobs = market.jobs.iter().map(|job| self.addresses.job(*job));
        let devices = market.devices.iter().map(|device| self.addresses.devices[*device]);
        let expected: Vec<Address> = jobs.chain(devices).collect();
        assert_eq!(found.waiting(), Some(expected), "queue of market {number}");
        assert_eq!(found.slots.len(), market.capacity, "room of market {number}");
        let free = market.capacity - market.jobs.len() - market.devices.len();
        assert_eq!(free_slots(&found), free, "free slots of market {number}");
        assert_eq!(found.header.fees_owed_atoms, market.fees, "fees of market {number}");
        let is_active =
            |job: &&crate::model::Job| job.market == number && !matches!(job.phase, JobPhase::Over(..));
        let active = self.model.jobs.values().filter(is_active).count();
        assert_eq!(found.header.active_jobs, active as u32, "active jobs of market {number}");
        let devices = self.model.devices.iter().enumerate();
        let open = devices.filter(|(device, open)| market_of(*device) == number && open.is_some()).count();
        assert_eq!(found.header.open_devices, open as u32, "devices of market {number}");
    }

    fn compare_device(&self, number: usize, device: &Device) {
        let found = self.world.device(&self.addresses.devices[number]);
        let (state, job) = match device.phase {
            DevicePhase::Idle => (DeviceState::Idle, None),
            DevicePhase::Queued | DevicePhase::Matched(_, Record::InJob) => (DeviceState::Queued, None),
            DevicePhase::Matched(job, Record::InDevice) => (DeviceState::Assigned, Some(job)),
            DevicePhase::Running(job) => (DeviceState::Running, Some(job)),
        };
        let job = job.map_or(Address::default(), |job| self.addresses.job(job));
        assert!(found.is(state), "device {number} is in state {}", found.state);
        assert_eq!(found.job, job, "job of device {number}");
        assert_eq!(found.bond_atoms, device.bond, "bond of device {number}");
        assert_eq!(found.earnings_atoms, device.earnings, "earnings of device {number}");
        assert_eq!(found.strikes, device.strikes, "strikes of device {number}");
        assert_eq!(found.jobs_finished, device.finished, "jobs of device {number}");
        assert_eq!(found.min_price_per_second_atoms, device.min_price, "price of device {number}");
    }

    fn compare_job(&self, key: JobKey) {
        let (address, job) = (self.addresses.job(key), self.model.jobs.get(&key));
        assert_eq!(self.world.exists(&address), job.is_some(), "job {key:?}");
        let Some(job) = job else { return };
        let found = self.world.job(&address);
        let (state, device) = match job.phase {
            JobPhase::Queued | JobPhase::Matched(_, Record::InDevice) => (JobState::Queued, None),
            JobPhase::Matched(device, Record::InJob) => (JobState::Assigned, Some(device)),
            JobPhase::Running(device, since) => {
                assert_eq!(found.started_at, since, "start of job {key:?}");
                (JobState::Running, Some(device))
            }
            JobPhase::Over(true, _) => (JobState::Done, None),
            JobPhase::Over(false, _) => (JobState::Stopped, None),
        };
        assert!(found.is(state), "job {key:?} is in state {}", found.state);
        if !found.is(JobState::Done) {
            let device = device.map_or(Address::default(), |device| self.addresses.devices[device]);
            assert_eq!(found.device, device, "device of job {key:?}");
        }
        if let JobPhase::Over(_, since) = job.phase {
            assert_eq!(found.ended_at, since, "end of job {key:?}");
        }
        assert_eq!(found.escrow_atoms, job.escrow, "escrow of job {key:?}");
        assert_eq!(found.timeout_seconds, job.timeout, "timeout of job {key:?}");
    }
}

/// A refusal by the instruction itself, and no abort.
fn assert_refused(failure: &Failure) {
    let is_refusal = matches!(
        &failure.error,
        TransactionError::InstructionError(0, error)
            if *error != InstructionError::ProgramFailedToComplete
    );
    assert!(is_refusal, "{failure:?}");
}

/// Lamports of all but the fee payer.
fn lamports(svm: &LiteSVM) -> u128 {
    let payer = Stage::fee_payer();
    let accounts = svm.accounts_db().inner.iter();
    accounts
        .filter(|(address, _)| **address != payer)
        .map(|(_, account)| u128::from(account.lamports()))
        .sum()
}

/// Tokens in all token accounts.
fn supply(svm: &LiteSVM) -> u128 {
    let accounts = svm.accounts_db().inner.values();
    accounts
        .filter(|account| *account.owner() == token::PROGRAM_ID)
        .filter_map(|account| token::amount(account.data()))
        .map(u128::from)
        .sum()
}

/// Length of the list of free slots.
fn free_slots(market: &grid_client::account::MarketView) -> usize {
    let (mut count, mut index) = (0, market.header.queue.free.get());
    while index != grid_jobs::NO_SLOT {
        let slot = &market.slots[usize::from(index)];
        assert_eq!(slot.address, Address::default(), "a free slot is empty");
        (count, index) = (count + 1, slot.next.get());
        assert!(count <= market.slots.len(), "the free slots run in a circle");
    }
    count
}

/// Rewrites a new market's account as if it had been created with this few slots, so that its queue is full now and
/// then. The program makes no market smaller than 273 slots.
fn shorten_queue(world: &mut World, market: &Address, capacity: usize) {
    use grid_jobs::{Market, NO_SLOT, QueueSlot};
    let mut account = world.raw(market);
    let length = Market::SLOTS_OFFSET + capacity * size_of::<QueueSlot>();
    account.data.truncate(length);
    account.data[Market::SLOT_COUNT_OFFSET..Market::SLOTS_OFFSET]
        .copy_from_slice(&(capacity as u32).to_le_bytes());
    // The last slot's `next` is its last two bytes.
    account.data[length - 2..].copy_from_slice(&NO_SLOT.to_le_bytes());
    world.network.set(*market, account);
    let view = world.market_at(market);
    assert_eq!((view.slots.len(), free_slots(&view)), (capacity, capacity));
}
