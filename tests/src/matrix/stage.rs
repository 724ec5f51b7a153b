//! A world with two of everything, in every state: each instruction finds here what it needs, and next to it what
//! must not be taken for it.

use crate::{
    TERMS, World, binary, keypair_for,
    matrix::{
        Kind, chain,
        sets::{Others, Pair, Set},
    },
    world::{BOND, DEFINITION, DEPOSIT, RESULT, TIMEOUT, TOKENS},
};
use anchor_lang::AccountDeserialize;
use grid_client::{
    account, address,
    instruction::{self, Listing},
    token,
};
use grid_jobs::{Device, Job, JobState, Market, Project};
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_sdk_ids::system_program;
use solana_signer::Signer;

/// Seconds that every job of the stage ran which is over.
const RUN_SECONDS: i64 = 30;
/// First id of the jobs that fill a queue for a moment.
const FILLING: u64 = 1_000_000;

/// How far a device and a job get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The job waited, the device took it.
    Took,
    /// The device waited, the job met it.
    Met,
    /// It runs.
    Running,
    /// It is done; the device has earnings.
    Done,
}

/// An account of the stage.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where.
    pub address: Address,
    /// What.
    pub kind: Kind,
    /// Its bytes.
    pub account: Account,
}

/// The world and its inhabitants. Unless a field says otherwise, jobs are of the client's project, devices of the
/// node, both in the world's market, and there are two of each so that one can be put in the other's place.
pub struct Stage {
    /// The client's project and the node's devices in the market where jobs wait; the stranger has nothing.
    pub world: World,
    /// A second market of the same authority and mint, in which devices wait.
    pub market_of_devices: Address,
    /// The market of another authority, of the same mint.
    pub market_of_another: Address,
    /// A market of the second mint.
    pub market_of_second_mint: Address,
    /// A second mint, with a vault, a market, projects and devices.
    pub second_mint: Address,
    /// A mint without a vault.
    pub mint_without_vault: Address,
    /// Another client with a project, and the market's other authority.
    pub second_client: Address,
    /// Another node.
    pub second_node: Address,
    /// An empty project of the node.
    pub empty_project: Address,
    /// Idle, with a bond.
    pub idle: Address,
    /// Idle, with a bond, where devices wait.
    pub idle_where_devices_wait: Address,
    /// Idle, without bond and earnings.
    pub empty: Address,
    /// Idle, with earnings.
    pub earned: Address,
    /// Waits in the market of devices.
    pub waiting_device: Address,
    /// Waits in the world's market.
    pub waiting_job: Address,
    /// Over, with a result.
    pub done_job: Address,
    /// Matched: the job waited.
    pub took: Pair,
    /// Matched: the device waited.
    pub met: Pair,
    /// Matched, in the market of devices.
    pub met_where_devices_wait: Pair,
    /// Running.
    pub running: Pair,
    /// The same states, of others.
    pub others: Others,
    /// Where an attacker may write what he likes.
    pub forgery: Address,
    /// A program that is none of ours.
    pub attacker_program: Address,
    /// Every account of a kind that some slot could be given.
    pub pool: Vec<Entry>,
    next_index: u32,
    next_id: u64,
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

impl Stage {
    /// Builds everything, by the program's own instructions.
    pub fn new() -> Self {
        let mut world = World::new();
        let attacker_program = keypair_for("attacker program").pubkey();
        let copy = binary::read("grid_jobs");
        world.network.svm.add_program(attacker_program, &copy).expect("the binary loads");
        for wallet in ["second client", "second node"] {
            let wallet = keypair_for(wallet).pubkey();
            world.network.fund(&wallet);
            let mint = world.mint;
            world.give_tokens(&mint, &wallet, TOKENS);
        }
        let second_mint = world.create_mint("second mint");
        let mint_without_vault = world.create_mint("mint without vault");
        for wallet in [world.client.pubkey(), world.node.pubkey(), world.stranger.pubkey()] {
            world.give_tokens(&second_mint, &wallet, TOKENS);
        }
        chain::trust_signatures(&mut world.network.svm);

        let (authority, client, node) =
            (world.authority.pubkey(), world.client.pubkey(), world.node.pubkey());
        let second_client = keypair_for("second client").pubkey();
        let placeholder = Pair { device: world.device, job: world.device };
        let nobody = Set {
            node,
            market: world.market,
            project: world.project,
            owner: client,
            mint: world.mint,
            took: placeholder,
            met: placeholder,
            running: placeholder,
            done: placeholder,
            waiting_job: world.device,
        };
        let mut stage = Self {
            market_of_devices: address::market(&authority, 1).0,
            market_of_another: address::market(&second_client, 0).0,
            market_of_second_mint: address::market(&authority, 2).0,
            second_mint,
            mint_without_vault,
            second_client,
            second_node: keypair_for("second node").pubkey(),
            empty_project: address::project(&world.mint, &node).0,
            idle: world.device,
            idle_where_devices_wait: world.device,
            empty: world.device,
            earned: world.device,
            waiting_device: world.device,
            waiting_job: world.device,
            done_job: world.device,
            took: placeholder,
            met: placeholder,
            met_where_devices_wait: placeholder,
            running: placeholder,
            others: Others {
                second_parties: nobody,
                another_market: nobody,
                second_mint: nobody,
                again: nobody,
            },
            forgery: keypair_for("forgery").pubkey(),
            attacker_program,
            pool: Vec::new(),
            next_index: 1,
            next_id: 1,
            world,
        };
        let (mint, market) = (stage.world.mint, stage.world.market);
        stage.act(instruction::open_vault(client, second_mint));
        for (owner, mint, id) in [(authority, mint, 1), (second_client, mint, 0), (authority, second_mint, 2)]
        {
            stage.act(instruction::open_market(owner, mint, id, TERMS));
        }
        for (owner, mint) in [(second_client, mint), (client, second_mint), (node, mint), (node, second_mint)]
        {
            stage.act(instruction::open_project(owner, mint));
        }
        stage.second_token_accounts();
        let ours = stage.world.project;
        let theirs = address::project(&mint, &second_client).0;
        let in_second_mint = address::project(&second_mint, &client).0;
        stage.deposit(second_client, theirs, mint);
        stage.deposit(client, in_second_mint, second_mint);
        stage.stop_a_job();
        stage.populate(market, ours, theirs, in_second_mint);
        stage.pool = stage.collect();
        stage
    }

