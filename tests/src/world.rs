//! A small world: a mint, a market, a client with a funded project and a node with a bonded device.

use crate::{
    expect::{expect_error, expect_failure},
    keys::keypair_for,
    network::{Failure, Network, PROGRAMS},
};
use anchor_lang::{AccountDeserialize, Discriminator, Owner};
use bytemuck::AnyBitPattern;
use grid_client::{
    account::{self, MarketView},
    address,
    instruction::{self, Listing},
    ledger::Ledger,
    token,
};
use grid_jobs::{Config, Device, Job, JobKind, Market, MarketTerms, Member, Project};
use litesvm::types::TransactionMetadata;
use solana_account::Account;
use solana_address::Address;
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;
use std::collections::BTreeMap;

/// Terms of the world's market.
pub const TERMS: MarketTerms = MarketTerms {
    price_per_second_atoms: 100,
    bond_atoms: 5_000,
    expiry_reward_atoms: 1_000,
    compensation_atoms: 3_000,
    fee_bps: 250,
    stakers_bps: 0,
    burn_bps: 0,
    max_attempts: 3,
    max_strikes: 10,
    min_timeout_seconds: 10,
    max_timeout_seconds: 7_200,
    start_window_seconds: 60,
    heartbeat_limit_seconds: 120,
    finish_grace_seconds: 3_600,
    retention_seconds: 86_400,
};

/// Decimals of the world's mint.
pub const DECIMALS: u8 = 6;
/// Tokens that client and node begin with, atoms.
pub const TOKENS: u64 = 1_000_000_000_000;
/// Balance that the world's project begins with, atoms.
pub const DEPOSIT: u64 = 100_000_000_000;
/// Bond that the world's device begins with, atoms.
pub const BOND: u64 = 5_000;
/// Timeout of the jobs that [`World::list`] lists, seconds.
pub const TIMEOUT: u32 = 600;
/// Definition hash of the jobs that [`World::list`] lists.
pub const DEFINITION: [u8; 32] = [0xd0; 32];
/// Result hash that [`World::finish`] posts.
pub const RESULT: [u8; 32] = [0xe0; 32];

/// A network and its actors. A clone is an independent copy of everything.
pub struct World {
    /// The machine.
    pub network: Network,
    /// Upgrade authority, admin, authority of the market and of the mint.
    pub authority: Keypair,
    /// Owns the project.
    pub client: Keypair,
    /// Owns the device; its own payee.
    pub node: Keypair,
    /// Has lamports and tokens, and nothing to do with anybody.
    pub stranger: Keypair,
    /// The mint.
    pub mint: Address,
    /// The market.
    pub market: Address,
    /// The client's project.
    pub project: Address,
    /// The node's first device.
    pub device: Address,
}