    /// Devices and jobs in every state; who waits comes last, so that nobody meets him.
    fn populate(&mut self, market: Address, ours: Address, theirs: Address, in_second_mint: Address) {
        let (node, second_node) = (self.world.node.pubkey(), self.second_node);
        let (devices, another) = (self.market_of_devices, self.market_of_another);
        let second = self.market_of_second_mint;
        self.others = Others {
            second_parties: self.set(second_node, market, theirs),
            another_market: self.set(node, another, ours),
            second_mint: self.set(node, second, in_second_mint),
            again: self.set(node, market, ours),
        };
        let own = self.set(node, market, ours);
        (self.earned, self.done_job) = (own.done.device, own.done.job);
        (self.took, self.met, self.running) = (own.took, own.met, own.running);
        self.met_where_devices_wait = self.pair(node, devices, ours, Until::Met);
        self.pair(second_node, devices, theirs, Until::Met);
        for market in [market, another, second] {
            self.open_device(node, market, BOND);
        }
        self.idle_where_devices_wait = self.open_device(node, devices, BOND);
        self.idle = self.open_device(node, market, BOND);
        for (owner, market) in [(second_node, market), (node, devices), (node, market)] {
            self.open_device(owner, market, 0);
        }
        self.empty = self.open_device(node, market, 0);
        for (owner, market, project) in [
            (second_node, market, theirs),
            (node, another, ours),
            (node, second, in_second_mint),
            (node, market, ours),
            (node, market, ours),
        ] {
            let job = self.list(project, market);
            for set in [
                &mut self.others.second_parties,
                &mut self.others.another_market,
                &mut self.others.second_mint,
            ] {
                if (set.market, set.project) == (market, project) {
                    set.waiting_job = job;
                }
            }
            if market == self.world.market && project == ours {
                (self.others.again.waiting_job, self.waiting_job) = (self.waiting_job, job);
            }
            let waits = self.open_device(owner, devices, BOND);
            self.act(instruction::work(owner, waits, devices, 0));
            if owner == node {
                self.waiting_device = waits;
            }
        }
    }

    /// A second token account of client and node, in each mint, that is not the associated one.
    fn second_token_accounts(&mut self) {
        let payer = self.world.authority.pubkey();
        let rent = self.world.network.svm.minimum_balance_for_rent_exemption(token::ACCOUNT_SPACE as usize);
        for mint in [self.world.mint, self.second_mint] {
            for wallet in [self.world.client.pubkey(), self.world.node.pubkey()] {
                let account = keypair_for(&format!("{wallet} {mint}")).pubkey();
                // System program: CreateAccount is variant 0 (u32), then lamports, space, owner.
                let create = [
                    &0_u32.to_le_bytes()[..],
                    &rent.to_le_bytes(),
                    &token::ACCOUNT_SPACE.to_le_bytes(),
                    token::PROGRAM_ID.as_ref(),
                ]
                .concat();
                // InitializeAccount3 is 18, then the owner.
                let initialize = [&[18][..], wallet.as_ref()].concat();
                let metas = vec![AccountMeta::new(payer, true), AccountMeta::new(account, true)];
                let creation = Instruction::new_with_bytes(system_program::ID, &create, metas);
                let metas = vec![AccountMeta::new(account, false), AccountMeta::new_readonly(mint, false)];
                self.act(creation);
                self.act(Instruction::new_with_bytes(token::PROGRAM_ID, &initialize, metas));
                self.act(token::mint_to(mint, account, payer, TOKENS));
            }
        }
    }

    /// Declines a job while the queue is full, and empties the queue.
    fn stop_a_job(&mut self) {
        let (node, market) = (self.world.node.pubkey(), self.market_of_devices);
        let project = self.world.project;
        let owner = self.world.client.pubkey();
        let Pair { device, job } = self.pair(node, market, project, Until::Took);
        let room = self.world.market_at(&market).slots.len() as u64;
        for id in FILLING..FILLING + room {
            self.list_as(id, project, market);
        }
        self.act(instruction::decline(node, device, job, market, project));
        assert!(self.world.job(&job).is(JobState::Stopped));
        for id in FILLING..FILLING + room {
            let job = address::job(&project, id).0;
            self.act(instruction::delist(owner, project, market, job, owner));
        }
    }

    fn set(&mut self, node: Address, market: Address, project: Address) -> Set {
        Set {
            node,
            market,
            project,
            owner: self.decode::<Project>(&project).owner,
            mint: self.world.market_at(&market).header.mint,
            done: self.pair(node, market, project, Until::Done),
            took: self.pair(node, market, project, Until::Took),
            met: self.pair(node, market, project, Until::Met),
            running: self.pair(node, market, project, Until::Running),
            waiting_job: market,
        }
    }

    fn pair(&mut self, node: Address, market: Address, project: Address, until: Until) -> Pair {
        let device = self.open_device(node, market, BOND);
        let work = instruction::work(node, device, market, 0);
        if until == Until::Met {
            self.act(work);
            let job = self.list(project, market);
            return Pair { device, job };
        }
        let job = self.list(project, market);
        self.act(work);
        if until != Until::Took {
            self.act(instruction::start(node, device, job));
        }
        if until == Until::Done {
            self.world.network.advance(RUN_SECONDS);
            self.act(instruction::finish(node, device, job, market, project, RESULT));
        }
        Pair { device, job }
    }

    fn list(&mut self, project: Address, market: Address) -> Address {
        self.next_id += 1;
        self.list_as(self.next_id, project, market)
    }

    fn list_as(&mut self, id: u64, project: Address, market: Address) -> Address {
        let owner = self.decode::<Project>(&project).owner;
        self.act(instruction::list(owner, project, market, &listing(id)));
        address::job(&project, id).0
    }