impl Clone for World {
    fn clone(&self) -> Self {
        Self {
            network: self.network.clone(),
            authority: self.authority.insecure_clone(),
            client: self.client.insecure_clone(),
            node: self.node.insecure_clone(),
            stranger: self.stranger.insecure_clone(),
            ..*self
        }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// Config, vault, market, project and device, ready for `list` and `work`.
    pub fn new() -> Self {
        let mut world = Self::bare();
        world.initialize_config();
        world.open_vault();
        world.open_market(0, TERMS);
        world.open_project();
        world.open_device(0);
        world
    }

    /// Actors with lamports and tokens; of the jobs program nothing but its binary.
    pub fn bare() -> Self {
        let (authority, client) = (keypair_for("upgrade authority"), keypair_for("client"));
        let (node, stranger) = (keypair_for("node"), keypair_for("stranger"));
        let mut network = Network::new();
        for actor in [&authority, &client, &node, &stranger] {
            network.fund(&actor.pubkey());
        }
        let mint = keypair_for("mint").pubkey();
        let market = address::market(&authority.pubkey(), 0).0;
        let project = address::project(&mint, &client.pubkey()).0;
        let device = address::device(&market, &node.pubkey(), 0).0;
        let mut world = Self { network, authority, client, node, stranger, mint, market, project, device };
        world.create_mint("mint");
        for actor in [world.client.pubkey(), world.node.pubkey(), world.stranger.pubkey()] {
            world.give_tokens(&mint, &actor, TOKENS);
        }
        world
    }

    /// Sends instructions that must succeed.
    #[track_caller]
    pub fn run(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> TransactionMetadata {
        match self.network.send(instructions, signers) {
            Ok(landed) => landed,
            Err(failure) => panic!("{}\n{}", failure.error, failure.logs.join("\n")),
        }
    }

    /// Sends instructions that may fail.
    pub fn attempt(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
    ) -> Result<TransactionMetadata, Failure> {
        self.network.send(instructions, signers)
    }

    /// The key pairs of the actors that must sign these instructions.
    #[track_caller]
    fn signers_of(&self, instructions: &[Instruction]) -> Vec<Keypair> {
        let actors = [&self.authority, &self.client, &self.node, &self.stranger];
        let mut names: Vec<Address> = instructions
            .iter()
            .flat_map(|instruction| &instruction.accounts)
            .filter_map(|meta| meta.is_signer.then_some(meta.pubkey))
            .collect();
        names.sort();
        names.dedup();
        let actor = |name: &Address| actors.iter().find(|actor| actor.pubkey() == *name);
        names
            .iter()
            .map(|name| actor(name).unwrap_or_else(|| panic!("{name} is no actor")).insecure_clone())
            .collect()
    }

    /// Sends instructions that must succeed, signed by the actors that they name.
    #[track_caller]
    pub fn land(&mut self, instructions: &[Instruction]) -> TransactionMetadata {
        let signers = self.signers_of(instructions);
        self.run(instructions, &signers.iter().collect::<Vec<_>>())
    }

    /// Sends instructions, signed by the actors that they name. The last of them must fail with this error of one
    /// program, and everything must stay as it was.
    #[track_caller]
    pub fn refuse(
        &mut self,
        instructions: &[Instruction],
        error: impl Into<anchor_lang::Error> + std::fmt::Debug,
    ) {
        let failure = self.fail(instructions);
        let last = instructions.len() as u8 - 1;
        assert!(
            matches!(failure.error, TransactionError::InstructionError(index, _) if index == last),
            "{}\n{}",
            failure.error,
            failure.logs.join("\n")
        );
        expect_error(Err(failure), error);
    }

    /// Sends instructions, signed by the actors that they name. The last of them must fail with this error, which is
    /// none of the jobs program's own, and everything must stay as it was.
    #[track_caller]
    pub fn refuse_with(&mut self, instructions: &[Instruction], error: InstructionError) {
        let failure = self.fail(instructions);
        let last = instructions.len() as u8 - 1;
        assert_eq!(
            failure.error,
            TransactionError::InstructionError(last, error),
            "{}",
            failure.logs.join("\n")
        );
    }

    #[track_caller]
    fn fail(&mut self, instructions: &[Instruction]) -> Failure {
        let signers = self.signers_of(instructions);
        let before = self.state();
        let failure = expect_failure(self.attempt(instructions, &signers.iter().collect::<Vec<_>>()));
        let after = self.state();
        assert!(before.keys().eq(after.keys()), "an account came or went");
        for (address, account) in before {
            assert_eq!(account, after[&address], "account {address} changed");
        }
        failure
    }

    /// All accounts that instructions may change: those of our programs, of the two token programs, of Token Metadata
    /// and of the system program, but for the fee payer.
    pub fn state(&self) -> BTreeMap<Address, Account> {
        let system = solana_sdk_ids::system_program::ID;
        let others = [token::PROGRAM_ID, token::PROGRAM_2022_ID, grid_token_metadata::ID, system];
        let programs: Vec<Address> = PROGRAMS.iter().map(|(program, _)| *program).chain(others).collect();
        let fee_payer = keypair_for("fee payer").pubkey();
        programs
            .iter()
            .flat_map(|program| self.network.svm.get_program_accounts(program))
            .filter(|(address, account)| *address != fee_payer && account.lamports > 0)
            .collect()
    }

    /// Writes an account of the jobs program by hand: for values that no test could reach otherwise.
    #[track_caller]
    pub fn edit<T>(&mut self, address: Address, change: impl FnOnce(&mut T))
    where
        T: AnyBitPattern + bytemuck::NoUninit + Discriminator,
    {
        let mut account = self.raw(&address);
        let (discriminator, rest) = account.data.split_at_mut(8);
        assert_eq!(discriminator, T::DISCRIMINATOR, "account {address} is of another type");
        change(bytemuck::from_bytes_mut(&mut rest[..size_of::<T>()]));
        self.network.set(address, account);
    }

    /// Has the first slot of the world's market lead to one that does not exist.
    pub fn break_links(&mut self) {
        let mut account = self.raw(&self.market);
        // Behind the address and the previous slot.
        let next = Market::SLOTS_OFFSET + 34;
        account.data[next..next + 2].copy_from_slice(&[0xfe, 0xff]);
        self.network.set(self.market, account);
    }

    /// Sends tokens of the stranger straight to the vault, past the program.
    #[track_caller]
    pub fn donate(&mut self, amount_atoms: u64) {
        let stranger = self.stranger.pubkey();
        let source = address::token_account(&stranger, self.mint);
        let vault = address::vault(&self.mint).0;
        self.land(&[token::transfer(source, vault, stranger, amount_atoms)]);
    }

    /// Asserts that instructions do the same, and log the same, when an atom is sent to the vault before and after them.
    /// The world itself stays as it is.
    #[track_caller]
    pub fn assert_ignores_donations(&self, instructions: &[Instruction]) {
        let (mut plain, mut donated) = (self.clone(), self.clone());
        let landed = plain.land(instructions);
        donated.donate(1);
        assert_eq!(donated.land(instructions).logs, landed.logs);
        donated.donate(1);
        let vault = address::vault(&self.mint).0;
        let source = address::token_account(&self.stranger.pubkey(), self.mint);
        assert_eq!(donated.vault_tokens(), plain.vault_tokens() + 2);
        assert_eq!(donated.tokens_in(&source) + 2, plain.tokens_in(&source));
        let (mut plain, mut donated) = (plain.state(), donated.state());
        for moved in [vault, source] {
            plain.remove(&moved);
            donated.remove(&moved);
        }
        assert_eq!(donated, plain);
    }

    /// Creates the mint `keypair_for(name)`, opens its vault and gives client, node and stranger tokens of it.
    pub fn open_mint(&mut self, name: &str) -> Address {
        let mint = self.create_mint(name);
        for actor in [self.client.pubkey(), self.node.pubkey(), self.stranger.pubkey()] {
            self.give_tokens(&mint, &actor, TOKENS);
        }
        self.land(&[instruction::open_vault(self.authority.pubkey(), mint)]);
        mint
    }

    /// Opens a project of the stranger in the world's mint; returns its address.
    pub fn open_strangers_project(&mut self) -> Address {
        let stranger = self.stranger.pubkey();
        self.land(&[instruction::open_project(stranger, self.mint)]);
        address::project(&self.mint, &stranger).0
    }

    /// Lists jobs until the world's market has no free slot; returns the first id that was not used.
    pub fn fill_with_jobs(&mut self, first_id: u64) -> u64 {
        let free = self.market().slots.len() as u64 - u64::from(self.market().header.queue.waiting.get());
        for id in first_id..first_id + free {
            self.list(id);
        }
        first_id + free
    }

    /// Lamports of an address; 0 when there is no account.
    pub fn lamports(&self, address: &Address) -> u64 {
        self.network.find(address).map_or(0, |account| account.lamports)
    }

    /// Rent-exempt minimum of an account, lamports.
    pub fn rent(&self, space: usize) -> u64 {
        self.network.svm.minimum_balance_for_rent_exemption(space)
    }

    /// Creates the mint `keypair_for(name)`; the world's authority mints it.
    pub fn create_mint(&mut self, name: &str) -> Address {
        let mint = keypair_for(name);
        let authority = self.authority.insecure_clone();
        let rent = self.network.svm.minimum_balance_for_rent_exemption(token::MINT_SPACE as usize);
        let create =
            token::create_mint(authority.pubkey(), mint.pubkey(), authority.pubkey(), DECIMALS, rent);
        self.run(&create, &[&authority, &mint]);
        mint.pubkey()
    }

    /// Mints tokens into the associated token account of a wallet, which it creates.
    pub fn give_tokens(&mut self, mint: &Address, wallet: &Address, amount_atoms: u64) {
        let authority = self.authority.insecure_clone();
        let account = address::token_account(wallet, mint);
        let create = token::create_account(authority.pubkey(), *wallet, *mint);
        let fill = token::mint_to(*mint, account, authority.pubkey(), amount_atoms);
        self.run(&[create, fill], &[&authority]);
    }

    /// Initialises the config.
    pub fn initialize_config(&mut self) {
        let authority = self.authority.insecure_clone();
        let key = authority.pubkey();
        self.run(&[instruction::initialize_config(key, key)], &[&authority]);
    }

    /// Opens the vault of the world's mint.
    pub fn open_vault(&mut self) {
        let authority = self.authority.insecure_clone();
        self.run(&[instruction::open_vault(authority.pubkey(), self.mint)], &[&authority]);
    }

    /// Opens a market of the world's authority and mint.
    pub fn open_market(&mut self, id: u64, terms: MarketTerms) -> Address {
        let authority = self.authority.insecure_clone();
        let open = instruction::open_market(authority.pubkey(), self.mint, id, terms);
        self.run(&[open], &[&authority]);
        address::market(&authority.pubkey(), id).0
    }

    /// Grows the world's market until it has room for `capacity` entries.
    pub fn grow_market_to(&mut self, capacity: usize) {
        let authority = self.authority.insecure_clone();
        while self.market().slots.len() < capacity {
            self.run(&[instruction::grow_market(authority.pubkey(), self.market)], &[&authority]);
        }
    }

    /// Opens the client's project and deposits into it.
    pub fn open_project(&mut self) {
        let client = self.client.insecure_clone();
        let key = client.pubkey();
        let source = address::token_account(&key, self.mint);
        let open = instruction::open_project(key, self.mint);
        let deposit = instruction::deposit(key, source, self.project, self.mint, DEPOSIT);
        self.run(&[open, deposit], &[&client]);
    }

    /// Opens a device of the node in the world's market, with a bond.
    pub fn open_device(&mut self, index: u32) -> Address {
        let node = self.node.insecure_clone();
        let key = node.pubkey();
        let device = address::device(&self.market, &key, index).0;
        let source = address::token_account(&key, self.mint);
        let open = instruction::open_device(key, self.market, index, key);
        let fund = instruction::fund_bond(key, source, device, self.mint, BOND);
        self.run(&[open, fund], &[&node]);
        device
    }

    /// The instruction that lists job `id` of the world's project in its market.
    pub fn list_instruction(&self, id: u64) -> Instruction {
        let listing = Listing {
            id,
            kind: JobKind::Batch,
            definition: DEFINITION,
            timeout_seconds: TIMEOUT,
            max_price_per_second_atoms: u64::MAX,
        };
        instruction::list(self.client.pubkey(), self.project, self.market, &listing)
    }

    /// Lists job `id`; returns its address.
    pub fn list(&mut self, id: u64) -> Address {
        let (client, list) = (self.client.insecure_clone(), self.list_instruction(id));
        self.run(&[list], &[&client]);
        address::job(&self.project, id).0
    }

    /// Offers a device of the node.
    pub fn work(&mut self, device: Address) {
        let node = self.node.insecure_clone();
        self.run(&[instruction::work(node.pubkey(), device, self.market, 0)], &[&node]);
    }

    /// Starts a job on a device of the node.
    pub fn start(&mut self, device: Address, job: Address) {
        let node = self.node.insecure_clone();
        self.run(&[instruction::start(node.pubkey(), device, job)], &[&node]);
    }

    /// Finishes a job on a device of the node.
    pub fn finish(&mut self, device: Address, job: Address) {
        let node = self.node.insecure_clone();
        let finish = instruction::finish(node.pubkey(), self.run_of(device, job), RESULT);
        self.run(&[finish], &[&node]);
    }

    /// The match or run of a job of the world's project on a device of its market.
    pub fn run_of(&self, device: Address, job: Address) -> instruction::Run {
        instruction::Run { device, job, market: self.market, project: self.project }
    }

    /// Lists job `id`, matches it with the world's device and starts it; returns its address.
    pub fn run_job(&mut self, id: u64) -> Address {
        let job = self.list(id);
        self.work(self.device);
        self.start(self.device, job);
        job
    }

    /// The bytes of an account that must exist.
    #[track_caller]
    pub fn raw(&self, address: &Address) -> Account {
        self.network.account(address)
    }

    #[track_caller]
    fn decode<T: AccountDeserialize + Owner>(&self, address: &Address) -> T {
        account::decode(address, &self.raw(address)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The config.
    #[track_caller]
    pub fn config(&self) -> Config {
        self.decode(&address::config().0)
    }

    /// The world's market.
    #[track_caller]
    pub fn market(&self) -> MarketView {
        self.market_at(&self.market)
    }

    /// A market.
    #[track_caller]
    pub fn market_at(&self, address: &Address) -> MarketView {
        MarketView::decode(address, &self.raw(address)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The world's project.
    #[track_caller]
    pub fn project(&self) -> Project {
        self.project_at(&self.project)
    }

    /// A project.
    #[track_caller]
    pub fn project_at(&self, address: &Address) -> Project {
        self.decode(address)
    }

    /// A job.
    #[track_caller]
    pub fn job(&self, address: &Address) -> Job {
        self.decode(address)
    }

    /// A device.
    #[track_caller]
    pub fn device(&self, address: &Address) -> Device {
        self.decode(address)
    }

    /// A member of the world's project.
    #[track_caller]
    pub fn member(&self, key: &Address) -> Member {
        self.decode(&address::member(&self.project, key).0)
    }

    /// What the accounts of the world's mint owe.
    pub fn ledger(&self) -> Ledger {
        Ledger::of(&self.network.svm.get_program_accounts(&grid_jobs::ID), &self.mint)
    }

    /// Whether an account exists.
    pub fn exists(&self, address: &Address) -> bool {
        self.network.find(address).is_some()
    }

    /// Tokens in the associated token account of a wallet, atoms.
    #[track_caller]
    pub fn tokens(&self, wallet: &Address) -> u64 {
        self.tokens_in(&address::token_account(wallet, self.mint))
    }

    /// Tokens in the vault of the world's mint, atoms.
    #[track_caller]
    pub fn vault_tokens(&self) -> u64 {
        self.tokens_in(&address::vault(&self.mint).0)
    }

    /// Tokens in a token account, atoms.
    #[track_caller]
    pub fn tokens_in(&self, account: &Address) -> u64 {
        token::amount(&self.raw(account).data).expect("a token account")
    }
}