    fn open_device(&mut self, node: Address, market: Address, bond_atoms: u64) -> Address {
        self.next_index += 1;
        let mint = self.world.market_at(&market).header.mint;
        let device = address::device(&market, &node, self.next_index).0;
        self.act(instruction::open_device(node, market, self.next_index, node));
        if bond_atoms > 0 {
            let payer = self.world.node.pubkey();
            let source = address::token_account(&payer, &mint);
            self.act(instruction::fund_bond(payer, source, device, mint, bond_atoms));
        }
        device
    }

    fn deposit(&mut self, owner: Address, project: Address, mint: Address) {
        let source = address::token_account(&owner, &mint);
        self.act(instruction::deposit(owner, source, project, mint, DEPOSIT));
    }

    #[track_caller]
    fn act(&mut self, instruction: Instruction) {
        let payer = Self::fee_payer();
        if let Err(failure) = chain::send(&mut self.world.network.svm, &payer, &[instruction]) {
            panic!("{}\n{}", failure.error, failure.logs.join("\n"));
        }
    }

    fn collect(&self) -> Vec<Entry> {
        let db = &self.world.network.svm.accounts_db().inner;
        let mut pool: Vec<Entry> = db
            .iter()
            .map(|(address, account)| (*address, Account::from(account.clone())))
            .filter(|(address, _)| *address != Self::fee_payer())
            .filter_map(|(address, account)| {
                let kind = Kind::of(&address, &account)?;
                Some(Entry { address, kind, account })
            })
            .collect();
        pool.sort_by_key(|entry| (entry.kind, entry.address));
        pool
    }

    /// Who pays the fee of every transaction of the matrix: none of the actors.
    pub fn fee_payer() -> Address {
        keypair_for("fee payer").pubkey()
    }

    fn decode<T: AccountDeserialize>(&self, address: &Address) -> T {
        account::decode(address, &self.world.raw(address)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Addresses of the pool's accounts of a kind.
    pub fn all(&self, kind: Kind) -> Vec<Address> {
        self.pool.iter().filter(|entry| entry.kind == kind).map(|entry| entry.address).collect()
    }

    fn those<T: AccountDeserialize>(
        &self,
        kind: Kind,
        is_one: impl Fn(&Address, &T) -> bool,
    ) -> Vec<Address> {
        let mut found = self.all(kind);
        found.retain(|address| is_one(address, &self.decode::<T>(address)));
        found
    }

    /// The projects of which `is_one` holds.
    pub fn projects(&self, is_one: impl Fn(&Project) -> bool) -> Vec<Address> {
        self.those(Kind::Project, |_, project| is_one(project))
    }

    /// The markets of which `is_one` holds.
    pub fn markets(&self, is_one: impl Fn(&Market) -> bool) -> Vec<Address> {
        self.those(Kind::Market, |_, market| is_one(market))
    }

    /// The devices of which `is_one` holds.
    pub fn devices(&self, is_one: impl Fn(&Device) -> bool) -> Vec<Address> {
        self.those(Kind::Device, |_, device| is_one(device))
    }

    /// The jobs of which `is_one` holds.
    pub fn jobs(&self, is_one: impl Fn(&Job) -> bool) -> Vec<Address> {
        self.those(Kind::Job, |_, job| is_one(job))
    }

    /// Who waits in a market.
    pub fn waiting(&self, market: &Address) -> Vec<Address> {
        self.world.market_at(market).waiting().expect("the queue's links agree")
    }

    /// The token accounts of a mint, vaults left out; of one owner, if one is named.
    pub fn token_accounts(&self, mint: &Address, owner: Option<&Address>) -> Vec<Address> {
        // SPL Token account: the mint, then the owner.
        self.pool
            .iter()
            .filter(|entry| entry.kind == Kind::TokenAccount)
            .filter(|entry| entry.account.data[..32] == *mint.as_ref())
            .filter(|entry| owner.is_none_or(|owner| entry.account.data[32..64] == *owner.as_ref()))
            .map(|entry| entry.address)
            .collect()
    }
}

/// A listing that every market of the stage accepts.
pub fn listing(id: u64) -> Listing {
    Listing { id, definition: DEFINITION, timeout_seconds: TIMEOUT, max_price_per_second_atoms: u64::MAX }
}
